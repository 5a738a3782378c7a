-- 0002_registry.sql
-- What exists: areas, departments, organisations, event kinds, products, devices, limits, calendars. Versioned master data.

CREATE TABLE data_versions (
    name       text PRIMARY KEY,     -- The file the rows came from.
    version    integer NOT NULL,
    sha256     text NOT NULL
);

CREATE TYPE area_level AS ENUM ('city', 'district', 'subdistrict', 'community', 'grid');

CREATE TABLE areas (
    id        text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,64}$'),
    parent_id text REFERENCES areas,
    level     area_level NOT NULL,
    zh_name   text NOT NULL,
    en_name   text NOT NULL,
    path      text[] NOT NULL,       -- From the city down to the area itself: scope checks are `path @> ARRAY[scope]`.
    boundary  jsonb,                 -- GeoJSON Polygon or MultiPolygon, WGS-84.
    CONSTRAINT areas_path_ends_with_itself CHECK (path[cardinality(path)] = id)
);
CREATE INDEX areas_by_path ON areas USING gin (path);

CREATE TABLE departments (
    id       text PRIMARY KEY,
    zh_name  text NOT NULL,
    en_name  text NOT NULL,
    in_art5  boolean NOT NULL,
    in_art25 boolean NOT NULL
);

CREATE TYPE organisation_kind AS ENUM (
    'department', 'subdistrict', 'committee', 'property_manager', 'utility',
    'external_unit', 'owners_committee', 'courtyard_body', 'duty_desk'
);
CREATE TYPE duty_hours AS ENUM (
    'always',   -- Somebody answers day and night.
    'on_call',  -- A person on call outside office hours.
    'office'    -- Office hours only; outside them the district desk signs and holds.
);

CREATE TABLE organisations (
    id            text PRIMARY KEY CHECK (id ~ '^[a-z0-9_-]{1,64}$'),
    kind          organisation_kind NOT NULL,
    department_id text REFERENCES departments,
    area_id       text NOT NULL REFERENCES areas,   -- The area that it answers for.
    zh_name       text NOT NULL,
    en_name       text NOT NULL,
    duty          duty_hours NOT NULL,
    CONSTRAINT organisations_department_names_one CHECK (kind <> 'department' OR department_id IS NOT NULL)
);
CREATE INDEX organisations_by_department ON organisations (department_id, area_id);

CREATE TABLE kind_groups (
    rule_set   text NOT NULL,
    id         text NOT NULL,
    zh_name    text NOT NULL,
    en_name    text NOT NULL,
    clustered  boolean NOT NULL,     -- false: every event stands alone (ruling for `unclassified`).
    r_m        integer NOT NULL CHECK (r_m > 0),
    t_s        integer NOT NULL CHECK (t_s > 0),
    g_s        integer NOT NULL CHECK (g_s >= 0),
    m          integer NOT NULL CHECK (m >= 1),
    lateness_s integer NOT NULL CHECK (lateness_s >= 0),
    PRIMARY KEY (rule_set, id)
);

CREATE TYPE kind_mode AS ENUM (
    'auto_ticket',  -- The incident opens an accepted and dispatched ticket by itself.
    'review',       -- The incident opens a new ticket that an officer judges.
    'notice_only'   -- The incident is shown; no ticket.
);
CREATE TYPE ticket_kind AS ENUM ('call_response', 'joint_rectification');
CREATE TYPE committee_list AS ENUM ('self_governance', 'assist', 'negative', 'none');

CREATE TABLE event_kinds (
    id                  text PRIMARY KEY CHECK (id ~ '^[a-z0-9_]{1,64}$'),
    version             integer NOT NULL,
    zh_name             text NOT NULL,
    en_name             text NOT NULL,
    scenario            text NOT NULL,
    likelihood          smallint NOT NULL CHECK (likelihood BETWEEN 1 AND 5),
    consequence         smallint NOT NULL CHECK (consequence BETWEEN 1 AND 5),
    lead_department     text NOT NULL REFERENCES departments,
    co_departments      text[] NOT NULL,
    ticket_kind         ticket_kind NOT NULL,
    disclosure_category text NOT NULL,
    committee_list      committee_list NOT NULL,
    kind_group          text NOT NULL,
    mode                kind_mode NOT NULL,
    time_critical       boolean NOT NULL,
    run_card            text,
    notes               text NOT NULL
);

CREATE TABLE risk_matrix (
    version     integer NOT NULL,
    consequence smallint NOT NULL CHECK (consequence BETWEEN 1 AND 5),
    likelihood  smallint NOT NULL CHECK (likelihood BETWEEN 1 AND 5),
    grade       smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    PRIMARY KEY (version, consequence, likelihood)
);

CREATE TYPE limit_unit AS ENUM (
    'min', 'h',  -- Natural time, day and night.
    'wh', 'wd',  -- Working hours (8 a day) and working days.
    'd'          -- Natural days.
);

CREATE TABLE limits (
    id          integer PRIMARY KEY,
    version     integer NOT NULL,
    kind        text REFERENCES event_kinds,          -- NULL: every kind.
    clock       text NOT NULL,
    grade       smallint CHECK (grade BETWEEN 1 AND 4),  -- NULL: every grade.
    condition   text,                                    -- Such as a demand type; NULL: none.
    value       integer NOT NULL CHECK (value >= 0),
    unit        limit_unit NOT NULL,
    source      text NOT NULL
);

CREATE TABLE escalation_steps (
    version   integer NOT NULL,
    step      smallint NOT NULL,
    grade     smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    after_pct integer NOT NULL CHECK (after_pct > 0),   -- Share of the limit that has passed, in percent.
    action    text NOT NULL,                            -- remind | urge | supervise
    source    text NOT NULL,
    PRIMARY KEY (version, grade, step)
);

CREATE TABLE calendar_days (
    day     date PRIMARY KEY,
    working boolean NOT NULL,
    zh_name text,
    source  text NOT NULL,
    version integer NOT NULL
);

CREATE TABLE products (
    key         text PRIMARY KEY CHECK (key ~ '^[A-Za-z0-9_]{1,64}$'),  -- No hyphen: the client id splits at its first.
    device_type text NOT NULL,
    zh_name     text NOT NULL,
    en_name     text NOT NULL
);

CREATE TABLE devices (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product       text NOT NULL REFERENCES products,
    name          text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{1,64}$'),
    area_id       text NOT NULL REFERENCES areas,
    lon           double precision CHECK (lon BETWEEN -180 AND 180),
    lat           double precision CHECK (lat BETWEEN -90 AND 90),
    place         text,
    secret_hmac   bytea NOT NULL CHECK (octet_length(secret_hmac) = 32),
    enabled       boolean NOT NULL DEFAULT true,
    registered_at timestamptz NOT NULL,
    revoked_at    timestamptz,
    CONSTRAINT devices_name_once_a_product UNIQUE (product, name),
    CONSTRAINT devices_position_is_a_pair CHECK ((lon IS NULL) = (lat IS NULL)),
    CONSTRAINT devices_revoked_is_disabled CHECK (revoked_at IS NULL OR NOT enabled)
);

CREATE FUNCTION devices_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rongan_devices', COALESCE(NEW.id, OLD.id)::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER devices_tell_the_doors AFTER INSERT OR UPDATE OR DELETE ON devices
    FOR EACH ROW EXECUTE FUNCTION devices_tell();

GRANT SELECT ON data_versions, areas, departments, organisations, kind_groups, event_kinds, risk_matrix, limits,
    escalation_steps, calendar_days, products TO rongan_app;
GRANT INSERT, UPDATE ON products, areas, organisations TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON devices TO rongan_app;

-- 0010_grading.sql
-- What moves a grade, as rows with a version; what officers said about an incident; and how each grade came about.

CREATE TABLE grade_points (
    version integer NOT NULL,
    rule    text NOT NULL CHECK (rule ~ '^[a-z0-9_]{1,64}$'),
    level   smallint NOT NULL CHECK (level >= 1),   -- From so many classes, reports ... on; the highest reached level counts.
    axis    text NOT NULL CHECK (axis IN ('likelihood', 'consequence')),
    points  integer NOT NULL CHECK (points <> 0 AND abs(points) <= 5000),  -- Thousandths of a step.
    waits   boolean NOT NULL,                       -- Counts only when the watermark has passed the incident.
    zh_name text NOT NULL,
    en_name text NOT NULL,
    source  text NOT NULL,
    PRIMARY KEY (version, rule, level),
    CONSTRAINT grade_points_only_doubt_waits CHECK (NOT waits OR points < 0)
);

CREATE TABLE grade_parameters (
    version integer NOT NULL,
    name    text NOT NULL CHECK (name ~ '^[a-z0-9_]{1,64}$'),
    value   integer NOT NULL CHECK (value >= 1),
    unit    text NOT NULL,
    source  text NOT NULL,
    PRIMARY KEY (version, name)
);

CREATE TABLE kind_risks (
    version      integer NOT NULL,
    kind         text NOT NULL REFERENCES event_kinds,
    life_at_risk boolean NOT NULL,
    takes_colour boolean NOT NULL,    -- A warning: its colour is the grade.
    warned_by    text[] NOT NULL,     -- kind:n - an open warning of that kind and of colour n or graver adds to it.
    source       text NOT NULL,
    PRIMARY KEY (version, kind)
);

CREATE TYPE place_category AS ENUM ('school', 'care_home', 'hospital', 'night_crowd');

CREATE TABLE sensitive_places (
    id        text PRIMARY KEY CHECK (id ~ '^[a-z0-9_-]{1,64}$'),
    category  place_category NOT NULL,
    zh_name   text NOT NULL,
    en_name   text NOT NULL,
    lon       double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat       double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    reach_m   integer NOT NULL CHECK (reach_m BETWEEN 1 AND 2000),
    from_hour smallint CHECK (from_hour BETWEEN 0 AND 23),   -- Hours of the city's day in which it counts; NULL: always.
    to_hour   smallint CHECK (to_hour BETWEEN 0 AND 23),
    source    text NOT NULL,
    CONSTRAINT sensitive_places_hours_are_a_pair CHECK ((from_hour IS NULL) = (to_hour IS NULL))
);

CREATE TYPE verdict AS ENUM (
    'confirmed',  -- A person has looked: it is so.
    'false'       -- A person has looked: it is not so.
);

-- What officers found when they looked; the newest counts, none is ever changed.
CREATE TABLE incident_judgements (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id bigint NOT NULL REFERENCES incidents,
    verdict     verdict NOT NULL,
    reason      text NOT NULL CHECK (btrim(reason) <> ''),
    actor       text NOT NULL,
    actor_name  text NOT NULL,
    actor_role  text NOT NULL,
    at          timestamptz NOT NULL
);
CREATE INDEX incident_judgements_by_incident ON incident_judgements (incident_id, id DESC);

-- What the judgements say about the devices that reported: the history of a device's false alarms.
CREATE TABLE subject_verdicts (
    subject     text NOT NULL,
    incident_id bigint NOT NULL REFERENCES incidents,
    verdict     verdict NOT NULL,
    at          timestamptz NOT NULL,
    PRIMARY KEY (subject, incident_id)
);

-- The grade that an officer set; the newest counts. It lies over the computed grade and never changes it.
CREATE TABLE grade_overrides (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id    bigint NOT NULL REFERENCES incidents,
    grade          smallint CHECK (grade BETWEEN 1 AND 4),              -- NULL: the officer gave it back to the matrix.
    computed_grade smallint NOT NULL CHECK (computed_grade BETWEEN 1 AND 4),
    reason         text NOT NULL CHECK (btrim(reason) <> ''),
    actor          text NOT NULL,
    actor_name     text NOT NULL,
    actor_role     text NOT NULL,
    at             timestamptz NOT NULL
);
CREATE INDEX grade_overrides_by_incident ON grade_overrides (incident_id, id DESC);

CREATE TYPE grade_cause AS ENUM (
    'opened',     -- The incident's first grade.
    'evidence',   -- Its events, or what is known about them, changed.
    'final',      -- The watermark passed: contradicting evidence counts now.
    'judgement',  -- A person looked.
    'override'    -- An officer set it, or gave it back.
);

CREATE TABLE grade_changes (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id    bigint NOT NULL REFERENCES incidents,
    at             timestamptz NOT NULL,
    from_grade     smallint CHECK (from_grade BETWEEN 1 AND 4),
    to_grade       smallint NOT NULL CHECK (to_grade BETWEEN 1 AND 4),
    computed_grade smallint NOT NULL CHECK (computed_grade BETWEEN 1 AND 4),
    cause          grade_cause NOT NULL,
    rules          jsonb NOT NULL,      -- rule, version, points and at most 8 witnesses of each.
    watermark_at   timestamptz,
    CONSTRAINT grade_changes_change CHECK (from_grade IS DISTINCT FROM to_grade),
    CONSTRAINT grade_changes_first_is_opened CHECK ((from_grade IS NULL) = (cause = 'opened'))
);
CREATE INDEX grade_changes_by_incident ON grade_changes (incident_id, id);

-- Why the events of a final incident belong together, under the parameters that joined them.
CREATE TABLE final_explanations (
    incident_id bigint PRIMARY KEY REFERENCES incidents,
    at          timestamptz NOT NULL,
    rules       integer NOT NULL,       -- Version of the parameters.
    parameters  jsonb NOT NULL,         -- By kind group: r_m, t_s, g_s, m.
    occurrences integer NOT NULL CHECK (occurrences > 1),  -- Located, each standing for its repeats.
    links       jsonb,                  -- [uid, uid, distance dm, dt ms, group] of the nearest links; NULL: too many to keep.
    CONSTRAINT final_explanations_links_are_a_list CHECK (links IS NULL OR jsonb_typeof(links) = 'array')
);

-- Aliases of an incident, and incidents of one kind near one place: for what happened here before.
CREATE INDEX incidents_aliases ON incidents (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX incidents_by_cell ON incidents (kind, (x_dm >> 9), (y_dm >> 9), canonical_at) WHERE x_dm IS NOT NULL;

CREATE INDEX incidents_flapping ON incidents (subject, first_at) WHERE kind = 'device_flapping';

GRANT SELECT ON grade_points, grade_parameters, kind_risks TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON sensitive_places, subject_verdicts TO rongan_app;
GRANT SELECT, INSERT ON incident_judgements, grade_overrides, grade_changes TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON final_explanations TO rongan_app;

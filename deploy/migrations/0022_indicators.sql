-- 0022_indicators.sql
-- What is measured (Art. 4): facts of the log, their daily roll-ups, satisfaction schemes; property areas and courtyards (Arts. 26, 27).

-- Property-management areas and courtyards are areas of their own: they may overlap the administrative tree.
CREATE TYPE local_area_kind AS ENUM (
    'property_area',  -- 物业管理区域 (Art. 26)
    'courtyard'       -- 院落 (Art. 27)
);
CREATE TABLE local_areas (
    id              text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,64}$'),
    kind            local_area_kind NOT NULL,
    area_id         text NOT NULL REFERENCES areas,     -- The administrative area in which most of it lies.
    organisation_id text REFERENCES organisations,      -- Its property manager, or the body of its self-governance.
    zh_name         text NOT NULL,
    en_name         text NOT NULL,
    boundary        jsonb NOT NULL,                     -- GeoJSON Polygon or MultiPolygon, WGS-84.
    CONSTRAINT local_areas_kind_is_named UNIQUE (id, kind)
);
CREATE TRIGGER local_areas_kept_by_those_who_may BEFORE INSERT OR UPDATE OF organisation_id ON local_areas
    FOR EACH ROW EXECUTE FUNCTION
    require_organisation_kind('organisation_id', 'property_manager', 'owners_committee', 'courtyard_body');
-- The rings of the boundaries, so that the database itself finds what lies in them.
CREATE TABLE local_area_rings (
    local_area_id text NOT NULL REFERENCES local_areas,
    number        integer NOT NULL CHECK (number >= 1),
    ring          polygon NOT NULL,
    hole          boolean NOT NULL,
    PRIMARY KEY (local_area_id, number)
);
CREATE INDEX local_area_rings_by_place ON local_area_rings USING gist (ring);

CREATE FUNCTION local_area_at(wanted local_area_kind, lon double precision, lat double precision) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT min(a.id) FROM local_areas a JOIN local_area_rings r ON r.local_area_id = a.id
    WHERE a.kind = wanted AND NOT r.hole AND r.ring @> point(lon, lat)
      AND NOT EXISTS (SELECT FROM local_area_rings h WHERE h.local_area_id = a.id AND h.hole AND h.ring @> point(lon, lat))
$$;
CREATE FUNCTION find_local_areas() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.property_area_id := local_area_at('property_area', NEW.lon, NEW.lat);
    NEW.courtyard_id := local_area_at('courtyard', NEW.lon, NEW.lat);
    RETURN NEW;
END
$$;
ALTER TABLE devices
    ADD COLUMN property_area_id text REFERENCES local_areas,
    ADD COLUMN courtyard_id     text REFERENCES local_areas;
ALTER TABLE tickets
    ADD COLUMN property_area_id text REFERENCES local_areas,
    ADD COLUMN courtyard_id     text REFERENCES local_areas;
CREATE TRIGGER devices_lie_in_local_areas BEFORE INSERT OR UPDATE OF lon, lat ON devices
    FOR EACH ROW WHEN (NEW.lon IS NOT NULL AND NEW.lat IS NOT NULL) EXECUTE FUNCTION find_local_areas();
CREATE TRIGGER tickets_lie_in_local_areas BEFORE INSERT OR UPDATE OF lon, lat ON tickets
    FOR EACH ROW WHEN (NEW.lon IS NOT NULL AND NEW.lat IS NOT NULL) EXECUTE FUNCTION find_local_areas();

-- 不合理诉求: left out of the figures of units, shown beside them; the supervisor's word alone.
CREATE TABLE unreasonable_demands (
    ticket_id  bigint PRIMARY KEY REFERENCES tickets,
    decided_by bigint NOT NULL REFERENCES users,
    decided_at timestamptz NOT NULL,
    reason     text NOT NULL CHECK (reason <> '')
);
CREATE FUNCTION require_independent_supervisor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM users u WHERE u.id = NEW.decided_by AND 'supervisor' = ANY (u.roles::text[])) OR EXISTS (
        SELECT FROM users u JOIN ticket_assignments a ON a.organisation_id = u.organisation_id
        WHERE u.id = NEW.decided_by AND a.ticket_id = NEW.ticket_id
    ) THEN
        RAISE EXCEPTION 'a demand is found unreasonable by a supervisor of no handling unit'
            USING ERRCODE = '23514', CONSTRAINT = 'unreasonable_demands_decided_by_supervisor';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER unreasonable_demands_decided_by_supervisor BEFORE INSERT ON unreasonable_demands
    FOR EACH ROW EXECUTE FUNCTION require_independent_supervisor();

-- Residents who were drawn and asked (Art. 4), apart from those who called.
CREATE TABLE resident_surveys (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    area_id         text NOT NULL REFERENCES areas,
    organisation_id text REFERENCES organisations,      -- The unit that was asked about; NULL: community governance there.
    from_day        date NOT NULL,
    to_day          date NOT NULL,
    drawn           integer NOT NULL CHECK (drawn > 0),      -- Residents in the sample.
    reached         integer NOT NULL CHECK (reached >= 0),
    satisfied       integer NOT NULL CHECK (satisfied >= 0), -- Satisfied or basically satisfied.
    method          text NOT NULL CHECK (method <> ''),
    source          text NOT NULL CHECK (source <> ''),
    entered_by      bigint NOT NULL REFERENCES users,
    entered_at      timestamptz NOT NULL,
    CONSTRAINT resident_surveys_span CHECK (from_day <= to_day),
    CONSTRAINT resident_surveys_shares CHECK (satisfied <= reached AND reached <= drawn),
    CONSTRAINT resident_surveys_once UNIQUE NULLS NOT DISTINCT (area_id, organisation_id, from_day, to_day, source)
);
CREATE TRIGGER resident_surveys_never_of_a_committee BEFORE INSERT ON resident_surveys
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

-- The grade that the log names, from when: kept from the log by a trigger, so that a later grade moves no earlier figure.
CREATE TABLE ticket_grades (
    ticket_id bigint NOT NULL REFERENCES tickets,
    number    integer NOT NULL CHECK (number >= 1),
    at        timestamptz NOT NULL,
    grade     smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    PRIMARY KEY (ticket_id, number)
);

-- What was rolled up of which day, by which formulas; a fact that comes later makes its day stale.
-- When the stage looks again for a day to count.
CREATE TABLE indicator_progress (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    next_at timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO indicator_progress DEFAULT VALUES;
CREATE TABLE indicator_days (
    day      date PRIMARY KEY,                -- Of China.
    formulas text NOT NULL,                   -- The hash of the formulas.
    stale    boolean NOT NULL DEFAULT false
);
CREATE TYPE indicator_dimension AS ENUM (
    'area',           -- The area itself.
    'organisation',   -- The unit that answered for the fact at its time.
    'kind',
    'grade',
    'property_area',
    'courtyard'
);
CREATE TABLE indicator_cells (
    indicator   text NOT NULL,
    area_id     text NOT NULL,                -- '' holds what lies in no area.
    dimension   indicator_dimension NOT NULL,
    day         date NOT NULL,
    member      text NOT NULL,                -- '' in the dimension `area`.
    numerator   bigint NOT NULL,
    denominator bigint NOT NULL,
    population  bigint NOT NULL,              -- What was to be measured; the denominator is what could be.
    excluded    bigint NOT NULL,              -- Left out by the supervisor's decision.
    PRIMARY KEY (indicator, area_id, dimension, day, member)
);
CREATE INDEX indicator_cells_by_day ON indicator_cells USING brin (day) WITH (pages_per_range = 16);
CREATE FUNCTION refuse_committee_cells() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM added c JOIN organisations o ON o.id = c.member
               WHERE c.dimension = 'organisation' AND o.kind = 'committee') THEN
        RAISE EXCEPTION 'a residents'' committee is never measured'
            USING ERRCODE = '23514', CONSTRAINT = 'indicator_cells_never_of_a_committee';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER indicator_cells_never_of_a_committee AFTER INSERT ON indicator_cells
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_committee_cells();

-- Schemes: weights are data, and residents' satisfaction weighs most (Art. 4).
CREATE TABLE kpi_schemes (
    id             text NOT NULL CHECK (id ~ '^[a-z0-9_]{1,64}$'),
    version        integer NOT NULL CHECK (version >= 1),
    zh_name        text NOT NULL,
    en_name        text NOT NULL,
    effective_from date NOT NULL,
    source         text NOT NULL CHECK (source <> ''),
    decided_by     bigint NOT NULL REFERENCES users,
    decided_at     timestamptz NOT NULL,
    PRIMARY KEY (id, version)
);
CREATE TABLE kpi_weights (
    scheme_id     text NOT NULL,
    version       integer NOT NULL,
    input         text NOT NULL,
    weight        integer NOT NULL CHECK (weight BETWEEN 1 AND 100),   -- Percent.
    of_residents  boolean NOT NULL GENERATED ALWAYS AS (input = 'satisfaction' OR input = 'resident_satisfaction') STORED,
    PRIMARY KEY (scheme_id, version, input),
    FOREIGN KEY (scheme_id, version) REFERENCES kpi_schemes
);
CREATE FUNCTION require_residents_first() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    whole integer;
    residents integer;
    greatest_other integer;
BEGIN
    SELECT sum(w.weight), COALESCE(sum(w.weight) FILTER (WHERE w.of_residents), 0),
           COALESCE(max(w.weight) FILTER (WHERE NOT w.of_residents), 0)
    INTO whole, residents, greatest_other
    FROM kpi_weights w WHERE w.scheme_id = NEW.id AND w.version = NEW.version;
    IF whole IS DISTINCT FROM 100 OR residents <= greatest_other THEN
        RAISE EXCEPTION 'residents'' satisfaction weighs % of %, another input %', residents, whole, greatest_other
            USING ERRCODE = '23514', CONSTRAINT = 'kpi_schemes_residents_first';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER kpi_schemes_residents_first AFTER INSERT ON kpi_schemes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_residents_first();
-- What was decided with its weights is never added to afterwards: the next version is another row.
CREATE FUNCTION require_scheme_of_this_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM kpi_schemes s WHERE s.id = NEW.scheme_id AND s.version = NEW.version
                   AND s.xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION 'the scheme % version % is decided', NEW.scheme_id, NEW.version
            USING ERRCODE = '23514', CONSTRAINT = 'kpi_weights_are_kept';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER kpi_weights_are_kept BEFORE INSERT ON kpi_weights
    FOR EACH ROW EXECUTE FUNCTION require_scheme_of_this_transaction();

CREATE TABLE kpi_scores (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scheme_id       text NOT NULL,
    version         integer NOT NULL,
    organisation_id text NOT NULL REFERENCES organisations,
    from_day        date NOT NULL,
    to_day          date NOT NULL,                -- The day after the last one.
    score_permille  integer CHECK (score_permille BETWEEN 0 AND 1000),  -- NULL: nothing of it could be measured.
    measured        integer NOT NULL CHECK (measured BETWEEN 0 AND 100),  -- The weights of what could be, in percent.
    inputs          jsonb NOT NULL,               -- Every input as it was counted: the score follows from it alone.
    computed_at     timestamptz NOT NULL,
    CONSTRAINT kpi_scores_span CHECK (from_day < to_day),
    CONSTRAINT kpi_scores_measured_or_not CHECK ((score_permille IS NULL) = (measured = 0)),
    FOREIGN KEY (scheme_id, version) REFERENCES kpi_schemes
);
CREATE INDEX kpi_scores_newest ON kpi_scores (scheme_id, id DESC);
CREATE TRIGGER kpi_scores_never_of_a_committee BEFORE INSERT ON kpi_scores
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

-- A fact of a finished day that comes or changes later makes the roll-up of the day stale. Who counts a day holds its lock alone,
-- who writes a fact of it shares it: a count either saw the fact or is marked by it.
CREATE FUNCTION mark_indicator_days(days date[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    each_day date;
BEGIN
    FOREACH each_day IN ARRAY COALESCE(days, '{}') LOOP
        PERFORM pg_advisory_xact_lock_shared(22, each_day - DATE '2000-01-01');
    END LOOP;
    UPDATE indicator_days d SET stale = true WHERE d.day = ANY (days) AND NOT d.stale;
END
$$;
CREATE FUNCTION china_day(at timestamptz) RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (at AT TIME ZONE interval '8 hours')::date;

CREATE FUNCTION mark_days_of_transitions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_grades (ticket_id, number, at, grade)
    SELECT c.ticket_id, row_number() OVER (PARTITION BY c.ticket_id ORDER BY c.version)
               + (SELECT count(*) FROM ticket_grades g WHERE g.ticket_id = c.ticket_id), c.at,
           COALESCE((c.fields ->> 'grade')::smallint, (c.fields ->> 'level')::smallint, (
               SELECT greatest(1, g.grade - 1) FROM ticket_grades g WHERE g.ticket_id = c.ticket_id ORDER BY g.number DESC LIMIT 1))
    FROM changed c WHERE c.event IN ('submit', 'propose', 'grade', 'admit', 'relapse');
    PERFORM mark_indicator_days(ARRAY(SELECT DISTINCT china_day(c.at) FROM changed c ORDER BY 1));
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_transitions_mark_days AFTER INSERT ON ticket_transitions
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_days_of_transitions();

-- A number is the same however it was written.
ALTER TABLE hotline_calls
    ADD COLUMN caller_number text GENERATED ALWAYS AS (right(regexp_replace(caller_phone, '[^0-9]', '', 'g'), 11)) STORED;
-- The days of the reports of the same number that came within 90 days after a call: what the call is about decides whether they repeat it.
CREATE FUNCTION days_of_repeats(call bigint) RETURNS SETOF date LANGUAGE sql STABLE AS $$
    SELECT china_day(e.at)
    FROM hotline_calls b
    JOIN hotline_calls l ON l.caller_number = b.caller_number
                        AND l.received_at > b.received_at AND l.received_at <= b.received_at + interval '90 days'
    JOIN ticket_entries e ON e.entry = 'report_joined' AND (e.body ->> 'call_id')::bigint = l.id
    WHERE b.id = call
$$;
CREATE FUNCTION mark_days_of_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_grades (ticket_id, number, at, grade)
    SELECT c.ticket_id, row_number() OVER (PARTITION BY c.ticket_id ORDER BY c.id)
               + (SELECT count(*) FROM ticket_grades g WHERE g.ticket_id = c.ticket_id), c.at,
           (c.body ->> 'grade')::smallint
    FROM changed c WHERE c.entry = 'grade_changed';
    PERFORM mark_indicator_days(ARRAY(
        SELECT china_day(c.at) FROM changed c WHERE c.entry IN ('report_joined', 'grade_changed')
        -- A line that was struck counts no more on the day on which it was written.
        UNION SELECT china_day(e.at) FROM changed c JOIN ticket_entries e ON e.id = (c.body ->> 'entry')::bigint WHERE c.entry = 'struck'
        -- A call that came before the ticket was opened, and joins it only now: no device found it first.
        UNION SELECT china_day(x.at)
        FROM changed c JOIN hotline_calls h ON h.id = (c.body ->> 'call_id')::bigint
        JOIN ticket_transitions s ON s.ticket_id = c.ticket_id AND s.version = 1 AND s.at >= h.received_at AND s.at < c.at
        JOIN ticket_transitions x ON x.ticket_id = c.ticket_id
        WHERE c.entry = 'report_joined'
        UNION SELECT r.day FROM changed c, LATERAL days_of_repeats((c.body ->> 'call_id')::bigint) AS r (day)
        WHERE c.entry = 'report_joined'
        ORDER BY 1));
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_entries_mark_days AFTER INSERT ON ticket_entries
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_days_of_entries();

CREATE FUNCTION mark_days_of_new_clocks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_indicator_days(ARRAY(
        SELECT DISTINCT china_day(t.at) FROM changed c, unnest(ARRAY[c.breached_at, c.stopped_at]) AS t (at)
        WHERE t.at IS NOT NULL ORDER BY 1));
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_clocks_mark_days AFTER INSERT ON ticket_clocks
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_days_of_new_clocks();

CREATE FUNCTION mark_days_of_clocks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_indicator_days(ARRAY(
        SELECT DISTINCT china_day(t.at)
        FROM changed n JOIN before o USING (ticket_id, clock, organisation_id, run),
             unnest(ARRAY[n.breached_at, n.stopped_at, o.breached_at, o.stopped_at]) AS t (at)
        WHERE t.at IS NOT NULL
          AND (n.breached_at, n.stopped_at, n.stop_reason) IS DISTINCT FROM (o.breached_at, o.stopped_at, o.stop_reason)
        ORDER BY 1));
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_clocks_mark_days_again AFTER UPDATE ON ticket_clocks
    REFERENCING OLD TABLE AS before NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_days_of_clocks();

CREATE FUNCTION mark_days_of_assignments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_indicator_days(ARRAY(SELECT DISTINCT china_day(c.assigned_at) FROM changed c ORDER BY 1));
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_assignments_mark_days AFTER INSERT ON ticket_assignments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION mark_days_of_assignments();

-- Every day on which something of a ticket was counted, where what it is grouped by changes.
CREATE FUNCTION mark_days_of_ticket(ticket bigint) RETURNS void LANGUAGE sql AS $$
    SELECT mark_indicator_days(ARRAY(
        SELECT china_day(x.at) FROM ticket_transitions x WHERE x.ticket_id = ticket
        UNION SELECT china_day(e.at) FROM ticket_entries e WHERE e.ticket_id = ticket AND e.entry = 'report_joined'
        UNION SELECT china_day(a.assigned_at) FROM ticket_assignments a WHERE a.ticket_id = ticket
        UNION SELECT china_day(c.breached_at) FROM ticket_clocks c WHERE c.ticket_id = ticket AND c.breached_at IS NOT NULL
        UNION SELECT china_day(c.stopped_at) FROM ticket_clocks c WHERE c.ticket_id = ticket AND c.stopped_at IS NOT NULL
        UNION SELECT china_day(COALESCE(d.breached_at, d.published_at)) FROM disclosures d
              WHERE d.ticket_id = ticket AND COALESCE(d.breached_at, d.published_at) IS NOT NULL
        UNION SELECT r.day FROM ticket_entries e, LATERAL days_of_repeats((e.body ->> 'call_id')::bigint) AS r (day)
              WHERE e.ticket_id = ticket AND e.entry = 'report_joined'
        ORDER BY 1))
$$;
CREATE FUNCTION mark_days_of_regrouped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_days_of_ticket((to_jsonb(NEW) ->> TG_ARGV[0])::bigint);
    RETURN NULL;
END
$$;
CREATE TRIGGER unreasonable_demands_mark_days AFTER INSERT ON unreasonable_demands
    FOR EACH ROW EXECUTE FUNCTION mark_days_of_regrouped('ticket_id');
CREATE TRIGGER tickets_mark_days AFTER UPDATE OF kind, area_path, property_area_id, courtyard_id ON tickets
    FOR EACH ROW WHEN ((NEW.kind, NEW.area_path, NEW.property_area_id, NEW.courtyard_id)
                       IS DISTINCT FROM (OLD.kind, OLD.area_path, OLD.property_area_id, OLD.courtyard_id))
    EXECUTE FUNCTION mark_days_of_regrouped('id');

CREATE FUNCTION mark_days_of_dated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_indicator_days(ARRAY(
        SELECT DISTINCT china_day((r.told ->> c.name)::timestamptz)
        FROM (VALUES (to_jsonb(NEW)), (CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) END)) AS r (told), unnest(TG_ARGV) AS c (name)
        WHERE r.told ->> c.name IS NOT NULL ORDER BY 1));
    RETURN NULL;
END
$$;
CREATE TRIGGER disclosures_mark_days AFTER INSERT OR UPDATE OF due_at, breached_at, published_at ON disclosures
    FOR EACH ROW EXECUTE FUNCTION mark_days_of_dated('breached_at', 'published_at');
CREATE TRIGGER evaluation_clocks_mark_days AFTER INSERT OR UPDATE OF breached_at, stopped_at ON evaluation_clocks
    FOR EACH ROW EXECUTE FUNCTION mark_days_of_dated('breached_at', 'stopped_at');
CREATE FUNCTION mark_days_of_surveys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_indicator_days(ARRAY[NEW.to_day]);
    RETURN NULL;
END
$$;
CREATE TRIGGER resident_surveys_mark_days AFTER INSERT ON resident_surveys
    FOR EACH ROW EXECUTE FUNCTION mark_days_of_surveys();

INSERT INTO ticket_grades (ticket_id, number, at, grade)
SELECT l.ticket_id, row_number() OVER (PARTITION BY l.ticket_id ORDER BY l.version, l.place), l.at, l.grade
FROM (
    SELECT x.ticket_id, x.version, 0::bigint AS place, x.at,
           COALESCE((x.fields ->> 'grade')::smallint, (x.fields ->> 'level')::smallint, t.grade) AS grade
    FROM ticket_transitions x JOIN tickets t ON t.id = x.ticket_id
    WHERE x.event IN ('submit', 'propose', 'grade', 'admit', 'relapse')
    UNION ALL
    SELECT e.ticket_id, e.version, e.id, e.at, (e.body ->> 'grade')::smallint FROM ticket_entries e WHERE e.entry = 'grade_changed'
) l;

-- What lists of many tickets are found by; a few letters of a number or place by their trigrams.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX tickets_by_grade ON tickets (grade, id DESC);
CREATE INDEX tickets_by_state ON tickets (state, id DESC);
CREATE INDEX tickets_by_kind ON tickets (kind, id DESC);
CREATE INDEX tickets_overdue ON tickets (id DESC) WHERE overdue;
CREATE INDEX tickets_number_letters ON tickets USING gin (number gin_trgm_ops);
CREATE INDEX tickets_place_letters ON tickets USING gin (place gin_trgm_ops);

-- The facts. Each names its time, who answered for it then, where, and the grade of then; a committee is never among the units.
CREATE VIEW ticket_places AS
SELECT t.id, t.ticket_kind, t.area_path, t.kind, t.property_area_id, t.courtyard_id,
       EXISTS (SELECT FROM unreasonable_demands u WHERE u.ticket_id = t.id) AS excluded
FROM tickets t;

-- Clock runs whose end is known: the due time passed, or something stopped them before.
CREATE INDEX ticket_clocks_ended ON ticket_clocks (clock, (COALESCE(breached_at, stopped_at)))
    WHERE COALESCE(breached_at, stopped_at) IS NOT NULL;
CREATE INDEX ticket_entries_struck ON ticket_entries (ticket_id) WHERE entry = 'struck';
CREATE INDEX ticket_clocks_stopped_late ON ticket_clocks (stopped_at) WHERE breached_at IS NOT NULL;
CREATE VIEW indicator_clock_runs AS
SELECT c.ticket_id AS subject_id, COALESCE(c.breached_at, c.stopped_at) AS at, c.clock, c.run, c.working, c.started_at, c.stopped_at,
       c.breached_at,
       -- A contact that was struck from the record stopped nothing, unless another one within the limit stands.
       CASE WHEN c.stop_reason = 'contact'
                 AND EXISTS (SELECT FROM ticket_entries s WHERE s.ticket_id = c.ticket_id AND s.entry = 'struck')
                 AND NOT EXISTS (
                     SELECT FROM ticket_entries e
                     WHERE e.ticket_id = c.ticket_id AND e.entry = 'contact' AND e.at BETWEEN c.started_at AND c.due_at
                       AND NOT EXISTS (SELECT FROM ticket_entries s WHERE s.ticket_id = c.ticket_id AND s.entry = 'struck'
                                       AND (s.body ->> 'entry')::bigint = e.id))
            THEN 'struck' ELSE c.stop_reason END AS stop_reason,
       t.ticket_kind, t.area_path, t.kind, t.property_area_id, t.courtyard_id, t.excluded,
       COALESCE(NULLIF(c.organisation_id, ''), (
           SELECT a.organisation_id FROM ticket_assignments a
           WHERE a.ticket_id = c.ticket_id AND a.role = 'lead' AND a.assigned_at <= COALESCE(c.breached_at, c.stopped_at)
             AND (a.ended_at IS NULL OR a.ended_at >= COALESCE(c.breached_at, c.stopped_at))
           ORDER BY a.generation LIMIT 1)) AS organisation_id,
       (SELECT g.grade FROM ticket_grades g WHERE g.ticket_id = c.ticket_id AND g.at <= COALESCE(c.breached_at, c.stopped_at)
        ORDER BY g.number DESC LIMIT 1) AS grade
FROM ticket_clocks c JOIN ticket_places t ON t.id = c.ticket_id
WHERE COALESCE(c.breached_at, c.stopped_at) IS NOT NULL;

-- Transitions, with the lead of their time; `asker` is the unit whose request for a return, or appeal, was the last before.
CREATE INDEX ticket_transitions_by_event ON ticket_transitions (event, at);
CREATE INDEX ticket_transitions_of_suspended ON ticket_transitions (at) WHERE from_state = 'suspended';
CREATE VIEW indicator_deeds AS
SELECT x.ticket_id AS subject_id, x.at, x.version, x.event, x.from_state, x.to_state, x.actor, x.organisation_id AS actor_unit, x.fields,
       t.ticket_kind, t.area_path, t.kind, t.property_area_id, t.courtyard_id, t.excluded,
       (SELECT a.organisation_id FROM ticket_assignments a
        WHERE a.ticket_id = x.ticket_id AND a.role = 'lead' AND a.assigned_at <= x.at AND (a.ended_at IS NULL OR a.ended_at >= x.at)
        ORDER BY a.generation LIMIT 1) AS organisation_id,
       (SELECT a.reason FROM ticket_assignments a
        WHERE a.ticket_id = x.ticket_id AND a.role = 'lead' AND a.assigned_at <= x.at AND (a.ended_at IS NULL OR a.ended_at >= x.at)
        ORDER BY a.generation LIMIT 1) AS lead_reason,
       (SELECT r.organisation_id FROM ticket_transitions r
        WHERE r.ticket_id = x.ticket_id AND r.version < x.version AND r.event IN ('request_return', 'appeal', 'decline')
        ORDER BY r.version DESC LIMIT 1) AS asker,
       (SELECT s.at FROM ticket_transitions s
        WHERE s.ticket_id = x.ticket_id AND s.version < x.version AND s.event = 'suspend'
        ORDER BY s.version DESC LIMIT 1) AS suspended_at,
       -- Found by devices: a rule opened it and no person had called by then, also one whose call joined it afterwards.
       (SELECT s.actor LIKE 'rule:%' AND NOT EXISTS (
            SELECT FROM ticket_entries e JOIN hotline_calls h ON h.id = (e.body ->> 'call_id')::bigint
            WHERE e.ticket_id = x.ticket_id AND e.entry = 'report_joined' AND (e.at <= s.at OR h.received_at <= s.at))
        FROM ticket_transitions s WHERE s.ticket_id = x.ticket_id AND s.version = 1) AS device_found,
       (SELECT g.grade FROM ticket_grades g WHERE g.ticket_id = x.ticket_id AND g.at <= x.at ORDER BY g.number DESC LIMIT 1) AS grade
FROM ticket_transitions x JOIN ticket_places t ON t.id = x.ticket_id;

CREATE INDEX ticket_assignments_by_time ON ticket_assignments (assigned_at);
CREATE VIEW indicator_assignments AS
SELECT a.ticket_id AS subject_id, a.assigned_at AS at, a.organisation_id, a.role, a.reason,
       t.ticket_kind, t.area_path, t.kind, t.property_area_id, t.courtyard_id, t.excluded,
       (SELECT g.grade FROM ticket_grades g WHERE g.ticket_id = a.ticket_id AND g.at <= a.assigned_at ORDER BY g.number DESC LIMIT 1) AS grade
FROM ticket_assignments a JOIN ticket_places t ON t.id = a.ticket_id;

-- Reports of people as they came in; a report that a merge moved came in before. `repeated`: the same number reported the same kind
-- in the same area within the 90 days before.
CREATE INDEX ticket_entries_reports ON ticket_entries (at) WHERE entry = 'report_joined';
CREATE INDEX ticket_entries_of_call ON ticket_entries (((body ->> 'call_id')::bigint)) WHERE entry = 'report_joined';
CREATE INDEX hotline_calls_of_a_number ON hotline_calls (caller_number, received_at) WHERE caller_number IS NOT NULL;
CREATE VIEW indicator_reports AS
SELECT e.ticket_id AS subject_id, e.at, NULL::text AS organisation_id, e.body,
       t.ticket_kind, t.area_path, t.kind, t.property_area_id, t.courtyard_id, t.excluded,
       EXISTS (
           SELECT FROM hotline_calls c
           JOIN hotline_calls b ON b.caller_number = c.caller_number AND b.id <> c.id
                               AND b.received_at < c.received_at AND b.received_at >= c.received_at - interval '90 days'
           JOIN ticket_entries o ON o.entry = 'report_joined' AND NOT o.body ? 'joined_at' AND (o.body ->> 'call_id')::bigint = b.id
           JOIN tickets p ON p.id = o.ticket_id AND p.kind = t.kind AND p.area_path = t.area_path
           WHERE c.id = (e.body ->> 'call_id')::bigint AND NOT c.anonymous AND NOT b.anonymous) AS repeated,
       (SELECT g.grade FROM ticket_grades g WHERE g.ticket_id = e.ticket_id AND g.at <= e.at ORDER BY g.number DESC LIMIT 1) AS grade
FROM ticket_entries e JOIN ticket_places t ON t.id = e.ticket_id
WHERE e.entry = 'report_joined' AND NOT e.body ? 'joined_at';

CREATE VIEW indicator_disclosures AS
SELECT d.id AS subject_id, COALESCE(d.breached_at, d.published_at) AS at, d.publisher_organisation_id AS organisation_id,
       a.path AS area_path, t.kind, NULL::smallint AS grade, t.property_area_id, t.courtyard_id, false AS excluded, d.breached_at
FROM disclosures d JOIN areas a ON a.id = d.area_id LEFT JOIN tickets t ON t.id = d.ticket_id
WHERE d.due_at IS NOT NULL AND COALESCE(d.breached_at, d.published_at) IS NOT NULL;
CREATE INDEX disclosures_by_end ON disclosures ((COALESCE(breached_at, published_at)));

CREATE VIEW indicator_evaluations AS
SELECT c.evaluation_id AS subject_id, COALESCE(c.breached_at, c.stopped_at) AS at, c.organisation_id, a.path AS area_path,
       NULL::text AS kind, NULL::smallint AS grade, NULL::text AS property_area_id, NULL::text AS courtyard_id, false AS excluded,
       c.clock, c.breached_at
FROM evaluation_clocks c JOIN organisations o ON o.id = c.organisation_id JOIN areas a ON a.id = o.area_id
WHERE COALESCE(c.breached_at, c.stopped_at) IS NOT NULL;

CREATE VIEW indicator_surveys AS
SELECT s.id AS subject_id, (s.to_day::timestamp AT TIME ZONE interval '8 hours') AS at, s.organisation_id, a.path AS area_path,
       NULL::text AS kind, NULL::smallint AS grade, NULL::text AS property_area_id, NULL::text AS courtyard_id, false AS excluded,
       s.drawn, s.reached, s.satisfied
FROM resident_surveys s JOIN areas a ON a.id = s.area_id;

GRANT SELECT, INSERT ON unreasonable_demands, resident_surveys, ticket_grades, kpi_schemes, kpi_weights, kpi_scores TO rongan_app;
GRANT SELECT, INSERT ON local_areas, local_area_rings TO rongan_app;
GRANT SELECT, UPDATE ON indicator_progress TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON indicator_days TO rongan_app;
GRANT SELECT, INSERT, DELETE ON indicator_cells TO rongan_app;
GRANT SELECT ON ticket_places, indicator_clock_runs, indicator_deeds, indicator_assignments, indicator_reports, indicator_disclosures,
    indicator_evaluations, indicator_surveys TO rongan_app;

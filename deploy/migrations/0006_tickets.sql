-- 0006_tickets.sql
-- Who must do what by when: tickets, their append-only log, assignments, reports and clocks.

CREATE TYPE ticket_state AS ENUM (
    'new', 'verifying_fact', 'not_accepted', 'answered', 'merged', 'accepted', 'dispatched', 'acknowledged',
    'return_requested', 'arbitration', 'en_route', 'on_scene', 'controlled', 'suspended', 'resolved', 'verifying',
    'rework', 'awaiting_callback', 'closed', 'voided'
);

CREATE TABLE tickets (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number               text UNIQUE,              -- CR-YYYYMMDD-nnnnn, given at acceptance.
    ticket_kind          ticket_kind NOT NULL,
    case_id              bigint NOT NULL REFERENCES cases,
    incident_id          bigint NOT NULL REFERENCES incidents,  -- The incident that opened it.
    kind                 text NOT NULL REFERENCES event_kinds,
    state                ticket_state NOT NULL,
    version              integer NOT NULL DEFAULT 1 CHECK (version >= 1),  -- Moves only by transition or assignment.
    grade                smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    demand               demand_type,
    area_id              text,
    area_path            text[] NOT NULL,
    place                text,
    lon                  double precision,
    lat                  double precision,
    lead_organisation_id text REFERENCES organisations,
    return_requested_by  text REFERENCES organisations,
    merged_into          bigint REFERENCES tickets,
    opened_at            timestamptz NOT NULL,
    accepted_at          timestamptz,
    closed_at            timestamptz,
    due_at               timestamptz,              -- The earliest due time of a running clock: an index, never the truth.
    due_clock            text,
    overdue              boolean NOT NULL DEFAULT false,
    rework_count         integer NOT NULL DEFAULT 0,
    wrong_dispatch_count integer NOT NULL DEFAULT 0,
    injured              integer NOT NULL DEFAULT 0 CHECK (injured >= 0),  -- As the units reported.
    -- The gravest that its incidents had: an officer's milder grade stands until they become graver still.
    incident_grade       smallint NOT NULL CHECK (incident_grade BETWEEN 1 AND 4),
    CONSTRAINT tickets_merged_names_the_survivor CHECK ((state = 'merged') = (merged_into IS NOT NULL)),
    CONSTRAINT tickets_numbered_when_accepted CHECK (accepted_at IS NULL OR number IS NOT NULL),
    CONSTRAINT tickets_lead_when_dispatched CHECK (
        state NOT IN ('dispatched', 'acknowledged', 'return_requested', 'arbitration', 'en_route', 'on_scene', 'controlled',
                      'suspended', 'resolved', 'verifying', 'rework', 'awaiting_callback', 'closed')
        OR lead_organisation_id IS NOT NULL),
    CONSTRAINT tickets_closed_when_terminal CHECK (
        (state IN ('not_accepted', 'answered', 'merged', 'closed', 'voided')) = (closed_at IS NOT NULL))
);
-- The database, not the code, forbids twins: one open call-response ticket a case.
CREATE UNIQUE INDEX tickets_one_open_a_case ON tickets (case_id, ticket_kind)
    WHERE state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided');
CREATE INDEX tickets_queue ON tickets (grade, (COALESCE(due_at, 'infinity'::timestamptz)), id)
    WHERE state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided');
CREATE INDEX tickets_by_case ON tickets (case_id, id DESC);
CREATE INDEX tickets_newest ON tickets (id DESC);
CREATE INDEX tickets_by_incident ON tickets (incident_id);

CREATE TYPE assignment_role AS ENUM (
    'lead',  -- 牵头: answers for the whole ticket.
    'co'     -- 协同: signs and works beside it.
);

CREATE TABLE ticket_assignments (
    ticket_id       bigint NOT NULL REFERENCES tickets,
    generation      integer NOT NULL,          -- A new dispatch is a new generation; older ones stay for the record.
    organisation_id text NOT NULL REFERENCES organisations,
    role            assignment_role NOT NULL,
    reason          text NOT NULL,             -- Why this organisation: the typed reason of the routing.
    assigned_at     timestamptz NOT NULL,
    signed_at       timestamptz,
    ended_at        timestamptz,
    PRIMARY KEY (ticket_id, generation, organisation_id)
);

-- Art. 45: no department's order and no clock ever reaches a residents' committee, whatever the code believes.
-- The argument of each trigger is the column that names the organisation.
CREATE FUNCTION refuse_committees() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF EXISTS (SELECT FROM organisations o WHERE o.id = named AND o.kind = 'committee') THEN
        RAISE EXCEPTION 'ART45_DIRECT_ASSIGNMENT: % is a residents'' committee', named
            USING ERRCODE = '23514', CONSTRAINT = TG_TABLE_NAME || '_never_for_a_committee';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER tickets_never_for_a_committee BEFORE INSERT OR UPDATE OF lead_organisation_id ON tickets
    FOR EACH ROW WHEN (NEW.lead_organisation_id IS NOT NULL)
    EXECUTE FUNCTION refuse_committees('lead_organisation_id');
CREATE TRIGGER ticket_assignments_never_for_a_committee BEFORE INSERT OR UPDATE OF organisation_id ON ticket_assignments
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');
CREATE UNIQUE INDEX ticket_assignments_one_lead ON ticket_assignments (ticket_id) WHERE role = 'lead' AND ended_at IS NULL;
CREATE INDEX ticket_assignments_of_organisation ON ticket_assignments (organisation_id) WHERE ended_at IS NULL;

-- The truth: every transition, in order, never changed.
CREATE TABLE ticket_transitions (
    ticket_id       bigint NOT NULL REFERENCES tickets,
    version         integer NOT NULL,          -- The version the ticket has after it.
    event           text NOT NULL,
    from_state      ticket_state,
    to_state        ticket_state NOT NULL,
    actor           text NOT NULL,             -- `user:<id>` or `rule:<name>`
    actor_name      text NOT NULL,
    actor_role      text NOT NULL,
    organisation_id text,
    at              timestamptz NOT NULL,
    reason          text,
    fields          jsonb NOT NULL,
    PRIMARY KEY (ticket_id, version)
);

CREATE TYPE ticket_entry AS ENUM (
    'note',             -- Somebody's words.
    'contact',          -- A unit reached the reporter.
    'event_joined',     -- Further events of its incidents.
    'report_joined',    -- A person's report became part of it.
    'incident_joined',  -- Another incident, or another ticket, turned out to be the same matter.
    'grade_changed',    -- By the incident's rise; an officer's grade is a transition.
    'reminder',         -- A clock came near its end.
    'escalation',       -- A clock ended.
    'message'           -- Something was told, or nobody was there to be told.
);

-- What else the timeline shows. Does not move the version; never changed either.
CREATE TABLE ticket_entries (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id  bigint NOT NULL REFERENCES tickets,
    version    integer NOT NULL,           -- The ticket's when it was written: its place among the transitions.
    at         timestamptz NOT NULL,
    entry      ticket_entry NOT NULL,
    actor      text NOT NULL,
    actor_name text NOT NULL,
    actor_role text NOT NULL,
    body       jsonb NOT NULL
);
CREATE INDEX ticket_entries_of_ticket ON ticket_entries (ticket_id, id);

-- Each report by a person keeps its own reply and call-back, also when several reports share a ticket.
CREATE TABLE ticket_reports (
    call_id          bigint PRIMARY KEY REFERENCES hotline_calls,
    ticket_id        bigint NOT NULL REFERENCES tickets,
    joined_at        timestamptz NOT NULL,
    callback_wanted  boolean NOT NULL,          -- false: anonymous or silent contact
    called_back_at   timestamptz,
    callback_outcome text CHECK (callback_outcome IN ('resolved', 'unresolved', 'unreachable')),
    satisfaction     smallint CHECK (satisfaction BETWEEN 1 AND 5)
);
CREATE INDEX ticket_reports_of_ticket ON ticket_reports (ticket_id);

CREATE TABLE ticket_clocks (
    ticket_id       bigint NOT NULL REFERENCES tickets,
    clock           text NOT NULL,              -- c_triage, c_dispatch, c_sign, ...
    organisation_id text NOT NULL DEFAULT '',   -- '' where the clock is the ticket's own
    run             integer NOT NULL CHECK (run >= 1),  -- A clock may run again, after a rework or a new dispatch.
    limit_id        integer REFERENCES limits,
    halved          boolean NOT NULL,           -- A rework has half the limit.
    working         boolean NOT NULL,           -- Counts working time; false: natural time.
    started_at      timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    provisional     boolean NOT NULL,           -- The calendar of a year on the way was not loaded.
    explanation     jsonb NOT NULL,             -- How the due time came about.
    stopped_at      timestamptz,
    stop_reason     text,
    breached_at     timestamptz,                -- The due time that passed while it ran; stays whatever comes later.
    fired_pct       integer NOT NULL DEFAULT 0, -- The last threshold that fired.
    next_pct        integer,                    -- The next threshold, in percent of the limit ...
    next_at         timestamptz,                -- ... and when it is reached: an index for the escalation stage.
    PRIMARY KEY (ticket_id, clock, organisation_id, run),
    CONSTRAINT ticket_clocks_next_is_a_pair CHECK ((next_pct IS NULL) = (next_at IS NULL)),
    CONSTRAINT ticket_clocks_stopped_for_a_reason CHECK ((stopped_at IS NULL) = (stop_reason IS NULL))
);
CREATE TRIGGER ticket_clocks_never_for_a_committee BEFORE INSERT OR UPDATE OF organisation_id ON ticket_clocks
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');
CREATE UNIQUE INDEX ticket_clocks_one_run ON ticket_clocks (ticket_id, clock, organisation_id) WHERE stopped_at IS NULL;
CREATE INDEX ticket_clocks_running ON ticket_clocks (next_at) WHERE stopped_at IS NULL AND next_at IS NOT NULL;

-- A threshold of a clock fires exactly once, across restarts.
CREATE TABLE clock_firings (
    ticket_id       bigint NOT NULL,
    clock           text NOT NULL,
    organisation_id text NOT NULL,
    run             integer NOT NULL,
    after_pct       integer NOT NULL,
    action          text NOT NULL,
    fired_at        timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, clock, organisation_id, run, after_pct),
    FOREIGN KEY (ticket_id, clock, organisation_id, run) REFERENCES ticket_clocks
);

GRANT SELECT, INSERT, UPDATE ON tickets, ticket_assignments, ticket_clocks, ticket_reports TO rongan_app;
GRANT SELECT, INSERT ON ticket_transitions, ticket_entries, clock_firings TO rongan_app;

-- A ticket as lists, the stream and messages show it.
CREATE VIEW ticket_rows AS
SELECT t.id, t.number, t.ticket_kind, t.state, t.version, t.grade, t.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, t.place,
       t.area_id, t.area_path, t.lon, t.lat, t.lead_organisation_id, o.zh_name AS lead_zh, o.en_name AS lead_en,
       (SELECT count(*) FROM ticket_assignments a
        WHERE a.ticket_id = t.id AND a.ended_at IS NULL AND a.role = 'co' AND a.signed_at IS NOT NULL)::integer AS co_signed,
       (SELECT count(*) FROM ticket_assignments a
        WHERE a.ticket_id = t.id AND a.ended_at IS NULL AND a.role = 'co')::integer AS co_total,
       t.opened_at, t.accepted_at, t.closed_at, t.due_at, t.due_clock, t.overdue,
       (SELECT count(*) FROM ticket_reports r WHERE r.ticket_id = t.id)::integer AS report_count,
       (SELECT COALESCE(sum(i.event_count), 0) FROM incidents i
        WHERE i.case_id = t.case_id AND i.status <> 'merged')::integer AS event_count,
       t.rework_count, t.incident_id, t.case_id
FROM tickets t JOIN event_kinds k ON k.id = t.kind LEFT JOIN organisations o ON o.id = t.lead_organisation_id;

GRANT SELECT ON ticket_rows TO rongan_app;

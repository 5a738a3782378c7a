-- 0023_screening.sql
-- 风险分级排查: hazards with their assessments, inspection rounds by check-lists, and the joint tickets that hazards become.

CREATE TABLE hazard_kinds (
    id            text PRIMARY KEY CHECK (id ~ '^[a-z0-9_]{1,64}$'),
    version       integer NOT NULL,
    category      text NOT NULL CHECK (category ~ '^[a-z0-9_]{1,64}$'),
    category_zh   text NOT NULL,
    category_en   text NOT NULL,
    zh_name       text NOT NULL,
    en_name       text NOT NULL,
    event_kind    text NOT NULL REFERENCES event_kinds,     -- The cause: what happens if nobody does anything.
    mildest_level smallint NOT NULL CHECK (mildest_level BETWEEN 1 AND 4),
    reach_m       integer NOT NULL CHECK (reach_m BETWEEN 1 AND 2000),   -- Incidents this near are shown with it.
    source        text NOT NULL
);

-- LEC: the values that a factor may have, and the level from a product on.
CREATE TABLE lec_factors (
    version integer NOT NULL,
    factor  text NOT NULL CHECK (factor IN ('likelihood', 'exposure', 'consequence')),
    value   numeric(5, 1) NOT NULL CHECK (value > 0),
    zh_name text NOT NULL,
    en_name text NOT NULL,
    source  text NOT NULL,
    PRIMARY KEY (version, factor, value)
);
CREATE TABLE lec_levels (
    version     integer NOT NULL,
    level       smallint NOT NULL CHECK (level BETWEEN 1 AND 4),
    product_min numeric(8, 3) NOT NULL CHECK (product_min >= 0),
    source      text NOT NULL,
    PRIMARY KEY (version, level)
);

CREATE TABLE check_items (
    version     integer NOT NULL,
    list        text NOT NULL CHECK (list ~ '^[a-z0-9_]{1,64}$'),
    list_zh     text NOT NULL,
    list_en     text NOT NULL,
    matter      text NOT NULL REFERENCES event_kinds,       -- What the gate of Art. 45 is asked about.
    position    smallint NOT NULL,
    item        text NOT NULL CHECK (item ~ '^[a-z0-9_]{1,64}$'),
    zh_text     text NOT NULL,
    en_text     text NOT NULL,
    hazard_kind text NOT NULL REFERENCES hazard_kinds,      -- What a finding is, unless the inspector says otherwise.
    source      text NOT NULL,
    PRIMARY KEY (version, list, item)
);
CREATE TABLE inspection_intervals (
    version  integer NOT NULL,
    level    smallint NOT NULL CHECK (level BETWEEN 1 AND 4),
    every_d  integer NOT NULL CHECK (every_d > 0),          -- From one round to the next.
    within_d integer NOT NULL CHECK (within_d > 0),         -- From its opening until it is late.
    remind_d integer NOT NULL CHECK (remind_d > 0),         -- Before it is late.
    proposes boolean NOT NULL,                              -- A hazard of this level proposes a joint rectification by itself.
    source   text NOT NULL,
    PRIMARY KEY (version, level),
    CONSTRAINT inspection_intervals_in_order CHECK (remind_d < within_d AND within_d < every_d)
);

-- When call-responses on one cause are so many and so near that they propose a joint rectification; '*': every other group.
CREATE TABLE recurrence_rules (
    version    integer NOT NULL,
    kind_group text NOT NULL,
    cause      text NOT NULL CHECK (cause IN ('kind', 'group')),   -- What counts as one cause.
    times      integer NOT NULL CHECK (times >= 2),
    within_d   integer NOT NULL CHECK (within_d BETWEEN 1 AND 90),
    radius_m   integer NOT NULL CHECK (radius_m BETWEEN 1 AND 2000),
    source     text NOT NULL,
    PRIMARY KEY (version, kind_group)
);

CREATE TABLE inspection_plans (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list            text NOT NULL,
    area_id         text NOT NULL REFERENCES areas,
    area_path       text[] NOT NULL,
    place           text NOT NULL CHECK (btrim(place) <> ''),
    lon             double precision CHECK (lon BETWEEN -180 AND 180),
    lat             double precision CHECK (lat BETWEEN -90 AND 90),
    base_level      smallint NOT NULL CHECK (base_level BETWEEN 1 AND 4),   -- Without any hazard there.
    organisation_id text NOT NULL REFERENCES organisations,
    next_round_at   timestamptz,                            -- NULL: ended.
    version         integer NOT NULL DEFAULT 1,
    created_at      timestamptz NOT NULL,
    created_by      text NOT NULL,
    ended_by        text,
    CONSTRAINT inspection_plans_position_is_a_pair CHECK ((lon IS NULL) = (lat IS NULL)),
    CONSTRAINT inspection_plans_end_names_who CHECK ((next_round_at IS NULL) = (ended_by IS NOT NULL))
);
CREATE UNIQUE INDEX inspection_plans_once_a_place ON inspection_plans (area_id, place, list) WHERE next_round_at IS NOT NULL;
CREATE INDEX inspection_plans_due ON inspection_plans (next_round_at) WHERE next_round_at IS NOT NULL;
CREATE TRIGGER inspection_plans_never_for_a_committee BEFORE INSERT OR UPDATE OF organisation_id ON inspection_plans
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

CREATE TYPE hazard_state AS ENUM (
    'open',                 -- Known, nothing decided yet.
    'under_rectification',  -- A joint ticket works on it.
    'rectified',            -- Closed out at the lowest level; the look-backs are still to come.
    'relapsed',             -- It is back.
    'accepted_residual',    -- What is left was accepted by name.
    'closed'
);

CREATE TABLE hazards (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number       text NOT NULL UNIQUE,                      -- HZ-YYYYMMDD-nnnnn
    kind         text NOT NULL REFERENCES hazard_kinds,
    area_id      text NOT NULL REFERENCES areas,
    area_path    text[] NOT NULL,
    place        text NOT NULL CHECK (btrim(place) <> ''),
    lon          double precision CHECK (lon BETWEEN -180 AND 180),
    lat          double precision CHECK (lat BETWEEN -90 AND 90),
    subject      text,                                      -- Which lift, riser or shed of the place.
    device_id    bigint REFERENCES devices,
    description  text NOT NULL CHECK (btrim(description) <> ''),
    state        hazard_state NOT NULL,
    version      integer NOT NULL DEFAULT 1,
    level        smallint NOT NULL CHECK (level BETWEEN 1 AND 4),       -- Of its newest assessment.
    residual_level smallint CHECK (residual_level BETWEEN 1 AND 4),     -- What the inspection of its joint ticket left.
    assessment   integer NOT NULL CHECK (assessment >= 1),              -- The number of its newest assessment.
    case_id      bigint REFERENCES cases,                   -- Of its joint tickets: one of a case is open at a time.
    ticket_id    bigint REFERENCES tickets,                 -- The newest of them.
    plan_id      bigint REFERENCES inspection_plans,        -- Whose rounds look at it.
    review_at    timestamptz,                               -- When an acceptance ends.
    found_at     timestamptz NOT NULL,
    CONSTRAINT hazards_position_is_a_pair CHECK ((lon IS NULL) = (lat IS NULL)),
    CONSTRAINT hazards_ticket_of_a_case CHECK ((case_id IS NULL) = (ticket_id IS NULL)),
    CONSTRAINT hazards_rectified_by_a_ticket CHECK (state <> 'under_rectification' OR ticket_id IS NOT NULL),
    CONSTRAINT hazards_gravest_is_never_accepted CHECK (state <> 'accepted_residual' OR COALESCE(residual_level, level) > 1),
    CONSTRAINT hazards_review_of_an_acceptance CHECK (review_at IS NULL OR state = 'accepted_residual')
);
CREATE UNIQUE INDEX hazards_once_a_place ON hazards (area_id, place, kind, COALESCE(subject, '')) WHERE state <> 'closed';
CREATE INDEX hazards_newest ON hazards (id DESC);
CREATE INDEX hazards_by_ticket ON hazards (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX hazards_by_plan ON hazards (plan_id) WHERE state <> 'closed';
CREATE INDEX hazards_by_place ON hazards (area_id, place) WHERE state <> 'closed';
CREATE INDEX hazards_near ON hazards USING gist (point(lon, lat)) WHERE state <> 'closed';
CREATE INDEX hazards_to_review ON hazards (review_at) WHERE review_at IS NOT NULL;

-- How each level came about, never changed. The three factors are kept, not only their product.
CREATE TABLE hazard_assessments (
    hazard_id          bigint NOT NULL REFERENCES hazards,
    number             integer NOT NULL CHECK (number >= 1),
    at                 timestamptz NOT NULL,
    lec_likelihood     numeric(5, 1) NOT NULL CHECK (lec_likelihood > 0),
    lec_exposure       numeric(5, 1) NOT NULL CHECK (lec_exposure > 0),
    lec_consequence    numeric(5, 1) NOT NULL CHECK (lec_consequence > 0),
    product            numeric(8, 3) GENERATED ALWAYS AS (lec_likelihood * lec_exposure * lec_consequence) STORED,
    likelihood         smallint CHECK (likelihood BETWEEN 1 AND 5),      -- Of the matrix, where it was asked.
    consequence        smallint CHECK (consequence BETWEEN 1 AND 5),
    relapsed           boolean NOT NULL,                                 -- It came back: one level graver.
    level              smallint NOT NULL CHECK (level BETWEEN 1 AND 4),
    reason             text NOT NULL,
    rules_version      integer NOT NULL,
    matrix_version     integer,
    note               text NOT NULL,
    actor              text NOT NULL,
    actor_name         text NOT NULL,
    PRIMARY KEY (hazard_id, number),
    CONSTRAINT hazard_assessments_cell_is_a_pair CHECK (num_nonnulls(likelihood, consequence, matrix_version) IN (0, 3))
);

-- What was done with a hazard: added to, never changed.
CREATE TABLE hazard_records (
    hazard_id       bigint NOT NULL REFERENCES hazards,
    version         integer NOT NULL,
    event           text NOT NULL,
    from_state      hazard_state,
    to_state        hazard_state NOT NULL,
    at              timestamptz NOT NULL,
    actor           text NOT NULL,
    actor_name      text NOT NULL,
    organisation_id text,
    reason          text,
    fields          jsonb NOT NULL,
    PRIMARY KEY (hazard_id, version)
);

-- A joint ticket of a hazard moved: the screening stage follows each move once.
CREATE TABLE hazard_ticket_moves (
    ticket_id   bigint NOT NULL REFERENCES tickets,
    version     integer NOT NULL,
    followed_at timestamptz,
    PRIMARY KEY (ticket_id, version)
);
CREATE INDEX hazard_ticket_moves_waiting ON hazard_ticket_moves (ticket_id, version) WHERE followed_at IS NULL;

CREATE FUNCTION note_hazard_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM hazards WHERE ticket_id = NEW.ticket_id) THEN
        INSERT INTO hazard_ticket_moves (ticket_id, version) VALUES (NEW.ticket_id, NEW.version) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_transitions_move_hazards AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.from_state IS DISTINCT FROM NEW.to_state) EXECUTE FUNCTION note_hazard_ticket();

-- A joint rectification that a hazard proposed has no incident.
ALTER TABLE tickets
    ALTER COLUMN incident_id DROP NOT NULL,
    ADD CONSTRAINT tickets_answer_an_incident CHECK (incident_id IS NOT NULL OR ticket_kind = 'joint_rectification');

CREATE TYPE inspection_state AS ENUM (
    'due',       -- To be carried out; late or not, `overdue_at` says.
    'reported',  -- Every item was looked at, or skipped with a reason.
    'cancelled'
);

CREATE TABLE inspection_rounds (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number          text NOT NULL UNIQUE,                   -- IR-YYYYMMDD-nnnnn
    plan_id         bigint NOT NULL REFERENCES inspection_plans,
    organisation_id text NOT NULL REFERENCES organisations,
    list            text NOT NULL,
    list_version    integer NOT NULL,
    level           smallint NOT NULL CHECK (level BETWEEN 1 AND 4),    -- The gravest of the place when it was opened.
    opened_at       timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    remind_at       timestamptz NOT NULL,
    next_at         timestamptz,                            -- When the stage looks at it again: reminder, then lateness.
    reminded_at     timestamptz,
    overdue_at      timestamptz,                            -- Its due time, once that has passed.
    missed          integer NOT NULL DEFAULT 0,             -- Rounds that fell due while this one was still open.
    state           inspection_state NOT NULL DEFAULT 'due',
    version         integer NOT NULL DEFAULT 1,
    ended_at        timestamptz,
    ended_by        text,
    ended_by_name   text,
    reason          text,                                   -- Why it was cancelled.
    CONSTRAINT inspection_rounds_in_order CHECK (opened_at < remind_at AND remind_at < due_at),
    CONSTRAINT inspection_rounds_end_names_who CHECK ((state = 'due') = (ended_at IS NULL) AND (state = 'due') = (ended_by IS NULL)),
    CONSTRAINT inspection_rounds_nothing_comes_due_afterwards CHECK (state = 'due' OR next_at IS NULL),
    CONSTRAINT inspection_rounds_cancelled_says_why CHECK (state <> 'cancelled' OR reason IS NOT NULL)
);
CREATE UNIQUE INDEX inspection_rounds_one_open_a_plan ON inspection_rounds (plan_id) WHERE state = 'due';
CREATE INDEX inspection_rounds_due ON inspection_rounds (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX inspection_rounds_of_organisation ON inspection_rounds (organisation_id, due_at) WHERE state = 'due';
CREATE TRIGGER inspection_rounds_never_for_a_committee BEFORE INSERT OR UPDATE OF organisation_id ON inspection_rounds
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

CREATE TYPE finding_outcome AS ENUM (
    'in_order',
    'hazard',
    'skipped'
);

-- What was found at an item; the newest counts, none is ever changed.
CREATE TABLE inspection_findings (
    round_id    bigint NOT NULL REFERENCES inspection_rounds,
    item        text NOT NULL,
    number      integer NOT NULL CHECK (number >= 1),
    outcome     finding_outcome NOT NULL,
    evidence    text,                                       -- What was seen, in words.
    attachments bigint[] NOT NULL DEFAULT '{}',
    reason      text,                                       -- Why it was skipped.
    hazard_id   bigint REFERENCES hazards,
    at          timestamptz NOT NULL,
    actor       text NOT NULL,
    actor_name  text NOT NULL,
    PRIMARY KEY (round_id, item, number),
    CONSTRAINT inspection_findings_skipped_say_why CHECK ((outcome = 'skipped') = (reason IS NOT NULL)),
    CONSTRAINT inspection_findings_hazard_is_shown CHECK ((outcome = 'hazard') = (hazard_id IS NOT NULL)
        AND (outcome <> 'hazard' OR btrim(COALESCE(evidence, '')) <> ''))
);
CREATE INDEX inspection_findings_of_hazard ON inspection_findings (hazard_id) WHERE hazard_id IS NOT NULL;

GRANT SELECT ON hazard_kinds, lec_factors, lec_levels, check_items, inspection_intervals, recurrence_rules TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON hazards, inspection_plans, inspection_rounds TO rongan_app;
GRANT SELECT, INSERT ON hazard_assessments, hazard_records, inspection_findings TO rongan_app;
GRANT SELECT, INSERT, UPDATE (followed_at) ON hazard_ticket_moves TO rongan_app;

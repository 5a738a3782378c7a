-- 0014_ticket_kinds.sql
-- Both state machines of tickets: their words, sub-tasks, requests that a second person decides, pauses, breach records.

ALTER TYPE ticket_state ADD VALUE 'proposed';
ALTER TYPE ticket_state ADD VALUE 'rejected';
ALTER TYPE ticket_state ADD VALUE 'admitted';
ALTER TYPE ticket_state ADD VALUE 'lead_assigned';
ALTER TYPE ticket_state ADD VALUE 'co_signing';
ALTER TYPE ticket_state ADD VALUE 'planning';
ALTER TYPE ticket_state ADD VALUE 'plan_review';
ALTER TYPE ticket_state ADD VALUE 'in_progress';
ALTER TYPE ticket_state ADD VALUE 'reported_complete';
ALTER TYPE ticket_state ADD VALUE 'inspection';
ALTER TYPE ticket_state ADD VALUE 'publicity';
ALTER TYPE ticket_state ADD VALUE 'closed_out';
ALTER TYPE ticket_state ADD VALUE 'look_back';
ALTER TYPE ticket_state ADD VALUE 'relapsed';

ALTER TYPE ticket_entry ADD VALUE 'linked';
ALTER TYPE ticket_entry ADD VALUE 'struck';
ALTER TYPE ticket_entry ADD VALUE 'call_tried';
ALTER TYPE ticket_entry ADD VALUE 'reports_left';
ALTER TYPE ticket_entry ADD VALUE 'recounted';

ALTER TABLE tickets
    ADD COLUMN external_due_at    timestamptz,                       -- What another system promised; the earlier limit wins.
    ADD COLUMN state_before       ticket_state,                      -- What a suspension goes back to.
    ADD COLUMN state_before_merge ticket_state,
    ADD COLUMN merged_reports     bigint[] NOT NULL DEFAULT '{}',    -- Reports that a merge took along.
    ADD COLUMN controlled_at      timestamptz,                       -- What grades I and II are measured on.
    ADD COLUMN objection_count    integer NOT NULL DEFAULT 0,
    ADD COLUMN reopen_count       integer NOT NULL DEFAULT 0,
    ADD COLUMN denied_units       text[] NOT NULL DEFAULT '{}',      -- Units whose return was refused: each may appeal once.
    ADD COLUMN appealed_units     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN arbitration_count  integer NOT NULL DEFAULT 0,
    ADD COLUMN final_award        boolean NOT NULL DEFAULT false,
    ADD COLUMN reply_approved_at  timestamptz,                       -- One approved reply to many reporters.
    ADD COLUMN converted          boolean NOT NULL DEFAULT false,
    ADD COLUMN supervised         boolean NOT NULL DEFAULT false,    -- 挂牌督办
    ADD COLUMN residual_grade     smallint CHECK (residual_grade BETWEEN 1 AND 4),
    ADD COLUMN plan_days          integer CHECK (plan_days > 0),
    ADD COLUMN interim_done       boolean NOT NULL DEFAULT false,
    ADD COLUMN publicity_from     timestamptz,
    ADD COLUMN look_back_from     timestamptz,
    ADD COLUMN look_back_at       timestamptz,                       -- When somebody looks again at what was closed out.
    ADD COLUMN look_back_count    integer NOT NULL DEFAULT 0,
    ADD COLUMN relapse_count      integer NOT NULL DEFAULT 0;

ALTER TABLE ticket_reports
    ADD COLUMN must_call boolean NOT NULL DEFAULT false,             -- Asked for a call, or was harmed.
    ADD COLUMN attempts  timestamptz[] NOT NULL DEFAULT '{}',        -- Calls that reached nobody.
    DROP CONSTRAINT ticket_reports_callback_outcome_check,
    ADD CONSTRAINT ticket_reports_callback_outcome_check CHECK (
        callback_outcome IN ('resolved', 'unresolved', 'unreachable', 'notified', 'withdrawn'));

CREATE TYPE ticket_request AS ENUM (
    'refusal',     -- 不予受理
    'extension',   -- 延期
    'suspension',  -- 挂账
    'withdrawal'   -- 撤诉
);

-- What one person asks for and another decides.
CREATE TABLE ticket_requests (
    ticket_id       bigint NOT NULL REFERENCES tickets,
    number          integer NOT NULL CHECK (number >= 1),
    kind            ticket_request NOT NULL,
    asked_by        text NOT NULL,
    organisation_id text REFERENCES organisations,
    asked_at        timestamptz NOT NULL,
    days            integer CHECK (days > 0),
    code            text,
    call_id         bigint REFERENCES hotline_calls,
    decided_at      timestamptz,
    granted         boolean,
    PRIMARY KEY (ticket_id, number),
    CONSTRAINT ticket_requests_decided_at_a_time CHECK ((decided_at IS NULL) = (granted IS NULL))
);
CREATE UNIQUE INDEX ticket_requests_one_pending ON ticket_requests (ticket_id, kind) WHERE granted IS NULL;

CREATE TYPE subtask_state AS ENUM (
    'assigned', 'acknowledged', 'working', 'done', 'checked', 'returned', 'blocked', 'waived'
);

CREATE TABLE ticket_subtasks (
    ticket_id       bigint NOT NULL REFERENCES tickets,
    number          integer NOT NULL CHECK (number >= 1),
    title           text NOT NULL,
    organisation_id text NOT NULL REFERENCES organisations,
    mandatory       boolean NOT NULL,
    state           subtask_state NOT NULL,
    changed_at      timestamptz NOT NULL,
    after           integer,                    -- The sub-task that has to be finished before.
    days            integer CHECK (days > 0),   -- Fewer than the limit, as its order says.
    before          subtask_state,              -- What it was when the ticket ended without it.
    PRIMARY KEY (ticket_id, number),
    CONSTRAINT ticket_subtasks_follow_an_earlier_one CHECK (after < number),
    CONSTRAINT ticket_subtasks_predecessor FOREIGN KEY (ticket_id, after) REFERENCES ticket_subtasks
);
CREATE TRIGGER ticket_subtasks_never_for_a_committee BEFORE INSERT OR UPDATE OF organisation_id ON ticket_subtasks
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

CREATE TABLE ticket_links (
    ticket_id bigint NOT NULL REFERENCES tickets,
    other_id  bigint NOT NULL REFERENCES tickets,
    relation  text NOT NULL CHECK (
        relation IN ('parent', 'child', 'cause', 'consequence', 'neighbour', 'converted', 'split')),
    linked_at timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, other_id, relation),
    CONSTRAINT ticket_links_name_another CHECK (ticket_id <> other_id)
);
CREATE INDEX ticket_links_of_other ON ticket_links (other_id);

-- Pauses, and the steps of the ladder by their action: a change of grade takes no step twice.
ALTER TABLE clock_firings DROP CONSTRAINT clock_firings_pkey, DROP COLUMN after_pct,
    ADD PRIMARY KEY (ticket_id, clock, organisation_id, run, action);
ALTER TABLE ticket_clocks
    ADD COLUMN subtask      integer NOT NULL DEFAULT 0,            -- The sub-task whose clock it is; 0: none.
    ADD COLUMN counted_from timestamptz,                           -- Since when without a pause; NULL: since the start.
    ADD COLUMN spent        interval NOT NULL DEFAULT '0',         -- What was used before, in the clock's own time.
    ADD COLUMN paused_at    timestamptz,
    ADD COLUMN fired        text[] NOT NULL DEFAULT '{}',          -- Steps of the ladder that were taken.
    ADD COLUMN next_action  text,                                  -- The next step; next_at says when.
    ADD COLUMN unknown_year smallint GENERATED ALWAYS AS (         -- Why it is provisional: the first year without a calendar.
        CASE WHEN provisional THEN ((explanation -> 'unknown_years') ->> 0)::smallint END) STORED;
UPDATE ticket_clocks SET fired = CASE WHEN fired_pct >= 100 THEN ARRAY['remind', 'urge'] ELSE ARRAY['remind'] END
WHERE fired_pct > 0;
UPDATE ticket_clocks SET next_action = CASE WHEN next_pct >= 100 THEN 'urge' ELSE 'remind' END WHERE next_pct IS NOT NULL;
ALTER TABLE ticket_clocks
    DROP CONSTRAINT ticket_clocks_next_is_a_pair,
    DROP COLUMN fired_pct,
    DROP COLUMN next_pct,
    ADD CONSTRAINT ticket_clocks_next_is_a_pair CHECK ((next_action IS NULL) = (next_at IS NULL)),
    ADD CONSTRAINT ticket_clocks_nothing_comes_due_in_a_pause CHECK (paused_at IS NULL OR next_at IS NULL);
DROP INDEX ticket_clocks_one_run;
CREATE UNIQUE INDEX ticket_clocks_one_run ON ticket_clocks (ticket_id, clock, organisation_id, subtask)
    WHERE stopped_at IS NULL;
CREATE INDEX ticket_clocks_provisional ON ticket_clocks (unknown_year)
    WHERE stopped_at IS NULL AND unknown_year IS NOT NULL;

-- Every breach yields exactly one record, whether a step of the ladder noticed it or the late stop did; never changed.
CREATE TABLE breach_records (
    ticket_id       bigint NOT NULL,
    clock           text NOT NULL,
    organisation_id text NOT NULL,
    run             integer NOT NULL,
    grade           smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    due_at          timestamptz NOT NULL,
    explanation     jsonb NOT NULL,             -- The limit, its source and its pauses as they were.
    PRIMARY KEY (ticket_id, clock, organisation_id, run),
    FOREIGN KEY (ticket_id, clock, organisation_id, run) REFERENCES ticket_clocks
);
CREATE FUNCTION record_breach() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO breach_records (ticket_id, clock, organisation_id, run, grade, due_at, explanation)
    SELECT NEW.ticket_id, NEW.clock, NEW.organisation_id, NEW.run, t.grade, NEW.breached_at, NEW.explanation
    FROM tickets t WHERE t.id = NEW.ticket_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_clocks_record_a_breach AFTER INSERT OR UPDATE OF breached_at ON ticket_clocks
    FOR EACH ROW WHEN (NEW.breached_at IS NOT NULL) EXECUTE FUNCTION record_breach();
INSERT INTO breach_records (ticket_id, clock, organisation_id, run, grade, due_at, explanation)
SELECT c.ticket_id, c.clock, c.organisation_id, c.run, t.grade, c.breached_at, c.explanation
FROM ticket_clocks c JOIN tickets t ON t.id = c.ticket_id WHERE c.breached_at IS NOT NULL;

-- Steps of the ladder at lengths after the due time, and for one clock alone.
ALTER TABLE escalation_steps
    ALTER COLUMN after_pct DROP NOT NULL,
    ADD COLUMN clock       text,                -- NULL: every clock.
    ADD COLUMN after_value integer CHECK (after_value > 0),
    ADD COLUMN after_unit  limit_unit,
    ADD CONSTRAINT escalation_steps_share_or_length CHECK (
        num_nonnulls(after_pct, after_value) = 1 AND (after_value IS NULL) = (after_unit IS NULL));

-- The years whose working days are known.
CREATE TABLE calendar_years (
    year    smallint PRIMARY KEY,
    source  text NOT NULL,
    version integer NOT NULL
);
INSERT INTO calendar_years (year, source, version)
SELECT EXTRACT(year FROM day)::smallint, max(source), max(version) FROM calendar_days GROUP BY 1;

GRANT SELECT, INSERT, UPDATE ON ticket_requests, ticket_subtasks TO rongan_app;
GRANT SELECT, INSERT ON ticket_links, breach_records TO rongan_app;
GRANT SELECT ON calendar_years TO rongan_app;

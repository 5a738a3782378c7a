-- 0012_rules.sql
-- Rules as versioned documents, where in the log each took over, and their trials on stored history.

CREATE TYPE rule_source AS ENUM (
    'release',  -- The master data of a release.
    'import',   -- A file that a person brought.
    'api'       -- A program or the console.
);

CREATE TABLE rule_versions (
    rule_set   text NOT NULL,
    version    integer NOT NULL CHECK (version > 0),
    content    jsonb NOT NULL,               -- = dispatcher.rules.document.RuleDocument
    sha256     text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    source     rule_source NOT NULL,
    author     text NOT NULL,
    note       text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (rule_set, version),
    CONSTRAINT rule_versions_one_a_content UNIQUE (rule_set, sha256),
    CONSTRAINT rule_versions_content_is_an_object CHECK (jsonb_typeof(content) = 'object')
);

-- Somebody asks; the leader writes the record behind exactly what it has taken, and notes here where that was.
CREATE TABLE rule_activations (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_set     text NOT NULL,
    version      integer NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    reason       text NOT NULL,
    seq          bigint CHECK (seq >= 0),     -- Of the record in the clock stream; 0: in force from the beginning.
    effective_at timestamptz,                 -- The time of that record.
    refused      text,                        -- Why the leader could not take it over.
    FOREIGN KEY (rule_set, version) REFERENCES rule_versions,
    CONSTRAINT rule_activations_have_time_and_place CHECK ((seq IS NULL) = (effective_at IS NULL)),
    CONSTRAINT rule_activations_end_once CHECK (seq IS NULL OR refused IS NULL)
);
CREATE UNIQUE INDEX rule_activations_one_waits ON rule_activations (rule_set) WHERE seq IS NULL AND refused IS NULL;
CREATE UNIQUE INDEX rule_activations_one_a_position ON rule_activations (rule_set, seq) WHERE seq IS NOT NULL;

CREATE FUNCTION rule_activations_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq IS NOT NULL OR OLD.refused IS NOT NULL THEN
        RAISE EXCEPTION 'activation % has ended', OLD.id USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER rule_activations_stand BEFORE UPDATE ON rule_activations
    FOR EACH ROW EXECUTE FUNCTION rule_activations_refuse_change();

CREATE TYPE backtest_state AS ENUM (
    'queued',     -- Waits for a process that runs it.
    'running',    -- See taken and total.
    'done',       -- The result stands.
    'failed',     -- See failure.
    'cancelled'   -- Somebody stopped it.
);

CREATE TABLE backtests (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_set     text NOT NULL,
    version      integer NOT NULL,            -- On trial.
    against      integer NOT NULL,            -- What it is compared with.
    from_at      timestamptz NOT NULL,
    to_at        timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL,
    state        backtest_state NOT NULL DEFAULT 'queued',
    taken        bigint NOT NULL DEFAULT 0,   -- Events, over both runs.
    total        bigint,
    cancelling   boolean NOT NULL DEFAULT false,
    seen_at      timestamptz,                 -- Real time of the database: the process that runs it says that it lives.
    result       jsonb,
    failure      text,
    FOREIGN KEY (rule_set, version) REFERENCES rule_versions,
    FOREIGN KEY (rule_set, against) REFERENCES rule_versions,
    CONSTRAINT backtests_span_in_order CHECK (from_at < to_at),
    CONSTRAINT backtests_done_has_a_result CHECK ((state = 'done') = (result IS NOT NULL)),
    CONSTRAINT backtests_failed_says_why CHECK ((state = 'failed') = (failure IS NOT NULL))
);
CREATE INDEX backtests_waiting ON backtests (id) WHERE state IN ('queued', 'running');

GRANT SELECT, INSERT ON rule_versions TO rongan_app;  -- A version is never changed.
GRANT SELECT, INSERT, UPDATE (seq, effective_at, refused) ON rule_activations TO rongan_app;
GRANT SELECT, INSERT, UPDATE (state, taken, total, cancelling, seen_at, result, failure) ON backtests TO rongan_app;

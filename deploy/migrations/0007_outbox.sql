-- 0007_outbox.sql
-- How it leaves: the live stream of the console and the messages to departments, written with what caused them.

-- A row is written without a position and gets it at the very end of its transaction: the head row is then locked only
-- for the commit, so positions are gapless in commit order and no two writers can wait for each other.
CREATE TABLE stream_log (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    seq              bigint UNIQUE,
    at               timestamptz NOT NULL,
    topic            text NOT NULL,            -- incident.opened, ticket.changed, ...
    area_path        text[] NOT NULL,          -- Who may see it: the area ...
    organisation_ids text[] NOT NULL,          -- ... or one of these organisations.
    body             jsonb NOT NULL
);
INSERT INTO log_heads (stream) VALUES ('stream'), ('hotline'), ('clock') ON CONFLICT DO NOTHING;

CREATE INDEX stream_log_unplaced ON stream_log (id) WHERE seq IS NULL;

-- Rows without a position are seen by their own transaction alone: the first row places them all, the others find it done.
CREATE FUNCTION stream_log_take_position() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    unplaced bigint[];
    placed bigint;
    taken bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM stream_log WHERE id = NEW.id AND seq IS NULL) THEN
        RETURN NULL;
    END IF;
    unplaced := ARRAY(SELECT id FROM stream_log WHERE seq IS NULL ORDER BY id);
    UPDATE log_heads SET seq = seq + cardinality(unplaced) WHERE stream = 'stream' RETURNING seq - cardinality(unplaced) INTO taken;
    FOREACH placed IN ARRAY unplaced LOOP
        taken := taken + 1;
        UPDATE stream_log SET seq = taken WHERE id = placed;
    END LOOP;
    PERFORM pg_notify('rongan_stream', '');
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER stream_log_positions_at_commit AFTER INSERT ON stream_log
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stream_log_take_position();

CREATE TABLE webhook_endpoints (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    url             text NOT NULL CHECK (url ~ '^https?://'),
    secret          text NOT NULL,             -- Standard Webhooks: whsec_ and base64
    enabled         boolean NOT NULL DEFAULT true
);

CREATE TYPE outbox_state AS ENUM (
    'ready',  -- Waits for its next attempt.
    'sent',   -- The receiver answered 2xx.
    'dead'    -- All attempts failed; an alarm was raised.
);

CREATE TABLE outbox (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,      -- The same fact is told once, whatever is retried.
    channel         text NOT NULL,
    endpoint_id     bigint NOT NULL REFERENCES webhook_endpoints,
    ticket_id       bigint REFERENCES tickets,
    topic           text NOT NULL,
    body            jsonb NOT NULL,
    created_at      timestamptz NOT NULL,      -- Domain time; everything below is the database's real time.
    state           outbox_state NOT NULL DEFAULT 'ready',
    attempts        integer NOT NULL DEFAULT 0,
    next_at         timestamptz NOT NULL,
    lease_token     uuid,
    lease_until     timestamptz,
    sent_at         timestamptz,
    last_error      text
);
CREATE INDEX outbox_ready ON outbox (next_at) WHERE state = 'ready';

GRANT SELECT, INSERT ON stream_log TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON webhook_endpoints, outbox TO rongan_app;

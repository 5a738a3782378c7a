-- 0003_events.sql
-- What came in: the event log, readings, device state, delivery keys, quarantine, hotline calls and the counts of conservation.

-- A position in the record is (stream, seq). The writing transaction takes its range here, so seq is gapless in commit order.
CREATE TABLE log_heads (
    stream text PRIMARY KEY,
    seq    bigint NOT NULL DEFAULT 0 CHECK (seq >= 0)
);

CREATE TYPE event_source AS ENUM (
    'device_event',  -- A device judged by itself.
    'signal',        -- A property crossed a threshold of its sensor type.
    'hotline',       -- A person called.
    'tick'           -- Time passed; written by the dispatcher's leader.
);
CREATE TYPE source_class AS ENUM ('sensor', 'camera', 'gate', 'feed', 'hotline', 'clock');
CREATE TYPE time_quality AS ENUM (
    'device',    -- The device's time is believed.
    'received',  -- The device gave no time; the gateway's time stands.
    'bad'        -- The device's time is not believable; the gateway's time stands.
);

CREATE TABLE events (
    stream       text NOT NULL,
    seq          bigint NOT NULL,
    uid          bytea NOT NULL CHECK (octet_length(uid) = 16),
    revision     bigint NOT NULL DEFAULT 0,
    content_hash bytea NOT NULL CHECK (octet_length(content_hash) = 8),
    source       event_source NOT NULL,
    source_class source_class NOT NULL,
    kind         text NOT NULL,
    severity     smallint NOT NULL CHECK (severity BETWEEN 1 AND 5),
    raised       boolean NOT NULL,           -- false: the condition returned to normal.
    subject      text NOT NULL,              -- What it is about: repeats of one subject are one occurrence.
    device_id    bigint,
    call_id      bigint,
    product      text,
    area_id      text,
    area_path    text[] NOT NULL,
    place        text,
    lon          double precision,
    lat          double precision,
    x_dm         integer,
    y_dm         integer,
    observed_at  timestamptz,
    received_at  timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    time_quality time_quality NOT NULL,
    body         jsonb NOT NULL,
    PRIMARY KEY (stream, seq, received_at),
    CONSTRAINT events_projected_when_located CHECK ((lon IS NULL) = (x_dm IS NULL) AND (lat IS NULL) = (y_dm IS NULL)
                                                    AND (lon IS NULL) = (lat IS NULL))
) PARTITION BY RANGE (received_at);
CREATE INDEX events_by_uid ON events (uid);
CREATE INDEX events_by_time ON events (received_at);
CREATE TABLE events_default PARTITION OF events DEFAULT;

CREATE TABLE readings (
    device_id    bigint NOT NULL,
    effective_at timestamptz NOT NULL,
    received_at  timestamptz NOT NULL,
    type_version smallint NOT NULL,
    v            double precision[] NOT NULL,   -- In the order of the device type's properties; NULL where not reported.
    extra        jsonb
) PARTITION BY RANGE (effective_at);
CREATE INDEX readings_by_device ON readings (device_id, effective_at);
CREATE TABLE readings_default PARTITION OF readings DEFAULT;

-- What was already taken in, for redelivery: kept for today and yesterday and dropped whole. Each content of a key is a
-- version of its own, so that a redelivered older version is known as well.
CREATE TABLE delivery_keys (
    day          date NOT NULL,
    device_id    bigint NOT NULL,
    key          bytea NOT NULL CHECK (octet_length(key) = 16),
    content_hash bytea NOT NULL CHECK (octet_length(content_hash) = 8),
    revision     bigint NOT NULL,
    PRIMARY KEY (day, device_id, key, content_hash)
) PARTITION BY RANGE (day);
CREATE TABLE delivery_keys_default PARTITION OF delivery_keys DEFAULT;

CREATE TABLE device_state (
    device_id     bigint PRIMARY KEY REFERENCES devices,
    online        boolean NOT NULL DEFAULT false,
    presence_cause text,
    session_id    bigint,                -- The device's own session number (`sid`); an older one never wins.
    gateway       text,                  -- Which gateway process holds the connection.
    presence_at   timestamptz,
    last_seen_at  timestamptz,
    latest        jsonb NOT NULL DEFAULT '{}',   -- property -> {"value", "at"}; never goes backwards.
    signals       jsonb NOT NULL DEFAULT '{}',   -- signal -> side, since, last reading
    firmware      text
) WITH (fillfactor = 50);  -- Each message rewrites a row: with room beside it no index is touched.

CREATE TYPE quarantine_reason AS ENUM (
    'bad_json', 'bad_encoding', 'too_deep', 'too_large', 'nul_char', 'number_range', 'duplicate_key', 'schema',
    'unknown_device', 'disabled_device', 'unknown_product', 'product_mismatch', 'unknown_topic', 'unknown_event',
    'id_mismatch', 'database_refused', 'crash_suspect'
);
CREATE TYPE quarantine_state AS ENUM ('held', 'released', 'discarded');

CREATE TABLE quarantine (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    gateway     text NOT NULL,
    topic       text NOT NULL,
    product     text,
    device_id   bigint,
    reason      quarantine_reason NOT NULL,
    detail      text NOT NULL,
    payload     bytea NOT NULL,
    sha256      bytea NOT NULL CHECK (octet_length(sha256) = 32),
    state       quarantine_state NOT NULL DEFAULT 'held',
    decided_by  text,
    decided_at  timestamptz,
    CONSTRAINT quarantine_decision_has_an_author CHECK (state = 'held' OR (decided_by IS NOT NULL AND decided_at IS NOT NULL))
);
CREATE INDEX quarantine_by_state ON quarantine (state, id DESC);

-- received = stored + duplicate + quarantined, a row a minute, gateway and product.
CREATE TABLE intake_counts (
    minute      timestamptz NOT NULL,
    gateway     text NOT NULL,
    product     text NOT NULL,
    received    bigint NOT NULL DEFAULT 0,
    stored      bigint NOT NULL DEFAULT 0,
    duplicate   bigint NOT NULL DEFAULT 0,
    quarantined bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (minute, gateway, product),
    CONSTRAINT intake_counts_conserve CHECK (received = stored + duplicate + quarantined)
);

-- What a door refused and never acknowledged.
CREATE TABLE violations (
    minute  timestamptz NOT NULL,
    gateway text NOT NULL,
    client  text NOT NULL,
    reason  text NOT NULL,
    count   bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (minute, gateway, client, reason)
);

CREATE TYPE demand_type AS ENUM (
    'consultation', 'help', 'suggestion', 'complaint', 'report', 'praise'  -- 咨询 求助 建议 投诉 举报 表扬
);

CREATE TABLE hotline_calls (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    idempotency_key text NOT NULL UNIQUE,
    content_hash    bytea NOT NULL CHECK (octet_length(content_hash) = 8),
    received_at     timestamptz NOT NULL,
    occurred_at     timestamptz,
    text            text NOT NULL,
    caller_name     text,
    caller_phone    text,
    anonymous       boolean NOT NULL,
    confidential    boolean NOT NULL,
    demand          demand_type,
    kind            text REFERENCES event_kinds,
    address         text,
    lon             double precision,
    lat             double precision,
    area_id         text REFERENCES areas,
    taken_by        bigint
);

-- Partitions follow the clock of the domain: the caller says which days must exist.
CREATE FUNCTION ensure_partitions(first_day date, last_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    d date := first_day;
    made integer := 0;
    parent text;
    child text;
BEGIN
    IF last_day - first_day > 60 THEN
        RAISE EXCEPTION 'at most 60 days at once';
    END IF;
    PERFORM pg_advisory_xact_lock(7240001);
    WHILE d <= last_day LOOP
        -- In the order in which the intake's transaction locks them.
        FOREACH parent IN ARRAY ARRAY['delivery_keys', 'readings', 'events'] LOOP
            child := parent || '_' || to_char(d, 'YYYYMMDD');
            IF to_regclass(child) IS NULL THEN
                BEGIN
                    IF parent = 'delivery_keys' THEN
                        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent, d, d + 1);
                    ELSE
                        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent,
                                       d::text || ' 00:00:00+00', (d + 1)::text || ' 00:00:00+00');
                    END IF;
                    made := made + 1;
                EXCEPTION WHEN check_violation THEN
                    NULL;  -- Rows of that day already stand in the default partition; they stay readable there.
                END;
            END IF;
        END LOOP;
        d := d + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Delivery keys live for two days: older partitions are dropped whole.
CREATE FUNCTION drop_delivery_keys_before(day_kept date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    child text;
    dropped integer := 0;
BEGIN
    FOR child IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'delivery_keys'::regclass AND c.relname ~ '^delivery_keys_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') < day_kept
    LOOP
        EXECUTE format('DROP TABLE %I', child);
        dropped := dropped + 1;
    END LOOP;
    DELETE FROM delivery_keys_default WHERE day < day_kept;
    RETURN dropped;
END
$$;

REVOKE ALL ON FUNCTION ensure_partitions(date, date), drop_delivery_keys_before(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_partitions(date, date), drop_delivery_keys_before(date) TO rongan_app;

GRANT SELECT, INSERT, UPDATE ON log_heads, device_state, intake_counts, violations TO rongan_app;
GRANT SELECT, INSERT ON events, readings, hotline_calls TO rongan_app;  -- The record is only added to.
GRANT SELECT, INSERT, UPDATE ON delivery_keys TO rongan_app;
GRANT SELECT, INSERT, UPDATE (state, decided_by, decided_at) ON quarantine TO rongan_app;

-- 0004_incidents.sql
-- What is happening: who leads the dispatcher, how far it has read, and the incidents it found.

CREATE TABLE leadership (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    epoch   bigint NOT NULL DEFAULT 0,
    holder  text,
    until   timestamptz            -- Real time of the database, never the domain's clock.
);
INSERT INTO leadership DEFAULT VALUES;

-- How far a consumer has read each stream; moved in the transaction that writes what follows from the reading.
CREATE TABLE cursors (
    consumer    text NOT NULL,
    stream      text NOT NULL,
    seq         bigint NOT NULL,
    received_at timestamptz NOT NULL,   -- Of the last event read: lets the feed skip older partitions.
    epoch       bigint NOT NULL,
    PRIMARY KEY (consumer, stream)
);

-- The watermark that the last step reached: what is older than it is late.
CREATE TABLE watermarks (
    rule_set     text NOT NULL,
    kind_group   text NOT NULL,
    watermark_at timestamptz NOT NULL,
    PRIMARY KEY (rule_set, kind_group)
);

-- Numbers such as CR-20261122-00001: gapless a day, taken in the writing transaction.
CREATE TABLE number_heads (
    prefix text NOT NULL,
    day    date NOT NULL,
    last   integer NOT NULL,
    PRIMARY KEY (prefix, day)
);

-- 案由: incidents that belong together; a ticket belongs to a case.
CREATE TABLE cases (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    opened_at timestamptz NOT NULL
);

CREATE TYPE incident_status AS ENUM (
    'open',    -- May still gain events.
    'final',   -- The watermark passed: it absorbs nothing any more.
    'merged'   -- An alias: it was found to be part of another incident.
);

CREATE TABLE incidents (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number         text NOT NULL UNIQUE,
    case_id        bigint NOT NULL REFERENCES cases,
    status         incident_status NOT NULL,
    kind           text NOT NULL REFERENCES event_kinds,
    kind_group     text NOT NULL,
    canonical_at   timestamptz NOT NULL,     -- The order-free key: the least (time, uid) of its events.
    canonical_uid  bytea NOT NULL,
    grade          smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    explanation    jsonb NOT NULL,           -- Why this grade: kind, likelihood, consequence, evidence, rule versions.
    source_classes text[] NOT NULL,
    event_count    integer NOT NULL CHECK (event_count > 0),
    first_at       timestamptz NOT NULL,
    last_at        timestamptz NOT NULL,
    area_id        text,
    area_path      text[] NOT NULL,
    place          text,
    lon            double precision,
    lat            double precision,
    late           boolean NOT NULL,         -- Opened by an event that came after its watermark.
    opened_at      timestamptz NOT NULL,
    final_at       timestamptz,
    merged_into    bigint REFERENCES incidents,
    merged_at      timestamptz,
    bridge_uid     bytea,                    -- The event that showed the two to be one.
    version        integer NOT NULL DEFAULT 1,
    CONSTRAINT incidents_merged_names_the_survivor CHECK ((status = 'merged') = (merged_into IS NOT NULL)),
    CONSTRAINT incidents_span_in_order CHECK (first_at <= last_at)
);
CREATE INDEX incidents_newest ON incidents (id DESC);
CREATE INDEX incidents_open ON incidents (kind_group) WHERE status = 'open';
CREATE INDEX incidents_by_case ON incidents (case_id);

-- Which incident an event belongs to; every event in exactly one.
CREATE TABLE incident_events (
    event_uid    bytea PRIMARY KEY,
    incident_id  bigint NOT NULL REFERENCES incidents,
    stream       text NOT NULL,
    seq          bigint NOT NULL,
    received_at  timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    revision     bigint NOT NULL,
    standing     text NOT NULL CHECK (standing IN ('clustered', 'alone', 'late', 'returned'))
);
CREATE INDEX incident_events_by_incident ON incident_events (incident_id, effective_at);

GRANT SELECT, INSERT, UPDATE ON leadership, cursors, watermarks, number_heads, incidents TO rongan_app;
GRANT SELECT, INSERT ON cases TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON incident_events TO rongan_app;

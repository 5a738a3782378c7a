-- 0009_patterns.sql
-- What happens together: patterns as versioned data, where they hold, and the cases that they joined.

CREATE TYPE pattern_mode AS ENUM (
    'active',    -- Matches join incidents into cases and are evidence for the grade.
    'monitor',   -- Matches are recorded; nothing is joined and nobody is told.
    'inactive',  -- Not looked for; may be switched on again.
    'expired'    -- Not looked for any more; stands for the record.
);
CREATE TYPE pattern_step_role AS ENUM (
    'anchor',   -- Must be there, and radius and time are measured from it.
    'support',  -- Must be there.
    'absent'    -- Must not be there when the watermark passes the anchor's time.
);

-- The newest version of a pattern that has begun is the one looked for. The loader checks what a constraint cannot.
CREATE TABLE patterns (
    id             text NOT NULL CHECK (id ~ '^[a-z][a-z0-9_]{0,63}$'),
    version        integer NOT NULL CHECK (version >= 1),
    zh_name        text NOT NULL,
    en_name        text NOT NULL,
    mode           pattern_mode NOT NULL,
    r_m            integer NOT NULL CHECK (r_m BETWEEN 1 AND 5000),
    t_s            integer NOT NULL CHECK (t_s BETWEEN 1 AND 86400),
    by_place       boolean NOT NULL,          -- An event without a position may stand for one in the same community.
    step_order     text[] NOT NULL,           -- earlier<later
    effective_from timestamptz,
    effective_to   timestamptz,
    source         text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (id, version),
    CONSTRAINT patterns_end_after_they_begin CHECK (effective_to > effective_from)
);

CREATE TABLE pattern_steps (
    pattern_id     text NOT NULL,
    version        integer NOT NULL,
    position       smallint NOT NULL CHECK (position >= 0),
    step           text NOT NULL,
    role           pattern_step_role NOT NULL,
    zh_name        text NOT NULL,
    en_name        text NOT NULL,
    kinds          text[] NOT NULL CHECK (cardinality(kinds) > 0),
    source_classes text[] NOT NULL,           -- Empty: any.
    severity_min   smallint NOT NULL CHECK (severity_min BETWEEN 1 AND 5),
    predicate      text,                      -- property, comparison, number
    PRIMARY KEY (pattern_id, version, position),
    UNIQUE (pattern_id, version, step),
    FOREIGN KEY (pattern_id, version) REFERENCES patterns
);

-- Where a pattern holds: one row an anchor. What an incident shows is the view below.
CREATE TABLE pattern_matches (
    pattern_id   text NOT NULL,
    version      integer NOT NULL,
    anchor_uid   bytea NOT NULL,
    anchor_at    timestamptz NOT NULL,
    mode         pattern_mode NOT NULL CHECK (mode IN ('active', 'monitor')),
    matched_at   timestamptz NOT NULL,
    changed_at   timestamptz NOT NULL,        -- Since then the witnesses are these.
    withdrawn_at timestamptz,                 -- A correction took it back.
    witnesses    jsonb NOT NULL,              -- [{step, uid, d_m (null: only the community is shared), dt_s}], in order.
    witness_uids bytea[] NOT NULL,
    PRIMARY KEY (pattern_id, version, anchor_uid),
    FOREIGN KEY (pattern_id, version) REFERENCES patterns
);
CREATE INDEX pattern_matches_by_anchor ON pattern_matches (anchor_uid);
CREATE INDEX pattern_matches_by_witness ON pattern_matches USING gin (witness_uids);
CREATE INDEX pattern_matches_by_time ON pattern_matches (matched_at);

-- Which case became part of which, and the match that showed it. Only ever added to.
CREATE TABLE case_joins (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    case_id    bigint NOT NULL REFERENCES cases,
    joined_id  bigint NOT NULL REFERENCES cases,
    pattern_id text NOT NULL,
    version    integer NOT NULL,
    anchor_uid bytea NOT NULL,
    CONSTRAINT case_joins_are_of_two CHECK (case_id <> joined_id)
);
CREATE INDEX case_joins_by_case ON case_joins (case_id);

-- One match an incident and pattern: the least anchor (time, uid) of the newest version.
CREATE VIEW incident_matches AS
SELECT DISTINCT ON (ie.incident_id, m.pattern_id)
       ie.incident_id, m.pattern_id, m.version, p.zh_name, p.en_name, m.mode, m.anchor_uid, m.anchor_at, m.matched_at,
       m.changed_at, m.witnesses, m.witness_uids
FROM pattern_matches m
JOIN incident_events ie ON ie.event_uid = m.anchor_uid
JOIN patterns p ON (p.id, p.version) = (m.pattern_id, m.version)
WHERE m.withdrawn_at IS NULL
ORDER BY ie.incident_id, m.pattern_id, m.version DESC, m.anchor_at, m.anchor_uid;

-- What the matcher is rebuilt from: the events of the last hours, whatever incident they are in.
CREATE INDEX incident_events_by_time ON incident_events (effective_at);

GRANT SELECT ON patterns, pattern_steps, incident_matches TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON pattern_matches TO rongan_app;
GRANT SELECT, INSERT ON case_joins TO rongan_app;

-- 0008_incident_shapes.sql
-- What an incident follows, how long it may grow, what an officer made of it, and devices that flap.

-- Versioned parameters of a group; 0 means: not at all.
ALTER TABLE kind_groups
    ADD COLUMN tile_s        integer NOT NULL DEFAULT 0 CHECK (tile_s >= 0),        -- An incident is cut at multiples of it.
    ADD COLUMN follow_s      integer NOT NULL DEFAULT 0 CHECK (follow_s >= 0),      -- So long after another began it may follow it.
    ADD COLUMN flap_window_s integer NOT NULL DEFAULT 0 CHECK (flap_window_s >= 0), -- State changes are counted over so long.
    ADD COLUMN flap_on       integer NOT NULL DEFAULT 3 CHECK (flap_on >= 1),       -- So many begin an episode of flapping,
    ADD COLUMN flap_off      integer NOT NULL DEFAULT 1 CHECK (flap_off >= 0),      -- and so few end it.
    ADD CONSTRAINT kind_groups_flapping_has_hysteresis CHECK (flap_off < flap_on);

ALTER TYPE event_source ADD VALUE 'overlay';  -- An officer split or merged incidents; written by the api.

ALTER TABLE incidents
    ADD COLUMN subject text NOT NULL DEFAULT '',            -- Of the canonical event: what it is about.
    ADD COLUMN x_dm    integer,                             -- The place on the local plane.
    ADD COLUMN y_dm    integer,
    ADD COLUMN tile    bigint NOT NULL DEFAULT 0,           -- Which multiple of its group's tile_s.
    ADD COLUMN follows bigint REFERENCES incidents,         -- The final incident that it comes back to.
    ADD CONSTRAINT incidents_follow_another CHECK (follows <> id);
CREATE INDEX incidents_by_beginning ON incidents (kind_group, first_at);
CREATE INDEX incidents_by_follows ON incidents (follows) WHERE follows IS NOT NULL;

-- Of an event whose cluster is final while an officer joined it to an incident that is still open: the event, not final
-- yet, with which it stays.
ALTER TABLE incident_events
    ADD COLUMN settled_with bytea,
    DROP CONSTRAINT incident_events_standing_check,
    ADD CONSTRAINT incident_events_standing_check
        CHECK (standing IN ('clustered', 'alone', 'late', 'returned', 'suppressed'));

-- What officers made of incidents: written by the step from the record in the log, so that a replay gives the same.
CREATE TABLE incident_overlays (
    seq         bigint PRIMARY KEY,      -- Position in the stream `overlays`.
    act         text NOT NULL CHECK (act IN ('split', 'merge')),
    incident_id bigint NOT NULL,         -- As the officer named it.
    other_id    bigint,                  -- Of a merge, the other one.
    event_uids  bytea[] NOT NULL CHECK (cardinality(event_uids) > 0),
    actor_id    bigint NOT NULL,
    actor_role  text NOT NULL,
    reason      text NOT NULL CHECK (reason <> ''),
    at          timestamptz NOT NULL,
    applied_at  timestamptz NOT NULL,
    outcome     text NOT NULL CHECK (outcome IN ('applied', 'too_late')),
    result_ids  bigint[] NOT NULL        -- The incidents in which its events stood once it was applied.
);
CREATE INDEX incident_overlays_by_incident ON incident_overlays (incident_id);
CREATE INDEX incident_overlays_by_result ON incident_overlays USING gin (result_ids);

-- The reports of one subject and kind that still decide whether it flaps.
CREATE TABLE flapping_series (
    subject    text NOT NULL,
    kind       text NOT NULL,
    state      jsonb NOT NULL,     -- = dispatcher.incidents.flapping.Series
    PRIMARY KEY (subject, kind)
);

-- received = superseded + settled + returned + late + suppressed + noise + clustered + alone: every event of the log once.
-- Shown and alarmed on, not a constraint: a wrong count must never keep an event from its incident.
CREATE TABLE correlation_counts (
    rule_set   text PRIMARY KEY,
    received   bigint NOT NULL,
    superseded bigint NOT NULL,     -- Another version of an event that is known: a redelivery or a correction.
    settled    bigint NOT NULL,     -- Its incident was final: an annotation in the log.
    returned   bigint NOT NULL,     -- Back to normal: shown, never clustered.
    late       bigint NOT NULL,     -- Behind the watermark.
    suppressed bigint NOT NULL,     -- Of a device that flaps.
    noise      bigint NOT NULL,     -- Too few around it and not grave enough.
    clustered  bigint NOT NULL,     -- Found by place and time.
    alone      bigint NOT NULL      -- Without a position, or of a kind that is never clustered.
);

GRANT SELECT, INSERT ON incident_overlays TO rongan_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON flapping_series TO rongan_app;
GRANT SELECT, INSERT, UPDATE ON correlation_counts TO rongan_app;

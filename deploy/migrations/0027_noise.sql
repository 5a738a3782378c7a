-- 0027_noise.sql
-- Groups with m > 1: events that are in no incident because too few are near them, and what is final but counts beside them.

ALTER TYPE incident_status ADD VALUE 'dissolved';  -- A correction left too few events near each other; may be one again.

ALTER TABLE incident_events
    ALTER COLUMN incident_id DROP NOT NULL,
    ADD COLUMN core      boolean,  -- Of an event that is final, where m > 1: its occurrence had m neighbours.
    ADD COLUMN noise_uid bytea,    -- Of what returned to normal while its subject was noise: the event that it returned with.
    DROP CONSTRAINT incident_events_standing_check,
    ADD CONSTRAINT incident_events_standing_check
        CHECK (standing IN ('clustered', 'alone', 'noise', 'late', 'returned', 'suppressed')),
    ADD CONSTRAINT incident_events_outside_are_noise CHECK (incident_id IS NOT NULL OR standing IN ('noise', 'returned'));
CREATE INDEX incident_events_live_noise ON incident_events (effective_at) WHERE standing = 'noise' AND settled_with IS NULL;
CREATE INDEX incident_events_by_noise ON incident_events (noise_uid) WHERE noise_uid IS NOT NULL;
CREATE INDEX incidents_live ON incidents (id) WHERE final_at IS NULL;

-- First events of final occurrences that a live event of their group may still have as neighbours (m > 1).
CREATE TABLE final_neighbours (
    kind_group text NOT NULL,
    reach      text NOT NULL,      -- The parameters by which they became final: under others they count for nobody.
    uid        bytea NOT NULL,
    at_ms      bigint NOT NULL,
    x_dm       integer NOT NULL,
    y_dm       integer NOT NULL,
    PRIMARY KEY (kind_group, uid)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON final_neighbours TO rongan_app;

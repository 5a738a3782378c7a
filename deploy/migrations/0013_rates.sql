-- 0013_rates.sql
-- What happens too often and where: finished counts of incidents, what the detectors found in them, and the proposals that follow.

-- Up to where the buckets of a kind group are finished: no incident that begins before can change any more. '*' is the
-- hourly look at tickets.
CREATE TABLE rate_progress (
    kind_group   text PRIMARY KEY,
    counted_from timestamptz NOT NULL,    -- The first bucket that was counted at all.
    counted_to   timestamptz NOT NULL,    -- The end of the last finished one.
    CONSTRAINT rate_progress_forwards CHECK (counted_from <= counted_to)
);

-- Incidents by the hour in which they began; finished buckets alone, and only those that are not empty.
CREATE TABLE rate_counts (
    kind      text NOT NULL REFERENCES event_kinds,
    area_id   text NOT NULL,              -- The community, or the area as it is known; '' where none is.
    bucket_at timestamptz NOT NULL,
    incidents integer NOT NULL CHECK (incidents > 0),
    PRIMARY KEY (kind, area_id, bucket_at),
    CONSTRAINT rate_counts_whole_hours CHECK (extract(epoch FROM bucket_at)::bigint % 3600 = 0)
);
CREATE INDEX rate_counts_by_time ON rate_counts (bucket_at);

CREATE TYPE rate_detector AS ENUM (
    'nb_cusum',         -- Hourly counts above their hour of the week.
    'ears_c1',          -- A day above the seven days before it: series without history.
    'ears_c2',          -- A day above the seven days before the last two.
    'farrington',       -- Seven days above the same season of earlier years.
    'space_time_scan',  -- A place and its last days above what chance explains.
    'recurrence'        -- Three call-responses on one cause at one place in 30 days.
);
CREATE TYPE proposal_source AS ENUM (
    'rate',        -- A detector of counts.
    'hot_spot',    -- The scan of the map.
    'recurrence',  -- Call-responses that come again.
    'person'       -- Somebody asked for it.
);
CREATE TYPE proposal_state AS ENUM (
    'proposed',  -- Waits for a person.
    'admitted',  -- A person made a joint-rectification ticket of it.
    'declined'   -- A person said no, and why.
);

-- 协同整治建议: a candidate; nothing follows from it until a person admits it.
CREATE TABLE proposals (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source          proposal_source NOT NULL,
    kind            text NOT NULL REFERENCES event_kinds,   -- The cause.
    place_key       text NOT NULL,                          -- What "the same place" means: an area, or a place in it.
    area_id         text,
    area_path       text[] NOT NULL,
    place           text,
    lon             double precision,
    lat             double precision,
    reason          jsonb NOT NULL,
    witnesses       bigint[] NOT NULL,                      -- Incidents.
    proposed_at     timestamptz NOT NULL,
    state           proposal_state NOT NULL DEFAULT 'proposed',
    decided_at      timestamptz,
    decided_by      bigint REFERENCES users,
    decision_reason text,
    ticket_id       bigint REFERENCES tickets,
    CONSTRAINT proposals_decided_by_a_person CHECK ((state = 'proposed') = (decided_at IS NULL)),
    CONSTRAINT proposals_person_is_named CHECK (state = 'proposed' OR decided_by IS NOT NULL),
    CONSTRAINT proposals_admitted_has_a_ticket CHECK ((state = 'admitted') = (ticket_id IS NOT NULL))
);
CREATE INDEX proposals_by_cause ON proposals (kind, place_key, proposed_at);
CREATE INDEX proposals_newest ON proposals (id DESC);

-- One proposal a cause and place in 90 days, whatever became of it. Writers of the same cause and place wait for each other.
CREATE FUNCTION proposals_one_in_90_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.kind || ' ' || NEW.place_key, 13));
    IF EXISTS (SELECT FROM proposals WHERE kind = NEW.kind AND place_key = NEW.place_key
               AND proposed_at > NEW.proposed_at - interval '90 days' AND proposed_at < NEW.proposed_at + interval '90 days') THEN
        RAISE EXCEPTION 'proposed within 90 days' USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'proposals_one_in_90_days';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER proposals_one_in_90_days BEFORE INSERT ON proposals
    FOR EACH ROW EXECUTE FUNCTION proposals_one_in_90_days();

CREATE TABLE rate_findings (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    detector         rate_detector NOT NULL,
    detector_version integer NOT NULL,
    kind             text NOT NULL REFERENCES event_kinds,
    place_key        text NOT NULL,
    area_id          text,
    area_path        text[] NOT NULL,
    place            text,
    lon              double precision,
    lat              double precision,
    radius_m         integer CHECK (radius_m >= 0),
    from_at          timestamptz NOT NULL,      -- The window in which so many were observed.
    to_at            timestamptz NOT NULL,
    observed         integer NOT NULL CHECK (observed >= 0),
    expected         double precision,
    statistic        double precision,
    p_value          double precision CHECK (p_value BETWEEN 0 AND 1),
    witnesses        bigint[] NOT NULL,         -- Incidents in the window, at most 50.
    proposal_id      bigint REFERENCES proposals,
    CONSTRAINT rate_findings_window_in_order CHECK (from_at < to_at),
    CONSTRAINT rate_findings_once UNIQUE (detector, kind, place_key, to_at)
);
CREATE INDEX rate_findings_newest ON rate_findings (id DESC);
CREATE INDEX rate_findings_by_proposal ON rate_findings (proposal_id);

CREATE INDEX incidents_by_kind_and_time ON incidents (kind_group, canonical_at) WHERE status <> 'merged';
CREATE INDEX tickets_by_opening ON tickets (opened_at);

GRANT SELECT, INSERT, UPDATE ON rate_progress, rate_counts, proposals TO rongan_app;
GRANT SELECT, INSERT ON rate_findings TO rongan_app;

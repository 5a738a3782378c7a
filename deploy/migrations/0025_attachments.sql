-- 0025_attachments.sql
-- Photos and documents: their files lie outside the database, named by their content; here stands what they are and where they serve.

CREATE TYPE attachment_kind AS ENUM ('photo', 'document');

-- What may be uploaded, how large; the newest version counts.
CREATE TABLE attachment_types (
    version    integer NOT NULL,
    media_type text NOT NULL,
    kind       attachment_kind NOT NULL,
    max_bytes  bigint NOT NULL CHECK (max_bytes > 0),
    source     text NOT NULL,
    PRIMARY KEY (version, media_type)
);

CREATE TABLE attachment_parameters (
    version integer NOT NULL,
    name    text NOT NULL CHECK (name ~ '^[a-z0-9_]{1,64}$'),
    value   bigint NOT NULL CHECK (value >= 0),
    unit    text NOT NULL,
    source  text NOT NULL,
    PRIMARY KEY (version, name),
    -- The search for near-identical photos looks for one equal byte of 16: above 15 bits it would overlook some.
    CONSTRAINT attachment_parameters_near_is_found CHECK (name <> 'near_bits' OR value <= 15)
);

-- How many photos an action must bring; NULL fits every grade or demand, the most specific row rules.
CREATE TABLE evidence_rules (
    version     integer NOT NULL,
    ticket_kind ticket_kind NOT NULL,
    event       text NOT NULL,
    grade       smallint CHECK (grade BETWEEN 1 AND 4),
    demand      demand_type,
    photos      smallint NOT NULL CHECK (photos BETWEEN 0 AND 20),
    source      text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (version, ticket_kind, event, grade, demand)
);

CREATE TABLE attachments (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256           bytea NOT NULL CHECK (octet_length(sha256) = 32),          -- Of what is kept: the name of the file.
    source_sha256    bytea NOT NULL CHECK (octet_length(source_sha256) = 32),   -- Of what was sent.
    kind             attachment_kind NOT NULL,
    media_type       text NOT NULL,
    size_bytes       bigint NOT NULL CHECK (size_bytes > 0),
    name             text NOT NULL CHECK (name <> '' AND length(name) <= 200),  -- As its owner called it; never a path.
    width            integer CHECK (width > 0),
    height           integer CHECK (height > 0),
    phash            bigint,                                                    -- NULL: too even a picture to be told from others.
    dhash            bigint,
    bands            integer[] NOT NULL,                                        -- The bytes of both hashes, each with its place.
    taken_at         timestamptz,                                               -- As the camera said; neither need be true.
    lon              double precision CHECK (lon BETWEEN -180 AND 180),
    lat              double precision CHECK (lat BETWEEN -90 AND 90),
    uploaded_at      timestamptz NOT NULL,
    uploaded_by      text NOT NULL,
    uploaded_by_name text NOT NULL,
    organisation_id  text REFERENCES organisations,
    collect_at       timestamptz,                                               -- When it goes unless it is used; NULL: it is used.
    collected_at     timestamptz,                                               -- Given up; its file goes next, then this row.
    CONSTRAINT attachments_photos_have_a_size CHECK ((kind = 'photo') = (width IS NOT NULL AND height IS NOT NULL)),
    CONSTRAINT attachments_position_is_whole CHECK ((lon IS NULL) = (lat IS NULL)),
    CONSTRAINT attachments_bands_are_those_of_the_hashes CHECK (cardinality(bands) = CASE WHEN phash IS NULL THEN 0 ELSE 16 END),
    CONSTRAINT attachments_hashes_together CHECK ((phash IS NULL) = (dhash IS NULL)),
    CONSTRAINT attachments_used_are_kept CHECK (collected_at IS NULL OR collect_at IS NOT NULL)
);
CREATE INDEX attachments_by_content ON attachments (sha256);
CREATE INDEX attachments_by_source ON attachments (source_sha256);
CREATE INDEX attachments_by_bands ON attachments USING gin (bands);
CREATE INDEX attachments_unused ON attachments (uploaded_by) WHERE collect_at IS NOT NULL;
CREATE INDEX attachments_to_collect ON attachments (collect_at) WHERE collect_at IS NOT NULL AND collected_at IS NULL;
CREATE INDEX attachments_collected ON attachments (id) WHERE collected_at IS NOT NULL;

-- Where an attachment served, and what was found about it then: added to, never changed.
CREATE TABLE attachment_uses (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attachment_id bigint NOT NULL REFERENCES attachments,
    topic         text NOT NULL CHECK (topic ~ '^[a-z_]{1,40}$'),
    subject_id    bigint NOT NULL,
    event         text NOT NULL CHECK (event ~ '^[a-z_]{1,40}$'),
    version       integer,
    finishing     boolean NOT NULL,     -- Shown as the proof that something is done.
    findings      text[] NOT NULL,
    used_at       timestamptz NOT NULL,
    used_by       text NOT NULL,
    UNIQUE NULLS NOT DISTINCT (attachment_id, topic, subject_id, event, version)
);
CREATE INDEX attachment_uses_of_subject ON attachment_uses (topic, subject_id, id);

-- A use makes an attachment one that is never collected; what is given up is never used.
CREATE FUNCTION keep_used_attachment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE attachments SET collect_at = NULL WHERE id = NEW.attachment_id AND collected_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'attachment % was given up', NEW.attachment_id
            USING ERRCODE = '23514', CONSTRAINT = 'attachment_uses_of_kept_ones';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER attachment_uses_keep AFTER INSERT ON attachment_uses FOR EACH ROW EXECUTE FUNCTION keep_used_attachment();

-- Inside a unit: a person or an office of it holds the ticket. Units re-assign inside themselves under their outer clock.
CREATE TABLE ticket_holdings (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id       bigint NOT NULL REFERENCES tickets,
    organisation_id text NOT NULL REFERENCES organisations,
    user_id         bigint REFERENCES users,
    office          text CHECK (office <> '' AND length(office) <= 60),
    held_at         timestamptz NOT NULL,
    held_by         text NOT NULL,
    ended_at        timestamptz,
    CONSTRAINT ticket_holdings_name_somebody CHECK (user_id IS NOT NULL OR office IS NOT NULL),
    CONSTRAINT ticket_holdings_end_after_beginning CHECK (ended_at >= held_at)
);
CREATE UNIQUE INDEX ticket_holdings_one_a_unit ON ticket_holdings (ticket_id, organisation_id) WHERE ended_at IS NULL;
CREATE INDEX ticket_holdings_of_user ON ticket_holdings (user_id, ticket_id) WHERE ended_at IS NULL;
ALTER TYPE ticket_entry ADD VALUE 'held';

-- Who took which lists out of the system: added to, never changed.
CREATE TABLE export_records (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL,
    actor           text NOT NULL,
    organisation_id text REFERENCES organisations,
    subject         text NOT NULL CHECK (subject ~ '^[a-z_]{1,40}$'),
    format          text NOT NULL CHECK (format ~ '^[a-z]{1,10}$'),
    asked           jsonb NOT NULL,
    row_count       bigint NOT NULL CHECK (row_count >= 0)
);

GRANT SELECT, INSERT ON export_records TO rongan_app;
GRANT SELECT, INSERT ON ticket_holdings TO rongan_app;
GRANT UPDATE (ended_at) ON ticket_holdings TO rongan_app;
GRANT SELECT ON attachment_types, attachment_parameters, evidence_rules TO rongan_app;
-- A row goes with its file; the foreign key of its uses keeps every one that ever served.
GRANT SELECT, INSERT, DELETE ON attachments TO rongan_app;
GRANT UPDATE (collect_at, collected_at) ON attachments TO rongan_app;
GRANT SELECT, INSERT ON attachment_uses TO rongan_app;

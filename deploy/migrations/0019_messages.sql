-- 0019_messages.sql
-- What people are told: where they can be reached, messages, what became of each attempt, and how often they may be disturbed.

-- Versioned master data of registry/data: how a topic is worded, how often a channel may be used, what each grade allows.
CREATE TABLE message_templates (
    topic    text NOT NULL CHECK (topic ~ '^[a-z_]+\.[a-z_]+$'),
    version  integer NOT NULL CHECK (version > 0),
    language text NOT NULL CHECK (language IN ('zh-CN', 'en')),
    subject  text NOT NULL CHECK (subject <> ''),
    short    text NOT NULL CHECK (short <> ''),   -- A text message, a spoken text, a line of a bundle.
    long     text NOT NULL CHECK (long <> ''),    -- Mail and instant messages.
    fields   text[] NOT NULL,                     -- `name`, or `name:plain`, `name:person`, `name:phone`.
    source   text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (topic, version, language)
);

CREATE TABLE message_limits (
    version integer NOT NULL,
    channel text NOT NULL,
    count   integer NOT NULL CHECK (count > 0),   -- At most so many attempts to one person ...
    per_s   integer NOT NULL CHECK (per_s > 0),   -- ... in any window of this length.
    smooth  boolean NOT NULL,                     -- What exceeds the next shorter window is spread evenly.
    source  text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (version, channel, per_s)
);

CREATE TABLE message_rules (
    version      integer NOT NULL,
    channel      text,                            -- NULL: every channel that has no row of its own.
    grade        smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    bundle_s     integer NOT NULL CHECK (bundle_s >= 0),      -- After an attempt the next waits so long for company.
    quiet_from   time,                            -- Local time; held from then ...
    quiet_to     time,                            -- ... to then, the next day where that is earlier.
    next_after_s integer NOT NULL CHECK (next_after_s > 0),   -- Not delivered by then: the next contact point.
    source       text NOT NULL CHECK (source <> ''),
    CONSTRAINT message_rules_one_a_channel_and_grade UNIQUE NULLS NOT DISTINCT (version, channel, grade),
    CONSTRAINT message_rules_quiet_is_a_span CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND (quiet_from <> quiet_to) IS NOT FALSE),
    CONSTRAINT message_rules_hold_nothing_grave CHECK (grade > 2 OR (quiet_from IS NULL AND bundle_s = 0))
);

CREATE TABLE contact_points (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id         bigint REFERENCES users,
    contact_id      bigint REFERENCES contacts,    -- A person of a roster.
    organisation_id text REFERENCES organisations,
    hotline_call_id bigint REFERENCES hotline_calls,  -- The number that a caller left; never listed.
    channel         text NOT NULL CHECK (channel ~ '^[a-z]{2,16}$'),
    address         text NOT NULL CHECK (length(address) BETWEEN 1 AND 500),
    secret          text CHECK (length(secret) BETWEEN 1 AND 200),
    language        text NOT NULL DEFAULT 'zh-CN' CHECK (language IN ('zh-CN', 'en')),
    position        smallint NOT NULL DEFAULT 1 CHECK (position BETWEEN 1 AND 99),  -- In this order they are tried.
    quiet_from      time,                          -- The person's own quiet hours, beside those of the grade.
    quiet_to        time,
    verified_at     timestamptz,                   -- Until then nothing but the test message goes there.
    code            text,                          -- What the test message says, to be entered by whoever received it ...
    code_misses     smallint NOT NULL DEFAULT 0,   -- ... with a few tries at it.
    tests           integer NOT NULL DEFAULT 0,
    enabled         boolean NOT NULL DEFAULT true,
    created_at      timestamptz NOT NULL,
    CONSTRAINT contact_points_have_one_owner CHECK (num_nonnulls(user_id, contact_id, organisation_id, hotline_call_id) = 1),
    CONSTRAINT contact_points_quiet_is_a_span CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND (quiet_from <> quiet_to) IS NOT FALSE),
    CONSTRAINT contact_points_once UNIQUE NULLS NOT DISTINCT
        (user_id, contact_id, organisation_id, hotline_call_id, channel, address)
);
CREATE INDEX contact_points_of_contact ON contact_points (contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX contact_points_of_organisation ON contact_points (organisation_id) WHERE organisation_id IS NOT NULL;
CREATE INDEX contact_points_of_call ON contact_points (hotline_call_id) WHERE hotline_call_id IS NOT NULL;

-- The telephone of a person of a roster is a contact point of its own for text messages, and then for calls.
CREATE FUNCTION contacts_can_be_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contact_points SET enabled = false
    WHERE contact_id = NEW.id AND channel IN ('sms', 'voice') AND enabled
      AND (NOT NEW.enabled OR address IS DISTINCT FROM replace(NEW.phone, '-', ''));
    IF NEW.enabled AND NEW.phone IS NOT NULL THEN
        INSERT INTO contact_points (contact_id, channel, address, position, verified_at, created_at)
        SELECT NEW.id, c.channel, replace(NEW.phone, '-', ''), c.position, NEW.entered_at, NEW.entered_at
        FROM (VALUES ('sms', 10), ('voice', 11)) AS c (channel, position)
        ON CONFLICT ON CONSTRAINT contact_points_once DO UPDATE SET enabled = true;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER contacts_have_contact_points AFTER INSERT OR UPDATE OF phone, enabled ON contacts
    FOR EACH ROW EXECUTE FUNCTION contacts_can_be_told();

CREATE TYPE message_state AS ENUM (
    'waiting',    -- No attempt yet: due at once, bundled or held.
    'under_way',  -- At least one attempt, none known to have arrived.
    'reached',    -- One was delivered; where a channel knows no receipts, one was sent.
    'answered',   -- Somebody said that they have it.
    'unreached',  -- Nobody was told, or nothing arrived in time; an alarm was raised. A late receipt still counts.
    'cancelled'   -- Not needed any more.
);

CREATE TABLE messages (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key              text NOT NULL UNIQUE CHECK (length(key) BETWEEN 1 AND 200),  -- The same fact is told once.
    user_id          bigint REFERENCES users,
    contact_id       bigint REFERENCES contacts,
    organisation_id  text REFERENCES organisations,
    hotline_call_id  bigint REFERENCES hotline_calls,
    contact_point_id bigint REFERENCES contact_points,  -- Only there: the test of a contact point.
    ticket_id        bigint REFERENCES tickets,
    topic            text NOT NULL,
    template_version integer NOT NULL,
    grade            smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    fields           jsonb NOT NULL,               -- Masked as the template says.
    created_at       timestamptz NOT NULL,
    state            message_state NOT NULL DEFAULT 'waiting',
    next_at          timestamptz,                  -- Domain time at which it is looked at again.
    reason           text,                         -- Why it waits, or why it ended as it did.
    reached_at       timestamptz,
    answered_at      timestamptz,
    answered_by      bigint REFERENCES users,
    CONSTRAINT messages_have_one_addressee CHECK (num_nonnulls(user_id, contact_id, organisation_id, hotline_call_id) = 1),
    CONSTRAINT messages_wait_for_something CHECK (state <> 'waiting' OR next_at IS NOT NULL),
    CONSTRAINT messages_unreached_say_why CHECK (state <> 'unreached' OR reason IS NOT NULL),
    CONSTRAINT messages_answered_have_a_time CHECK ((state = 'answered') = (answered_at IS NOT NULL)),
    CONSTRAINT messages_ended_wait_for_nothing CHECK (state NOT IN ('reached', 'answered', 'cancelled') OR next_at IS NULL)
);
CREATE INDEX messages_due ON messages (next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX messages_of_ticket ON messages (ticket_id, id);
CREATE INDEX messages_of_contact ON messages (contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX messages_of_user ON messages (user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX messages_of_organisation ON messages (organisation_id, id) WHERE organisation_id IS NOT NULL;

-- Why a message did not leave at once: added to, never changed.
CREATE TABLE message_holds (
    message_id       bigint NOT NULL REFERENCES messages,
    at               timestamptz NOT NULL,
    until            timestamptz NOT NULL,
    reason           text NOT NULL,
    contact_point_id bigint NOT NULL REFERENCES contact_points,
    PRIMARY KEY (message_id, at),
    CONSTRAINT message_holds_end_later CHECK (until > at)
);

CREATE TYPE attempt_state AS ENUM (
    'queued',     -- Waits in the outbox.
    'sent',       -- The receiver's side took it.
    'delivered',  -- It arrived: the receiver's system has it, or a receipt says so.
    'answered',   -- A person reacted to it.
    'failed',     -- A try failed and another follows, or the provider says that it did not arrive.
    'dead',       -- Given up.
    'cancelled'   -- Not needed any more before it left.
);

-- A row of the outbox is an attempt: one message, or a bundle of them, to one place.
ALTER TYPE outbox_state ADD VALUE 'cancelled';
ALTER TABLE outbox
    ALTER COLUMN endpoint_id DROP NOT NULL,
    ADD COLUMN contact_point_id bigint REFERENCES contact_points,
    ADD COLUMN lane             text,                       -- Whose breaker and share of the sender it falls under.
    ADD COLUMN grade            smallint NOT NULL DEFAULT 4 CHECK (grade BETWEEN 1 AND 4),
    ADD COLUMN progress         attempt_state NOT NULL DEFAULT 'queued',
    ADD COLUMN progress_at      timestamptz,                -- Domain time.
    ADD COLUMN progress_note    text;
UPDATE outbox SET lane = 'endpoint:' || endpoint_id, progress_at = created_at,
    progress = CASE state WHEN 'sent' THEN 'delivered' WHEN 'dead' THEN 'dead' ELSE 'queued' END::attempt_state;
ALTER TABLE outbox
    ALTER COLUMN lane SET NOT NULL,
    ALTER COLUMN progress_at SET NOT NULL,
    ADD CONSTRAINT outbox_goes_to_one_place CHECK (num_nonnulls(endpoint_id, contact_point_id) = 1);
DROP INDEX outbox_ready;
CREATE INDEX outbox_ready ON outbox (lane, grade, next_at, id) WHERE state = 'ready';
CREATE INDEX outbox_of_contact_point ON outbox (contact_point_id, created_at) WHERE contact_point_id IS NOT NULL;
CREATE INDEX outbox_of_ticket ON outbox (ticket_id, id);

CREATE TABLE message_attempts (
    message_id bigint NOT NULL REFERENCES messages,
    outbox_id  bigint NOT NULL REFERENCES outbox ON DELETE CASCADE,
    PRIMARY KEY (message_id, outbox_id)
);
CREATE INDEX message_attempts_of_outbox ON message_attempts (outbox_id);

-- Every step of every attempt, written by the database itself.
CREATE TABLE attempt_states (
    outbox_id bigint NOT NULL REFERENCES outbox ON DELETE CASCADE,
    nth       integer NOT NULL,
    state     attempt_state NOT NULL,
    at        timestamptz NOT NULL,
    note      text,
    PRIMARY KEY (outbox_id, nth)
);

CREATE FUNCTION outbox_check_progress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.progress <> ALL (CASE OLD.progress
        WHEN 'queued' THEN '{sent,delivered,answered,failed,dead,cancelled}'::attempt_state[]
        WHEN 'failed' THEN '{sent,delivered,answered,failed,dead,cancelled}'
        WHEN 'sent' THEN '{delivered,answered,failed}'
        WHEN 'dead' THEN '{delivered,answered}'       -- Our time ran out, but it had arrived.
        WHEN 'cancelled' THEN '{sent,delivered,answered}'  -- It was on its way already.
        WHEN 'delivered' THEN '{answered}'
        ELSE '{}' END) THEN
        RAISE EXCEPTION 'an attempt never goes from % to %', OLD.progress, NEW.progress USING ERRCODE = '23514';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER outbox_progress_only_forwards BEFORE UPDATE OF progress ON outbox
    FOR EACH ROW WHEN (OLD.progress IS DISTINCT FROM NEW.progress) EXECUTE FUNCTION outbox_check_progress();

CREATE FUNCTION outbox_note_progress() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO attempt_states (outbox_id, nth, state, at, note)
    SELECT NEW.id, COALESCE(max(s.nth), 0) + 1, NEW.progress, NEW.progress_at, NEW.progress_note
    FROM attempt_states s WHERE s.outbox_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER outbox_begins_with_a_row AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION outbox_note_progress();
CREATE TRIGGER outbox_progress_is_a_row AFTER UPDATE OF progress ON outbox FOR EACH ROW
    WHEN (OLD.progress IS DISTINCT FROM NEW.progress OR NEW.progress = 'failed')  -- Each try that failed.
    EXECUTE FUNCTION outbox_note_progress();

-- What providers told, as they told it: the same receipt twice is one row, one that came too late says so.
CREATE TABLE receipts (
    outbox_id  bigint NOT NULL REFERENCES outbox ON DELETE CASCADE,
    receipt_id text NOT NULL CHECK (length(receipt_id) BETWEEN 1 AND 200),
    state      attempt_state NOT NULL,
    told_at    timestamptz NOT NULL,
    note       text,
    applied    boolean NOT NULL,
    PRIMARY KEY (outbox_id, receipt_id)
);

GRANT SELECT ON message_templates, message_limits, message_rules, attempt_states TO rongan_app;
GRANT SELECT, INSERT ON contact_points, messages TO rongan_app;
GRANT UPDATE (verified_at, code, code_misses, tests, enabled) ON contact_points TO rongan_app;
GRANT UPDATE (state, next_at, reason, reached_at, answered_at, answered_by) ON messages TO rongan_app;
GRANT SELECT, INSERT ON message_holds, message_attempts, receipts TO rongan_app;

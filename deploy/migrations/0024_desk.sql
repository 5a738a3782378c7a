-- 0024_desk.sql
-- The hotline's desk: what a caller said and left open, receipts, call-backs as work, re-checks, knowledge, other systems' orders.

CREATE TYPE call_element AS ENUM (
    'who',    -- 何人
    'when',   -- 何时
    'where',  -- 何地
    'what',   -- 何事
    'wanted'  -- 何诉求
);
CREATE TYPE call_urgency AS ENUM (
    'ordinary',    -- 一般
    'urgent',      -- 紧急: somebody waits for help; no life is at stake.
    'life_danger'  -- 危及生命: acted on at once.
);

ALTER TABLE hotline_calls
    ADD COLUMN wanted          text,
    ADD COLUMN urgency         call_urgency NOT NULL DEFAULT 'ordinary',
    ADD COLUMN missing         call_element[] NOT NULL DEFAULT '{}',  -- What the caller left open; asked for, never made up.
    ADD COLUMN external_due_at timestamptz,                           -- What the system that passed the call on promised.
    ADD COLUMN complained_of   text REFERENCES organisations;         -- 被投诉单位: never leads, checks or calls back (A11).

-- The number without what people write between digits, and without the country's prefix.
CREATE FUNCTION caller_digits(phone text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT right(regexp_replace(phone, '[^0-9]', '', 'g'), 11)
$$;
-- Who stays unnamed has no history.
CREATE INDEX hotline_calls_by_caller ON hotline_calls (caller_digits(caller_phone), received_at)
    WHERE caller_phone IS NOT NULL AND NOT anonymous AND NOT confidential;

CREATE TABLE call_supplements (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id  bigint NOT NULL REFERENCES hotline_calls,
    element  call_element NOT NULL,
    text     text NOT NULL,
    at       timestamptz NOT NULL,
    added_by bigint REFERENCES users
);
CREATE INDEX call_supplements_of_call ON call_supplements (call_id, id);

-- What a caller takes away: a number and a code. The code itself is never stored.
CREATE TABLE call_receipts (
    call_id   bigint PRIMARY KEY REFERENCES hotline_calls,
    number    text NOT NULL UNIQUE,
    code_hash bytea NOT NULL UNIQUE CHECK (octet_length(code_hash) = 32),  -- HMAC-SHA-256 under a key of the installation.
    issued_at timestamptz NOT NULL
);

CREATE TYPE look_purpose AS ENUM (
    'call_back',    -- The assigned agent calls the reporter.
    'call_history', -- The call taker asks whether the caller called before.
    'new_code'      -- A caller who lost the code got another one.
);
CREATE TABLE caller_looks (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL,
    user_id bigint NOT NULL REFERENCES users,
    purpose look_purpose NOT NULL,
    call_id bigint REFERENCES hotline_calls,
    found   bigint[] NOT NULL DEFAULT '{}',  -- The calls that a history showed.
    CONSTRAINT caller_looks_call_back_names_the_call CHECK (purpose <> 'call_back' OR call_id IS NOT NULL)
);

-- A call-back as somebody's work. Who waits for one stands in ticket_reports; a row here is made when an agent takes it.
CREATE TYPE callback_result AS ENUM (
    'solved',       -- 已解决
    'partly',       -- 部分解决
    'unsolved',     -- 未解决
    'refused',      -- 拒访: reached, and wants to say nothing.
    'unreachable',  -- 无法接通: after the tries that the rules ask for.
    'released'      -- 退回: the agent gave it back; somebody else takes it.
);
CREATE TABLE callbacks (
    id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id               bigint NOT NULL REFERENCES hotline_calls,
    ticket_id             bigint NOT NULL REFERENCES tickets,
    agent_id              bigint NOT NULL REFERENCES users,
    agent_organisation_id text REFERENCES organisations,
    taken_at              timestamptz NOT NULL,
    result                callback_result,
    satisfaction          smallint CHECK (satisfaction BETWEEN 1 AND 5),
    words                 text,
    ended_at              timestamptz,
    CONSTRAINT callbacks_end_with_a_result CHECK ((result IS NULL) = (ended_at IS NULL)),
    CONSTRAINT callbacks_satisfaction_of_the_reached CHECK (
        satisfaction IS NULL OR result IN ('solved', 'partly', 'unsolved'))
);
CREATE UNIQUE INDEX callbacks_one_open ON callbacks (call_id) WHERE ended_at IS NULL;
CREATE INDEX callbacks_of_agent ON callbacks (agent_id, id DESC);
CREATE INDEX tickets_awaiting_callback ON tickets (id) WHERE state = 'awaiting_callback';
CREATE INDEX tickets_by_survivor ON tickets (merged_into) WHERE merged_into IS NOT NULL;

-- Whether a unit has a part in a matter: it handled the ticket or one that was merged into it, or a reporter complains of it.
CREATE FUNCTION is_concerned(ticket bigint, unit text) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH RECURSIVE whole AS (
        SELECT ticket AS id
        UNION
        SELECT m.id FROM tickets m JOIN whole w ON m.merged_into = w.id
    )
    SELECT EXISTS (SELECT FROM whole w JOIN ticket_assignments a ON a.ticket_id = w.id WHERE a.organisation_id = unit)
        OR EXISTS (SELECT FROM ticket_reports r JOIN hotline_calls c ON c.id = r.call_id
                   WHERE r.ticket_id = ticket AND c.complained_of = unit)
$$;

-- Whoever handled the matter, or is complained of in it, never asks whether it was handled well.
CREATE FUNCTION refuse_handling_units() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF is_concerned(NEW.ticket_id, named) THEN
        RAISE EXCEPTION '% handled ticket %', named, NEW.ticket_id
            USING ERRCODE = '23514', CONSTRAINT = TG_TABLE_NAME || '_never_by_a_handling_unit';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER callbacks_never_by_a_handling_unit BEFORE INSERT OR UPDATE OF agent_organisation_id ON callbacks
    FOR EACH ROW EXECUTE FUNCTION refuse_handling_units('agent_organisation_id');

ALTER TABLE ticket_reports
    DROP CONSTRAINT ticket_reports_callback_outcome_check,
    ADD CONSTRAINT ticket_reports_callback_outcome_check CHECK (
        callback_outcome IN ('resolved', 'partly', 'unresolved', 'unreachable', 'refused', 'notified', 'withdrawn'));

-- What residents say by number and code, once each.
CREATE TABLE report_ratings (
    call_id      bigint PRIMARY KEY REFERENCES hotline_calls,
    ticket_id    bigint NOT NULL REFERENCES tickets,
    rated_at     timestamptz NOT NULL,
    satisfaction smallint NOT NULL CHECK (satisfaction BETWEEN 1 AND 5),
    result       callback_result NOT NULL,
    words        text,
    CONSTRAINT report_ratings_result_check CHECK (result IN ('solved', 'partly', 'unsolved'))
);
CREATE TYPE objection_aim AS ENUM (
    'non_acceptance',  -- 对不予受理的异议
    'result'           -- 对办理结果的异议
);
CREATE TABLE public_objections (
    call_id   bigint NOT NULL REFERENCES hotline_calls,
    aim       objection_aim NOT NULL,
    ticket_id bigint NOT NULL REFERENCES tickets,
    at        timestamptz NOT NULL,
    PRIMARY KEY (call_id, aim)
);

-- Why a matter may be refused, as data: the law is quoted by a code that names its article.
CREATE TABLE refusal_bases (
    code       text PRIMARY KEY CHECK (code ~ '^[a-z0-9_]{1,64}$'),
    version    integer NOT NULL,
    refusal    text NOT NULL,             -- The reason that it supports, as the action names it.
    zh_text    text NOT NULL,
    en_text    text NOT NULL,
    source     text NOT NULL,
    valid_from date NOT NULL
);

-- What was voided or graded down; a share of it is looked at again by another unit (rulings A9).
CREATE TYPE re_check_cause AS ENUM (
    'void',      -- 作废
    'downgrade'  -- 降级
);
CREATE TYPE re_check_result AS ENUM (
    'upheld',     -- 维持
    'overturned'  -- 推翻: it was a false closure.
);
CREATE TABLE re_check_rates (
    cause   re_check_cause PRIMARY KEY,
    version integer NOT NULL,
    one_in  integer NOT NULL CHECK (one_in >= 1),  -- One of so many, on average.
    source  text NOT NULL
);
-- What the draw is keyed by: whoever decides sees ticket and version, and must not see whether they are drawn.
CREATE TABLE re_check_key (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key bytea NOT NULL CHECK (octet_length(key) = 32)
);
INSERT INTO re_check_key (key) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
CREATE TABLE re_checks (
    id                      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id               bigint NOT NULL,
    version                 integer NOT NULL,
    cause                   re_check_cause NOT NULL,
    at                      timestamptz NOT NULL,
    actor                   text NOT NULL,
    organisation_id         text,                 -- Of whoever voided or graded down.
    drawn                   boolean,              -- NULL: the draw is still to come.
    one_in                  integer,              -- The rate that the draw used.
    result                  re_check_result,
    words                   text,
    checked_at              timestamptz,
    checker                 text,
    checker_organisation_id text REFERENCES organisations,
    UNIQUE (ticket_id, version),
    FOREIGN KEY (ticket_id, version) REFERENCES ticket_transitions,
    CONSTRAINT re_checks_rate_of_the_draw CHECK ((drawn IS NULL) = (one_in IS NULL)),
    CONSTRAINT re_checks_of_what_was_drawn CHECK (result IS NULL OR drawn),
    CONSTRAINT re_checks_complete CHECK (
        num_nonnulls(result, words, checked_at, checker, checker_organisation_id) IN (0, 5)),
    CONSTRAINT re_checks_by_another_unit CHECK (checker_organisation_id <> organisation_id),
    CONSTRAINT re_checks_by_another_person CHECK (checker <> actor)
);
CREATE INDEX re_checks_to_draw ON re_checks (id) WHERE drawn IS NULL;
CREATE INDEX re_checks_to_do ON re_checks (id) WHERE drawn AND result IS NULL;
CREATE TRIGGER re_checks_never_by_a_handling_unit BEFORE UPDATE OF checker_organisation_id ON re_checks
    FOR EACH ROW WHEN (NEW.checker_organisation_id IS NOT NULL)
    EXECUTE FUNCTION refuse_handling_units('checker_organisation_id');

CREATE FUNCTION note_re_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO re_checks (ticket_id, version, cause, at, actor, organisation_id)
    VALUES (NEW.ticket_id, NEW.version, CASE NEW.event WHEN 'void' THEN 'void' ELSE 'downgrade' END::re_check_cause,
            NEW.at, NEW.actor, NEW.organisation_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_transitions_note_a_void AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.event = 'void') EXECUTE FUNCTION note_re_check();
CREATE TRIGGER ticket_transitions_note_a_downgrade AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.event = 'grade' AND (NEW.fields ->> 'grade')::integer > (NEW.fields ->> 'was')::integer)
    EXECUTE FUNCTION note_re_check();

-- When and how often residents are called, as registry.call_rules reads it.
CREATE TABLE call_rules (
    name    text PRIMARY KEY,
    version integer NOT NULL,
    value   integer NOT NULL CHECK (value >= 0),
    unit    text NOT NULL,
    source  text NOT NULL
);

-- What may be answered at once, and in which words; a version is never changed, only ended.
CREATE TABLE knowledge_articles (
    id         text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,64}$'),
    created_at timestamptz NOT NULL
);
CREATE TABLE knowledge_versions (
    article_id   text NOT NULL REFERENCES knowledge_articles,
    version      integer NOT NULL CHECK (version >= 1),
    kind         text REFERENCES event_kinds,
    demand       demand_type,
    zh_title     text NOT NULL,
    en_title     text NOT NULL,
    zh_text      text NOT NULL,
    en_text      text NOT NULL,
    source       text NOT NULL,
    valid_from   date NOT NULL,
    valid_until  date,                       -- The last day; NULL: until a newer version begins.
    published_at timestamptz NOT NULL,
    published_by text NOT NULL,
    PRIMARY KEY (article_id, version),
    CONSTRAINT knowledge_versions_period CHECK (valid_until >= valid_from)
);

-- Systems that pass orders on to us and hear what becomes of them.
CREATE TABLE exchange_partners (
    id              text PRIMARY KEY CHECK (id ~ '^[a-z0-9-]{1,64}$'),
    organisation_id text NOT NULL REFERENCES organisations,  -- Its webhook endpoints hear of its orders.
    area_id         text NOT NULL REFERENCES areas,          -- Where an order belongs that names no place.
    secret          text NOT NULL,                           -- Standard Webhooks: whsec_ and base64
    enabled         boolean NOT NULL DEFAULT true
);
CREATE TABLE exchange_orders (
    partner_id      text NOT NULL REFERENCES exchange_partners,
    external_number text NOT NULL,
    call_id         bigint NOT NULL UNIQUE REFERENCES hotline_calls,
    received_at     timestamptz NOT NULL,
    told_ticket_id  bigint REFERENCES tickets,
    told_version    integer,
    PRIMARY KEY (partner_id, external_number)
);

-- Something happened to an order that its partner may not know. A row each, taken out once told: a mark on the order would be
-- lost where an action commits while the dispatcher tells of the one before, or would have the action wait for the step.
CREATE TABLE exchange_changes (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call_id bigint NOT NULL REFERENCES exchange_orders (call_id)
);

CREATE FUNCTION mark_orders_of_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO exchange_changes (call_id)
    SELECT e.call_id FROM ticket_reports r JOIN exchange_orders e ON e.call_id = r.call_id WHERE r.ticket_id = NEW.ticket_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_transitions_mark_orders AFTER INSERT ON ticket_transitions
    FOR EACH ROW EXECUTE FUNCTION mark_orders_of_ticket();
CREATE TRIGGER ticket_reports_mark_orders AFTER INSERT OR UPDATE OF ticket_id ON ticket_reports
    FOR EACH ROW EXECUTE FUNCTION mark_orders_of_ticket();

GRANT SELECT, INSERT ON call_supplements, caller_looks, report_ratings, public_objections, knowledge_articles TO rongan_app;
GRANT SELECT, INSERT ON knowledge_versions, exchange_partners TO rongan_app;
GRANT UPDATE (valid_until) ON knowledge_versions TO rongan_app;
GRANT UPDATE (enabled) ON exchange_partners TO rongan_app;
GRANT SELECT, INSERT ON call_receipts TO rongan_app;
GRANT UPDATE (code_hash, issued_at) ON call_receipts TO rongan_app;
GRANT SELECT, INSERT ON callbacks TO rongan_app;
GRANT UPDATE (result, satisfaction, words, ended_at) ON callbacks TO rongan_app;
GRANT SELECT ON refusal_bases, re_check_rates, re_check_key, call_rules TO rongan_app;
GRANT SELECT, INSERT ON re_checks TO rongan_app;
GRANT UPDATE (drawn, one_in, result, words, checked_at, checker, checker_organisation_id) ON re_checks TO rongan_app;
GRANT SELECT, INSERT ON exchange_orders TO rongan_app;
GRANT UPDATE (told_ticket_id, told_version) ON exchange_orders TO rongan_app;
GRANT SELECT, INSERT, DELETE ON exchange_changes TO rongan_app;

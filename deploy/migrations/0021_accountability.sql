-- 0021_accountability.sql
-- Art. 50: one record of every breach, sealed files, petitions; what was called in from 110, 119, 120 and 122; reports upward.

-- What was broken is named by a key from here on, and what kind of breach it is in the words of the files.
ALTER TABLE breach_records DROP CONSTRAINT breach_records_name_one_subject, DROP COLUMN breach;
DROP TYPE breach_type;
CREATE TYPE breach_type AS ENUM (
    'not_accepted',      -- A refusal that an objection overturned.
    'overdue_accept', 'overdue_handle', 'overdue_disclose',
    'off_list_transfer', -- Work that reached a residents' committee, as the government found (Art. 48).
    'overdue_reply',
    'false_closure',     -- Closed, and found not to be done by somebody outside the unit.
    'overdue_report'     -- 迟报: a report upward that came late.
);
CREATE TYPE accountability_ground AS ENUM (
    'statutory_limit', 'published_limit', 'no_basis', 'false_closure', 'supervisor_decision'
);
CREATE TYPE breach_judgement AS ENUM (
    'file_opened',
    'internal_limit', -- The limit is the platform's own: a file takes a supervisor's decision.
    'no_unit'         -- Nobody answers for the place.
);

-- What the passing of each limit is, and whether a file follows by itself: the row with the condition before the one without.
CREATE TABLE breach_grounds (
    version   integer NOT NULL,
    clock     text NOT NULL,
    condition text NOT NULL,                 -- Of the limit that was broken; '': any.
    type      breach_type NOT NULL,
    of_desk   boolean NOT NULL,              -- The desk answers for it where the clock names no unit; false: the lead.
    ground    accountability_ground,         -- NULL: a record only.
    source    text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (version, clock, condition)
);
GRANT SELECT ON breach_grounds TO rongan_app;

ALTER TABLE breach_records
    ALTER COLUMN organisation_id DROP NOT NULL,  -- As the clock names it; '': the ticket's own.
    ALTER COLUMN run DROP NOT NULL,
    ALTER COLUMN due_at DROP NOT NULL,           -- NULL: a fact without a limit.
    ADD COLUMN source_key text UNIQUE,           -- What was broken, once and for ever.
    ADD COLUMN type breach_type,
    ADD COLUMN unit_organisation_id text REFERENCES organisations,  -- Who answers for it.
    ADD COLUMN area_path text[],
    ADD COLUMN started_at timestamptz,
    ADD COLUMN happened_at timestamptz,
    ADD COLUMN actual_at timestamptz,            -- When it was done after all.
    ADD COLUMN end_sealed boolean NOT NULL DEFAULT false,
    ADD COLUMN judgement breach_judgement,       -- NULL: nobody has looked yet.
    ADD COLUMN judged_at timestamptz;

-- The most local duty desk of a place.
CREATE FUNCTION desk_of(path text[]) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT o.id FROM organisations o JOIN areas a ON a.id = o.area_id
    WHERE o.kind = 'duty_desk' AND o.area_id = ANY (path) ORDER BY cardinality(a.path) DESC, o.id LIMIT 1
$$;

-- What the newest version says of a limit.
CREATE FUNCTION ground_of(named text, under text) RETURNS breach_grounds LANGUAGE sql STABLE AS $$
    SELECT g.* FROM breach_grounds g
    WHERE g.version = (SELECT max(version) FROM breach_grounds) AND g.clock = named AND g.condition IN ('', COALESCE(under, ''))
    ORDER BY g.condition DESC LIMIT 1
$$;

UPDATE breach_records b SET
    source_key = concat_ws(':', 'clock', b.ticket_id, b.clock, b.organisation_id, b.run),
    type = CASE b.clock WHEN 'c_triage' THEN 'overdue_accept'::breach_type WHEN 'c_reply' THEN 'overdue_reply'::breach_type
           ELSE 'overdue_handle'::breach_type END,
    unit_organisation_id = COALESCE(NULLIF(b.organisation_id, ''), t.lead_organisation_id, desk_of(t.area_path)),
    area_path = t.area_path, started_at = c.started_at, happened_at = b.due_at, actual_at = c.stopped_at
FROM tickets t, ticket_clocks c
WHERE t.id = b.ticket_id AND (c.ticket_id, c.clock, c.organisation_id, c.run) = (b.ticket_id, b.clock, b.organisation_id, b.run);

ALTER TABLE breach_records
    ALTER COLUMN source_key SET NOT NULL,
    ALTER COLUMN type SET NOT NULL,
    ALTER COLUMN area_path SET NOT NULL,
    ALTER COLUMN happened_at SET NOT NULL,
    ADD CONSTRAINT breach_records_judged_at_a_time CHECK ((judgement IS NULL) = (judged_at IS NULL)),
    ADD CONSTRAINT breach_records_clock_of_a_ticket CHECK ((run IS NULL) = (organisation_id IS NULL));
CREATE INDEX breach_records_unjudged ON breach_records (id) WHERE judgement IS NULL;
CREATE INDEX breach_records_unsealed ON breach_records (id) WHERE judgement = 'file_opened' AND actual_at IS NOT NULL AND NOT end_sealed;
CREATE INDEX breach_records_of_unit ON breach_records (unit_organisation_id, id);
CREATE TRIGGER breach_records_never_for_a_committee BEFORE INSERT ON breach_records
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('unit_organisation_id');
GRANT UPDATE (judgement, judged_at, actual_at, end_sealed) ON breach_records TO rongan_app;

-- A judgement is given once; when a thing was done may be said anew, and is then sealed anew.
CREATE FUNCTION keep_breach_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.judgement IS NOT NULL AND NEW.judgement IS DISTINCT FROM OLD.judgement
       AND NOT (OLD.judgement <> 'file_opened' AND NEW.judgement = 'file_opened') THEN
        RAISE EXCEPTION 'breach % was judged before', OLD.id USING ERRCODE = '23514', CONSTRAINT = 'breach_records_judged_once';
    END IF;
    IF NEW.actual_at IS DISTINCT FROM OLD.actual_at THEN
        NEW.end_sealed := false;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER breach_records_judged_once BEFORE UPDATE ON breach_records FOR EACH ROW EXECUTE FUNCTION keep_breach_records();

-- The late run of a clock: noticed by a step of the ladder or by the late stop, recorded once; its stop is when it was done.
CREATE OR REPLACE FUNCTION record_breach() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO breach_records (source_key, type, ticket_id, clock, organisation_id, run, unit_organisation_id, area_path, grade,
        started_at, happened_at, due_at, actual_at, explanation)
    SELECT concat_ws(':', 'clock', NEW.ticket_id, NEW.clock, NEW.organisation_id, NEW.run), COALESCE(g.type, 'overdue_handle'),
           NEW.ticket_id, NEW.clock, NEW.organisation_id, NEW.run,
           COALESCE(NULLIF(NEW.organisation_id, ''), CASE WHEN NOT COALESCE(g.of_desk, false) THEN t.lead_organisation_id END,
                    desk_of(t.area_path)),
           t.area_path, t.grade, NEW.started_at, NEW.breached_at, NEW.breached_at, NEW.stopped_at, NEW.explanation
    FROM tickets t LEFT JOIN ground_of(NEW.clock, NEW.explanation -> 'limit' ->> 'condition') g ON true
    WHERE t.id = NEW.ticket_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE FUNCTION record_breach_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE breach_records SET actual_at = NEW.stopped_at
    WHERE (ticket_id, clock, organisation_id, run) = (NEW.ticket_id, NEW.clock, NEW.organisation_id, NEW.run);
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_clocks_record_the_end_of_a_breach AFTER UPDATE OF stopped_at ON ticket_clocks
    FOR EACH ROW WHEN (OLD.breached_at IS NOT NULL AND NEW.stopped_at IS NOT NULL AND NEW.stopped_at IS DISTINCT FROM OLD.stopped_at)
    EXECUTE FUNCTION record_breach_end();

CREATE OR REPLACE FUNCTION record_art47() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO breach_records (source_key, type, disclosure_id, ticket_id, clock, organisation_id, run, unit_organisation_id,
        area_path, started_at, happened_at, due_at, actual_at, explanation)
    SELECT concat_ws(':', 'disclosure', NEW.id, 'd_publish'), 'overdue_disclose', NEW.id, NULL, 'd_publish',
           NEW.publisher_organisation_id, 1, NEW.publisher_organisation_id, a.path, NEW.opened_at, NEW.breached_at, NEW.breached_at,
           NEW.published_at, NEW.explanation
    FROM areas a WHERE a.id = NEW.area_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE FUNCTION record_art47_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE breach_records SET actual_at = NEW.published_at WHERE disclosure_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER disclosures_record_the_end_of_a_breach AFTER UPDATE OF published_at ON disclosures
    FOR EACH ROW WHEN (OLD.breached_at IS NOT NULL AND OLD.published_at IS NULL AND NEW.published_at IS NOT NULL)
    EXECUTE FUNCTION record_art47_end();
CREATE OR REPLACE FUNCTION record_art46() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO breach_records (source_key, type, evaluation_id, clock, organisation_id, run, unit_organisation_id,
        area_path, started_at, happened_at, due_at, actual_at, explanation)
    SELECT concat_ws(':', 'evaluation', NEW.evaluation_id, NEW.clock, NEW.run), 'overdue_reply', NEW.evaluation_id, NEW.clock,
           NEW.organisation_id, NEW.run, NEW.organisation_id, a.path, NEW.started_at, NEW.breached_at, NEW.breached_at,
           NEW.stopped_at, NEW.explanation
    FROM organisations o JOIN areas a ON a.id = o.area_id WHERE o.id = NEW.organisation_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE FUNCTION record_art46_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE breach_records SET actual_at = NEW.stopped_at
    WHERE (evaluation_id, clock, run) = (NEW.evaluation_id, NEW.clock, NEW.run);
    RETURN NULL;
END
$$;
CREATE TRIGGER evaluation_clocks_record_the_end_of_a_breach AFTER UPDATE OF stopped_at ON evaluation_clocks
    FOR EACH ROW WHEN (OLD.breached_at IS NOT NULL AND OLD.stopped_at IS NULL AND NEW.stopped_at IS NOT NULL)
    EXECUTE FUNCTION record_art46_end();

-- Breaches that are no late clock: a refusal that its objection overturned, a closing that was found false from outside.
CREATE FUNCTION record_deed_breach() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    t tickets;
    handled_by text;
BEGIN
    SELECT x.* INTO t FROM tickets x WHERE x.id = NEW.ticket_id;
    IF NEW.event = 'accept' THEN
        IF t.objection_count = 0 THEN
            RETURN NULL;
        END IF;
        INSERT INTO breach_records (source_key, type, ticket_id, clock, unit_organisation_id, area_path, grade, happened_at, explanation)
        SELECT concat('refusal:', t.id, ':', r.version), 'not_accepted', t.id, 'not_accepted',
               COALESCE(r.organisation_id, desk_of(t.area_path)), t.area_path, t.grade, NEW.at,
               jsonb_build_object('refused_at', r.at, 'code', r.fields -> 'code', 'legal_basis', r.fields -> 'legal_basis',
                                  'overturned_at', NEW.at)
        FROM ticket_transitions r WHERE r.ticket_id = t.id AND r.to_state = 'not_accepted' ORDER BY r.version DESC LIMIT 1
        ON CONFLICT DO NOTHING;
    ELSE
        -- The ticket has lost its lead by now where a new dispatch follows; whoever resolved it answers for it.
        SELECT r.organisation_id INTO handled_by FROM ticket_transitions r
        WHERE r.ticket_id = t.id AND r.event = 'resolve' AND r.version < NEW.version ORDER BY r.version DESC LIMIT 1;
        INSERT INTO breach_records (source_key, type, ticket_id, clock, unit_organisation_id, area_path, grade, happened_at, explanation)
        VALUES (concat('reopen:', t.id, ':', NEW.version), 'false_closure', t.id, 'false_closure',
                COALESCE(handled_by, t.lead_organisation_id, desk_of(t.area_path)), t.area_path, t.grade, NEW.at,
                jsonb_build_object('found_by', NEW.actor_role, 'reason', NEW.reason, 'found_at', NEW.at))
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_transitions_record_a_breach AFTER INSERT ON ticket_transitions FOR EACH ROW
    WHEN (NEW.event = 'accept' OR (NEW.event = 'reopen' AND (NEW.actor_role = 'verifier' OR NEW.actor_role = 'supervisor')))
    EXECUTE FUNCTION record_deed_breach();

-- Art. 45: what the government at the same level found to have been handed over.
CREATE FUNCTION record_transfer_breach() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO breach_records (source_key, type, ticket_id, clock, unit_organisation_id, area_path, happened_at, explanation)
    SELECT 'correction:' || c.id, 'off_list_transfer', c.ticket_id, 'off_list_transfer', c.unit_organisation_id, a.path, NEW.at,
           jsonb_build_object('case', c.number, 'matter', c.matter, 'means', c.means, 'ordered_at', NEW.at)
    FROM correction_cases c JOIN organisations o ON o.id = c.committee_id JOIN areas a ON a.id = o.area_id
    WHERE c.id = NEW.subject_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER admission_records_record_a_breach AFTER INSERT ON admission_records FOR EACH ROW
    WHEN (NEW.subject = 'correction_case' AND NEW.to_state = 'correction_ordered') EXECUTE FUNCTION record_transfer_breach();

-- 有权机关: who alone may decide on a person; the platform records what they decided.
CREATE TABLE competent_organs (
    id      text PRIMARY KEY,
    version integer NOT NULL,
    zh_name text NOT NULL,
    en_name text NOT NULL,
    source  text NOT NULL CHECK (source <> '')
);
GRANT SELECT ON competent_organs TO rongan_app;

CREATE TYPE accountability_state AS ENUM ('fact', 'for_review', 'excused', 'forwarded', 'result_recorded');

CREATE TABLE accountability_files (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number               text NOT NULL UNIQUE,                         -- AF-YYYYMMDD-nnnnn
    breach_id            bigint NOT NULL UNIQUE REFERENCES breach_records,
    type                 breach_type NOT NULL,
    ground               accountability_ground NOT NULL,
    unit_organisation_id text NOT NULL REFERENCES organisations,
    area_path            text[] NOT NULL,
    ticket_id            bigint REFERENCES tickets,
    opened_at            timestamptz NOT NULL,
    statement_due_at     timestamptz NOT NULL,                         -- Until then the unit may say its side.
    state                accountability_state NOT NULL DEFAULT 'fact',
    version              integer NOT NULL DEFAULT 1,
    organ_id             text REFERENCES competent_organs,
    CONSTRAINT accountability_files_forwarded_to_somebody CHECK (
        (state = 'forwarded' OR state = 'result_recorded') <= (organ_id IS NOT NULL))
);
CREATE INDEX accountability_files_of_unit ON accountability_files (unit_organisation_id, id);
CREATE INDEX accountability_files_of_ticket ON accountability_files (ticket_id);
CREATE TRIGGER accountability_files_never_for_a_committee BEFORE INSERT ON accountability_files
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('unit_organisation_id');

-- What is known of a file and everything that was done with it, each sealed to the one before, whichever file that belongs to.
CREATE TABLE accountability_seals (
    seq           bigint PRIMARY KEY,
    file_id       bigint NOT NULL REFERENCES accountability_files,
    version       integer NOT NULL,                                    -- The version that the file has with it.
    content       text NOT NULL,                                       -- Canonical JSON: sorted keys, no blanks, UTF-8.
    previous_hash text NOT NULL,
    hash          text NOT NULL UNIQUE,                                -- sha256 of the previous hash, a line feed and the content.
    UNIQUE (file_id, version),
    CONSTRAINT accountability_seals_hold CHECK (
        hash = encode(sha256(convert_to(previous_hash || chr(10) || content, 'UTF8')), 'hex'))
);
CREATE TABLE accountability_head (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    seq    bigint NOT NULL,
    hash   text NOT NULL
);
INSERT INTO accountability_head (seq, hash) VALUES (0, repeat('0', 64));

-- The database chains; whoever writes says the content alone.
CREATE FUNCTION chain_accountability_seals() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE accountability_head SET seq = seq + 1 RETURNING seq, hash INTO NEW.seq, NEW.previous_hash;
    NEW.hash := encode(sha256(convert_to(NEW.previous_hash || chr(10) || NEW.content, 'UTF8')), 'hex');
    UPDATE accountability_head SET hash = NEW.hash;
    RETURN NEW;
END
$$;
CREATE TRIGGER accountability_seals_chained BEFORE INSERT ON accountability_seals
    FOR EACH ROW EXECUTE FUNCTION chain_accountability_seals();

-- 检举、投诉、控告 about an organ and its people, with two clocks of their own.
CREATE TYPE petition_kind AS ENUM ('denunciation', 'complaint', 'accusation');
CREATE TYPE petition_state AS ENUM ('received', 'accepted', 'refused', 'handled', 'withdrawn');

CREATE TABLE petitions (
    id                       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number                   text NOT NULL UNIQUE,                     -- PT-YYYYMMDD-nnnnn
    kind                     petition_kind NOT NULL,
    about_organisation_id    text NOT NULL REFERENCES organisations,
    receiver_organisation_id text NOT NULL REFERENCES organisations,   -- Decides and handles: never who is complained of.
    area_path                text[] NOT NULL,
    matter                   text NOT NULL CHECK (matter <> ''),
    petitioner               text,                                     -- NULL: anonymous. Only who handles it reads it.
    contact                  text,
    received_at              timestamptz NOT NULL,
    accept_due_at            timestamptz NOT NULL,
    handle_due_at            timestamptz NOT NULL,
    accept_limit             jsonb NOT NULL,
    handle_limit             jsonb NOT NULL,
    next_due_at              timestamptz,                              -- The next of the two clocks that still runs and was not missed.
    state                    petition_state NOT NULL DEFAULT 'received',
    version                  integer NOT NULL DEFAULT 1,
    extended                 boolean NOT NULL DEFAULT false,           -- The handling may be lengthened once.
    refusal_code             text,
    legal_basis              text,
    CONSTRAINT petitions_not_handled_by_who_is_meant CHECK (about_organisation_id <> receiver_organisation_id),
    CONSTRAINT petitions_refused_on_a_basis CHECK (state <> 'refused' OR (COALESCE(refusal_code, '') <> '' AND COALESCE(legal_basis, '') <> ''))
);
CREATE INDEX petitions_due ON petitions (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE TRIGGER petitions_never_about_a_committee BEFORE INSERT ON petitions
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('about_organisation_id');
CREATE TRIGGER petitions_never_before_a_committee BEFORE INSERT ON petitions
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('receiver_organisation_id');

CREATE TABLE petition_records (
    petition_id     bigint NOT NULL REFERENCES petitions,
    version         integer NOT NULL,
    event           text NOT NULL,
    from_state      text,
    to_state        text NOT NULL,
    at              timestamptz NOT NULL,
    actor           text NOT NULL,
    actor_name      text NOT NULL,
    organisation_id text,
    reason          text,
    fields          jsonb NOT NULL,
    PRIMARY KEY (petition_id, version)
);

GRANT SELECT, INSERT ON accountability_files, petitions, accountability_seals, petition_records TO rongan_app;
GRANT UPDATE (state, version, organ_id) ON accountability_files TO rongan_app;
GRANT UPDATE (state, version, accept_due_at, accept_limit, handle_due_at, next_due_at, extended, refusal_code, legal_basis)
    ON petitions TO rongan_app;
GRANT SELECT ON accountability_head TO rongan_app;

-- What the record of a ticket calls for elsewhere: a row a deed, taken once by the stage of handovers.
CREATE TABLE ticket_followups (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id bigint NOT NULL REFERENCES tickets,
    deed      text NOT NULL,
    at        timestamptz NOT NULL,
    taken_at  timestamptz
);
CREATE INDEX ticket_followups_waiting ON ticket_followups (id) WHERE taken_at IS NULL;
CREATE FUNCTION follow_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_followups (ticket_id, deed, at) VALUES (NEW.ticket_id, TG_ARGV[0], NEW.at);
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_transitions_followed_dispatch AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.event = 'dispatch') EXECUTE FUNCTION follow_ticket('dispatch');
-- Where a caller says that a life is in danger nobody waits for the dispatch.
CREATE FUNCTION follow_life_danger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_followups (ticket_id, deed, at)
    SELECT NEW.ticket_id, 'life_danger', NEW.joined_at FROM hotline_calls c
    WHERE c.id = NEW.call_id AND c.urgency::text = 'life_danger';
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_reports_followed_life_danger AFTER INSERT ON ticket_reports
    FOR EACH ROW EXECUTE FUNCTION follow_life_danger();
CREATE TRIGGER ticket_transitions_followed_accept AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.event = 'accept') EXECUTE FUNCTION follow_ticket('accept');
CREATE TRIGGER ticket_transitions_followed_grade AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.event = 'grade') EXECUTE FUNCTION follow_ticket('grade');
CREATE TRIGGER ticket_transitions_followed_injured AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.event <> 'accept' AND NEW.fields ? 'injured') EXECUTE FUNCTION follow_ticket('injured');
CREATE TRIGGER ticket_transitions_followed_end AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.to_state = 'closed' AND NEW.from_state IS DISTINCT FROM NEW.to_state)
    EXECUTE FUNCTION follow_ticket('closed');
CREATE TRIGGER ticket_transitions_followed_void AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.to_state = 'voided' OR NEW.to_state = 'merged') EXECUTE FUNCTION follow_ticket('voided');
CREATE TRIGGER ticket_entries_followed AFTER INSERT ON ticket_entries
    FOR EACH ROW WHEN (NEW.entry = 'grade_changed') EXECUTE FUNCTION follow_ticket('grade');

CREATE TYPE emergency_number AS ENUM ('110', '119', '120', '122');

CREATE TABLE emergency_services (
    service       emergency_number PRIMARY KEY,
    version       integer NOT NULL,
    department_id text NOT NULL REFERENCES departments,   -- Whose organisation at the place is told beside the call.
    zh_name       text NOT NULL,
    en_name       text NOT NULL,
    source        text NOT NULL CHECK (source <> '')
);
CREATE TABLE emergency_needs (
    version integer NOT NULL,
    kind    text NOT NULL REFERENCES event_kinds,
    service emergency_number NOT NULL REFERENCES emergency_services,
    source  text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (version, kind, service)
);
CREATE TYPE handover_action AS ENUM (
    'page',   -- The service is told.
    'repage', -- It has not acknowledged: it is told again, and the desk gets an alarm.
    'desk',   -- The desk telephones.
    'leader'  -- The supervisors of the place are told.
);
CREATE TABLE handover_steps (
    version integer NOT NULL,
    step    integer NOT NULL CHECK (step >= 0),
    after_s integer NOT NULL CHECK (after_s >= 0),
    action  handover_action NOT NULL,
    source  text NOT NULL CHECK (source <> ''),
    PRIMARY KEY (version, step)
);

CREATE TYPE emergency_state AS ENUM ('called', 'acknowledged', 'en_route', 'on_scene', 'controlled', 'closed', 'declined');

CREATE TABLE emergency_handovers (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number          text NOT NULL UNIQUE,                      -- EH-YYYYMMDD-nnnnn
    ticket_id       bigint NOT NULL REFERENCES tickets,
    service         emergency_number NOT NULL,
    organisation_id text REFERENCES organisations,             -- The service's organisation at the place; NULL: by telephone only.
    area_path       text[] NOT NULL,
    grade           smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    state           emergency_state NOT NULL DEFAULT 'called',
    version         integer NOT NULL DEFAULT 1,
    opened_at       timestamptz NOT NULL,
    opened_by       text NOT NULL,
    external_no     text,
    external_status text,
    acked_at        timestamptz,
    arrived_at      timestamptz,
    controlled_at   timestamptz,
    closed_at       timestamptz,
    steps_taken     integer NOT NULL DEFAULT 0,
    next_at         timestamptz,                               -- When the next step is due; NULL: acknowledged, or no step left.
    CONSTRAINT emergency_handovers_no_page_after_the_acknowledgement CHECK (acked_at IS NULL OR next_at IS NULL),
    CONSTRAINT emergency_handovers_acknowledged_by_somebody CHECK (state = 'called' OR acked_at IS NOT NULL),
    CONSTRAINT emergency_handovers_end CHECK ((state = 'closed' OR state = 'declined') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX emergency_handovers_one_open ON emergency_handovers (ticket_id, service) WHERE closed_at IS NULL;
CREATE INDEX emergency_handovers_due ON emergency_handovers (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX emergency_handovers_of_ticket ON emergency_handovers (ticket_id);

-- Every page, answer and telephone call; a step is taken once, an answer of the service is taken in once.
CREATE TABLE emergency_handover_entries (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handover_id bigint NOT NULL REFERENCES emergency_handovers,
    at          timestamptz NOT NULL,
    event       text NOT NULL,
    step        integer,
    external_id text UNIQUE,                                   -- The id of the signed message.
    actor       text NOT NULL,
    actor_name  text NOT NULL,
    body        jsonb NOT NULL,
    CONSTRAINT emergency_handover_entries_step_once UNIQUE (handover_id, step)
);
CREATE INDEX emergency_handover_entries_of_handover ON emergency_handover_entries (handover_id, id);

CREATE TYPE upward_part AS ENUM ('first', 'follow_up', 'final');
CREATE TYPE upward_state AS ENUM (
    'draft',     -- Written from the incident; anybody of the desk may mend it.
    'approved',  -- By a second person.
    'sent',
    'received',  -- With the receipt of who got it.
    'cancelled'  -- No report is owed: the matter turned out otherwise.
);
CREATE TABLE upward_reports (
    id                    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number                text NOT NULL UNIQUE,                -- UR-YYYYMMDD-nnnnn
    ticket_id             bigint NOT NULL REFERENCES tickets,
    incident_id           bigint NOT NULL REFERENCES incidents,
    part                  upward_part NOT NULL,
    sequence              integer NOT NULL CHECK (sequence >= 1),
    grade                 smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    area_path             text[] NOT NULL,
    unit_organisation_id  text REFERENCES organisations,       -- The desk that owes it.
    opened_at             timestamptz NOT NULL,
    phone_due_at          timestamptz,
    phoned_at             timestamptz,
    due_at                timestamptz NOT NULL,
    limits                jsonb NOT NULL,
    next_due_at           timestamptz,
    state                 upward_state NOT NULL DEFAULT 'draft',
    version               integer NOT NULL DEFAULT 1,
    content               jsonb NOT NULL,
    drafted_by            text NOT NULL,
    approved_by           text,
    sent_at               timestamptz,
    receiver              text,
    receipt_no            text,
    received_at           timestamptz,
    CONSTRAINT upward_reports_one_of_a_part UNIQUE (ticket_id, part, sequence),
    CONSTRAINT upward_reports_approved_by_another CHECK (approved_by <> drafted_by),
    CONSTRAINT upward_reports_sent_when_approved CHECK (sent_at IS NULL OR (approved_by IS NOT NULL AND receiver IS NOT NULL)),
    CONSTRAINT upward_reports_receipt CHECK (state <> 'received' OR (receipt_no IS NOT NULL AND received_at IS NOT NULL))
);
CREATE INDEX upward_reports_due ON upward_reports (next_due_at) WHERE next_due_at IS NOT NULL;

CREATE TABLE upward_report_records (
    report_id  bigint NOT NULL REFERENCES upward_reports,
    version    integer NOT NULL,
    event      text NOT NULL,
    from_state text,
    to_state   text NOT NULL,
    at         timestamptz NOT NULL,
    actor      text NOT NULL,
    actor_name text NOT NULL,
    reason     text,
    fields     jsonb NOT NULL,
    PRIMARY KEY (report_id, version)
);

GRANT SELECT ON emergency_services, emergency_needs, handover_steps TO rongan_app;
GRANT SELECT, INSERT ON ticket_followups, emergency_handovers, emergency_handover_entries, upward_reports, upward_report_records TO rongan_app;
GRANT UPDATE (taken_at) ON ticket_followups TO rongan_app;
GRANT UPDATE (state, version, external_no, external_status, acked_at, arrived_at, controlled_at, closed_at, steps_taken, next_at)
    ON emergency_handovers TO rongan_app;
GRANT UPDATE (grade, phone_due_at, phoned_at, due_at, limits, next_due_at, state, version, content, drafted_by, approved_by, sent_at, receiver,
    receipt_no, received_at) ON upward_reports TO rongan_app;

-- 0018_rosters.sql
-- Who is on duty and who is told: persons, duty rosters and their gaps, reachability, pages, and which external unit a kind calls.

CREATE TYPE duty_role AS ENUM ('on_duty', 'backup', 'leader');
CREATE TYPE shift_unit AS ENUM ('hour', 'day', 'week');

-- A person who can be reached: somebody with a log-in, or a named one with a telephone.
CREATE TABLE contacts (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    user_id         bigint UNIQUE REFERENCES users,
    zh_name         text NOT NULL CHECK (zh_name <> ''),
    phone           text CHECK (phone ~ '^[0-9+-]{3,20}$'),
    enabled         boolean NOT NULL DEFAULT true,
    entered_at      timestamptz NOT NULL,
    entered_by      text NOT NULL,
    test_at         timestamptz NOT NULL,      -- When the next test of reachability is due.
    CONSTRAINT contacts_can_be_reached CHECK (user_id IS NOT NULL OR phone IS NOT NULL)
);
CREATE INDEX contacts_of_organisation ON contacts (organisation_id, id);
CREATE INDEX contacts_test_due ON contacts (test_at) WHERE enabled;

CREATE TABLE rosters (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    role            duty_role NOT NULL,
    zh_name         text NOT NULL CHECK (zh_name <> ''),
    en_name         text NOT NULL CHECK (en_name <> ''),
    entered_at      timestamptz NOT NULL,
    entered_by      text NOT NULL,
    look_at         timestamptz NOT NULL,      -- When its gaps are looked for next; any change of it makes that now.
    CONSTRAINT rosters_one_a_role UNIQUE (organisation_id, role)
);
CREATE INDEX rosters_look_due ON rosters (look_at);
-- A committee is under nobody's order, so nobody rosters it (rulings A3, A4).
CREATE TRIGGER rosters_never_for_a_committee BEFORE INSERT OR UPDATE OF organisation_id ON rosters
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

-- Added to, never changed: at each instant the newest version that covers it rules; one without participants ends a rotation.
CREATE TABLE rotations (
    roster_id        bigint NOT NULL REFERENCES rosters,
    number           smallint NOT NULL CHECK (number BETWEEN 1 AND 9),
    version          integer NOT NULL CHECK (version >= 1),
    handover_weekday smallint CHECK (handover_weekday BETWEEN 1 AND 7),  -- Monday is 1.
    handover_time    time NOT NULL,                                      -- On China's clock.
    shift_length     smallint NOT NULL CHECK (shift_length BETWEEN 1 AND 1000),
    shift_unit       shift_unit NOT NULL,
    valid_from       timestamptz NOT NULL,
    valid_until      timestamptz,
    source           text NOT NULL CHECK (source <> ''),
    entered_at       timestamptz NOT NULL,
    entered_by       text NOT NULL,
    PRIMARY KEY (roster_id, number, version),
    CONSTRAINT rotations_weekday_of_weeks CHECK ((shift_unit = 'week') = (handover_weekday IS NOT NULL)),
    CONSTRAINT rotations_end_after_beginning CHECK (valid_until > valid_from)
);
CREATE TABLE rotation_participants (
    roster_id  bigint NOT NULL,
    number     smallint NOT NULL,
    version    integer NOT NULL,
    position   smallint NOT NULL CHECK (position >= 1),
    contact_id bigint NOT NULL REFERENCES contacts,
    PRIMARY KEY (roster_id, number, version, position),
    FOREIGN KEY (roster_id, number, version) REFERENCES rotations
);

-- Two persons exchange two spans of duty; nothing changes before both have agreed.
CREATE TABLE roster_swaps (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    roster_id       bigint NOT NULL REFERENCES rosters,
    giver_id        bigint NOT NULL REFERENCES contacts,
    giver_number    smallint NOT NULL,
    giver_from_at   timestamptz NOT NULL,
    giver_until_at  timestamptz NOT NULL,
    taker_id        bigint NOT NULL REFERENCES contacts,
    taker_number    smallint NOT NULL,
    taker_from_at   timestamptz NOT NULL,
    taker_until_at  timestamptz NOT NULL,
    reason          text NOT NULL CHECK (reason <> ''),
    proposed_at     timestamptz NOT NULL,
    proposed_by     text NOT NULL,
    giver_agreed_at timestamptz,
    giver_agreed_by text,
    taker_agreed_at timestamptz,
    taker_agreed_by text,
    ended_at        timestamptz,               -- Withdrawn, refused, or taken back.
    ended_by        text,
    CONSTRAINT roster_swaps_two_persons CHECK (giver_id <> taker_id),
    CONSTRAINT roster_swaps_spans CHECK (giver_until_at > giver_from_at AND taker_until_at > taker_from_at),
    CONSTRAINT roster_swaps_giver_agrees_by_name CHECK ((giver_agreed_at IS NULL) = (giver_agreed_by IS NULL)),
    CONSTRAINT roster_swaps_taker_agrees_by_name CHECK ((taker_agreed_at IS NULL) = (taker_agreed_by IS NULL)),
    CONSTRAINT roster_swaps_end_names_who CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX roster_swaps_of_roster ON roster_swaps (roster_id, id);

-- Who stands in on a rotation for a time: by an override, or as one half of a swap. Of two the newer rules; one that is
-- cancelled stood until then.
CREATE TABLE stand_ins (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    roster_id    bigint NOT NULL REFERENCES rosters,
    number       smallint NOT NULL CHECK (number BETWEEN 1 AND 9),
    contact_id   bigint NOT NULL REFERENCES contacts,
    from_at      timestamptz NOT NULL,
    until_at     timestamptz NOT NULL,
    reason       text NOT NULL CHECK (reason <> ''),
    swap_id      bigint REFERENCES roster_swaps,   -- NULL: an override.
    entered_at   timestamptz NOT NULL,
    entered_by   text NOT NULL,
    cancelled_at timestamptz,
    cancelled_by text,
    CONSTRAINT stand_ins_end_after_beginning CHECK (until_at > from_at),
    CONSTRAINT stand_ins_cancelled_by_name CHECK ((cancelled_at IS NULL) = (cancelled_by IS NULL)),
    -- Ranges of one number each, so that no extension is needed.
    CONSTRAINT stand_ins_overrides_never_overlap EXCLUDE USING gist (
        int8range(roster_id, roster_id, '[]') WITH &&, int4range(number::integer, number::integer, '[]') WITH &&,
        tstzrange(from_at, until_at) WITH &&) WHERE (cancelled_at IS NULL AND swap_id IS NULL),
    CONSTRAINT stand_ins_swaps_never_overlap EXCLUDE USING gist (
        int8range(roster_id, roster_id, '[]') WITH &&, int4range(number::integer, number::integer, '[]') WITH &&,
        tstzrange(from_at, until_at) WITH &&) WHERE (cancelled_at IS NULL AND swap_id IS NOT NULL)
);
CREATE INDEX stand_ins_of_roster ON stand_ins (roster_id, until_at);

CREATE FUNCTION require_consents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM roster_swaps s WHERE s.id = NEW.swap_id AND s.roster_id = NEW.roster_id
                     AND s.giver_agreed_at IS NOT NULL AND s.taker_agreed_at IS NOT NULL AND s.ended_at IS NULL) THEN
        RAISE EXCEPTION 'swap % lacks the consent of both', NEW.swap_id
            USING ERRCODE = '23514', CONSTRAINT = 'stand_ins_swapped_by_consent';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER stand_ins_swapped_by_consent BEFORE INSERT ON stand_ins
    FOR EACH ROW WHEN (NEW.swap_id IS NOT NULL) EXECUTE FUNCTION require_consents();

-- What was warned of, once: a time in which a roster has nobody.
CREATE TABLE roster_gaps (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    roster_id  bigint NOT NULL REFERENCES rosters,
    from_at    timestamptz NOT NULL,
    until_at   timestamptz,                    -- NULL: no end in sight.
    warned_at  timestamptz NOT NULL,
    settled_at timestamptz,                    -- Somebody stands there now, or it passed.
    CONSTRAINT roster_gaps_end_after_beginning CHECK (until_at > from_at),
    CONSTRAINT roster_gaps_warned_of_once EXCLUDE USING gist (
        int8range(roster_id, roster_id, '[]') WITH &&, tstzrange(from_at, until_at) WITH &&) WHERE (settled_at IS NULL)
        DEFERRABLE                             -- Looked at when a statement ends: one moves several gaps, past each other.
);
CREATE INDEX roster_gaps_of_roster ON roster_gaps (roster_id, id);

CREATE TYPE test_state AS ENUM (
    'sent',    -- The person has time to answer.
    'passed',
    'failed'   -- No answer in time: an alarm was raised.
);
CREATE TABLE reachability_tests (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id  bigint NOT NULL REFERENCES contacts,
    number      integer NOT NULL CHECK (number >= 1),
    sent_at     timestamptz NOT NULL,
    answer_by   timestamptz NOT NULL,
    state       test_state NOT NULL DEFAULT 'sent',
    answered_at timestamptz,
    answered_by text,                          -- The person, or who heard the person on the telephone.
    CONSTRAINT reachability_tests_once UNIQUE (contact_id, number),
    CONSTRAINT reachability_tests_passed_by_an_answer CHECK (
        (state = 'passed') = (answered_at IS NOT NULL) AND (answered_at IS NULL) = (answered_by IS NULL))
);
CREATE UNIQUE INDEX reachability_tests_one_open ON reachability_tests (contact_id) WHERE state = 'sent';
CREATE INDEX reachability_tests_due ON reachability_tests (answer_by) WHERE state = 'sent';

CREATE TABLE roster_parameters (
    version integer NOT NULL,
    name    text NOT NULL,
    value   integer NOT NULL CHECK (value > 0),
    unit    text NOT NULL,
    source  text NOT NULL,
    PRIMARY KEY (version, name)
);

CREATE TABLE page_rules (
    id       integer NOT NULL,
    version  integer NOT NULL,
    kind     text REFERENCES event_kinds,               -- NULL: every kind.
    grade    smallint CHECK (grade BETWEEN 1 AND 4),    -- NULL: every grade.
    page     boolean NOT NULL,                          -- Whether an assignment pages by itself; steps of the ladder always do.
    everyone boolean NOT NULL,                          -- All on duty at once; false: the first of them.
    ack_s    integer CHECK (ack_s > 0),                 -- How long a level has before the next is told; NULL: nobody is pressed.
    source   text NOT NULL,
    PRIMARY KEY (version, id)
);

-- Assignments that nobody was told of yet by a page: added where a unit is assigned or a ticket grows graver.
CREATE TABLE page_asks (
    ticket_id       bigint NOT NULL REFERENCES tickets,
    organisation_id text NOT NULL REFERENCES organisations,
    generation      integer NOT NULL,
    PRIMARY KEY (ticket_id, organisation_id, generation)
);
CREATE FUNCTION ask_for_page() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO page_asks (ticket_id, organisation_id, generation)
    VALUES (NEW.ticket_id, NEW.organisation_id, NEW.generation) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_assignments_ask_for_a_page AFTER INSERT ON ticket_assignments
    FOR EACH ROW WHEN (NEW.ended_at IS NULL) EXECUTE FUNCTION ask_for_page();
CREATE FUNCTION ask_for_pages_anew() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO page_asks (ticket_id, organisation_id, generation)
    SELECT a.ticket_id, a.organisation_id, a.generation FROM ticket_assignments a
    WHERE a.ticket_id = NEW.id AND a.ended_at IS NULL ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER tickets_ask_for_pages_anew AFTER UPDATE OF grade ON tickets
    FOR EACH ROW WHEN (NEW.grade < OLD.grade AND NEW.closed_at IS NULL) EXECUTE FUNCTION ask_for_pages_anew();

CREATE TYPE page_level AS ENUM ('on_duty', 'backup', 'leader', 'desk');
CREATE TYPE page_state AS ENUM (
    'open',          -- Somebody was told and has not answered; next_at says when the next level follows.
    'told',          -- Told, and nobody is pressed for an answer.
    'acknowledged',  -- By a person of the unit or of the desk, or by anything that the unit did with the ticket.
    'unanswered',    -- Every level was told or had nobody: an alarm was raised.
    'ended'          -- The ticket or the assignment ended first.
);
CREATE TYPE page_outcome AS ENUM (
    'told',    -- Persons on duty were told.
    'system',  -- Nobody is on duty, but the organisation's own system takes messages.
    'nobody'   -- Skipped at once.
);

-- A page is one matter for one organisation; its key makes it one across restarts.
CREATE TABLE pages (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ticket_id       bigint NOT NULL REFERENCES tickets,
    organisation_id text NOT NULL REFERENCES organisations,
    cause           text NOT NULL,             -- assigned-<generation>-<grade>, or clock, run and step of the ladder
    action          text,                      -- The step of the ladder; NULL: an assignment.
    grade           smallint NOT NULL CHECK (grade BETWEEN 1 AND 4),
    everyone        boolean NOT NULL,
    ack_s           integer,
    state           page_state NOT NULL,
    opened_at       timestamptz NOT NULL,
    next_at         timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    to_hush         boolean NOT NULL DEFAULT false,   -- Answered: what of its messages has not left is to be cancelled.
    CONSTRAINT pages_once UNIQUE (ticket_id, organisation_id, cause),
    CONSTRAINT pages_next_while_open CHECK ((state = 'open') = (next_at IS NOT NULL)),
    CONSTRAINT pages_acknowledged_by_name CHECK (
        (state = 'acknowledged') = (acknowledged_at IS NOT NULL) AND (acknowledged_at IS NULL) = (acknowledged_by IS NULL))
);
CREATE INDEX pages_due ON pages (next_at) WHERE state = 'open';
CREATE INDEX pages_to_be_answered ON pages (ticket_id) WHERE state IN ('open', 'unanswered');
CREATE INDEX pages_to_hush ON pages (id) WHERE to_hush;
CREATE INDEX pages_unanswered ON pages (id) WHERE state = 'unanswered';
CREATE TRIGGER pages_never_for_a_committee BEFORE INSERT OR UPDATE OF organisation_id ON pages
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

-- Each level once, whatever is replayed.
CREATE TABLE page_levels (
    page_id         bigint NOT NULL REFERENCES pages,
    level           page_level NOT NULL,
    organisation_id text NOT NULL REFERENCES organisations,   -- Whose level: at the last, the desk's.
    at              timestamptz NOT NULL,
    outcome         page_outcome NOT NULL,
    PRIMARY KEY (page_id, level)
);
CREATE TABLE page_recipients (
    page_id    bigint NOT NULL,
    level      page_level NOT NULL,
    contact_id bigint REFERENCES contacts,
    user_id    bigint REFERENCES users,        -- Of an organisation without a roster.
    reason     text NOT NULL,                  -- rotation <n>, override <n>, swap <n>, or unrostered
    FOREIGN KEY (page_id, level) REFERENCES page_levels,
    CONSTRAINT page_recipients_contact_or_user CHECK (num_nonnulls(contact_id, user_id) = 1),
    CONSTRAINT page_recipients_once UNIQUE NULLS NOT DISTINCT (page_id, level, contact_id, user_id)
);

-- Whatever the unit does with the ticket answers its pages.
CREATE FUNCTION acknowledge_pages(of_ticket bigint, by_organisation text, by_actor text, acted_at timestamptz) RETURNS void
LANGUAGE sql AS $$
    UPDATE pages p SET state = 'acknowledged', next_at = NULL, to_hush = true, acknowledged_by = by_actor,
        acknowledged_at = GREATEST(acted_at, p.opened_at)
    WHERE p.ticket_id = of_ticket AND p.state IN ('open', 'unanswered')
      AND (p.organisation_id = by_organisation
           OR EXISTS (SELECT FROM page_levels l WHERE l.page_id = p.id AND l.organisation_id = by_organisation));
$$;
CREATE FUNCTION answer_by_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM acknowledge_pages(NEW.ticket_id, NEW.organisation_id, NEW.actor, NEW.at);
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_transitions_answer_pages AFTER INSERT ON ticket_transitions
    FOR EACH ROW WHEN (NEW.organisation_id IS NOT NULL AND NEW.actor LIKE 'user:%') EXECUTE FUNCTION answer_by_transition();
CREATE FUNCTION answer_by_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM acknowledge_pages(NEW.ticket_id, u.organisation_id, NEW.actor, NEW.at)
    FROM users u WHERE u.organisation_id IS NOT NULL AND 'user:' || u.id = NEW.actor;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_entries_answer_pages AFTER INSERT ON ticket_entries
    FOR EACH ROW WHEN (NEW.actor LIKE 'user:%') EXECUTE FUNCTION answer_by_entry();

-- External units: what an organisation does, and which of them a kind of event calls, where and when. Emergency services
-- (110, 119, 120, 122) are told by a handover and never under a clock of ours, so they are none of these.
CREATE TYPE unit_trade AS ENUM ('gas', 'water', 'power', 'lift', 'property');
ALTER TABLE organisations ADD COLUMN trades unit_trade[] NOT NULL DEFAULT '{}';
CREATE TABLE unit_calls (
    id         integer NOT NULL,
    version    integer NOT NULL,
    kind       text NOT NULL REFERENCES event_kinds,
    trade      unit_trade NOT NULL,
    area_id    text REFERENCES areas,          -- NULL: everywhere.
    grade_max  smallint NOT NULL CHECK (grade_max BETWEEN 1 AND 4),   -- Called at this grade and at graver ones.
    from_time  time,                           -- On China's clock; NULL: day and night.
    until_time time,
    source     text NOT NULL,
    PRIMARY KEY (version, id),
    CONSTRAINT unit_calls_hours_are_a_pair CHECK ((from_time IS NULL) = (until_time IS NULL))
);

-- Which calendar was loaded for a year, and by whom; days and years themselves hold the newest.
CREATE TABLE calendar_loads (
    year      smallint NOT NULL,
    version   integer NOT NULL CHECK (version >= 1),
    source    text NOT NULL CHECK (source <> ''),
    sha256    text NOT NULL,
    loaded_at timestamptz NOT NULL,
    loaded_by text NOT NULL,
    PRIMARY KEY (year, version)
);

-- A due time is provisional for want of a year's calendar: raised once, until none is.
CREATE TABLE calendar_alarms (
    year      smallint NOT NULL,
    raised_at timestamptz NOT NULL,
    ended_at  timestamptz,
    PRIMARY KEY (year, raised_at)
);
CREATE UNIQUE INDEX calendar_alarms_one_a_year ON calendar_alarms (year) WHERE ended_at IS NULL;

GRANT INSERT, UPDATE ON calendar_days, calendar_years TO rongan_app;
GRANT SELECT, INSERT ON calendar_loads, rotations, rotation_participants, page_levels, page_recipients TO rongan_app;
-- Of these only what becomes of a row changes: who was put on duty, who agreed to what, who was told when stays as it was.
GRANT SELECT, INSERT ON contacts, rosters, roster_swaps, stand_ins, roster_gaps, reachability_tests, pages, calendar_alarms
    TO rongan_app;
GRANT UPDATE (enabled, test_at) ON contacts TO rongan_app;
GRANT UPDATE (look_at) ON rosters TO rongan_app;
GRANT UPDATE (giver_agreed_at, giver_agreed_by, taker_agreed_at, taker_agreed_by, ended_at, ended_by) ON roster_swaps
    TO rongan_app;
GRANT UPDATE (cancelled_at, cancelled_by) ON stand_ins TO rongan_app;
GRANT UPDATE (from_at, until_at, settled_at) ON roster_gaps TO rongan_app;
GRANT UPDATE (state, answered_at, answered_by) ON reachability_tests TO rongan_app;
GRANT UPDATE (state, next_at, acknowledged_at, acknowledged_by, to_hush) ON pages TO rongan_app;
GRANT UPDATE (ended_at) ON calendar_alarms TO rongan_app;
GRANT SELECT, INSERT, DELETE ON page_asks TO rongan_app;
GRANT SELECT ON roster_parameters, page_rules, unit_calls TO rongan_app;

-- 0020_openness.sql
-- Arts. 44, 46, 47 and 49: what is made public and by when, committees' own calendar, evaluations and what was heard of committees.

ALTER TYPE user_role ADD VALUE 'disclosure_editor';    -- 公开编辑
ALTER TYPE user_role ADD VALUE 'disclosure_approver';  -- 公开审核

CREATE TYPE disclosure_item AS ENUM (       -- The items of Art. 44.
    'resident_rights', 'public_construction', 'public_management', 'public_safety', 'other'
);
CREATE TYPE disclosure_level AS ENUM ('never', 'presence_only', 'full', 'statistics');
CREATE TYPE disclosure_moment AS ENUM ('closed', 'plan_approved', 'milestone', 'warning', 'reopened', 'month', 'matter');
CREATE TYPE disclosure_state AS ENUM ('draft', 'checked', 'approved', 'published', 'withheld', 'withdrawn');
CREATE TYPE never_reason AS ENUM (
    'domestic_violence', 'mental_health', 'individual_care', 'minors', 'ongoing_police'
);
CREATE TYPE matter_outcome AS ENUM ('mediated', 'resolution', 'no_agreement', 'court');

-- When which item is due at which level.
CREATE TABLE disclosure_rules (
    version integer NOT NULL,
    item    disclosure_item NOT NULL,
    moment  disclosure_moment NOT NULL,
    level   disclosure_level NOT NULL,
    value   integer NOT NULL CHECK (value > 0),
    unit    limit_unit NOT NULL,
    source  text NOT NULL,
    PRIMARY KEY (version, item, moment)
);
-- Kinds that are never told one by one, and why; they are counted all the same.
CREATE TABLE undisclosed_kinds (
    version integer NOT NULL,
    kind    text NOT NULL REFERENCES event_kinds,
    reason  never_reason NOT NULL,
    source  text NOT NULL,
    PRIMARY KEY (version, kind)
);

-- Facts of a ticket that make a disclosure due, noted in the transaction of the fact; the stage takes each once.
CREATE TABLE disclosure_occasions (
    ticket_id bigint NOT NULL REFERENCES tickets,
    version   integer NOT NULL,             -- Of the transition.
    moment    disclosure_moment NOT NULL,
    at        timestamptz NOT NULL,
    taken_at  timestamptz,
    PRIMARY KEY (ticket_id, version)
);
CREATE INDEX disclosure_occasions_waiting ON disclosure_occasions (at, ticket_id) WHERE taken_at IS NULL;

CREATE FUNCTION note_disclosure_occasion() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    reached disclosure_moment := CASE
        WHEN NEW.to_state IN ('closed', 'closed_out') AND NEW.from_state NOT IN ('closed', 'closed_out', 'look_back') THEN 'closed'
        WHEN NEW.from_state = 'closed' AND NEW.to_state <> 'closed' THEN 'reopened'
        WHEN NEW.from_state = 'look_back' AND NEW.to_state NOT IN ('look_back', 'closed_out') THEN 'reopened'
        WHEN NEW.event = 'plan_approve' THEN 'plan_approved'
        WHEN NEW.event IN ('interim_done', 'report_complete') THEN 'milestone'
        WHEN NEW.event = 'accept' THEN 'warning'
    END;
BEGIN
    INSERT INTO disclosure_occasions (ticket_id, version, moment, at)
    SELECT NEW.ticket_id, NEW.version, reached, NEW.at
    FROM tickets t JOIN event_kinds k ON k.id = t.kind
    WHERE reached IS NOT NULL AND t.id = NEW.ticket_id
      AND (reached = 'reopened' OR EXISTS (
              SELECT FROM disclosure_rules r WHERE r.item::text = k.disclosure_category AND r.moment = reached))
      AND (reached <> 'warning' OR EXISTS (
              SELECT FROM kind_risks w WHERE w.kind = k.id AND w.takes_colour AND w.version = (SELECT max(version) FROM kind_risks)))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER ticket_transitions_note_disclosures AFTER INSERT ON ticket_transitions
    FOR EACH ROW EXECUTE FUNCTION note_disclosure_occasion();

CREATE TABLE disclosures (
    id                        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number                    text NOT NULL UNIQUE,
    ticket_id                 bigint REFERENCES tickets,        -- NULL: a month's statistics, or a matter without a ticket.
    ticket_version            integer,                          -- The transition that made it due.
    moment                    disclosure_moment NOT NULL,
    item                      disclosure_item NOT NULL,
    level                     disclosure_level NOT NULL,
    never_reason              never_reason,
    publisher_organisation_id text NOT NULL REFERENCES organisations,
    area_id                   text NOT NULL REFERENCES areas,
    month                     date,                             -- The first day of the month that is counted.
    title                     text NOT NULL CHECK (title <> ''),
    text                      text NOT NULL,                    -- As the editor has it: never shown outside.
    outcome                   matter_outcome,                   -- Of a matter of self-governance (Arts. 20 to 23).
    redactions                jsonb NOT NULL DEFAULT '[]',      -- What the editor blacks out beside what has to be.
    waivers                   jsonb NOT NULL DEFAULT '[]',      -- What had to be and is not, each with a reason.
    secret_checked            boolean NOT NULL DEFAULT false,   -- No state secret in it.
    commercial_checked        boolean NOT NULL DEFAULT false,   -- No commercial secret.
    privacy_checked           boolean NOT NULL DEFAULT false,   -- No personal privacy.
    state                     disclosure_state NOT NULL DEFAULT 'draft',
    version                   integer NOT NULL DEFAULT 1,
    editors                   text[] NOT NULL DEFAULT '{}',     -- Everybody who wrote or checked it.
    approver                  text,
    public_body               jsonb,                            -- What the approver saw and residents read.
    opened_at                 timestamptz NOT NULL,
    due_at                    timestamptz,                      -- NULL: it may be published and need not.
    remind_at                 timestamptz,                      -- At 80 % of the limit, in working time.
    explanation               jsonb,                            -- How the due time came about.
    law_due_at                timestamptz,                      -- The outer limit of the law, 20 working days.
    law_explanation           jsonb,
    reminded_at               timestamptz,
    breached_at               timestamptz,                      -- The due time that passed before the publication.
    law_breached_at           timestamptz,
    approved_at               timestamptz,
    published_at              timestamptz,
    withdrawn_at              timestamptz,
    reason                    text,                             -- Why it was withdrawn: residents read it.
    replaces                  bigint REFERENCES disclosures,
    unknown_year              smallint GENERATED ALWAYS AS (    -- Why the due time is provisional.
        ((explanation -> 'unknown_years') ->> 0)::smallint) STORED,
    CONSTRAINT disclosures_two_persons CHECK (approver IS NULL OR NOT approver = ANY (editors)),
    CONSTRAINT disclosures_approved_by_somebody CHECK (
        (state IN ('draft', 'checked', 'withdrawn') OR approver IS NOT NULL)
        AND (published_at IS NULL OR public_body IS NOT NULL)),
    CONSTRAINT disclosures_checked_in_every_respect CHECK (
        state IN ('draft', 'withheld', 'withdrawn') OR (secret_checked AND commercial_checked AND privacy_checked)),
    CONSTRAINT disclosures_never_published_when_never CHECK (
        (level = 'never') = (never_reason IS NOT NULL) AND (level <> 'never' OR published_at IS NULL)),
    CONSTRAINT disclosures_withheld_when_never CHECK (state <> 'withheld' OR level = 'never'),
    CONSTRAINT disclosures_published_at_a_time CHECK (state <> 'published' OR published_at IS NOT NULL),
    CONSTRAINT disclosures_withdrawn_for_a_reason CHECK (
        (state = 'withdrawn') = (withdrawn_at IS NOT NULL) AND (state <> 'withdrawn' OR COALESCE(reason, '') <> '')),
    CONSTRAINT disclosures_due_is_explained CHECK (
        num_nulls(due_at, remind_at, explanation, law_due_at, law_explanation) IN (0, 5))
);
CREATE UNIQUE INDEX disclosures_one_an_occasion ON disclosures (ticket_id, ticket_version) WHERE replaces IS NULL;
CREATE UNIQUE INDEX disclosures_one_a_month ON disclosures (area_id, month) WHERE month IS NOT NULL AND replaces IS NULL;
CREATE UNIQUE INDEX disclosures_replaced_once ON disclosures (replaces);
CREATE INDEX disclosures_of_ticket ON disclosures (ticket_id, id);
CREATE INDEX disclosures_public ON disclosures (published_at DESC, id DESC) WHERE state = 'published';
CREATE INDEX disclosures_remind ON disclosures (remind_at)
    WHERE published_at IS NULL AND withdrawn_at IS NULL AND state <> 'withheld' AND reminded_at IS NULL;
CREATE INDEX disclosures_due ON disclosures (due_at)
    WHERE published_at IS NULL AND withdrawn_at IS NULL AND state <> 'withheld' AND breached_at IS NULL;
CREATE INDEX disclosures_provisional ON disclosures (unknown_year)
    WHERE published_at IS NULL AND withdrawn_at IS NULL AND unknown_year IS NOT NULL;
CREATE INDEX disclosures_law_due ON disclosures (law_due_at)
    WHERE published_at IS NULL AND withdrawn_at IS NULL AND state <> 'withheld' AND law_breached_at IS NULL;
-- No clock runs against a residents' committee: its own calendar is committee_duties.
CREATE TRIGGER disclosures_no_clock_for_a_committee
    BEFORE INSERT OR UPDATE OF due_at, breached_at, publisher_organisation_id ON disclosures
    FOR EACH ROW WHEN (NEW.due_at IS NOT NULL OR NEW.breached_at IS NOT NULL)
    EXECUTE FUNCTION refuse_committees('publisher_organisation_id');

-- Nobody stops having had a hand in it, and what residents read is withdrawn, never changed.
CREATE FUNCTION keep_disclosures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT NEW.editors @> OLD.editors THEN
        RAISE EXCEPTION 'disclosure % forgets an editor', OLD.id
            USING ERRCODE = '23514', CONSTRAINT = 'disclosures_keep_their_editors';
    END IF;
    IF OLD.published_at IS NOT NULL AND (
        NEW.state NOT IN ('published', 'withdrawn') OR (OLD.state = 'withdrawn' AND NEW.state <> 'withdrawn')
        OR ROW (NEW.published_at, NEW.public_body, NEW.level, NEW.approver)
           IS DISTINCT FROM ROW (OLD.published_at, OLD.public_body, OLD.level, OLD.approver)) THEN
        RAISE EXCEPTION 'disclosure % was published', OLD.id
            USING ERRCODE = '23514', CONSTRAINT = 'disclosures_stand_as_published';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER disclosures_kept BEFORE UPDATE ON disclosures FOR EACH ROW EXECUTE FUNCTION keep_disclosures();

-- Months and quarters that were taken: their statistics drafted, their duties planned.
CREATE TABLE disclosure_periods (
    name     text PRIMARY KEY,               -- 2026-10, 2026-Q4
    taken_at timestamptz NOT NULL
);

-- What was done with a disclosure: added to, never changed.
CREATE TABLE disclosure_records (
    disclosure_id   bigint NOT NULL REFERENCES disclosures,
    version         integer NOT NULL,
    event           text NOT NULL,
    from_state      disclosure_state,
    to_state        disclosure_state NOT NULL,
    at              timestamptz NOT NULL,
    actor           text NOT NULL,
    actor_name      text NOT NULL,
    organisation_id text,
    reason          text,
    fields          jsonb NOT NULL,
    PRIMARY KEY (disclosure_id, version)
);

CREATE TYPE duty_period AS ENUM ('quarter', 'event');
CREATE TYPE duty_state AS ENUM ('planned', 'reminded', 'residents_meeting', 'subdistrict', 'fulfilled');

-- What a residents' committee itself makes public (Art. 44), and how long its residents' meeting has before the subdistrict looks.
CREATE TABLE committee_duty_rules (
    version    integer NOT NULL,
    item       disclosure_item NOT NULL,
    period     duty_period NOT NULL,
    value      integer NOT NULL CHECK (value > 0),   -- After the quarter's end, or after the event.
    unit       limit_unit NOT NULL,
    meeting_wd integer NOT NULL CHECK (meeting_wd > 0),
    source     text NOT NULL,
    PRIMARY KEY (version, item, period)
);
CREATE TABLE committee_duties (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    committee_id  text NOT NULL REFERENCES organisations,
    item          disclosure_item NOT NULL,
    period        duty_period NOT NULL,
    period_name   text NOT NULL,                     -- 2026-Q4, or what the event is called.
    planned_at    timestamptz NOT NULL,              -- When it should be public: a calendar, no limit of a handling.
    remind_at     timestamptz NOT NULL,
    next_at       timestamptz,                       -- When the stage looks again; NULL: nothing follows by itself.
    state         duty_state NOT NULL DEFAULT 'planned',
    disclosure_id bigint REFERENCES disclosures,
    changed_at    timestamptz NOT NULL,
    finding       text,                              -- What the residents' meeting or the subdistrict decided.
    CONSTRAINT committee_duties_once UNIQUE (committee_id, item, period_name),
    CONSTRAINT committee_duties_fulfilled_by_a_disclosure CHECK (state <> 'fulfilled' OR disclosure_id IS NOT NULL OR finding IS NOT NULL)
);
CREATE INDEX committee_duties_next ON committee_duties (next_at) WHERE next_at IS NOT NULL;
CREATE TRIGGER committee_duties_of_a_committee BEFORE INSERT ON committee_duties
    FOR EACH ROW EXECUTE FUNCTION require_organisation_kind('committee_id', 'committee');

CREATE TYPE evaluation_subject AS ENUM (
    'water', 'power', 'gas', 'sanitation', 'greening', 'other_utility', 'administrative_organ'
);
CREATE TYPE evaluation_state AS ENUM ('draft', 'submitted', 'delivered', 'overdue', 'replied', 'assessed', 'closed');
CREATE TYPE evaluation_verdict AS ENUM ('accepted', 'not_enough');
CREATE TYPE hearing_form AS ENUM ('questionnaire', 'symposium', 'visit', 'online', 'written');

CREATE TABLE evaluations (
    id                        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number                    text NOT NULL UNIQUE,
    committee_id              text NOT NULL REFERENCES organisations,
    subject                   evaluation_subject NOT NULL,
    subject_organisation_id   text NOT NULL REFERENCES organisations,   -- The unit that is assessed.
    authority_organisation_id text NOT NULL REFERENCES organisations,   -- The department in charge, which replies.
    period_from               date NOT NULL,
    period_to                 date NOT NULL,
    form                      hearing_form NOT NULL,                     -- How residents were asked.
    summary                   text NOT NULL CHECK (summary <> ''),       -- The committee's opinion in its own words.
    state                     evaluation_state NOT NULL DEFAULT 'draft',
    version                   integer NOT NULL DEFAULT 1,
    reply                     text,
    measures                  text,                                      -- What the authority promised.
    measures_done_at          timestamptz,
    verdict                   evaluation_verdict,
    reopened                  boolean NOT NULL DEFAULT false,            -- Once.
    escalated_at              timestamptz,                               -- The supervisor was told.
    opened_at                 timestamptz NOT NULL,
    submitted_at              timestamptz,
    delivered_at              timestamptz,
    replied_at                timestamptz,
    closed_at                 timestamptz,
    -- Who is assessed learns nothing of who said what, so somebody else replies.
    CONSTRAINT evaluations_answered_by_another CHECK (authority_organisation_id <> subject_organisation_id),
    CONSTRAINT evaluations_period CHECK (period_to >= period_from),
    CONSTRAINT evaluations_replied_in_words CHECK (state NOT IN ('replied', 'assessed', 'closed') OR reply IS NOT NULL),
    CONSTRAINT evaluations_assessed_with_a_verdict CHECK (state NOT IN ('assessed', 'closed') OR verdict IS NOT NULL),
    CONSTRAINT evaluations_closed_at_a_time CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX evaluations_waiting ON evaluations (id) WHERE state = 'submitted';
CREATE INDEX evaluations_of_committee ON evaluations (committee_id, id);
CREATE INDEX evaluations_of_authority ON evaluations (authority_organisation_id, id);
CREATE INDEX evaluations_of_subject ON evaluations (subject_organisation_id, period_to);
CREATE TRIGGER evaluations_by_a_committee BEFORE INSERT ON evaluations
    FOR EACH ROW EXECUTE FUNCTION require_organisation_kind('committee_id', 'committee');
CREATE TRIGGER evaluations_never_of_a_committee BEFORE INSERT ON evaluations
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('subject_organisation_id');
CREATE TRIGGER evaluations_answered_by_no_committee BEFORE INSERT ON evaluations
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('authority_organisation_id');

-- What one resident said; the committee alone reads single rows.
CREATE TABLE evaluation_opinions (
    evaluation_id bigint NOT NULL REFERENCES evaluations,
    number        integer NOT NULL CHECK (number >= 1),
    score         smallint NOT NULL CHECK (score BETWEEN 1 AND 5),   -- 5 非常满意 ... 1 非常不满意
    text          text,
    given_at      timestamptz NOT NULL,
    PRIMARY KEY (evaluation_id, number)
);

CREATE TABLE evaluation_clocks (
    evaluation_id   bigint NOT NULL REFERENCES evaluations,
    clock           text NOT NULL,                   -- e_reply, e_measures
    run             integer NOT NULL CHECK (run >= 1),
    organisation_id text NOT NULL REFERENCES organisations,
    started_at      timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    remind_at       timestamptz NOT NULL,
    explanation     jsonb NOT NULL,
    reminded_at     timestamptz,
    breached_at     timestamptz,
    stopped_at      timestamptz,
    unknown_year    smallint GENERATED ALWAYS AS (((explanation -> 'unknown_years') ->> 0)::smallint) STORED,
    PRIMARY KEY (evaluation_id, clock, run)
);
CREATE INDEX evaluation_clocks_remind ON evaluation_clocks (remind_at) WHERE stopped_at IS NULL AND reminded_at IS NULL;
CREATE INDEX evaluation_clocks_due ON evaluation_clocks (due_at) WHERE stopped_at IS NULL AND breached_at IS NULL;
CREATE INDEX evaluation_clocks_provisional ON evaluation_clocks (unknown_year)
    WHERE stopped_at IS NULL AND unknown_year IS NOT NULL;
CREATE TRIGGER evaluation_clocks_never_for_a_committee BEFORE INSERT OR UPDATE OF organisation_id ON evaluation_clocks
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

CREATE TABLE evaluation_records (
    evaluation_id   bigint NOT NULL REFERENCES evaluations,
    version         integer NOT NULL,
    event           text NOT NULL,
    from_state      evaluation_state,
    to_state        evaluation_state NOT NULL,
    at              timestamptz NOT NULL,
    actor           text NOT NULL,
    actor_name      text NOT NULL,
    organisation_id text,
    reason          text,
    fields          jsonb NOT NULL,
    PRIMARY KEY (evaluation_id, version)
);

CREATE TYPE assessment_state AS ENUM ('hearing', 'concluded');

-- Art. 46 para 1: the assessment of an administrative organ hears committees in several forms.
CREATE TABLE organ_assessments (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number               text NOT NULL UNIQUE,
    unit_organisation_id text NOT NULL REFERENCES organisations,
    period_from          date NOT NULL,
    period_to            date NOT NULL,
    state                assessment_state NOT NULL DEFAULT 'hearing',
    version              integer NOT NULL DEFAULT 1,
    opened_at            timestamptz NOT NULL,
    opened_by            text NOT NULL,
    concluded_at         timestamptz,
    conclusion           text,                       -- How the committees' opinion was weighed.
    CONSTRAINT organ_assessments_period CHECK (period_to >= period_from),
    CONSTRAINT organ_assessments_once UNIQUE (unit_organisation_id, period_from, period_to),
    CONSTRAINT organ_assessments_concluded_in_words CHECK (
        (state = 'concluded') = (concluded_at IS NOT NULL AND COALESCE(conclusion, '') <> ''))
);
CREATE TRIGGER organ_assessments_of_an_organ BEFORE INSERT ON organ_assessments
    FOR EACH ROW EXECUTE FUNCTION
    require_organisation_kind('unit_organisation_id', 'department', 'subdistrict', 'duty_desk', 'government');
CREATE TABLE assessment_hearings (
    assessment_id bigint NOT NULL REFERENCES organ_assessments,
    committee_id  text NOT NULL REFERENCES organisations,
    form          hearing_form NOT NULL,
    score         smallint NOT NULL CHECK (score BETWEEN 1 AND 5),
    opinion       text NOT NULL CHECK (opinion <> ''),
    heard_at      timestamptz NOT NULL,
    recorded_by   text NOT NULL,
    PRIMARY KEY (assessment_id, committee_id, form)
);
CREATE TRIGGER assessment_hearings_of_committees BEFORE INSERT ON assessment_hearings
    FOR EACH ROW EXECUTE FUNCTION require_organisation_kind('committee_id', 'committee');
-- An assessment that heard nobody, or in one form alone, cannot be concluded.
CREATE FUNCTION require_hearings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(DISTINCT h.form) FROM assessment_hearings h WHERE h.assessment_id = NEW.id) < 2 THEN
        RAISE EXCEPTION 'assessment % has not heard committees in several forms', NEW.id
            USING ERRCODE = '23514', CONSTRAINT = 'organ_assessments_hear_committees';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER organ_assessments_hear_committees BEFORE UPDATE OF state ON organ_assessments
    FOR EACH ROW WHEN (NEW.state = 'concluded') EXECUTE FUNCTION require_hearings();

-- Breaches of more than tickets' clocks: each names exactly one subject, and never a committee.
CREATE TYPE breach_type AS ENUM ('ticket_clock', 'art47', 'art46_reply');
ALTER TABLE breach_records
    DROP CONSTRAINT breach_records_pkey,
    ADD COLUMN id            bigint GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN breach        breach_type NOT NULL DEFAULT 'ticket_clock',
    ADD COLUMN disclosure_id bigint REFERENCES disclosures,
    ADD COLUMN evaluation_id bigint REFERENCES evaluations,
    ALTER COLUMN ticket_id DROP NOT NULL,
    ALTER COLUMN grade DROP NOT NULL,
    ADD PRIMARY KEY (id),
    ADD CONSTRAINT breach_records_name_one_subject CHECK (
        num_nonnulls(ticket_id, disclosure_id, evaluation_id) = 1
        AND (breach = 'ticket_clock') = (ticket_id IS NOT NULL)
        AND (breach = 'art47') = (disclosure_id IS NOT NULL)
        AND (breach = 'art46_reply') = (evaluation_id IS NOT NULL));
CREATE UNIQUE INDEX breach_records_one_a_run ON breach_records (ticket_id, clock, organisation_id, run) WHERE ticket_id IS NOT NULL;
CREATE UNIQUE INDEX breach_records_one_a_disclosure ON breach_records (disclosure_id) WHERE disclosure_id IS NOT NULL;
CREATE UNIQUE INDEX breach_records_one_an_evaluation_run ON breach_records (evaluation_id, clock, run)
    WHERE evaluation_id IS NOT NULL;
CREATE TRIGGER breach_records_never_of_a_committee BEFORE INSERT ON breach_records
    FOR EACH ROW EXECUTE FUNCTION refuse_committees('organisation_id');

CREATE FUNCTION record_art47() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO breach_records (breach, disclosure_id, clock, organisation_id, run, due_at, explanation)
    VALUES ('art47', NEW.id, 'd_publish', NEW.publisher_organisation_id, 1, NEW.breached_at, NEW.explanation)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER disclosures_record_a_breach AFTER INSERT OR UPDATE OF breached_at ON disclosures
    FOR EACH ROW WHEN (NEW.breached_at IS NOT NULL) EXECUTE FUNCTION record_art47();
CREATE FUNCTION record_art46() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO breach_records (breach, evaluation_id, clock, organisation_id, run, due_at, explanation)
    VALUES ('art46_reply', NEW.evaluation_id, NEW.clock, NEW.organisation_id, NEW.run, NEW.breached_at, NEW.explanation)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER evaluation_clocks_record_a_breach AFTER INSERT OR UPDATE OF breached_at ON evaluation_clocks
    FOR EACH ROW WHEN (NEW.breached_at IS NOT NULL) EXECUTE FUNCTION record_art46();

-- Residents' satisfaction with a unit, summed over every evaluation that was delivered: no committee and no resident is named.
CREATE VIEW evaluation_sums AS
SELECT e.subject_organisation_id, e.authority_organisation_id, e.subject, e.period_from, e.period_to,
       count(DISTINCT e.id) AS evaluations, count(DISTINCT e.committee_id) AS committees, count(o.number) AS opinions,
       sum(o.score) AS score_sum, count(*) FILTER (WHERE o.score >= 4) AS satisfied
FROM evaluations e LEFT JOIN evaluation_opinions o ON o.evaluation_id = e.id
WHERE e.delivered_at IS NOT NULL
GROUP BY e.subject_organisation_id, e.authority_organisation_id, e.subject, e.period_from, e.period_to;
-- Committees' opinion of an organ: an input of its own, never averaged with residents' satisfaction.
CREATE VIEW committee_opinion_sums AS
SELECT a.id AS assessment_id, a.unit_organisation_id, a.period_from, a.period_to, a.state,
       count(DISTINCT h.committee_id) AS committees, count(h.committee_id) AS hearings, sum(h.score) AS score_sum,
       COALESCE(array_agg(DISTINCT h.form::text ORDER BY h.form::text) FILTER (WHERE h.form IS NOT NULL), '{}') AS forms
FROM organ_assessments a LEFT JOIN assessment_hearings h ON h.assessment_id = a.id
GROUP BY a.id, a.unit_organisation_id, a.period_from, a.period_to, a.state;

GRANT SELECT ON disclosure_rules, undisclosed_kinds, committee_duty_rules, evaluation_sums, committee_opinion_sums TO rongan_app;
GRANT SELECT, INSERT ON disclosure_periods, disclosure_records, evaluation_records, assessment_hearings, evaluation_opinions TO rongan_app;
GRANT SELECT, INSERT ON disclosures, committee_duties, evaluations, evaluation_clocks, organ_assessments TO rongan_app;
-- What something is about, who is meant and when it began is said once.
GRANT UPDATE (level, never_reason, title, text, redactions, waivers, secret_checked, commercial_checked, privacy_checked, state, version,
    editors, approver, public_body, due_at, remind_at, explanation, law_due_at, law_explanation, reminded_at, breached_at,
    law_breached_at, approved_at, published_at, withdrawn_at, reason) ON disclosures TO rongan_app;
GRANT UPDATE (next_at, state, disclosure_id, changed_at, finding) ON committee_duties TO rongan_app;
GRANT UPDATE (summary, state, version, reply, measures, measures_done_at, verdict, reopened, escalated_at, submitted_at, delivered_at,
    replied_at, closed_at) ON evaluations TO rongan_app;
GRANT UPDATE (due_at, remind_at, explanation, reminded_at, breached_at, stopped_at) ON evaluation_clocks TO rongan_app;
GRANT UPDATE (state, version, concluded_at, conclusion) ON organ_assessments TO rongan_app;
GRANT SELECT, INSERT, UPDATE (taken_at) ON disclosure_occasions TO rongan_app;

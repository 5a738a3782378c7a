-- 0016_admission.sql
-- Art. 45: the published lists, what was refused to a residents' committee, what was offered to it, and Art. 48 cases.

ALTER TYPE organisation_kind ADD VALUE 'government' BEFORE 'duty_desk';

CREATE TYPE admission_list AS ENUM ('self_governance', 'assist', 'negative');

CREATE TABLE admission_items (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    list           admission_list NOT NULL,
    matter         text NOT NULL CHECK (matter ~ '^[a-z0-9_]{1,64}$'),
    zh_text        text NOT NULL,
    legal_basis    text NOT NULL CHECK (legal_basis <> ''),
    area_id        text REFERENCES areas,      -- Of the government whose list it is; NULL: the default until one publishes.
    effective_from date NOT NULL,
    effective_to   date,                       -- The last day; set once, and the row stays.
    published_on   date NOT NULL,              -- An entry that is not public does not count: all lists are public.
    source         text NOT NULL,
    entered_by     text NOT NULL,
    ended_by       text,
    CONSTRAINT admission_items_published_first CHECK (published_on <= effective_from),
    CONSTRAINT admission_items_end_after_beginning CHECK (effective_to >= effective_from),
    CONSTRAINT admission_items_end_names_who CHECK ((effective_to IS NULL) OR ended_by IS NOT NULL)
);
CREATE INDEX admission_items_by_matter ON admission_items (matter, effective_from);

-- A matter stands on one list at a time; what was published is never rewritten: an adjustment is an end and a new row.
CREATE FUNCTION keep_admission_items() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.effective_to IS NOT NULL
        OR (to_jsonb(NEW) - 'effective_to' - 'ended_by') <> (to_jsonb(OLD) - 'effective_to' - 'ended_by')) THEN
        RAISE EXCEPTION 'a published entry is ended once and never changed'
            USING ERRCODE = '23514', CONSTRAINT = 'admission_items_are_kept';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('admission_items'), hashtext(NEW.matter));
    IF EXISTS (
        SELECT FROM admission_items i
        WHERE i.id <> NEW.id AND i.matter = NEW.matter AND i.area_id IS NOT DISTINCT FROM NEW.area_id
          AND daterange(i.effective_from, i.effective_to, '[]') && daterange(NEW.effective_from, NEW.effective_to, '[]')
    ) THEN
        RAISE EXCEPTION 'the matter % stands on a list of this government at that time', NEW.matter
            USING ERRCODE = '23514', CONSTRAINT = 'admission_items_on_one_list';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER admission_items_kept BEFORE INSERT OR UPDATE ON admission_items
    FOR EACH ROW EXECUTE FUNCTION keep_admission_items();

-- Who may stand in a column: the trigger's arguments are the column and the kinds of organisation.
CREATE FUNCTION require_organisation_kind() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    named text := to_jsonb(NEW) ->> TG_ARGV[0];
BEGIN
    IF named IS NOT NULL
       AND NOT EXISTS (SELECT FROM organisations o WHERE o.id = named AND o.kind::text = ANY (TG_ARGV[1:])) THEN
        RAISE EXCEPTION '% cannot stand in % of %', named, TG_ARGV[0], TG_TABLE_NAME
            USING ERRCODE = '23514', CONSTRAINT = TG_TABLE_NAME || '_' || TG_ARGV[0] || '_fits';
    END IF;
    RETURN NEW;
END
$$;

CREATE TABLE emergency_orders (
    id                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number                 text NOT NULL UNIQUE CHECK (number <> ''),   -- As the government gave it.
    issuer_organisation_id text NOT NULL REFERENCES organisations,
    area_id                text NOT NULL REFERENCES areas,
    matters                text[] NOT NULL CHECK (cardinality(matters) > 0),
    scope                  text NOT NULL CHECK (scope <> ''),
    from_at                timestamptz NOT NULL,
    ends_at                timestamptz NOT NULL,
    recorded_at            timestamptz NOT NULL,
    recorded_by            text NOT NULL,
    CONSTRAINT emergency_orders_end CHECK (ends_at > from_at)
);
CREATE TRIGGER emergency_orders_of_a_government BEFORE INSERT ON emergency_orders
    FOR EACH ROW EXECUTE FUNCTION require_organisation_kind('issuer_organisation_id', 'government');

CREATE TYPE admission_means AS ENUM (
    'assignment', 'fact_check', 'verification', 'inspection_round', 'evidence', 'callback', 'data_import',
    'demanding_notice', 'grid_work', 'offer', 'notice'
);
CREATE TYPE art45_code AS ENUM (
    'ART45_NEGATIVE', 'ART45_TRANSFER_FORBIDDEN', 'ART45_SUPPORT_MISSING', 'ART45_NOT_ADMITTED', 'ART45_DIRECT_ASSIGNMENT'
);

-- What was kept from a committee: its receipt, and one of the facts of Art. 48.
CREATE TABLE refusal_receipts (
    id                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number                 text NOT NULL UNIQUE,
    at                     timestamptz NOT NULL,
    committee_id           text NOT NULL REFERENCES organisations,
    issuer_organisation_id text NOT NULL REFERENCES organisations,
    origin_organisation_id text NOT NULL REFERENCES organisations,
    means                  admission_means NOT NULL,
    matter                 text NOT NULL,
    item_id                bigint REFERENCES admission_items,
    ticket_id              bigint REFERENCES tickets,
    codes                  art45_code[] NOT NULL CHECK (cardinality(codes) > 0),
    missing                text[] NOT NULL,
    request                text NOT NULL,
    actor                  text NOT NULL
);
CREATE INDEX refusal_receipts_of_committee ON refusal_receipts (committee_id, id);
CREATE INDEX refusal_receipts_of_origin ON refusal_receipts (origin_organisation_id, id);

CREATE TYPE offer_state AS ENUM (
    'offered',      -- Before the committee; its silence means nothing.
    'accepted',     -- Taken on with its support.
    'refused',      -- Refused; nothing follows for the committee.
    'countered',    -- The committee asks for other support.
    'arbitration',  -- Community governance and civil affairs look whether the support fits.
    'upheld',       -- The refusal stands.
    'withdrawn',    -- Taken back by who offered it.
    'stopped',      -- The committee ended it: unpaid, or grown beyond what was agreed.
    'completed'
);
CREATE TYPE offer_refusal AS ENUM ('support_mismatch', 'negative_list', 'not_on_list', 'no_capacity');

CREATE TABLE committee_offers (
    id                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number                 text NOT NULL UNIQUE,
    committee_id           text NOT NULL REFERENCES organisations,
    issuer_organisation_id text NOT NULL REFERENCES organisations,
    origin_organisation_id text NOT NULL REFERENCES organisations,
    matter                 text NOT NULL,
    item_id                bigint REFERENCES admission_items,
    order_id               bigint REFERENCES emergency_orders,
    ticket_id              bigint REFERENCES tickets,
    request                text NOT NULL CHECK (request <> ''),
    funds_ref              text,
    funds_yuan             bigint CHECK (funds_yuan > 0),
    conditions             text,
    information_support    text,
    guidance_contact       text,
    period_from            date,
    period_to              date,
    state                  offer_state NOT NULL,
    version                integer NOT NULL DEFAULT 1,
    refusal                offer_refusal,
    support_confirmed      boolean NOT NULL DEFAULT false,   -- Arbitration found that the support fits.
    paid_at                timestamptz,
    offered_at             timestamptz NOT NULL,
    answered_at            timestamptz,
    -- 费随事转: without its support an offer cannot even be stored, unless an emergency order stands behind it.
    CONSTRAINT committee_offers_carry_support CHECK (order_id IS NOT NULL OR (
        (COALESCE(funds_ref, '') <> '' OR funds_yuan IS NOT NULL) AND COALESCE(conditions, '') <> ''
        AND COALESCE(information_support, '') <> '' AND COALESCE(guidance_contact, '') <> ''
        AND period_from IS NOT NULL AND period_to >= period_from)),
    CONSTRAINT committee_offers_rest_on_list_or_order CHECK (item_id IS NOT NULL OR order_id IS NOT NULL),
    CONSTRAINT committee_offers_refusal_says_why CHECK (state NOT IN ('refused', 'arbitration', 'upheld') OR refusal IS NOT NULL)
);
CREATE INDEX committee_offers_of_committee ON committee_offers (committee_id, id);
CREATE INDEX committee_offers_of_origin ON committee_offers (origin_organisation_id, id);
CREATE TRIGGER committee_offers_to_a_committee BEFORE INSERT ON committee_offers
    FOR EACH ROW EXECUTE FUNCTION require_organisation_kind('committee_id', 'committee');
CREATE TRIGGER committee_offers_by_government_or_subdistrict BEFORE INSERT ON committee_offers
    FOR EACH ROW EXECUTE FUNCTION require_organisation_kind('issuer_organisation_id', 'government', 'subdistrict');

CREATE TYPE application_state AS ENUM ('draft', 'submitted', 'assessed', 'approved', 'refused', 'listed', 'withdrawn');

CREATE TABLE admission_applications (
    id                        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number                    text NOT NULL UNIQUE,
    applicant_organisation_id text NOT NULL REFERENCES organisations,
    area_id                   text NOT NULL REFERENCES areas,
    matter                    text NOT NULL CHECK (matter ~ '^[a-z0-9_]{1,64}$'),
    zh_text                   text NOT NULL CHECK (zh_text <> ''),
    legal_basis               text NOT NULL CHECK (legal_basis <> ''),
    support                   text NOT NULL CHECK (support <> ''),      -- Funds, conditions, information, guidance.
    wanted_from               date NOT NULL,
    state                     application_state NOT NULL,
    version                   integer NOT NULL DEFAULT 1,
    opened_at                 timestamptz NOT NULL,
    submitted_at              timestamptz,
    decide_by                 timestamptz,                              -- 15 working days after submission.
    item_id                   bigint REFERENCES admission_items,
    CONSTRAINT admission_applications_listed_name_the_entry CHECK ((state = 'listed') <= (item_id IS NOT NULL))
);

CREATE TYPE correction_state AS ENUM (
    'alleged',            -- Somebody says that work reached a committee against Art. 45.
    'heard',              -- The unit was heard.
    'unfounded',
    'correction_ordered', -- By the government at the same level (Art. 48).
    'corrected',
    'circulated',         -- 通报批评
    'referred'            -- Handed to the discipline organ; the system names no guilt.
);

CREATE TABLE correction_cases (
    id                   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number               text NOT NULL UNIQUE,
    unit_organisation_id text NOT NULL REFERENCES organisations,
    committee_id         text NOT NULL REFERENCES organisations,
    matter               text NOT NULL,
    means                admission_means NOT NULL,
    facts                text NOT NULL CHECK (facts <> ''),
    ticket_id            bigint REFERENCES tickets,
    offer_id             bigint REFERENCES committee_offers,
    state                correction_state NOT NULL,
    version              integer NOT NULL DEFAULT 1,
    opened_at            timestamptz NOT NULL,
    opened_by            text NOT NULL
);
CREATE INDEX correction_cases_of_unit ON correction_cases (unit_organisation_id, id);
CREATE TRIGGER correction_cases_about_a_committee BEFORE INSERT ON correction_cases
    FOR EACH ROW EXECUTE FUNCTION require_organisation_kind('committee_id', 'committee');

CREATE TYPE admission_subject AS ENUM ('offer', 'application', 'correction_case');

-- What was done with offers, applications and cases: added to, never changed.
CREATE TABLE admission_records (
    subject         admission_subject NOT NULL,
    subject_id      bigint NOT NULL,
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
    PRIMARY KEY (subject, subject_id, version)
);

-- What is asked of each committee, and by whom: facts for the government at the same level, never a measure of it.
CREATE VIEW committee_loads AS
SELECT o.committee_id,
       o.origin_organisation_id,
       count(*) FILTER (WHERE o.state IN ('offered', 'countered', 'arbitration')) AS offered,
       count(*) FILTER (WHERE o.state = 'accepted') AS running,
       count(*) FILTER (WHERE o.state IN ('refused', 'upheld')) AS refused,
       count(*) FILTER (WHERE o.state IN ('completed', 'stopped')) AS ended,
       count(*) FILTER (WHERE o.state IN ('accepted', 'completed', 'stopped') AND o.paid_at IS NULL
                          AND o.order_id IS NULL) AS unpaid,
       COALESCE(sum(o.funds_yuan) FILTER (WHERE o.state IN ('accepted', 'completed', 'stopped') AND o.paid_at IS NULL), 0)
           AS unpaid_yuan
FROM committee_offers o
GROUP BY o.committee_id, o.origin_organisation_id;

GRANT SELECT, INSERT, UPDATE ON admission_items, committee_offers, admission_applications, correction_cases TO rongan_app;
GRANT SELECT, INSERT ON emergency_orders, refusal_receipts, admission_records TO rongan_app;
GRANT SELECT ON committee_loads TO rongan_app;

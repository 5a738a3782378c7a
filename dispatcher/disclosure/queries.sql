-- Disclosures, their occasions, their clocks, and the calendar of residents' committees; see 0020_openness.sql.

-- name: anything_due :one
-- One look a step: whether there is work for the stage at all.
SELECT EXISTS (SELECT FROM disclosure_occasions WHERE taken_at IS NULL) AS occasions,
       EXISTS (SELECT FROM disclosures WHERE remind_at <= $1 AND published_at IS NULL AND withdrawn_at IS NULL
                 AND state <> 'withheld' AND reminded_at IS NULL) AS reminders,
       EXISTS (SELECT FROM disclosures WHERE due_at <= $1 AND published_at IS NULL AND withdrawn_at IS NULL
                 AND state <> 'withheld' AND breached_at IS NULL) AS breaches,
       EXISTS (SELECT FROM disclosures WHERE law_due_at <= $1 AND published_at IS NULL AND withdrawn_at IS NULL
                 AND state <> 'withheld' AND law_breached_at IS NULL) AS law_breaches,
       EXISTS (SELECT FROM disclosures WHERE published_at IS NULL AND withdrawn_at IS NULL
                 AND unknown_year IN (SELECT year FROM calendar_years)) AS recountable,
       EXISTS (SELECT FROM committee_duties WHERE next_at <= $1) AS duties,
       EXISTS (SELECT FROM undisclosed_corrections WHERE taken_at IS NULL) AS corrections,
       NOT EXISTS (SELECT FROM disclosure_periods WHERE name = $2) AS month,
       NOT EXISTS (SELECT FROM disclosure_periods WHERE name = $3) AS quarter,
       NOT EXISTS (SELECT FROM disclosure_periods WHERE name = $4) AS day;

-- name: take_occasions :many
UPDATE disclosure_occasions o SET taken_at = $1
FROM (SELECT ticket_id, version FROM disclosure_occasions WHERE taken_at IS NULL ORDER BY at, ticket_id, version
      LIMIT $2 FOR UPDATE SKIP LOCKED) t
WHERE (o.ticket_id, o.version) = (t.ticket_id, t.version)
RETURNING o.ticket_id, o.version, o.moment::text, o.at;

-- name: take_statuses :many
-- Rectifications that owe the status of the month ($2) of this day ($1), those that have lasted longest first: at most $4.
WITH taken AS (
    INSERT INTO rectification_statuses (ticket_id, month, taken_at)
    SELECT l.ticket_id, $2, $3 FROM lasting_rectifications l
    WHERE l.owed_on <= $1 AND NOT EXISTS (SELECT FROM rectification_statuses s WHERE s.ticket_id = l.ticket_id AND s.month = $2)
    ORDER BY l.owed_on, l.ticket_id LIMIT $4
    ON CONFLICT DO NOTHING RETURNING ticket_id
)
SELECT l.ticket_id, l.opened_on FROM taken JOIN lasting_rectifications l USING (ticket_id) ORDER BY l.owed_on, l.ticket_id;

-- name: take_corrections :many
UPDATE undisclosed_corrections c SET taken_at = $1
FROM (SELECT id FROM undisclosed_corrections WHERE taken_at IS NULL ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) t
WHERE c.id = t.id
RETURNING c.id, c.ticket_id, c.kind;

-- name: published_of_ticket :many
-- What residents can read of a ticket that is still of this kind, and nobody was asked to take back.
SELECT d.id, d.version, d.number, d.publisher_organisation_id FROM disclosures d JOIN tickets t ON t.id = d.ticket_id
WHERE d.ticket_id = $1 AND t.kind = $2 AND d.state = 'published' AND d.withdrawal_proposed_at IS NULL
ORDER BY d.id FOR NO KEY UPDATE OF d;

-- name: propose_withdrawal :exec
UPDATE disclosures SET version = version + 1, withdrawal_proposed_at = $2 WHERE id = $1;

-- name: read_subject :one
-- What is told of a ticket without a word of anybody, and who answers for its publication. A unit that is no authority
-- publishes nothing under Art. 44: then the government of the place does, or its duty desk.
SELECT t.kind, t.closed_at, t.opened_at, k.zh_name AS kind_zh, k.en_name AS kind_en, k.disclosure_category AS item, k.kind_group,
       t.area_path, o.zh_name AS lead_zh, o.en_name AS lead_en,
       COALESCE(t.area_id, t.area_path[cardinality(t.area_path)]) AS area_id,
       COALESCE(CASE WHEN o.kind IN ('department', 'subdistrict', 'government') THEN o.id END,
                (SELECT g.id FROM organisations g JOIN areas ga ON ga.id = g.area_id
                 WHERE g.kind IN ('government', 'duty_desk') AND g.area_id = ANY (t.area_path)
                 ORDER BY g.kind = 'government' DESC, cardinality(ga.path) DESC, g.id LIMIT 1)) AS publisher_id
FROM tickets t JOIN event_kinds k ON k.id = t.kind LEFT JOIN organisations o ON o.id = t.lead_organisation_id
WHERE t.id = $1;

-- name: list_co_units :many
SELECT o.zh_name AS zh, o.en_name AS en FROM ticket_assignments a JOIN organisations o ON o.id = a.organisation_id
WHERE a.ticket_id = $1 AND a.role = 'co' AND a.ended_at IS NULL ORDER BY o.id;

-- name: list_returned_units :many
-- Units that said that the matter is not theirs and have it no more, with the basis that each named last.
SELECT DISTINCT ON (o.id) o.zh_name AS zh, o.en_name AS en, x.fields ->> 'basis' AS basis
FROM ticket_transitions x JOIN tickets t ON t.id = x.ticket_id JOIN organisations o ON o.id = x.organisation_id
WHERE x.ticket_id = $1 AND x.event IN ('request_return', 'decline') AND t.lead_organisation_id IS DISTINCT FROM o.id
  AND NOT EXISTS (SELECT FROM ticket_assignments a WHERE a.ticket_id = t.id AND a.organisation_id = o.id AND a.ended_at IS NULL)
ORDER BY o.id, x.version DESC;

-- name: list_known :many
-- What the reporters of a ticket, and of those that it is linked with, are known by: never shown, only looked for.
SELECT c.caller_name, c.caller_phone, c.address FROM ticket_reports r JOIN hotline_calls c ON c.id = r.call_id
WHERE r.ticket_id = $1
   OR r.ticket_id IN (SELECT l.other_id FROM ticket_links l WHERE l.ticket_id = $1
                      UNION ALL SELECT l.ticket_id FROM ticket_links l WHERE l.other_id = $1);

-- name: read_words :one
-- The unit's own words of the result, or of the plan, at or before a transition.
SELECT x.event, x.fields FROM ticket_transitions x
WHERE x.ticket_id = $1 AND ($2::integer IS NULL OR x.version <= $2) AND x.event = ANY ($3) ORDER BY x.version DESC LIMIT 1;

-- name: name_of_group :one
SELECT zh_name AS zh, en_name AS en FROM kind_groups WHERE id = $1 ORDER BY rule_set = 'default' DESC LIMIT 1;

-- name: name_of_street :one
-- The subdistrict that an area lies in; where none is known, the district or whatever is nearest to it.
SELECT s.zh_name AS zh, s.en_name AS en FROM areas a JOIN areas s ON s.id = ANY (a.path)
WHERE a.id = $1 AND s.level <= 'subdistrict' ORDER BY s.level DESC LIMIT 1;

-- name: insert_disclosure :one
-- Nothing comes back where the occasion, or the month of the area, has its disclosure.
INSERT INTO disclosures (number, ticket_id, ticket_version, moment, item, level, never_reason, publisher_organisation_id, area_id,
    month, title, text, outcome, editors, opened_at, due_at, remind_at, explanation, law_due_at, law_explanation, replaces, redactions,
    waivers)
VALUES ($1, $2, $3, $4::text::disclosure_moment, $5::text::disclosure_item, $6::text::disclosure_level, $7::text::never_reason,
    $8, $9, $10, $11, $12, $13::text::matter_outcome, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
ON CONFLICT DO NOTHING RETURNING id;

-- name: occasion_is_taken :one
SELECT EXISTS (SELECT FROM disclosures WHERE ticket_id = $1 AND ticket_version = $2);

-- name: list_disclosures :many
-- Seen by those who look after an area ($1, in $2; NULL: everywhere) and by whoever publishes it ($3); never by the unit that a
-- report of the ticket complains of: what has to be blacked out would tell it who did.
SELECT d.id, d.number, d.ticket_id, d.ticket_version, d.moment::text, d.item::text, d.level::text, d.never_reason::text,
       d.publisher_organisation_id, o.kind = 'committee' AS by_committee, o.zh_name AS publisher_zh, o.en_name AS publisher_en,
       d.area_id, a.path AS area_path, d.month, d.title, d.text, d.outcome::text, d.redactions, d.waivers, d.secret_checked,
       d.commercial_checked, d.privacy_checked, d.state::text, d.version, d.editors, d.approver, d.public_body, d.opened_at,
       d.due_at, d.remind_at, d.explanation, d.law_due_at, d.breached_at, d.law_breached_at, d.approved_at, d.published_at,
       d.withdrawn_at, d.reason, d.replaces, d.withdrawal_proposed_at
FROM disclosures d JOIN organisations o ON o.id = d.publisher_organisation_id JOIN areas a ON a.id = d.area_id
WHERE ($1 AND ($2::text IS NULL OR a.path @> ARRAY[$2]) OR d.publisher_organisation_id = $3)
  AND ($4::text IS NULL OR d.state::text = $4) AND ($5::text IS NULL OR d.item::text = $5)
  AND ($6::bigint IS NULL OR d.ticket_id = $6) AND ($7::boolean IS NULL OR (d.breached_at IS NOT NULL) = $7)
  AND ($11::boolean IS NULL OR (d.state = 'published' AND d.withdrawal_proposed_at IS NOT NULL) = $11)
  AND d.id < $8 AND ($9::bigint IS NULL OR d.id = $9)
  AND NOT EXISTS (SELECT FROM ticket_reports r JOIN hotline_calls c ON c.id = r.call_id
                  WHERE r.ticket_id = d.ticket_id AND c.complained_of = $3)
ORDER BY d.id DESC LIMIT $10;

-- name: claim_disclosure :one
-- Compare and swap: the row is held from here on; nothing comes back where the version moved on.
UPDATE disclosures SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id;

-- name: edit_disclosure :exec
-- What was checked is checked anew after any change.
UPDATE disclosures SET title = $2, text = $3, redactions = $4, waivers = $5, level = $6::text::disclosure_level,
    never_reason = $7::text::never_reason, secret_checked = false, commercial_checked = false, privacy_checked = false,
    approver = NULL, approved_at = NULL, public_body = NULL, state = 'draft',
    editors = CASE WHEN $8 = ANY (editors) THEN editors ELSE editors || $8 END
WHERE id = $1;

-- name: check_disclosure :exec
UPDATE disclosures SET secret_checked = true, commercial_checked = true, privacy_checked = true, state = 'checked',
    editors = CASE WHEN $2 = ANY (editors) THEN editors ELSE editors || $2 END
WHERE id = $1;

-- name: send_back_disclosure :exec
UPDATE disclosures SET secret_checked = false, commercial_checked = false, privacy_checked = false, approver = NULL,
    approved_at = NULL, public_body = NULL, state = 'draft' WHERE id = $1;

-- name: approve_disclosure :exec
UPDATE disclosures SET approver = $2, approved_at = $3, public_body = $4, state = 'approved' WHERE id = $1;

-- name: withhold_disclosure :exec
UPDATE disclosures SET approver = $2, approved_at = $3, state = 'withheld' WHERE id = $1;

-- name: publish_disclosure :exec
UPDATE disclosures SET published_at = $2, state = 'published' WHERE id = $1;

-- name: withdraw_disclosure :exec
UPDATE disclosures SET withdrawn_at = $2, reason = $3, state = 'withdrawn' WHERE id = $1;

-- name: break_clock :one
UPDATE disclosures SET breached_at = due_at WHERE id = $1 AND breached_at IS NULL AND due_at IS NOT NULL RETURNING id;

-- name: break_law_clock :one
UPDATE disclosures d SET law_breached_at = d.law_due_at FROM areas a
WHERE d.id = $1 AND a.id = d.area_id AND d.law_breached_at IS NULL AND d.law_due_at IS NOT NULL
RETURNING d.publisher_organisation_id, a.path AS area_path, d.law_due_at, d.law_explanation, d.opened_at;

-- name: insert_record :exec
INSERT INTO disclosure_records (disclosure_id, version, event, from_state, to_state, at, actor, actor_name, organisation_id,
    reason, fields)
VALUES ($1, $2, $3, $4::text::disclosure_state, $5::text::disclosure_state, $6, $7, $8, $9, $10, $11);

-- name: list_records :many
SELECT version, event, from_state::text, to_state::text, at, actor_name, organisation_id, reason, fields FROM disclosure_records
WHERE disclosure_id = $1 ORDER BY version;

-- name: due_reminders :many
SELECT id, number, publisher_organisation_id, due_at FROM disclosures
WHERE remind_at <= $1 AND published_at IS NULL AND withdrawn_at IS NULL AND state <> 'withheld' AND reminded_at IS NULL
ORDER BY remind_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: mark_reminded :exec
UPDATE disclosures SET reminded_at = $2 WHERE id = $1;

-- name: due_breaches :many
SELECT id, number, publisher_organisation_id, due_at FROM disclosures
WHERE due_at <= $1 AND published_at IS NULL AND withdrawn_at IS NULL AND state <> 'withheld' AND breached_at IS NULL
ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: due_law_breaches :many
SELECT id FROM disclosures
WHERE law_due_at <= $1 AND published_at IS NULL AND withdrawn_at IS NULL AND state <> 'withheld' AND law_breached_at IS NULL
ORDER BY law_due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: recountable :many
-- Disclosures whose due time was provisional, and whose year has been loaded since.
SELECT id, item::text, moment::text, month, opened_at FROM disclosures
WHERE published_at IS NULL AND withdrawn_at IS NULL AND unknown_year IN (SELECT year FROM calendar_years)
ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED;

-- name: recount :exec
UPDATE disclosures SET due_at = $2, remind_at = $3, explanation = $4, law_due_at = $5, law_explanation = $6 WHERE id = $1;

-- name: standing_reports :many
-- What was said of the end of a ticket that goes on after all.
SELECT id, version, state::text FROM disclosures
WHERE ticket_id = $1 AND moment = 'closed' AND state NOT IN ('withheld', 'withdrawn') ORDER BY id FOR NO KEY UPDATE;

-- name: bump_version :exec
UPDATE disclosures SET version = version + 1 WHERE id = $1;

-- name: take_period :one
INSERT INTO disclosure_periods (name, taken_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true;

-- name: statistics_areas :many
-- Where a month's statistics are published: every area of a government, or of a duty desk where it has none.
SELECT DISTINCT ON (o.area_id) o.id AS publisher_id, o.area_id, a.zh_name AS zh FROM organisations o JOIN areas a ON a.id = o.area_id
WHERE o.kind IN ('government', 'duty_desk')
ORDER BY o.area_id, o.kind = 'government' DESC, o.id;

-- name: count_month :many
-- Tickets that were opened in a month and are told in numbers alone, by item and group of kinds.
SELECT k.disclosure_category AS item, g.zh_name AS zh, g.en_name AS en, count(*) AS tickets
FROM tickets t JOIN event_kinds k ON k.id = t.kind JOIN kind_groups g ON g.id = k.kind_group AND g.rule_set = 'default'
WHERE t.area_path @> ARRAY[$1::text] AND t.opened_at >= $2 AND t.opened_at < $3 AND t.state <> 'voided' AND t.merged_into IS NULL
  AND (k.disclosure_category = 'other' OR EXISTS (SELECT FROM undisclosed_kinds u WHERE u.kind = k.id)
       OR EXISTS (SELECT FROM disclosures d WHERE d.ticket_id = t.id AND d.state = 'withheld'))
GROUP BY k.disclosure_category, g.zh_name, g.en_name ORDER BY k.disclosure_category, g.en_name;

-- name: list_public :many
-- What residents read, newest first; nothing else of a disclosure is selected.
SELECT d.id, d.number, d.item::text, d.level::text, d.area_id, d.published_at, d.public_body
FROM disclosures d JOIN areas a ON a.id = d.area_id
WHERE d.state = 'published' AND ($1::text IS NULL OR d.item::text = $1) AND ($2::text IS NULL OR a.path @> ARRAY[$2])
  AND ($3::timestamptz IS NULL OR (d.published_at, d.id) < ($3, $4))
ORDER BY d.published_at DESC, d.id DESC LIMIT $5;

-- name: read_public :one
-- Once published it has an address for good: what was withdrawn says so and why.
SELECT d.id, d.number, d.item::text, d.level::text, d.area_id, d.published_at, d.public_body, d.state::text, d.reason,
       (SELECT n.id FROM disclosures n WHERE n.replaces = d.id AND n.state = 'published') AS replaced_by
FROM disclosures d WHERE d.id = $1 AND d.published_at IS NOT NULL;

-- name: list_committees :many
SELECT o.id FROM organisations o WHERE o.kind = 'committee' ORDER BY o.id;

-- name: insert_duty :one
INSERT INTO committee_duties (committee_id, item, period, period_name, planned_at, remind_at, next_at, changed_at)
VALUES ($1, $2::text::disclosure_item, $3::text::duty_period, $4, $5, $6, $6, $7) ON CONFLICT DO NOTHING RETURNING id;

-- name: list_duties :many
SELECT u.id, u.committee_id, o.zh_name AS committee_zh, o.en_name AS committee_en, u.item::text, u.period::text, u.period_name,
       u.planned_at, u.state::text, CASE WHEN d.state = 'published' THEN u.disclosure_id END AS disclosure_id, u.changed_at, u.finding
FROM committee_duties u JOIN organisations o ON o.id = u.committee_id JOIN areas a ON a.id = o.area_id
LEFT JOIN disclosures d ON d.id = u.disclosure_id
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1]) AND ($2::text IS NULL OR u.committee_id = $2) AND u.id < $3
  AND ($4::bigint IS NULL OR u.id = $4)
ORDER BY u.id DESC LIMIT $5;

-- name: due_duties :many
SELECT u.id, u.committee_id, u.item::text, u.period::text, u.period_name, u.planned_at, u.state::text, a.path AS area_path
FROM committee_duties u JOIN organisations o ON o.id = u.committee_id JOIN areas a ON a.id = o.area_id
WHERE u.next_at <= $1 ORDER BY u.next_at, u.id LIMIT $2 FOR NO KEY UPDATE OF u SKIP LOCKED;

-- name: move_duty :exec
UPDATE committee_duties SET state = $2::text::duty_state, next_at = $3, changed_at = $4 WHERE id = $1;

-- name: hold_duty :one
SELECT u.id, u.committee_id, u.item::text, u.state::text, a.path AS area_path
FROM committee_duties u JOIN organisations o ON o.id = u.committee_id JOIN areas a ON a.id = o.area_id
WHERE u.id = $1 FOR NO KEY UPDATE OF u;

-- name: promise_duty :exec
UPDATE committee_duties SET disclosure_id = $2 WHERE id = $1;

-- name: fulfil_duty_of :exec
UPDATE committee_duties SET state = 'fulfilled', next_at = NULL, changed_at = $2 WHERE disclosure_id = $1;

-- name: open_duty_again :exec
-- The disclosure that fulfilled it was withdrawn: another ($3) may, and nothing follows before $2.
UPDATE committee_duties SET state = 'reminded', next_at = GREATEST(planned_at, $2::timestamptz), disclosure_id = $3, changed_at = $4
WHERE disclosure_id = $1 AND state = 'fulfilled';

-- name: find_on_duty :exec
UPDATE committee_duties SET finding = $2, state = CASE WHEN $3 THEN 'fulfilled'::duty_state ELSE state END, next_at = $4,
    changed_at = $5 WHERE id = $1;

-- name: subdistrict_of :one
SELECT o.id FROM organisations o JOIN areas a ON a.id = o.area_id
WHERE o.kind = 'subdistrict' AND o.area_id = ANY ($1) ORDER BY cardinality(a.path) DESC, o.id LIMIT 1;

-- name: next_look_at_duty :one
SELECT next_at FROM committee_duties WHERE id = $1;

-- Offers to committees, refusals, applications and Art. 48 cases. Where $n is a viewer's area, NULL means everywhere.

-- name: committees_among :many
SELECT id FROM organisations WHERE id = ANY ($1) AND kind = 'committee' ORDER BY id;

-- name: read_duty :one
-- Whether a matter is a department's own: the kind's lead or co-department; what is no kind is its own until shown otherwise.
SELECT $2 = k.lead_department OR $2 = ANY (k.co_departments) AS own
FROM (VALUES (1)) one LEFT JOIN event_kinds k ON k.id = $1;

-- name: read_order :one
SELECT id, number, issuer_organisation_id, area_id, matters, from_at, ends_at FROM emergency_orders WHERE id = $1;

-- name: insert_order :one
INSERT INTO emergency_orders (number, issuer_organisation_id, area_id, matters, scope, from_at, ends_at, recorded_at, recorded_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id;

-- name: list_orders :many
-- Seen in the area that an order holds for, in what lies in it, and in what it lies in.
SELECT e.id, e.number, e.issuer_organisation_id, e.area_id, e.matters, e.scope, e.from_at, e.ends_at, e.recorded_at, e.recorded_by
FROM emergency_orders e JOIN areas a ON a.id = e.area_id LEFT JOIN areas v ON v.id = $1
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1] OR v.path @> ARRAY[e.area_id]) AND e.id < $2 ORDER BY e.id DESC LIMIT $3;

-- name: lies_in :one
-- Whether an area lies in another; nothing for an area that does not exist.
SELECT path @> ARRAY[$2::text] FROM areas WHERE id = $1;

-- name: insert_receipt :one
INSERT INTO refusal_receipts (number, at, committee_id, issuer_organisation_id, origin_organisation_id, means, matter, item_id,
    ticket_id, codes, missing, request, actor)
VALUES ($1, $2, $3, $4, $5, $6::text::admission_means, $7, $8, $9, $10::text[]::art45_code[], $11, $12, $13) RETURNING id;

-- name: list_receipts :many
-- Seen by whose area holds the committee, and by the organisations that it names.
SELECT r.id, r.number, r.at, r.committee_id, r.issuer_organisation_id, r.origin_organisation_id, r.means::text, r.matter,
       r.item_id, r.ticket_id, r.codes::text[], r.missing, r.request
FROM refusal_receipts r JOIN organisations o ON o.id = r.committee_id JOIN areas a ON a.id = o.area_id
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1] OR $2 IN (r.committee_id, r.issuer_organisation_id, r.origin_organisation_id))
  AND ($3::text IS NULL OR r.committee_id = $3) AND r.id < $4
ORDER BY r.id DESC LIMIT $5;

-- name: insert_offer :one
INSERT INTO committee_offers (number, committee_id, issuer_organisation_id, origin_organisation_id, matter, item_id, order_id,
    ticket_id, request, funds_ref, funds_yuan, conditions, information_support, guidance_contact, period_from, period_to,
    state, offered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'offered', $17) RETURNING id;

-- name: amend_offer :exec
-- What arbitration found was said of the package before.
UPDATE committee_offers SET funds_ref = $2, funds_yuan = $3, conditions = $4, information_support = $5, guidance_contact = $6,
    period_from = $7, period_to = $8, item_id = $9, refusal = NULL, support_confirmed = false, state = 'offered' WHERE id = $1;

-- name: answer_offer :exec
UPDATE committee_offers SET answered_at = $2, refusal = $3::text::offer_refusal WHERE id = $1;

-- name: confirm_support :exec
UPDATE committee_offers SET support_confirmed = true, refusal = NULL, state = 'offered' WHERE id = $1;

-- name: pay_support :exec
UPDATE committee_offers SET paid_at = COALESCE(paid_at, $2) WHERE id = $1;

-- name: list_offers :many
SELECT f.id, f.number, f.committee_id, f.issuer_organisation_id, f.origin_organisation_id, f.matter, f.item_id, f.order_id,
       f.ticket_id, f.request, f.funds_ref, f.funds_yuan, f.conditions, f.information_support, f.guidance_contact,
       f.period_from, f.period_to, f.state::text, f.version, f.refusal::text, f.support_confirmed, f.paid_at, f.offered_at,
       f.answered_at, a.path AS area_path
FROM committee_offers f JOIN organisations o ON o.id = f.committee_id JOIN areas a ON a.id = o.area_id
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1] OR $2 IN (f.committee_id, f.issuer_organisation_id, f.origin_organisation_id))
  AND ($3::text IS NULL OR f.state::text = $3) AND f.id < $4 AND ($5::bigint IS NULL OR f.id = $5)
ORDER BY f.id DESC LIMIT $6;

-- name: claim_offer :one
-- Compare and swap: the row is held from here on; nothing comes back where the version moved on.
UPDATE committee_offers SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id;

-- name: move_offer :exec
UPDATE committee_offers SET state = $2::text::offer_state WHERE id = $1;

-- name: insert_application :one
INSERT INTO admission_applications (number, applicant_organisation_id, area_id, matter, zh_text, legal_basis, support,
    wanted_from, state, opened_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'draft', $9) RETURNING id;

-- name: list_applications :many
SELECT p.id, p.number, p.applicant_organisation_id, p.area_id, p.matter, p.zh_text, p.legal_basis, p.support, p.wanted_from,
       p.state::text, p.version, p.opened_at, p.submitted_at, p.decide_by, p.item_id, a.path AS area_path
FROM admission_applications p JOIN areas a ON a.id = p.area_id
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1] OR p.applicant_organisation_id = $2)
  AND ($3::text IS NULL OR p.state::text = $3) AND p.id < $4 AND ($5::bigint IS NULL OR p.id = $5)
ORDER BY p.id DESC LIMIT $6;

-- name: claim_application :one
UPDATE admission_applications SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id;

-- name: move_application :exec
UPDATE admission_applications SET state = $2::text::application_state WHERE id = $1;

-- name: list_application :exec
UPDATE admission_applications SET item_id = $2 WHERE id = $1;

-- name: submit_application :exec
UPDATE admission_applications SET submitted_at = $2, decide_by = $3 WHERE id = $1;

-- name: insert_case :one
INSERT INTO correction_cases (number, unit_organisation_id, committee_id, matter, means, facts, ticket_id, offer_id, state,
    opened_at, opened_by)
VALUES ($1, $2, $3, $4, $5::text::admission_means, $6, $7, $8, 'alleged', $9, $10) RETURNING id;

-- name: list_cases :many
-- The unit sees its own cases; what others are accused of is no business of a department.
SELECT c.id, c.number, c.unit_organisation_id, c.committee_id, c.matter, c.means::text, c.facts, c.ticket_id, c.offer_id,
       c.state::text, c.version, c.opened_at, a.path AS area_path
FROM correction_cases c JOIN organisations o ON o.id = c.committee_id JOIN areas a ON a.id = o.area_id
WHERE (($1::text IS NULL OR a.path @> ARRAY[$1]) AND $7 OR $2 IN (c.unit_organisation_id, c.committee_id))
  AND ($3::text IS NULL OR c.state::text = $3) AND c.id < $4 AND ($5::bigint IS NULL OR c.id = $5)
ORDER BY c.id DESC LIMIT $6;

-- name: claim_case :one
UPDATE correction_cases SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id;

-- name: move_case :exec
UPDATE correction_cases SET state = $2::text::correction_state WHERE id = $1;

-- name: insert_record :exec
INSERT INTO admission_records (subject, subject_id, version, event, from_state, to_state, at, actor, actor_name,
    organisation_id, reason, fields)
VALUES ($1::text::admission_subject, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: list_records :many
SELECT version, event, from_state, to_state, at, actor_name, organisation_id, reason, fields FROM admission_records
WHERE subject = $1::text::admission_subject AND subject_id = $2 ORDER BY version;

-- name: insert_item :one
INSERT INTO admission_items (list, matter, zh_text, legal_basis, area_id, effective_from, published_on, source, entered_by)
VALUES ($1::text::admission_list, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id;

-- name: read_entry :one
SELECT i.area_id, i.effective_from, i.effective_to FROM admission_items i WHERE i.id = $1;

-- name: end_item :one
UPDATE admission_items SET effective_to = $2, ended_by = $3 WHERE id = $1 AND effective_to IS NULL RETURNING id;

-- name: list_loads :many
-- The reverse check: what is asked of each committee and by whom, with what was refused before it got there.
SELECT l.committee_id, l.origin_organisation_id, COALESCE(s.offered, 0) AS offered, COALESCE(s.running, 0) AS running,
       COALESCE(s.refused, 0) AS refused, COALESCE(s.ended, 0) AS ended, COALESCE(s.unpaid, 0) AS unpaid,
       COALESCE(s.unpaid_yuan, 0)::bigint AS unpaid_yuan, COALESCE(t.attempts, 0) AS off_list_attempts
FROM (SELECT committee_id, origin_organisation_id FROM committee_loads
      UNION SELECT committee_id, origin_organisation_id FROM refusal_receipts) l
JOIN organisations o ON o.id = l.committee_id JOIN areas a ON a.id = o.area_id
LEFT JOIN committee_loads s ON s.committee_id = l.committee_id AND s.origin_organisation_id = l.origin_organisation_id
LEFT JOIN (SELECT committee_id, origin_organisation_id, count(*) AS attempts FROM refusal_receipts
           GROUP BY committee_id, origin_organisation_id) t
       ON t.committee_id = l.committee_id AND t.origin_organisation_id = l.origin_organisation_id
WHERE $1::text IS NULL OR a.path @> ARRAY[$1]
ORDER BY l.committee_id, l.origin_organisation_id;

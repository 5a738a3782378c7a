-- Calls to emergency services and reports upward; see 0021_accountability.sql. Where $n is a viewer's area, NULL means everywhere.

-- name: waiting_followups :many
SELECT id, ticket_id, deed, at FROM ticket_followups WHERE taken_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED;

-- name: take_followups :exec
UPDATE ticket_followups SET taken_at = $2 WHERE id = ANY ($1);

-- name: read_ticket :one
SELECT t.id, t.number, t.ticket_kind::text, t.kind, k.zh_name AS kind_zh, t.grade, t.incident_id, t.area_path, t.place, t.state::text,
       t.injured, t.controlled_at, t.opened_at, t.closed_at, t.accepted_at, i.number AS incident_number, i.first_at, i.last_at,
       i.event_count, o.zh_name AS lead_zh, desk_of(t.area_path) AS desk_id,
       (SELECT string_agg(a.zh_name, '' ORDER BY cardinality(a.path)) FROM areas a WHERE a.id = ANY (t.area_path)) AS area_zh,
       (SELECT count(*) FROM ticket_reports r WHERE r.ticket_id = t.id) AS report_count
FROM tickets t JOIN event_kinds k ON k.id = t.kind LEFT JOIN incidents i ON i.id = t.incident_id
LEFT JOIN organisations o ON o.id = t.lead_organisation_id WHERE t.id = $1;

-- name: sees_ticket :one
SELECT EXISTS (SELECT FROM tickets t WHERE t.id = $1 AND ($2::text IS NULL OR t.area_path @> ARRAY[$2]));

-- name: needed_services :many
-- What the kind of a ticket needs by the newest data, and was never called for it.
SELECT n.service::text FROM emergency_needs n
WHERE n.version = (SELECT max(version) FROM emergency_needs) AND n.kind = $2
  AND NOT EXISTS (SELECT FROM emergency_handovers h WHERE h.ticket_id = $1 AND h.service = n.service)
ORDER BY n.service;

-- name: organisation_of_service :one
-- The most local organisation of the service's department.
SELECT o.id FROM emergency_services s JOIN organisations o ON o.department_id = s.department_id JOIN areas a ON a.id = o.area_id
WHERE s.service = $1::text::emergency_number AND o.area_id = ANY ($2) ORDER BY cardinality(a.path) DESC, o.id LIMIT 1;

-- name: supervisors_of :one
SELECT u.organisation_id FROM users u JOIN areas a ON a.id = u.area_id
WHERE u.enabled AND 'supervisor' = ANY (u.roles) AND u.organisation_id IS NOT NULL AND u.area_id = ANY ($1)
ORDER BY cardinality(a.path) DESC, u.organisation_id LIMIT 1;

-- name: somebody_hears :one
-- Whether an organisation has an endpoint, a contact point or an enabled user.
SELECT EXISTS (SELECT FROM webhook_endpoints e WHERE e.organisation_id = $1 AND e.enabled)
    OR EXISTS (SELECT FROM contact_points c WHERE c.organisation_id = $1 AND c.enabled)
    OR EXISTS (SELECT FROM users u WHERE u.organisation_id = $1 AND u.enabled);

-- name: insert_handover :one
-- Nothing comes back where the service was called and has not finished.
INSERT INTO emergency_handovers (number, ticket_id, service, organisation_id, area_path, grade, opened_at, opened_by, next_at)
VALUES ($1, $2, $3::text::emergency_number, $4, $5, $6, $7, $8, $7)
ON CONFLICT (ticket_id, service) WHERE closed_at IS NULL DO NOTHING RETURNING id;

-- name: open_handover_of :one
SELECT id FROM emergency_handovers WHERE ticket_id = $1 AND service = $2::text::emergency_number AND closed_at IS NULL;

-- name: insert_entry :one
-- A step is taken once and an answer of the service is taken in once: nothing comes back the second time.
INSERT INTO emergency_handover_entries (handover_id, at, event, step, external_id, actor, actor_name, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id;

-- name: list_entries :many
SELECT at, event, step, actor, actor_name, body FROM emergency_handover_entries WHERE handover_id = $1 ORDER BY id;

-- name: due_handovers :many
SELECT id, next_at FROM emergency_handovers WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: list_steps :many
SELECT step, after_s, action::text FROM handover_steps
WHERE version = (SELECT max(version) FROM handover_steps) ORDER BY step;

-- name: step_handover :exec
UPDATE emergency_handovers SET steps_taken = $2, next_at = $3 WHERE id = $1;

-- name: hold_handover :one
SELECT id FROM emergency_handovers WHERE id = $1 FOR NO KEY UPDATE;

-- name: move_handover :exec
UPDATE emergency_handovers SET state = $2::text::emergency_state, version = version + 1, external_no = COALESCE($3, external_no),
    external_status = COALESCE($4, external_status), acked_at = $5, arrived_at = $6, controlled_at = $7, closed_at = $8,
    next_at = NULL
WHERE id = $1;

-- name: list_handovers :many
SELECT h.id, h.number, h.ticket_id, t.number AS ticket_number, h.service::text, h.organisation_id, h.area_path, h.grade,
       h.state::text, h.version, h.opened_at, h.opened_by, h.external_no, h.external_status, h.acked_at, h.arrived_at,
       h.controlled_at, h.closed_at, h.steps_taken, h.next_at, t.kind, k.zh_name AS kind_zh, t.place, s.zh_name AS service_zh,
       desk_of(h.area_path) AS desk_id
FROM emergency_handovers h JOIN tickets t ON t.id = h.ticket_id JOIN event_kinds k ON k.id = t.kind
JOIN emergency_services s ON s.service = h.service
WHERE ($1::text IS NULL OR h.area_path @> ARRAY[$1] OR h.organisation_id = $2)
  AND ($3::text IS NULL OR h.state::text = $3) AND ($4::bigint IS NULL OR h.ticket_id = $4) AND h.id < $5
  AND ($6::bigint IS NULL OR h.id = $6)
ORDER BY h.id DESC LIMIT $7;

-- name: signers_of :many
-- Who may answer for a call: the endpoints of the service's organisation, by whose secrets it was told; with the real time.
SELECT h.id, h.service::text, e.secret, clock_timestamp() AS real_at
FROM emergency_handovers h JOIN webhook_endpoints e ON e.organisation_id = h.organisation_id
WHERE h.number = $1 AND e.enabled ORDER BY e.id;

-- name: insert_report :one
INSERT INTO upward_reports (number, ticket_id, incident_id, part, sequence, grade, area_path, unit_organisation_id, opened_at,
    phone_due_at, due_at, limits, next_due_at, content, drafted_by)
VALUES ($1, $2, $3, $4::text::upward_part, $5, $6, $7, $8, $9, $10::timestamptz, $11::timestamptz, $12, LEAST($10::timestamptz, $11::timestamptz), $13, $14)
ON CONFLICT (ticket_id, part, sequence) DO NOTHING RETURNING id;

-- name: reports_of_ticket :many
SELECT id, number, part::text, sequence, grade, state::text, phone_due_at, phoned_at, due_at, sent_at, limits, opened_at, next_due_at
FROM upward_reports WHERE ticket_id = $1 ORDER BY id FOR NO KEY UPDATE;

-- name: shorten_report :exec
UPDATE upward_reports SET grade = $2, phone_due_at = $3, due_at = $4, limits = $5, next_due_at = $6 WHERE id = $1;

-- name: due_reports :many
SELECT id FROM upward_reports WHERE next_due_at <= $1 ORDER BY next_due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: wait_for_report :exec
UPDATE upward_reports SET next_due_at = $2 WHERE id = $1;

-- name: claim_report :one
-- Compare and swap: the row is held from here on; nothing comes back where the version moved on.
UPDATE upward_reports SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id;

-- name: cancel_report :one
UPDATE upward_reports SET state = 'cancelled', version = version + 1, next_due_at = NULL WHERE id = $1 RETURNING version;

-- name: move_report :exec
UPDATE upward_reports SET state = $2::text::upward_state, content = $3, drafted_by = $4, approved_by = $5, phoned_at = $6,
    sent_at = $7, receiver = $8, receipt_no = $9, received_at = $10, next_due_at = $11
WHERE id = $1;

-- name: list_reports :many
-- What is due first where only that is asked for; else the newest first.
SELECT r.id, r.number, r.ticket_id, t.number AS ticket_number, r.incident_id, r.part::text, r.sequence, r.grade, r.area_path,
       r.unit_organisation_id, r.opened_at, r.phone_due_at, r.phoned_at, r.due_at, r.limits, r.next_due_at, r.state::text, r.version,
       r.content, r.drafted_by, r.approved_by, r.sent_at, r.receiver, r.receipt_no, r.received_at, t.place, k.zh_name AS kind_zh,
       EXISTS (SELECT FROM breach_records b WHERE b.source_key IN ('upward:' || r.id || ':u_report', 'upward:' || r.id || ':u_phone'))
           AS late
FROM upward_reports r JOIN tickets t ON t.id = r.ticket_id JOIN event_kinds k ON k.id = t.kind
WHERE ($1::text IS NULL OR r.area_path @> ARRAY[$1]) AND ($2::text IS NULL OR r.state::text = $2)
  AND ($3::bigint IS NULL OR r.ticket_id = $3) AND r.id < $4 AND ($5::bigint IS NULL OR r.id = $5)
  AND (NOT $6 OR (r.sent_at IS NULL AND r.state::text <> 'cancelled'))
ORDER BY CASE WHEN $6 THEN r.due_at END, r.id DESC LIMIT $7;

-- name: insert_report_record :exec
INSERT INTO upward_report_records (report_id, version, event, from_state, to_state, at, actor, actor_name, reason, fields)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: list_report_records :many
SELECT version, event, from_state, to_state, at, actor_name, reason, fields FROM upward_report_records
WHERE report_id = $1 ORDER BY version;

-- name: list_measures :many
-- What was done, for the draft of a report: no name of a person.
SELECT x.event, x.at, o.zh_name AS unit_zh FROM ticket_transitions x LEFT JOIN organisations o ON o.id = x.organisation_id
WHERE x.ticket_id = $1 ORDER BY x.version LIMIT 200;

-- name: handovers_of_ticket :many
SELECT s.zh_name AS service_zh, h.state::text, h.external_no, h.acked_at, h.arrived_at, h.controlled_at
FROM emergency_handovers h JOIN emergency_services s ON s.service = h.service WHERE h.ticket_id = $1 ORDER BY h.id;

-- Tickets: one writer (the store), read by the api, the stream and the escalation; see 0006_tickets.sql.

-- name: claim_version :one
-- Compare and hold: a row that moved on meanwhile, also while this statement waited, is not found.
SELECT id FROM tickets WHERE id = $1 AND version = $2 FOR NO KEY UPDATE;

-- name: hold_ticket :one
SELECT id FROM tickets WHERE id = $1 FOR NO KEY UPDATE;

-- name: hold_open_tickets_of_cases :many
-- In the order of ids, so that two writers never wait for each other.
SELECT id, case_id, incident_grade FROM tickets
WHERE case_id = ANY($1) AND ticket_kind = 'call_response'
  AND state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out')
ORDER BY id FOR NO KEY UPDATE;

-- name: newest_tickets_of_cases :many
SELECT DISTINCT ON (case_id) id, case_id FROM tickets
WHERE case_id = ANY($1) AND ticket_kind = 'call_response' ORDER BY case_id, id DESC;

-- name: hold_tickets :many
-- In the order of ids, as above; a ticket that is not there is not held.
SELECT id FROM tickets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE;

-- name: survivor_of :one
SELECT merged_into FROM tickets WHERE id = $1;

-- name: open_kinds_of_case :many
SELECT ticket_kind::text FROM tickets
WHERE case_id = $1 AND id <> $2
  AND state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out');

-- name: strikable_entry :one
-- Somebody's words that are not struck yet.
SELECT e.id FROM ticket_entries e
WHERE e.id = $2 AND e.ticket_id = $1 AND e.entry IN ('note', 'contact')
  AND NOT EXISTS (SELECT FROM ticket_entries s
                  WHERE s.ticket_id = $1 AND s.entry = 'struck' AND (s.body ->> 'entry')::bigint = e.id);

-- name: desks_of :many
SELECT o.id, o.kind::text, o.department_id, o.area_id, a.path AS area_path, o.zh_name, o.en_name, o.duty::text
FROM organisations o JOIN areas a ON a.id = o.area_id WHERE o.kind = 'duty_desk' AND o.area_id = ANY($1) ORDER BY o.id;

-- name: tickets_of_case :many
SELECT id FROM tickets WHERE case_id = $1;

-- name: numbers_of :many
SELECT id, number FROM tickets WHERE id = ANY ($1) AND number IS NOT NULL;

-- name: insert_link :exec
INSERT INTO ticket_links (ticket_id, other_id, relation, linked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: insert_case :one
INSERT INTO cases (opened_at) VALUES ($1) RETURNING id;

-- name: read_ticket :one
SELECT t.id, t.ticket_kind::text, t.case_id, t.incident_id, t.kind, k.time_critical, t.state::text, t.version, t.grade,
       t.incident_grade, t.demand::text, t.area_id, t.area_path, t.place, t.lon, t.lat, t.opened_at, t.external_due_at, t.number,
       t.lead_organisation_id, t.return_requested_by, t.merged_into, t.accepted_at, t.closed_at, t.rework_count,
       t.wrong_dispatch_count, t.injured, t.state_before::text, t.state_before_merge::text, t.merged_reports, t.controlled_at,
       t.objection_count, t.reopen_count, t.denied_units, t.appealed_units, t.arbitration_count, t.final_award,
       t.reply_approved_at, t.converted, t.supervised, t.residual_grade, t.plan_days, t.interim_done, t.publicity_from,
       t.look_back_from, t.look_back_at, t.look_back_count, t.relapse_count,
       ARRAY(SELECT DISTINCT x.organisation_id FROM ticket_transitions x
             WHERE x.ticket_id = t.id AND x.event IN ('request_return', 'decline') AND x.organisation_id IS NOT NULL)
       AS returns_requested,
       ARRAY(SELECT DISTINCT c.complained_of
             FROM (SELECT t.id UNION
                   SELECT o.id FROM tickets o WHERE t.ticket_kind = 'joint_rectification' AND o.case_id = t.case_id) o
             JOIN ticket_reports r ON r.ticket_id = o.id JOIN hotline_calls c ON c.id = r.call_id WHERE c.complained_of IS NOT NULL)
       AS complained_of,
       ARRAY(WITH RECURSIVE merged AS (SELECT m.id FROM tickets m WHERE m.merged_into = t.id
                                       UNION SELECT m.id FROM tickets m JOIN merged w ON m.merged_into = w.id)
             SELECT DISTINCT a.organisation_id FROM merged JOIN ticket_assignments a ON a.ticket_id = merged.id) AS merged_units
FROM tickets t JOIN event_kinds k ON k.id = t.kind WHERE t.id = $1;

-- name: read_assignments :many
SELECT generation, organisation_id, role::text, reason, assigned_at, signed_at, ended_at
FROM ticket_assignments WHERE ticket_id = $1 ORDER BY generation, role, organisation_id;

-- name: read_clocks :many
SELECT clock, organisation_id, run, limit_id, halved, working, started_at, due_at, provisional, explanation, stopped_at,
       stop_reason, breached_at, subtask, counted_from, spent, paused_at, fired, next_action, next_at
FROM ticket_clocks WHERE ticket_id = $1 ORDER BY started_at, clock, organisation_id, run;

-- name: read_reports :many
SELECT call_id, joined_at, callback_wanted, called_back_at, callback_outcome AS outcome, satisfaction, must_call, attempts
FROM ticket_reports WHERE ticket_id = $1 ORDER BY joined_at, call_id;

-- name: read_requests :many
SELECT number, kind::text, asked_by, organisation_id, asked_at, days, code, call_id, decided_at, granted
FROM ticket_requests WHERE ticket_id = $1 ORDER BY number;

-- name: read_subtasks :many
SELECT number, title, organisation_id, mandatory, state::text, changed_at, after, days, before::text
FROM ticket_subtasks WHERE ticket_id = $1 ORDER BY number;

-- name: insert_ticket :one
INSERT INTO tickets (ticket_kind, case_id, incident_id, kind, state, version, grade, incident_grade, demand, area_id, area_path,
    place, lon, lat, opened_at, due_at, due_clock, external_due_at)
VALUES ($1::text::ticket_kind, $2, $3, $4, $5::text::ticket_state, $6, $7, $8, $9::text::demand_type, $10, $11, $12, $13, $14, $15,
    $16, $17, $18)
RETURNING id;

-- name: update_ticket :one
-- The swap of compare-and-swap: nobody holds a version twice. It names no column of a key: it would wait for whoever writes a
-- row that refers to the ticket, such as the step that tells of it.
UPDATE tickets SET version = $3, state = $4::text::ticket_state, grade = $5, incident_grade = $6, demand = $7::text::demand_type,
    lead_organisation_id = $8, return_requested_by = $9, merged_into = $10, accepted_at = $11, closed_at = $12,
    due_at = $13, due_clock = $14, overdue = $15, rework_count = $16, wrong_dispatch_count = $17, injured = $18,
    case_id = $19, incident_id = $20, state_before = $21::text::ticket_state, state_before_merge = $22::text::ticket_state,
    merged_reports = $23, controlled_at = $24, objection_count = $25, reopen_count = $26, denied_units = $27,
    appealed_units = $28, arbitration_count = $29, final_award = $30, reply_approved_at = $31, converted = $32, supervised = $33,
    residual_grade = $34, plan_days = $35, interim_done = $36, publicity_from = $37, look_back_from = $38, look_back_at = $39,
    look_back_count = $40, relapse_count = $41, external_due_at = $42
WHERE id = $1 AND version = $2 RETURNING id;

-- name: number_ticket :exec
UPDATE tickets SET number = $2 WHERE id = $1;

-- name: put_assignment :exec
INSERT INTO ticket_assignments (ticket_id, generation, organisation_id, role, reason, assigned_at, signed_at, ended_at)
VALUES ($1, $2, $3, $4::text::assignment_role, $5, $6, $7, $8)
ON CONFLICT (ticket_id, generation, organisation_id) DO UPDATE SET signed_at = $7, ended_at = $8;

-- name: put_clock :exec
INSERT INTO ticket_clocks (ticket_id, clock, organisation_id, run, limit_id, halved, working, started_at, due_at, provisional,
    explanation, stopped_at, stop_reason, breached_at, subtask, counted_from, spent, paused_at, fired, next_action, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
ON CONFLICT (ticket_id, clock, organisation_id, run) DO UPDATE SET limit_id = $5, working = $7, due_at = $9, provisional = $10,
    explanation = $11, stopped_at = $12, stop_reason = $13, breached_at = $14, counted_from = $16, spent = $17, paused_at = $18,
    fired = $19, next_action = $20, next_at = $21;

-- name: put_report :exec
INSERT INTO ticket_reports (call_id, ticket_id, joined_at, callback_wanted, called_back_at, callback_outcome, satisfaction,
    must_call, attempts)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (call_id) DO UPDATE SET ticket_id = $2, joined_at = $3, callback_wanted = $4, called_back_at = $5, callback_outcome = $6, satisfaction = $7,
    must_call = $8, attempts = $9;

-- name: put_request :exec
INSERT INTO ticket_requests (ticket_id, number, kind, asked_by, organisation_id, asked_at, days, code, call_id, decided_at, granted)
VALUES ($1, $2, $3::text::ticket_request, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (ticket_id, number) DO UPDATE SET decided_at = $10, granted = $11;

-- name: put_subtask :exec
INSERT INTO ticket_subtasks (ticket_id, number, title, organisation_id, mandatory, state, changed_at, after, days, before)
VALUES ($1, $2, $3, $4, $5, $6::text::subtask_state, $7, $8, $9, $10::text::subtask_state)
ON CONFLICT (ticket_id, number) DO UPDATE SET organisation_id = $4, state = $6::text::subtask_state, changed_at = $7,
    before = $10::text::subtask_state;

-- name: insert_transition :exec
INSERT INTO ticket_transitions (ticket_id, version, event, from_state, to_state, actor, actor_name, actor_role, organisation_id,
    at, reason, fields)
VALUES ($1, $2, $3, $4::text::ticket_state, $5::text::ticket_state, $6, $7, $8, $9, $10, $11, $12);

-- name: insert_entry :exec
INSERT INTO ticket_entries (ticket_id, version, at, entry, actor, actor_name, actor_role, body)
VALUES ($1, $2, $3, $4::text::ticket_entry, $5, $6, $7, $8);

-- name: last_transition :one
SELECT x.version, t.state::text, x.actor_name, x.event, x.at FROM tickets t
JOIN ticket_transitions x ON x.ticket_id = t.id AND x.version = t.version WHERE t.id = $1;

-- name: read_log :many
-- Transitions and entries in the order in which they happened: an entry follows the transition whose version it bears.
SELECT x.version, 0::bigint AS place, x.at, NULL AS entry, x.event, x.from_state::text, x.to_state::text, x.actor, x.actor_name,
       x.actor_role, x.organisation_id, x.reason, x.fields AS body
FROM ticket_transitions x WHERE x.ticket_id = $1
UNION ALL
SELECT e.version, e.id, e.at, e.entry::text, NULL, NULL, NULL, e.actor, e.actor_name, e.actor_role, NULL, NULL, e.body
FROM ticket_entries e WHERE e.ticket_id = $1
ORDER BY version, place;

-- name: read_call :one
SELECT id, anonymous, caller_phone IS NOT NULL AS reachable, demand::text, external_due_at, complained_of
FROM hotline_calls WHERE id = $1;

-- name: ticket_of_report :one
SELECT ticket_id FROM ticket_reports WHERE call_id = $1;

-- name: read_row :one
SELECT id, number, ticket_kind::text, state::text, version, grade, kind, kind_zh, kind_en, place, area_id, area_path, lon, lat,
       lead_organisation_id, lead_zh, lead_en, co_signed, co_total, opened_at, accepted_at, closed_at, due_at, due_clock, overdue,
       report_count, event_count, rework_count, incident_id, case_id
FROM ticket_rows WHERE id = $1;

-- name: kinds_named :many
SELECT id FROM event_kinds WHERE id ILIKE $1 OR zh_name ILIKE $1 OR en_name ILIKE $1;

-- name: plan_each_time :exec
-- Lists leave out most of their conditions: one plan for all of them would use no index. Until the transaction ends.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: list_newest :many
SELECT id, number, ticket_kind::text, state::text, version, grade, kind, kind_zh, kind_en, place, area_id, area_path, lon, lat,
       lead_organisation_id, lead_zh, lead_en, co_signed, co_total, opened_at, accepted_at, closed_at, due_at, due_clock, overdue,
       report_count, event_count, rework_count, incident_id, case_id
FROM ticket_rows t
WHERE ($1::text IS NULL OR t.state = $1::text::ticket_state)
  AND ($2::smallint IS NULL OR t.grade = $2)
  AND ($3::text IS NULL OR t.area_path @> ARRAY[$3])
  AND ($4::text IS NULL OR EXISTS (SELECT FROM ticket_assignments a
       WHERE a.ticket_id = t.id AND a.organisation_id = $4 AND a.ended_at IS NULL))
  AND ($5::boolean IS NULL OR $5 = (t.closed_at IS NULL))
  AND ($6::boolean IS NULL OR t.overdue = $6)
  AND ($7::text IS NULL OR t.number ILIKE $7 OR t.kind = ANY ($15::text[]) OR t.place ILIKE $7)
  AND ($8::text IS NULL OR t.area_path @> ARRAY[$8] OR t.area_path = '{}' OR EXISTS (SELECT FROM ticket_assignments a
       WHERE a.ticket_id = t.id AND a.organisation_id = $9 AND a.ended_at IS NULL))
  AND ($10::bigint IS NULL OR t.id < $10)
  AND ($12::text IS NULL
       OR ($12 = 'mine' AND t.id = ANY (ARRAY(SELECT h.ticket_id FROM ticket_holdings h WHERE h.user_id = $13::bigint
                                             AND h.ended_at IS NULL)))
       OR ($12 = 'inbox' AND EXISTS (SELECT FROM ticket_assignments a WHERE a.ticket_id = t.id AND a.organisation_id = $14::text
                                    AND a.ended_at IS NULL AND a.signed_at IS NULL))
       OR ($12 = 'led' AND t.lead_organisation_id = $14)
       OR ($12 = 'called' AND EXISTS (SELECT FROM ticket_transitions x WHERE x.ticket_id = t.id AND x.organisation_id = $14
                                     AND x.event IN ('submit', 'convert', 'admit', 'assign_lead', 'dispatch', 'redispatch'))
           AND EXISTS (SELECT FROM ticket_assignments a WHERE a.ticket_id = t.id AND a.organisation_id <> $14
                       AND a.ended_at IS NULL)))
ORDER BY t.id DESC LIMIT $11;

-- name: list_queue :many
-- Open tickets as a duty officer works through them: the gravest first, then what is due first.
SELECT id, number, ticket_kind::text, state::text, version, grade, kind, kind_zh, kind_en, place, area_id, area_path, lon, lat,
       lead_organisation_id, lead_zh, lead_en, co_signed, co_total, opened_at, accepted_at, closed_at, due_at, due_clock, overdue,
       report_count, event_count, rework_count, incident_id, case_id
FROM ticket_rows t
WHERE t.state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out')
  AND ($1::text IS NULL OR t.state = $1::text::ticket_state)
  AND ($2::smallint IS NULL OR t.grade = $2)
  AND ($3::text IS NULL OR t.area_path @> ARRAY[$3])
  AND ($4::text IS NULL OR EXISTS (SELECT FROM ticket_assignments a
       WHERE a.ticket_id = t.id AND a.organisation_id = $4 AND a.ended_at IS NULL))
  AND ($5::boolean IS NULL OR t.overdue = $5)
  AND ($6::text IS NULL OR t.number ILIKE $6 OR t.kind ILIKE $6 OR t.kind_zh ILIKE $6 OR t.kind_en ILIKE $6 OR t.place ILIKE $6)
  AND ($7::text IS NULL OR t.area_path @> ARRAY[$7] OR t.area_path = '{}' OR EXISTS (SELECT FROM ticket_assignments a
       WHERE a.ticket_id = t.id AND a.organisation_id = $8 AND a.ended_at IS NULL))
  AND ($9::smallint IS NULL
       OR (t.grade, COALESCE(t.due_at, 'infinity'::timestamptz), t.id) > ($9, COALESCE($10::timestamptz, 'infinity'), $11::bigint))
  AND ($13::text IS NULL
       OR ($13 = 'mine' AND EXISTS (SELECT FROM ticket_holdings h WHERE h.ticket_id = t.id AND h.user_id = $14::bigint
                                   AND h.ended_at IS NULL))
       OR ($13 = 'inbox' AND EXISTS (SELECT FROM ticket_assignments a WHERE a.ticket_id = t.id AND a.organisation_id = $15::text
                                    AND a.ended_at IS NULL AND a.signed_at IS NULL))
       OR ($13 = 'led' AND t.lead_organisation_id = $15)
       OR ($13 = 'called' AND EXISTS (SELECT FROM ticket_transitions x WHERE x.ticket_id = t.id AND x.organisation_id = $15
                                     AND x.event IN ('submit', 'convert', 'admit', 'assign_lead', 'dispatch', 'redispatch'))
           AND EXISTS (SELECT FROM ticket_assignments a WHERE a.ticket_id = t.id AND a.organisation_id <> $15
                       AND a.ended_at IS NULL)))
ORDER BY t.grade, COALESCE(t.due_at, 'infinity'::timestamptz), t.id LIMIT $12;

-- name: colleague_name :one
-- The name of a user of a unit who may still log in.
SELECT zh_name FROM users WHERE id = $1 AND organisation_id = $2 AND enabled;

-- name: end_holding :exec
UPDATE ticket_holdings SET ended_at = $3 WHERE ticket_id = $1 AND organisation_id = $2 AND ended_at IS NULL;

-- name: insert_holding :exec
INSERT INTO ticket_holdings (ticket_id, organisation_id, user_id, office, held_at, held_by) VALUES ($1, $2, $3, $4, $5, $6);

-- name: list_holders :many
SELECT h.organisation_id, o.zh_name, o.en_name, h.user_id, u.zh_name AS person, h.office, h.held_at
FROM ticket_holdings h JOIN organisations o ON o.id = h.organisation_id LEFT JOIN users u ON u.id = h.user_id
WHERE h.ticket_id = $1 AND h.ended_at IS NULL ORDER BY h.organisation_id;

-- name: list_assignments :many
SELECT a.organisation_id, o.zh_name, o.en_name, a.role::text, a.reason, a.assigned_at, a.signed_at, a.ended_at
FROM ticket_assignments a JOIN organisations o ON o.id = a.organisation_id
WHERE a.ticket_id = $1 ORDER BY a.generation DESC, a.role, a.organisation_id;

-- name: list_reports :many
SELECT r.call_id, c.text, c.caller_name, c.caller_phone, c.anonymous, c.confidential, c.received_at, r.callback_wanted,
       r.called_back_at, r.callback_outcome
FROM ticket_reports r JOIN hotline_calls c ON c.id = r.call_id WHERE r.ticket_id = $1 ORDER BY c.received_at, r.call_id;

-- name: read_explanation :one
SELECT explanation FROM incidents WHERE id = $1;

-- name: sees_ticket :one
-- The area of the ticket, or a part in it, shows it; without an area of its own it is shown to everybody.
SELECT $2::text IS NULL OR t.area_path @> ARRAY[$2] OR t.area_path = '{}' OR EXISTS (
    SELECT FROM ticket_assignments a WHERE a.ticket_id = t.id AND a.organisation_id = $3) AS sees
FROM tickets t WHERE t.id = $1;

-- name: list_subtasks :many
SELECT s.number, s.title, s.organisation_id, o.zh_name, o.en_name, s.mandatory, s.state::text, s.changed_at, s.after,
       (SELECT c.due_at FROM ticket_clocks c
        WHERE c.ticket_id = s.ticket_id AND c.subtask = s.number AND c.stopped_at IS NULL) AS due_at
FROM ticket_subtasks s JOIN organisations o ON o.id = s.organisation_id WHERE s.ticket_id = $1 ORDER BY s.number;

-- name: hold_proposal :one
SELECT id, kind, area_id, area_path, place, lon, lat, witnesses, state::text FROM proposals
WHERE id = $1 AND ($2::text IS NULL OR area_path @> ARRAY[$2]) FOR NO KEY UPDATE;

-- name: newest_incident_of :one
SELECT id, case_id FROM incidents WHERE id = ANY($1) ORDER BY id DESC LIMIT 1;

-- name: decide_proposal :exec
UPDATE proposals SET state = $2::text::proposal_state, decided_at = $3, decided_by = $4, decision_reason = $5, ticket_id = $6
WHERE id = $1;

-- name: insert_breach :one
-- Nothing comes back where the key was recorded before.
INSERT INTO breach_records (source_key, type, ticket_id, clock, unit_organisation_id, area_path, grade, started_at, happened_at,
    due_at, actual_at, explanation)
VALUES ($1, $2::text::breach_type, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (source_key) DO NOTHING RETURNING id;

-- name: end_breach :exec
UPDATE breach_records SET actual_at = $2 WHERE source_key = $1 AND actual_at IS DISTINCT FROM $2;

-- Hazards, inspection plans, rounds and findings; see 0023_screening.sql. Where an argument is the viewer's area, NULL means everywhere.

-- name: read_area_path :one
SELECT path FROM areas WHERE id = $1 AND ($2::text IS NULL OR path @> ARRAY[$2]);

-- name: device_exists :one
SELECT EXISTS (SELECT FROM devices WHERE id = $1);

-- name: insert_hazard :one
INSERT INTO hazards (number, kind, area_id, area_path, place, lon, lat, subject, device_id, description, plan_id, state, level,
    assessment, found_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', $12, 1, $13) RETURNING id;

-- name: standing_hazard :one
-- What is not closed of a kind and subject at a place.
SELECT id, number FROM hazards
WHERE area_id = $1 AND place = $2 AND kind = $3 AND COALESCE(subject, '') = COALESCE($4, '') AND state <> 'closed';

-- name: closed_hazard :one
-- What was closed there before: a find brings it back instead of making a twin.
SELECT id FROM hazards
WHERE area_id = $1 AND place = $2 AND kind = $3 AND COALESCE(subject, '') = COALESCE($4, '') AND state = 'closed'
ORDER BY id DESC LIMIT 1;

-- name: hold_hazard :one
SELECT id, number, kind, area_id, area_path, place, subject, lon, lat, state::text, version, level, residual_level, assessment, case_id,
       ticket_id, plan_id, review_at
FROM hazards WHERE id = $1 AND ($2::text IS NULL OR area_path @> ARRAY[$2]) FOR NO KEY UPDATE;

-- name: hold_hazards_of_ticket :many
SELECT id, number, kind, area_id, area_path, place, subject, lon, lat, state::text, version, level, residual_level, assessment, case_id,
       ticket_id, plan_id, review_at
FROM hazards WHERE ticket_id = $1 ORDER BY id FOR NO KEY UPDATE;

-- name: hold_ended_acceptances :many
SELECT id, number, kind, area_id, area_path, place, subject, lon, lat, state::text, version, level, residual_level, assessment, case_id,
       ticket_id, plan_id, review_at
FROM hazards WHERE review_at <= $1 ORDER BY review_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: update_hazard :one
UPDATE hazards SET version = version + 1, state = $3::text::hazard_state, level = $4, residual_level = $5, assessment = $6,
    case_id = $7, ticket_id = $8, review_at = $9
WHERE id = $1 AND version = $2 RETURNING version;

-- name: insert_hazard_record :exec
INSERT INTO hazard_records (hazard_id, version, event, from_state, to_state, at, actor, actor_name, organisation_id, reason, fields)
VALUES ($1, $2, $3, $4::text::hazard_state, $5::text::hazard_state, $6, $7, $8, $9, $10, $11);

-- name: insert_assessment :exec
INSERT INTO hazard_assessments (hazard_id, number, at, lec_likelihood, lec_exposure, lec_consequence, likelihood, consequence,
    relapsed, level, reason, rules_version, matrix_version, note, actor, actor_name)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: read_assessment :one
SELECT number, at, lec_likelihood, lec_exposure, lec_consequence, product, likelihood, consequence, relapsed, level, reason,
       rules_version, matrix_version, note, actor_name
FROM hazard_assessments WHERE hazard_id = $1 AND number = $2;

-- name: list_assessments :many
SELECT number, at, lec_likelihood, lec_exposure, lec_consequence, product, likelihood, consequence, relapsed, level, reason,
       rules_version, matrix_version, note, actor_name
FROM hazard_assessments WHERE hazard_id = $1 ORDER BY number;

-- name: list_hazard_records :many
SELECT version, event, from_state::text, to_state::text, at, actor_name, organisation_id, reason, fields
FROM hazard_records WHERE hazard_id = $1 ORDER BY version;

-- name: list_hazards :many
-- Newest first.
SELECT h.id, h.number, h.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, k.category, k.category_zh, k.category_en, h.area_id,
       h.place, h.lon, h.lat, h.subject, h.device_id, h.description, h.state::text, h.version, h.level, h.residual_level,
       h.ticket_id, t.number AS ticket_number, t.state::text AS ticket_state, h.plan_id, h.review_at, h.found_at, h.area_path
FROM hazards h JOIN hazard_kinds k ON k.id = h.kind LEFT JOIN tickets t ON t.id = h.ticket_id
WHERE ($1::text IS NULL OR h.area_path @> ARRAY[$1]) AND ($2::text IS NULL OR h.state = $2::text::hazard_state)
  AND ($3::smallint IS NULL OR COALESCE(h.residual_level, h.level) = $3) AND ($4::text IS NULL OR h.kind = $4)
  AND ($5::text IS NULL OR h.area_path @> ARRAY[$5]) AND ($6::bigint IS NULL OR h.ticket_id = $6)
  AND h.id < $7 AND ($8::bigint IS NULL OR h.id = $8)
ORDER BY h.id DESC LIMIT $9;

-- name: near_incident :many
-- What stands near the incident: within the reach of its kind, or at the same place where one of them has no position.
WITH here AS (SELECT lon, lat, area_id, place FROM incidents WHERE id = $1),
near AS (
    SELECT h.id, h.lon, h.lat, here.lon AS from_lon, here.lat AS from_lat
    FROM here JOIN hazards h ON h.state <> 'closed'
     AND point(h.lon, h.lat) <@ box(point(here.lon - $3::float8 / (111320 * cos(radians(here.lat))), here.lat - $3::float8 / 111320),
                                    point(here.lon + $3::float8 / (111320 * cos(radians(here.lat))), here.lat + $3::float8 / 111320))
    UNION ALL
    SELECT h.id, NULL, NULL, NULL, NULL
    FROM here JOIN hazards h ON h.state <> 'closed' AND h.area_id = here.area_id AND h.place = here.place
     AND (h.lon IS NULL OR here.lon IS NULL)
), measured AS (
    SELECT n.id, 111320 * sqrt(((n.lon - n.from_lon) * cos(radians(n.from_lat))) ^ 2 + (n.lat - n.from_lat) ^ 2) AS distance_m FROM near n
)
SELECT h.id, h.number, h.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, h.place, h.subject, h.state::text, h.level,
       h.residual_level, h.ticket_id, m.distance_m::float8 AS distance_m, h.lon, h.lat
FROM measured m JOIN hazards h ON h.id = m.id JOIN hazard_kinds k ON k.id = h.kind
WHERE (m.distance_m IS NULL OR m.distance_m <= k.reach_m) AND ($2::text IS NULL OR h.area_path @> ARRAY[$2])
ORDER BY COALESCE(h.residual_level, h.level), m.distance_m NULLS FIRST, h.id LIMIT 50;

-- name: insert_case :one
INSERT INTO cases (opened_at) VALUES ($1) RETURNING id;

-- name: hold_joint_ticket :one
-- An open joint rectification that a hazard may be tied to; held, so that none of its moves is missed.
SELECT id, case_id, number FROM tickets
WHERE id = $1 AND ticket_kind = 'joint_rectification' AND closed_at IS NULL AND ($2::text IS NULL OR area_path @> ARRAY[$2])
FOR NO KEY UPDATE;

-- name: open_joint_ticket :one
SELECT id FROM tickets
WHERE case_id = $1 AND ticket_kind = 'joint_rectification'
  AND state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out');

-- name: waiting_moves :many
SELECT m.ticket_id, m.version, x.event, x.to_state::text, x.at, x.actor, x.actor_name, x.organisation_id, x.reason,
       t.residual_grade, t.merged_into, s.case_id AS survivor_case,
       t.look_back_at IS NULL AND t.state = 'closed_out' AND t.version = m.version AS last_look_back
FROM hazard_ticket_moves m JOIN ticket_transitions x USING (ticket_id, version) JOIN tickets t ON t.id = m.ticket_id
LEFT JOIN tickets s ON s.id = t.merged_into
WHERE m.followed_at IS NULL ORDER BY m.ticket_id, m.version LIMIT $1;

-- name: passed_moves_since :many
-- Moves of a ticket that were followed already, or noted for nobody; what still waits is followed in its turn.
SELECT x.ticket_id, x.version, x.event, x.to_state::text, x.at, x.actor, x.actor_name, x.organisation_id, x.reason,
       t.residual_grade, t.merged_into, s.case_id AS survivor_case,
       t.look_back_at IS NULL AND t.state = 'closed_out' AND t.version = x.version AS last_look_back
FROM ticket_transitions x JOIN tickets t ON t.id = x.ticket_id LEFT JOIN tickets s ON s.id = t.merged_into
LEFT JOIN hazard_ticket_moves m ON m.ticket_id = x.ticket_id AND m.version = x.version
WHERE x.ticket_id = $1 AND x.at >= $2 AND x.from_state IS DISTINCT FROM x.to_state
  AND (m.ticket_id IS NULL OR m.followed_at IS NOT NULL)
ORDER BY x.version;

-- name: put_followed :exec
UPDATE hazard_ticket_moves SET followed_at = $3 WHERE ticket_id = $1 AND version = $2;

-- name: insert_plan :one
INSERT INTO inspection_plans (list, area_id, area_path, place, lon, lat, base_level, organisation_id, next_round_at, created_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id;

-- name: hold_plan :one
SELECT id, list, area_id, area_path, place, lon, lat, base_level, organisation_id, next_round_at, version
FROM inspection_plans WHERE id = $1 AND ($2::text IS NULL OR area_path @> ARRAY[$2]) FOR NO KEY UPDATE;

-- name: end_plan :exec
UPDATE inspection_plans SET version = version + 1, next_round_at = NULL, ended_by = $2 WHERE id = $1;

-- name: assign_plan :exec
UPDATE inspection_plans SET version = version + 1, organisation_id = $2 WHERE id = $1;

-- name: assign_open_round :exec
UPDATE inspection_rounds SET version = version + 1, organisation_id = $2 WHERE plan_id = $1 AND state = 'due';

-- name: tighten_plan :exec
UPDATE inspection_plans SET next_round_at = $2 WHERE id = $1 AND next_round_at > $2;

-- name: list_plans :many
SELECT p.id, p.list, p.area_id, p.place, p.lon, p.lat, p.base_level, p.organisation_id, o.zh_name AS organisation_zh,
       o.en_name AS organisation_en, p.next_round_at, p.version, p.created_at,
       LEAST(p.base_level, (SELECT min(COALESCE(h.residual_level, h.level)) FROM hazards h
                            WHERE h.plan_id = p.id AND h.state <> 'closed')) AS level
FROM inspection_plans p JOIN organisations o ON o.id = p.organisation_id
WHERE ($1::text IS NULL OR p.area_path @> ARRAY[$1] OR p.organisation_id = $2) AND p.id < $3
  AND ($4::bigint IS NULL OR p.id = $4)
ORDER BY p.id DESC LIMIT $5;

-- name: due_plans :many
-- Places whose round has come, with the level that says how often.
SELECT p.id, p.list, p.area_id, p.area_path, p.place, p.organisation_id, p.next_round_at,
       LEAST(p.base_level, (SELECT min(COALESCE(h.residual_level, h.level)) FROM hazards h
                            WHERE h.plan_id = p.id AND h.state <> 'closed')) AS level
FROM inspection_plans p WHERE p.next_round_at <= $1
ORDER BY p.next_round_at, p.id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: put_next_round :exec
UPDATE inspection_plans SET next_round_at = $2 WHERE id = $1;

-- name: miss_round :one
-- The round that is still open when the next falls due stands for both.
UPDATE inspection_rounds SET missed = missed + $2 WHERE plan_id = $1 AND state = 'due' RETURNING id;

-- name: insert_round :one
INSERT INTO inspection_rounds (number, plan_id, organisation_id, list, list_version, level, opened_at, due_at, remind_at, next_at, missed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10) RETURNING id;

-- name: due_rounds :many
SELECT r.id, r.number, r.organisation_id, r.due_at, r.remind_at, r.reminded_at, r.level, p.area_path, p.place
FROM inspection_rounds r JOIN inspection_plans p ON p.id = r.plan_id
WHERE r.next_at <= $1 ORDER BY r.next_at, r.id LIMIT $2 FOR NO KEY UPDATE OF r SKIP LOCKED;

-- name: put_round_looked_at :exec
UPDATE inspection_rounds SET reminded_at = $2, overdue_at = $3, next_at = $4 WHERE id = $1;

-- name: hold_round :one
SELECT r.id, r.number, r.plan_id, r.organisation_id, r.list, r.list_version, r.level, r.state::text, r.version, r.due_at,
       p.area_id, p.area_path, p.place, p.lon, p.lat
FROM inspection_rounds r JOIN inspection_plans p ON p.id = r.plan_id
WHERE r.id = $1 AND ($2::text IS NULL OR p.area_path @> ARRAY[$2] OR r.organisation_id = $3) FOR NO KEY UPDATE OF r;

-- name: end_round :exec
UPDATE inspection_rounds SET version = version + 1, state = $2::text::inspection_state, ended_at = $3, ended_by = $4, ended_by_name = $5,
    reason = $6, next_at = NULL, overdue_at = COALESCE(overdue_at, CASE WHEN $3 > due_at THEN due_at END)
WHERE id = $1;

-- name: insert_finding :one
INSERT INTO inspection_findings (round_id, item, number, outcome, evidence, attachments, reason, hazard_id, at, actor, actor_name)
SELECT $1, $2, COALESCE(max(f.number), 0) + 1, $3::text::finding_outcome, $4, $5, $6, $7, $8, $9, $10
FROM inspection_findings f WHERE f.round_id = $1 AND f.item = $2 RETURNING number;

-- name: list_findings :many
-- The newest at each item.
SELECT DISTINCT ON (f.item) f.item, f.number, f.outcome::text, f.evidence, f.attachments, f.reason, f.hazard_id,
       h.number AS hazard_number, f.at, f.actor_name
FROM inspection_findings f LEFT JOIN hazards h ON h.id = f.hazard_id
WHERE f.round_id = $1 ORDER BY f.item, f.number DESC;

-- name: findings_of_hazard :many
SELECT f.round_id, r.number AS round_number, f.item, f.evidence, f.attachments, f.at, f.actor_name
FROM inspection_findings f JOIN inspection_rounds r ON r.id = f.round_id
WHERE f.hazard_id = $1 ORDER BY f.at, f.round_id, f.item, f.number;

-- name: list_rounds :many
-- Open ones by what is due first, or ended ones; the cursor is (due_at, id).
SELECT r.id, r.number, r.plan_id, r.organisation_id, o.zh_name AS organisation_zh, o.en_name AS organisation_en, r.list,
       r.list_version, r.level, r.opened_at, r.due_at, r.reminded_at, r.overdue_at, r.missed, r.state::text, r.version, r.ended_at,
       r.ended_by_name, r.reason, p.area_id, p.place, p.lon, p.lat,
       r.state = 'due' AND r.due_at <= $6 AS overdue
FROM inspection_rounds r JOIN inspection_plans p ON p.id = r.plan_id JOIN organisations o ON o.id = r.organisation_id
WHERE ($1::text IS NULL OR p.area_path @> ARRAY[$1] OR r.organisation_id = $2)
  AND ($3::text IS NULL OR r.state = $3::text::inspection_state) AND ($4::text IS NULL OR r.organisation_id = $4)
  AND (NOT $5 OR (r.state = 'due' AND r.due_at <= $6))
  AND ($7::timestamptz IS NULL OR (r.due_at, r.id) > ($7, $8)) AND ($9::bigint IS NULL OR r.id = $9)
ORDER BY r.due_at, r.id LIMIT $10;

-- name: sees_round :one
SELECT EXISTS (SELECT FROM inspection_rounds r JOIN inspection_plans p ON p.id = r.plan_id
               WHERE r.id = $1 AND ($2::text IS NULL OR p.area_path @> ARRAY[$2] OR r.organisation_id = $3));

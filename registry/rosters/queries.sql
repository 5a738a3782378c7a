-- Rosters, their versions and who stands in on them; see 0018_rosters.sql.

-- name: list_rosters :many
-- All, or those of organisations, or named ones.
SELECT r.id, r.organisation_id, r.role::text, r.zh_name, r.en_name FROM rosters r
WHERE ($1::text[] IS NULL OR r.organisation_id = ANY ($1)) AND ($2::bigint[] IS NULL OR r.id = ANY ($2))
ORDER BY r.organisation_id, r.role;

-- name: list_rosters_in_sight :many
-- Of an area (NULL: everywhere) or of one's own organisation; behind a key, at most so many.
SELECT r.id, r.organisation_id FROM rosters r JOIN organisations o ON o.id = r.organisation_id JOIN areas a ON a.id = o.area_id
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1] OR r.organisation_id = $2)
  AND ($3::text IS NULL OR r.organisation_id = $3) AND ($4::bigint IS NULL OR r.id = $4)
  AND ($5::text IS NULL OR (r.organisation_id, r.id) > ($5, $6::bigint))
ORDER BY r.organisation_id, r.id LIMIT $7;

-- name: list_rotations :many
SELECT r.roster_id, r.number, r.version, r.handover_weekday, r.handover_time, r.shift_length, r.shift_unit::text,
       r.valid_from, r.valid_until, r.source, r.entered_at, r.entered_by,
       ARRAY(SELECT p.contact_id FROM rotation_participants p
             WHERE (p.roster_id, p.number, p.version) = (r.roster_id, r.number, r.version) ORDER BY p.position) AS participants
FROM rotations r WHERE r.roster_id = ANY ($1) ORDER BY r.roster_id, r.number, r.version;

-- name: list_stand_ins :many
-- Those that reach beyond a moment; one that was cancelled stood until then.
SELECT s.id, s.roster_id, s.number, s.contact_id, s.from_at, LEAST(s.until_at, s.cancelled_at) AS until_at, s.reason, s.swap_id
FROM stand_ins s WHERE s.roster_id = ANY ($1) AND s.until_at > $2
  AND (s.cancelled_at IS NULL OR s.cancelled_at > GREATEST($2, s.from_at)) ORDER BY s.id;

-- name: list_absent :many
-- Contacts of rosters' organisations who cannot be reached any more.
SELECT c.id, c.organisation_id FROM contacts c LEFT JOIN users u ON u.id = c.user_id
WHERE c.organisation_id = ANY ($1) AND NOT (c.enabled AND COALESCE(u.enabled, true));

-- name: list_contacts :many
SELECT c.id, c.organisation_id, c.user_id, c.zh_name, c.phone, c.enabled AND COALESCE(u.enabled, true) AS enabled
FROM contacts c LEFT JOIN users u ON u.id = c.user_id
JOIN organisations o ON o.id = c.organisation_id JOIN areas a ON a.id = o.area_id
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1] OR c.organisation_id = $2)
  AND ($3::text IS NULL OR c.organisation_id = $3) AND c.id > $4
ORDER BY c.id LIMIT $5;

-- name: read_contacts :many
SELECT c.id, c.organisation_id, c.user_id, c.zh_name, c.phone, c.enabled AND COALESCE(u.enabled, true) AS enabled
FROM contacts c LEFT JOIN users u ON u.id = c.user_id WHERE c.id = ANY ($1) ORDER BY c.id;

-- name: contact_of_user :one
SELECT id FROM contacts WHERE user_id = $1;

-- name: user_of_organisation :one
SELECT true FROM users WHERE id = $1 AND organisation_id = $2;

-- name: user_named :one
SELECT id FROM users WHERE login = $1;

-- name: user_to_roster :one
SELECT u.id, u.zh_name, c.id AS contact_id FROM users u LEFT JOIN contacts c ON c.user_id = u.id WHERE u.login = $1;

-- name: contact_named :one
SELECT id FROM contacts WHERE organisation_id = $1 AND zh_name = $2 AND phone = $3 AND user_id IS NULL ORDER BY id LIMIT 1;

-- name: roster_named :one
SELECT id FROM rosters WHERE organisation_id = $1 AND role = $2::text::duty_role;

-- name: insert_contact :one
INSERT INTO contacts (organisation_id, user_id, zh_name, phone, entered_at, entered_by, test_at)
VALUES ($1, $2, $3, $4, $5, $6, $5) RETURNING id;

-- name: enable_contact :one
UPDATE contacts SET enabled = $2 WHERE id = $1 RETURNING organisation_id;

-- name: look_at_rosters_of :exec
-- Whoever came or left may have closed or opened a gap.
UPDATE rosters SET look_at = $2 WHERE organisation_id = $1;

-- name: look_at_roster :exec
UPDATE rosters SET look_at = $2 WHERE id = $1;

-- name: insert_roster :one
INSERT INTO rosters (organisation_id, role, zh_name, en_name, entered_at, entered_by, look_at)
VALUES ($1, $2::text::duty_role, $3, $4, $5, $6, $5) RETURNING id;

-- name: hold_roster :one
SELECT organisation_id FROM rosters WHERE id = $1 FOR NO KEY UPDATE;

-- name: newest_rotation :one
SELECT version, valid_from FROM rotations WHERE roster_id = $1 AND number = $2 ORDER BY version DESC LIMIT 1;

-- name: insert_rotation :exec
INSERT INTO rotations (roster_id, number, version, handover_weekday, handover_time, shift_length, shift_unit, valid_from,
    valid_until, source, entered_at, entered_by)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::shift_unit, $8, $9, $10, $11, $12);

-- name: insert_participants :exec
INSERT INTO rotation_participants (roster_id, number, version, position, contact_id)
SELECT $1, $2, $3, p.position, p.contact_id FROM unnest($4::bigint[]) WITH ORDINALITY AS p (contact_id, position);

-- name: insert_stand_in :one
INSERT INTO stand_ins (roster_id, number, contact_id, from_at, until_at, reason, swap_id, entered_at, entered_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id;

-- name: roster_of_override :one
SELECT roster_id FROM stand_ins WHERE id = $1 AND swap_id IS NULL;

-- name: cancel_override :one
-- Nothing comes back for one that is over: what has been is not rewritten.
UPDATE stand_ins SET cancelled_at = $3, cancelled_by = $4
WHERE id = $1 AND roster_id = $2 AND swap_id IS NULL AND cancelled_at IS NULL AND until_at > $3 RETURNING id;

-- name: cancel_swapped :exec
UPDATE stand_ins SET cancelled_at = $2, cancelled_by = $3 WHERE swap_id = $1 AND cancelled_at IS NULL AND until_at > $2;

-- name: insert_swap :one
INSERT INTO roster_swaps (roster_id, giver_id, giver_number, giver_from_at, giver_until_at, taker_id, taker_number,
    taker_from_at, taker_until_at, reason, proposed_at, proposed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id;

-- name: hold_swap :one
SELECT id, roster_id, giver_id, giver_number, giver_from_at, giver_until_at, taker_id, taker_number, taker_from_at,
       taker_until_at, reason, giver_agreed_at, taker_agreed_at, ended_at
FROM roster_swaps WHERE id = $1 FOR NO KEY UPDATE;

-- name: agree_as_giver :exec
UPDATE roster_swaps SET giver_agreed_at = $2, giver_agreed_by = $3 WHERE id = $1;

-- name: agree_as_taker :exec
UPDATE roster_swaps SET taker_agreed_at = $2, taker_agreed_by = $3 WHERE id = $1;

-- name: end_swap :exec
UPDATE roster_swaps SET ended_at = $2, ended_by = $3 WHERE id = $1;

-- name: list_swaps :many
SELECT id, roster_id, giver_id, giver_number, giver_from_at, giver_until_at, taker_id, taker_number, taker_from_at,
       taker_until_at, reason, proposed_at, proposed_by, giver_agreed_at, giver_agreed_by, taker_agreed_at,
       taker_agreed_by, ended_at, ended_by
FROM roster_swaps WHERE roster_id = $1 AND GREATEST(giver_until_at, taker_until_at) > $2 ORDER BY id;

-- name: list_parameters :many
SELECT name, value FROM roster_parameters WHERE version = (SELECT max(version) FROM roster_parameters) ORDER BY name;

-- name: list_page_rules :many
SELECT id, version, kind, grade, page, everyone, ack_s, source FROM page_rules
WHERE version = (SELECT max(version) FROM page_rules) ORDER BY id;

-- name: due_rosters :many
SELECT id FROM rosters WHERE look_at <= $1 ORDER BY look_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: list_open_gaps :many
SELECT id, roster_id, from_at, until_at FROM roster_gaps WHERE roster_id = ANY ($1) AND settled_at IS NULL ORDER BY from_at;

-- name: insert_gap :one
INSERT INTO roster_gaps (roster_id, from_at, until_at, warned_at) VALUES ($1, $2, $3, $4) RETURNING id;

-- name: move_gaps :exec
-- All in one statement: on the way from old times to new ones two gaps may overlap.
UPDATE roster_gaps g SET from_at = m.from_at, until_at = m.until_at
FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) AS m (id, from_at, until_at)
WHERE g.id = m.id AND (g.from_at, g.until_at) IS DISTINCT FROM (m.from_at, m.until_at);

-- name: settle_gaps :exec
UPDATE roster_gaps SET settled_at = $2 WHERE id = ANY ($1);

-- name: list_gaps_in_sight :many
SELECT g.id, g.roster_id, r.organisation_id, r.role::text, g.from_at, g.until_at, g.warned_at, g.settled_at
FROM roster_gaps g JOIN rosters r ON r.id = g.roster_id JOIN organisations o ON o.id = r.organisation_id
JOIN areas a ON a.id = o.area_id
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1] OR r.organisation_id = $2) AND ($3 OR g.settled_at IS NULL) AND g.id < $4
ORDER BY g.id DESC LIMIT $5;

-- name: upsert_roster_parameter :exec
INSERT INTO roster_parameters (version, name, value, unit, source) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (version, name) DO UPDATE SET value = $3, unit = $4, source = $5;

-- name: upsert_page_rule :exec
INSERT INTO page_rules (id, version, kind, grade, page, everyone, ack_s, source) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (version, id) DO UPDATE SET kind = $3, grade = $4, page = $5, everyone = $6, ack_s = $7, source = $8;

-- name: upsert_unit_call :exec
INSERT INTO unit_calls (id, version, kind, trade, area_id, grade_max, from_time, until_time, source)
VALUES ($1, $2, $3, $4::text::unit_trade, $5, $6, $7::text::time, $8::text::time, $9)
ON CONFLICT (version, id) DO UPDATE SET kind = $3, trade = $4::text::unit_trade, area_id = $5, grade_max = $6,
    from_time = $7::text::time, until_time = $8::text::time, source = $9;

-- name: list_unit_calls :many
SELECT version, kind, trade::text, area_id, grade_max, from_time, until_time, source FROM unit_calls
WHERE version = (SELECT max(version) FROM unit_calls) ORDER BY id;

-- name: count_duty_alarms :one
-- What stands in the way of being reached, in sight: gaps that have begun or come, and persons who did not answer.
SELECT (SELECT count(*) FROM roster_gaps g JOIN rosters r ON r.id = g.roster_id JOIN organisations o ON o.id = r.organisation_id
        JOIN areas a ON a.id = o.area_id
        WHERE g.settled_at IS NULL AND ($1::text IS NULL OR a.path @> ARRAY[$1] OR o.id = $2)) AS gaps,
       (SELECT count(*) FROM contacts c JOIN organisations o ON o.id = c.organisation_id JOIN areas a ON a.id = o.area_id
        WHERE c.enabled AND NOT EXISTS (SELECT FROM users u WHERE u.id = c.user_id AND NOT u.enabled)
          AND ($1::text IS NULL OR a.path @> ARRAY[$1] OR o.id = $2)
          AND (SELECT t.state FROM reachability_tests t WHERE t.contact_id = c.id ORDER BY t.number DESC LIMIT 1) = 'failed')
           AS unreachable;

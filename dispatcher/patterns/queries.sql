-- Patterns, where they hold, and the cases that they join; see 0009_patterns.sql.

-- name: read_patterns :many
-- These versions; the mode is the rules'.
SELECT id, version, zh_name, en_name, r_m, t_s, by_place, step_order, effective_from, effective_to, source
FROM patterns WHERE (id, version) IN (SELECT * FROM unnest($1::text[], $2::integer[])) ORDER BY id;

-- name: steps_of_patterns :many
SELECT s.pattern_id, s.version, s.step, s.role::text, s.zh_name, s.en_name, s.kinds, s.source_classes, s.severity_min,
       s.predicate
FROM pattern_steps s WHERE (s.pattern_id, s.version) IN (SELECT * FROM unnest($1::text[], $2::integer[]))
ORDER BY s.pattern_id, s.version, s.position;

-- name: standing_events :many
-- Where these events stand after the step, and what the flapping incidents of $2 have taken.
SELECT event_uid, stream, seq, standing FROM incident_events WHERE event_uid = ANY($1)
UNION ALL
SELECT event_uid, stream, seq, standing FROM incident_events WHERE incident_id = ANY($2) AND standing = 'suppressed';

-- name: copy_live_events :many
-- What the matcher is rebuilt from: the standing version of every event that an open anchor may still need;
-- dispatcher/patterns/copied.py knows the order and width of these columns. Bodies only of the kinds that were measured.
SELECT e.uid, e.revision, e.content_hash, e.effective_at, COALESCE(e.x_dm, 0), COALESCE(e.y_dm, 0), e.x_dm IS NOT NULL,
       e.severity, hashtextextended(e.kind, hashenumextended(e.source_class, e.severity)),
       hash_array_extended(e.area_path, 0), e.source_class, e.kind, array_to_string(e.area_path, chr(10)), e.source,
       CASE WHEN e.kind = ANY($3) THEN e.body::text END
FROM incident_events ie
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at
WHERE ie.effective_at >= $1 AND ie.standing IN ('clustered', 'alone', 'noise') AND e.kind = ANY($2);

-- name: put_match :exec
INSERT INTO pattern_matches (pattern_id, version, anchor_uid, anchor_at, mode, matched_at, changed_at, witnesses, witness_uids)
VALUES ($1, $2, $3, $4, $5::text::pattern_mode, $6, $6, $7, $8)
ON CONFLICT (pattern_id, version, anchor_uid) DO UPDATE SET anchor_at = $4, mode = $5::text::pattern_mode, changed_at = $6,
    withdrawn_at = NULL, witnesses = $7, witness_uids = $8;

-- name: withdraw_match :exec
UPDATE pattern_matches SET withdrawn_at = $4
WHERE pattern_id = $1 AND version = $2 AND anchor_uid = $3 AND withdrawn_at IS NULL;

-- name: withdraw_matches_at :many
-- The anchors themselves were corrected: what was found at their old place and time is taken back.
UPDATE pattern_matches SET withdrawn_at = $2 WHERE anchor_uid = ANY($1) AND withdrawn_at IS NULL RETURNING anchor_uid;

-- name: rule_matches_anew :many
-- Where the patterns that count change: what open incidents show, and noise may yet show in one, follows the new modes;
-- what counts no more is taken back.
WITH differing AS (
    SELECT m.pattern_id, m.version, m.anchor_uid, p.mode::pattern_mode AS mode
    FROM pattern_matches m
    LEFT JOIN unnest($1::text[], $2::integer[], $3::text[]) AS p(id, version, mode) ON (p.id, p.version) = (m.pattern_id, m.version)
    WHERE m.withdrawn_at IS NULL AND m.mode IS DISTINCT FROM p.mode::pattern_mode
)
UPDATE pattern_matches m
SET mode = COALESCE(d.mode, m.mode), withdrawn_at = CASE WHEN d.mode IS NULL THEN $4::timestamptz END
FROM differing d
JOIN incident_events ie ON ie.event_uid = d.anchor_uid
LEFT JOIN incidents i ON i.id = ie.incident_id
WHERE (m.pattern_id, m.version, m.anchor_uid) = (d.pattern_id, d.version, d.anchor_uid) AND i.final_at IS NULL
RETURNING m.anchor_uid;

-- name: matches_of_risen :many
-- Where these events, noise until now, are anchors or witnesses: what links them to other incidents.
SELECT pattern_id, version, anchor_uid, witness_uids FROM pattern_matches
WHERE withdrawn_at IS NULL AND (anchor_uid = ANY($1) OR witness_uids && $1::bytea[]);

-- name: incidents_of_events :many
SELECT ie.event_uid, ie.incident_id, i.case_id FROM incident_events ie JOIN incidents i ON i.id = ie.incident_id
WHERE ie.event_uid = ANY($1);

-- name: standing_of_cases :many
-- Whether a case has tickets, one that is open, and one that was accepted and is open.
SELECT c.id, c.opened_at, count(t.id) > 0 AS ticketed, COALESCE(bool_or(t.closed_at IS NULL), false) AS open,
       COALESCE(bool_or(t.closed_at IS NULL AND t.accepted_at IS NOT NULL), false) AS accepted
FROM cases c LEFT JOIN tickets t ON t.case_id = c.id WHERE c.id = ANY($1) GROUP BY c.id;

-- name: join_cases :many
UPDATE incidents SET case_id = $1 WHERE case_id = ANY($2) RETURNING id;

-- name: insert_case_join :exec
INSERT INTO case_joins (at, case_id, joined_id, pattern_id, version, anchor_uid) VALUES ($1, $2, $3, $4, $5, $6);

-- name: incident_changes :many
-- Incidents that nothing but their case changed, as the tickets and the stream need them.
SELECT i.id, i.number, i.case_id, i.status::text, i.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, i.grade, i.area_id,
       i.area_path, i.place, i.lon, i.lat, i.first_at, i.last_at, i.opened_at, i.final_at, i.event_count, i.source_classes,
       i.late, i.merged_into, i.follows, i.tile, i.explanation
FROM incidents i JOIN event_kinds k ON k.id = i.kind WHERE i.id = ANY($1) AND i.status <> 'merged' ORDER BY i.id;

-- name: matches_of_incidents :many
-- What is evidence for the grades of these incidents.
SELECT incident_id, pattern_id, version, zh_name AS zh, en_name AS en, witnesses FROM incident_matches
WHERE incident_id = ANY($1) AND mode = 'active';

-- name: matches_told :many
-- What the stream tells of the matches at these anchors: those that their incidents show.
SELECT m.incident_id, i.case_id, i.area_path, m.pattern_id, m.version, m.zh_name, m.en_name, m.anchor_uid, m.anchor_at,
       m.matched_at, m.witnesses
FROM incident_matches m JOIN incidents i ON i.id = m.incident_id
WHERE m.incident_id = ANY($1) AND m.anchor_uid = ANY($2) AND m.mode = 'active' ORDER BY m.incident_id, m.pattern_id;

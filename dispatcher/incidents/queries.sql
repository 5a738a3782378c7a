-- Incidents: written by the step, read by the api; see 0004_incidents.sql.

-- name: take_numbers :one
-- The last of the numbers taken; a day's numbers are gapless.
INSERT INTO number_heads (prefix, day, last) VALUES ($1, $2, $3)
ON CONFLICT (prefix, day) DO UPDATE SET last = number_heads.last + $3 RETURNING last;

-- name: insert_case :one
INSERT INTO cases (opened_at) VALUES ($1) RETURNING id;

-- name: insert_incident :one
INSERT INTO incidents (number, case_id, status, kind, kind_group, canonical_at, canonical_uid, grade, explanation,
    source_classes, event_count, first_at, last_at, area_id, area_path, place, lon, lat, late, opened_at)
VALUES ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING id;

-- name: update_incident :exec
UPDATE incidents SET case_id = $2, status = $3::text::incident_status, kind = $4, canonical_at = $5, canonical_uid = $6, grade = $7,
    explanation = $8, source_classes = $9, event_count = $10, first_at = $11, last_at = $12, area_id = $13,
    area_path = $14, place = $15, lon = $16, lat = $17, final_at = $18, version = version + 1
WHERE id = $1;

-- name: merge_incident :exec
-- The absorbed incident stays as an alias and shows what it was.
UPDATE incidents SET status = 'merged', merged_into = $2, case_id = $3, merged_at = $4, final_at = $4, bridge_uid = $5,
    version = version + 1
WHERE id = $1;

-- name: tickets_of_cases :many
SELECT case_id, max(id) AS ticket_id FROM tickets WHERE case_id = ANY($1) GROUP BY case_id;

-- name: settled_events :many
-- Which of these events stand in an incident that absorbs nothing any more: what comes of them is an annotation.
SELECT ie.event_uid FROM incident_events ie JOIN incidents i ON i.id = ie.incident_id
WHERE ie.event_uid = ANY($1) AND i.status = 'final';

-- name: put_incident_event :exec
-- A corrected event may move; the newest revision stands.
INSERT INTO incident_events (event_uid, incident_id, stream, seq, received_at, effective_at, revision, standing)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (event_uid) DO UPDATE SET incident_id = $2, stream = $3, seq = $4, received_at = $5, effective_at = $6,
    revision = $7, standing = $8;

-- name: move_incident_events :exec
UPDATE incident_events SET incident_id = $2 WHERE event_uid = ANY($1);

-- name: open_incidents :many
SELECT id, number, case_id, kind_group, opened_at, late FROM incidents WHERE status = 'open' ORDER BY id;

-- name: open_incident_events :many
-- What the memory of the open incidents is rebuilt from.
SELECT ie.incident_id, ie.standing, e.stream, e.seq, e.uid, e.revision, e.content_hash, e.source, e.source_class, e.kind,
       e.severity, e.raised, e.subject, e.device_id, e.call_id, e.product, e.area_id, e.area_path, e.place, e.lon, e.lat,
       e.x_dm, e.y_dm, e.observed_at, e.received_at, e.effective_at, e.time_quality, e.body
FROM incidents i
JOIN incident_events ie ON ie.incident_id = i.id
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at
WHERE i.status = 'open'
ORDER BY ie.received_at, ie.stream, ie.seq;

-- name: ticketed_cases :many
-- Cases with an open, accepted ticket: in a merge such a case survives.
SELECT DISTINCT case_id FROM tickets
WHERE case_id = ANY($1) AND accepted_at IS NOT NULL AND closed_at IS NULL;

-- name: read_watermarks :many
SELECT kind_group, watermark_at FROM watermarks WHERE rule_set = $1;

-- name: put_watermark :exec
INSERT INTO watermarks (rule_set, kind_group, watermark_at) VALUES ($1, $2, $3)
ON CONFLICT (rule_set, kind_group) DO UPDATE SET watermark_at = GREATEST(watermarks.watermark_at, $3);

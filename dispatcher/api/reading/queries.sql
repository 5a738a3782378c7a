-- Read models of the api. Where $1 is the viewer's area, NULL means everywhere; what lies in no area is everybody's.

-- name: list_events :many
-- Newest first. Ticks of the clock only when that stream is asked for.
SELECT e.uid, e.stream, e.seq, e.kind, e.severity, e.raised, e.source::text, e.source_class::text, e.subject, e.device_id,
       e.call_id, e.area_id, e.place, e.lon, e.lat, e.observed_at, e.received_at, e.effective_at, e.time_quality::text,
       ie.incident_id, e.body
FROM events e LEFT JOIN incident_events ie ON ie.event_uid = e.uid
WHERE ($1::text IS NULL OR e.area_path @> ARRAY[$1] OR e.area_path = '{}')
  AND ($2::text IS NULL OR e.stream = $2) AND ($2 = 'clock' OR e.source <> 'tick')
  AND ($3::text IS NULL OR e.kind = $3) AND ($4::bigint IS NULL OR e.device_id = $4)
  AND ($5::timestamptz IS NULL OR e.received_at >= $5)
  AND ($6::timestamptz IS NULL OR (e.received_at, e.stream, e.seq) < ($6, $7, $8))
ORDER BY e.received_at DESC, e.stream DESC, e.seq DESC
LIMIT $9;

-- name: list_incidents :many
-- Newest first. Members of an organisation also see the incidents of the tickets that it works on.
SELECT i.id, i.number, i.case_id, i.status::text, i.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, i.grade, i.area_id,
       i.place, i.lon, i.lat, i.first_at, i.last_at, i.opened_at, i.final_at, i.event_count, i.source_classes, i.late,
       i.merged_into, t.id AS ticket_id, i.explanation
FROM incidents i JOIN event_kinds k ON k.id = i.kind
LEFT JOIN LATERAL (SELECT id FROM tickets WHERE case_id = i.case_id ORDER BY id DESC LIMIT 1) t ON true
WHERE ($1::text IS NULL OR i.area_path @> ARRAY[$1] OR i.area_path = '{}' OR EXISTS (
        SELECT FROM ticket_assignments s JOIN tickets st ON st.id = s.ticket_id
        WHERE st.case_id = i.case_id AND s.organisation_id = $2))
  AND ($3::text IS NULL OR i.status::text = $3) AND ($4::smallint IS NULL OR i.grade = $4)
  AND ($5::text IS NULL OR i.kind = $5) AND ($6::text IS NULL OR i.area_path @> ARRAY[$6])
  AND ($7::bigint IS NULL OR i.id < $7) AND ($8::bigint IS NULL OR i.id = $8)
ORDER BY i.id DESC
LIMIT $9;

-- name: summarise_incidents :one
-- A merged incident's events are counted where they went.
SELECT count(*) FILTER (WHERE status = 'open') AS open, count(*) FILTER (WHERE status = 'final') AS final,
       count(*) FILTER (WHERE status = 'merged') AS merged,
       COALESCE(sum(event_count) FILTER (WHERE status <> 'merged'), 0)::bigint AS events,
       count(*) FILTER (WHERE late) AS late,
       count(*) FILTER (WHERE status <> 'merged' AND lon IS NOT NULL) AS located
FROM incidents WHERE $1::text IS NULL OR area_path @> ARRAY[$1] OR area_path = '{}';

-- name: events_of_incident :many
-- Oldest first; the primary key of the log is named whole, so only their partitions are read.
SELECT e.uid, e.stream, e.seq, e.kind, e.severity, e.raised, e.source::text, e.source_class::text, e.subject, e.device_id,
       e.call_id, e.area_id, e.place, e.lon, e.lat, e.observed_at, e.received_at, e.effective_at, e.time_quality::text,
       ie.incident_id, e.body, e.x_dm, e.y_dm
FROM incident_events ie
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at
WHERE ie.incident_id = $1
ORDER BY ie.effective_at, ie.event_uid
LIMIT $2;

-- name: aliases_of_incident :many
SELECT id, number, merged_at, bridge_uid FROM incidents WHERE merged_into = $1 ORDER BY id;

-- name: radius_of_incident :one
-- The distance and time within which events of its group belong together.
SELECT g.r_m, g.t_s FROM incidents i JOIN deployment d ON true
JOIN kind_groups g ON g.rule_set = d.rule_set AND g.id = i.kind_group WHERE i.id = $1;

-- name: list_quarantine :many
-- What nobody's device sent is seen by everybody who may look at quarantine.
SELECT q.id, q.received_at, q.topic, q.product, q.device_id, q.reason::text, q.detail, substring(q.payload FOR 4096) AS payload,
       octet_length(q.payload) AS payload_bytes, q.sha256, q.state::text, q.decided_by, q.decided_at
FROM quarantine q LEFT JOIN devices d ON d.id = q.device_id LEFT JOIN areas a ON a.id = d.area_id
WHERE ($1::text IS NULL OR q.device_id IS NULL OR a.path @> ARRAY[$1])
  AND ($2::text IS NULL OR q.state = $2::text::quarantine_state) AND ($3::bigint IS NULL OR q.id < $3)
  AND ($4::bigint IS NULL OR q.id = $4)
ORDER BY q.id DESC
LIMIT $5;

-- name: conservation :many
SELECT product, sum(received)::bigint AS received, sum(stored)::bigint AS stored, sum(duplicate)::bigint AS duplicate,
       sum(quarantined)::bigint AS quarantined
FROM intake_counts WHERE $1::timestamptz IS NULL OR minute >= $1 GROUP BY product ORDER BY product;

-- name: violations :many
SELECT reason, sum(count)::bigint AS count
FROM violations WHERE $1::timestamptz IS NULL OR minute >= $1 GROUP BY reason ORDER BY reason;

-- name: tick_head :one
SELECT COALESCE((SELECT seq FROM log_heads WHERE stream = 'clock'), 0);

-- name: lock_deployment :exec
-- Two who move the clock wait for each other.
SELECT FROM deployment FOR UPDATE;

-- name: set_clock :exec
UPDATE deployment SET simulated_at = $1;

-- name: ensure_partitions :one
SELECT ensure_partitions($1, $2);

-- name: tell :exec
SELECT pg_notify($1, '');

-- name: clock_cursor :one
SELECT seq FROM cursors WHERE consumer = $1 AND stream = 'clock';

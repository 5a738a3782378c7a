-- name: take_range :one
-- The head row is the queue: whoever holds it writes the next positions, in commit order.
INSERT INTO log_heads (stream, seq) VALUES ($1, $2)
ON CONFLICT (stream) DO UPDATE SET seq = log_heads.seq + EXCLUDED.seq
RETURNING seq

-- name: wake_readers :exec
SELECT pg_notify('rongan_events', $1)

-- name: read_heads :many
SELECT stream, seq FROM log_heads WHERE stream <> $1 ORDER BY stream

-- name: hold_heads :many
-- Always in this order; whoever wants to write waits.
SELECT stream, seq FROM log_heads WHERE stream <> $1 ORDER BY stream FOR SHARE

-- name: read_stream :many
-- The lower bound on received_at lets the planner skip older partitions.
SELECT stream, seq, uid, revision, content_hash, source, source_class, kind, severity, raised, subject, device_id,
       call_id, product, area_id, area_path, place, lon, lat, x_dm, y_dm, observed_at, received_at, effective_at,
       time_quality, body
FROM events
WHERE stream = $1 AND seq > $2 AND seq <= $3 AND received_at >= $4
ORDER BY seq

-- name: read_reading_page :many
SELECT effective_at, received_at, type_version, v, extra
FROM readings
WHERE device_id = $1 AND effective_at >= $2 AND effective_at < $3
ORDER BY effective_at DESC
LIMIT $4

-- name: list_quarantined :many
SELECT id, received_at, gateway, topic, product, device_id, reason, detail, payload, sha256, state, decided_by, decided_at
FROM quarantine
WHERE ($1::quarantine_state IS NULL OR state = $1) AND ($2::bigint IS NULL OR id < $2)
ORDER BY id DESC
LIMIT $3

-- name: find_quarantined :one
SELECT id, received_at, gateway, topic, product, device_id, reason, detail, payload, sha256, state, decided_by, decided_at
FROM quarantine
WHERE id = $1

-- name: decide_quarantined :one
-- Only a held row can be decided: the first decision wins.
UPDATE quarantine SET state = $2, decided_by = $3, decided_at = $4
WHERE id = $1 AND state = 'held'
RETURNING id

-- name: lock_pending_signals :many
-- In device order, as the gateways lock them. A signal is a list whose first text is its side.
SELECT device_id, latest, signals FROM device_state
WHERE jsonb_path_exists(signals, '$.*[0] ? (@ == "pending")')
ORDER BY device_id FOR NO KEY UPDATE

-- name: put_signals :exec
UPDATE device_state SET signals = $2 WHERE device_id = $1

-- name: tick_is_held :one
SELECT EXISTS (SELECT FROM quarantine WHERE state = 'held' AND gateway = $1 AND topic LIKE 'log/' || $2 || '/%' AND detail = $3)

-- name: find_event :one
-- Without its position: it gets another one.
SELECT uid, revision, content_hash, source, source_class, kind, severity, raised, subject, device_id, call_id, product,
       area_id, area_path, place, lon, lat, x_dm, y_dm, observed_at, effective_at, time_quality, body
FROM events WHERE stream = $1 AND seq = $2 AND received_at = $3

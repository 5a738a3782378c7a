-- The stream log; see 0007_outbox.sql. Positions are gapless in commit order.

-- name: stream_head :one
SELECT COALESCE((SELECT seq FROM log_heads WHERE stream = 'stream'), 0);

-- name: read_after :many
SELECT seq, at, topic, area_path, organisation_ids, body FROM stream_log WHERE seq > $1 ORDER BY seq LIMIT $2;

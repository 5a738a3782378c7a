-- The stream and the outbox; see 0007_outbox.sql. Leases and waits run on the database's real clock.

-- name: insert_stream_row :exec
INSERT INTO stream_log (at, topic, area_path, organisation_ids, body) VALUES ($1, $2, $3, $4, $5);

-- name: enqueue :exec
INSERT INTO outbox (idempotency_key, channel, endpoint_id, ticket_id, topic, body, created_at, next_at)
SELECT $1 || ':' || e.id, 'webhook', e.id, $3, $4, $5, $6, clock_timestamp()
FROM webhook_endpoints e WHERE e.organisation_id = $2 AND e.enabled
ON CONFLICT (idempotency_key) DO NOTHING;

-- name: claim :many
-- At most $3 messages, and of each endpoint at most $4, or what $5 and $6 leave to it: none waits behind a slow receiver.
WITH due AS (
    SELECT id, next_at, row_number() OVER (PARTITION BY endpoint_id ORDER BY next_at, id) AS nth,
           COALESCE(taken.room, $4) AS room
    FROM outbox LEFT JOIN unnest($5::bigint[], $6::int[]) AS taken (endpoint_id, room) USING (endpoint_id)
    WHERE state = 'ready' AND next_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp())
), chosen AS (
    SELECT id FROM outbox
    WHERE id IN (SELECT id FROM due WHERE nth <= room ORDER BY next_at, id LIMIT $3)
      AND state = 'ready' AND next_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp())
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox o SET lease_token = $1, lease_until = clock_timestamp() + make_interval(secs => $2), attempts = o.attempts + 1
FROM webhook_endpoints e, chosen
WHERE o.id = chosen.id AND e.id = o.endpoint_id
RETURNING o.id, o.idempotency_key, o.endpoint_id, e.url, e.secret, o.topic, o.body, o.created_at, o.attempts, o.lease_token;

-- name: finish :one
UPDATE outbox SET state = 'sent', sent_at = clock_timestamp(), lease_until = NULL, last_error = NULL
WHERE id = $1 AND lease_token = $2 AND state = 'ready' RETURNING id;

-- name: postpone :one
-- Without a wait the message is dead.
UPDATE outbox SET state = CASE WHEN $3::int IS NULL THEN 'dead'::outbox_state ELSE 'ready' END,
    next_at = clock_timestamp() + make_interval(secs => COALESCE($3::int, 0)), lease_until = NULL, last_error = $4
WHERE id = $1 AND lease_token = $2 AND state = 'ready' RETURNING state = 'dead';

-- name: insert_endpoint :one
INSERT INTO webhook_endpoints (organisation_id, url, secret) VALUES ($1, $2, $3) RETURNING id;

-- name: list_endpoints :many
SELECT e.id, e.organisation_id, e.url, e.enabled, count(o.id) FILTER (WHERE o.state = 'ready') AS ready,
       count(o.id) FILTER (WHERE o.state = 'sent') AS sent, count(o.id) FILTER (WHERE o.state = 'dead') AS dead
FROM webhook_endpoints e LEFT JOIN outbox o ON o.endpoint_id = e.id GROUP BY e.id ORDER BY e.id;

-- name: disable_endpoint :one
UPDATE webhook_endpoints SET enabled = false WHERE id = $1 RETURNING id;

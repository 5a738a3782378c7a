-- Leadership runs on the database's real clock; cursors move in the transaction of what follows from them.

-- name: take_leadership :one
UPDATE leadership SET epoch = epoch + 1, holder = $1, until = clock_timestamp() + make_interval(secs => $2)
WHERE until IS NULL OR until < clock_timestamp() OR holder = $1 RETURNING epoch;

-- name: renew_leadership :one
UPDATE leadership SET until = clock_timestamp() + make_interval(secs => $2) WHERE epoch = $1 RETURNING epoch;

-- name: end_when_frozen :one
-- For this transaction: the server ends it when the process says nothing for so long.
SELECT set_config('idle_in_transaction_session_timeout', $1, true);

-- name: fence :one
SELECT epoch FROM leadership WHERE epoch = $1 FOR SHARE;

-- name: resign_leadership :exec
UPDATE leadership SET until = NULL WHERE epoch = $1;

-- name: read_cursor :many
SELECT stream, seq, received_at FROM cursors WHERE consumer = $1;

-- name: put_cursor :one
-- A cursor only moves forwards, and never for an epoch that has ended.
INSERT INTO cursors (consumer, stream, seq, received_at, epoch) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (consumer, stream) DO UPDATE SET seq = $3, received_at = GREATEST(cursors.received_at, $4), epoch = $5
WHERE cursors.seq < $3 AND cursors.epoch <= $5 RETURNING seq;

-- name: tell_cursor :exec
SELECT pg_notify('rongan_cursor', $1);

-- name: ensure_partitions :one
SELECT ensure_partitions($1, $2);

-- name: drop_delivery_keys :one
SELECT drop_delivery_keys_before($1);

-- name: is_simulated :one
SELECT simulated_at IS NOT NULL FROM deployment;

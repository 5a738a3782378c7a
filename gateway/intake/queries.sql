-- The writing transaction of a batch; see 0003_events.sql for the tables.

-- name: ensure_partitions :one
SELECT ensure_partitions($1, $2)

-- name: drop_delivery_keys :one
SELECT drop_delivery_keys_before($1)

-- name: claim_keys :many
-- Claims what is new today and tells what stands already, today or yesterday, of the keys asked for. The last row counts
-- the claims: fewer than expected means that another gateway claimed one in between, and the transaction starts again.
WITH asked AS (
    SELECT * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[])
        WITH ORDINALITY AS a (device_id, key, content_hash, revision, place)
), standing AS (
    SELECT a.place, k.day = $1::date AS today, k.content_hash, k.revision
    FROM asked a
    CROSS JOIN LATERAL (
        SELECT day, content_hash, revision FROM delivery_keys
        WHERE day IN ($1::date, $1::date - 1) AND device_id = a.device_id AND key = a.key
        OFFSET 0  -- One look-up by key each, whatever the planner thinks of an empty partition.
    ) k
), claimed AS (
    INSERT INTO delivery_keys (day, device_id, key, content_hash, revision)
    SELECT $1::date, a.device_id, a.key, a.content_hash, a.revision
    FROM asked a
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT place, today, content_hash, revision FROM standing
UNION ALL
SELECT 0, NULL, NULL, count(*) FROM claimed

-- name: raise_revisions :exec
UPDATE delivery_keys k SET revision = u.revision
FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bigint[]) AS u (device_id, key, content_hash, revision)
WHERE k.day IN ($1::date, $1::date - 1) AND k.device_id = u.device_id AND k.key = u.key
  AND k.content_hash = u.content_hash AND k.revision < u.revision

-- name: lock_device_states :many
-- In device order, so that two gateways never wait for each other in a ring.
SELECT device_id, online, presence_cause, session_id, gateway, presence_at, last_seen_at, latest, signals, firmware, xmin
FROM device_state
WHERE device_id = ANY ($1::bigint[])
ORDER BY device_id
FOR NO KEY UPDATE

-- name: add_device_states :exec
INSERT INTO device_state (device_id)
SELECT d.id FROM devices d WHERE d.id = ANY ($1::bigint[]) ORDER BY d.id
ON CONFLICT DO NOTHING

-- name: write_device_values :one
-- A row that somebody else wrote since we read it stays as it is; the count tells.
WITH written AS (
    UPDATE device_state s
    SET last_seen_at = u.last_seen_at, latest = u.latest, signals = u.signals
    FROM unnest($1::bigint[], $2::xid[], $3::timestamptz[], $4::jsonb[], $5::jsonb[])
        AS u (device_id, version, last_seen_at, latest, signals)
    WHERE s.device_id = u.device_id AND s.xmin = u.version
    RETURNING 1
)
SELECT count(*) FROM written

-- name: write_device_presence :exec
-- After write_device_values, which has locked these rows.
UPDATE device_state s
SET online = u.online, presence_cause = u.cause, session_id = u.session_id, gateway = u.gateway,
    presence_at = u.presence_at, firmware = u.firmware
FROM unnest($1::bigint[], $2::boolean[], $3::text[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[])
    AS u (device_id, online, cause, session_id, gateway, presence_at, firmware)
WHERE s.device_id = u.device_id

-- name: forget_connections :one
-- Whoever was connected to this gateway when it died is not connected any more.
WITH lost AS (
    UPDATE device_state SET online = false, presence_cause = $2, presence_at = $3
    WHERE gateway = $1 AND online
    RETURNING 1
)
SELECT count(*) FROM lost

-- name: add_counts :exec
INSERT INTO intake_counts AS c (minute, gateway, product, received, stored, duplicate, quarantined)
SELECT minute, $1, product, received, stored, duplicate, quarantined
FROM unnest($2::timestamptz[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
    AS u (minute, product, received, stored, duplicate, quarantined)
ORDER BY minute, product
ON CONFLICT (minute, gateway, product) DO UPDATE
SET received = c.received + EXCLUDED.received, stored = c.stored + EXCLUDED.stored,
    duplicate = c.duplicate + EXCLUDED.duplicate, quarantined = c.quarantined + EXCLUDED.quarantined

-- name: add_violations :exec
INSERT INTO violations AS v (minute, gateway, client, reason, count)
SELECT minute, $1, client, reason, count
FROM unnest($2::timestamptz[], $3::text[], $4::text[], $5::bigint[]) AS u (minute, client, reason, count)
ORDER BY minute, client, reason
ON CONFLICT (minute, gateway, client, reason) DO UPDATE SET count = v.count + EXCLUDED.count

-- name: list_kinds_that_open_tickets :many
SELECT id FROM event_kinds WHERE mode = 'auto_ticket'

-- Calls; see hotline_calls in 0003_events.sql.

-- name: insert_call :one
-- A key that stands already gives no row: the caller then looks at what was stored under it.
INSERT INTO hotline_calls (idempotency_key, content_hash, received_at, occurred_at, text, caller_name, caller_phone,
    anonymous, confidential, demand, kind, address, lon, lat, area_id, wanted, urgency, external_due_at, complained_of,
    taken_by, missing)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::demand_type, $11, $12, $13, $14, $15, $16, $17::text::call_urgency, $18,
    $19, $20, $21::text[]::call_element[])
ON CONFLICT (idempotency_key) DO NOTHING
RETURNING id;

-- name: find_call_by_key :one
SELECT id, content_hash, received_at, kind, area_id FROM hotline_calls WHERE idempotency_key = $1;

-- name: kind_exists :one
SELECT true FROM event_kinds WHERE id = $1;

-- name: organisation_exists :one
SELECT true FROM organisations WHERE id = $1;

-- name: read_call :one
-- A call lies in its area; one without an area is seen by those who see everything. Whom it complains of never sees it.
SELECT c.id, c.received_at, c.occurred_at, c.text, c.caller_name, c.caller_phone, c.anonymous, c.confidential,
       c.demand::text, c.kind, c.address, c.lon, c.lat, c.area_id, c.wanted, c.urgency::text, c.complained_of,
       p.number, r.ticket_id
FROM hotline_calls c
LEFT JOIN areas a ON a.id = c.area_id
LEFT JOIN ticket_reports r ON r.call_id = c.id
LEFT JOIN call_receipts p ON p.call_id = c.id
WHERE c.id = $1 AND ($2::text IS NULL OR a.path @> ARRAY[$2]) AND (c.complained_of = $3) IS NOT TRUE;

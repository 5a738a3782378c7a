-- The figures of briefs, in the viewer's area; $1 NULL means everywhere.

-- name: count_incidents_by_grade :many
SELECT grade, count(*) AS incidents FROM incidents
WHERE ($1::text IS NULL OR area_path @> ARRAY[$1]) AND opened_at >= $2 AND opened_at < $3 AND status <> 'merged'
GROUP BY grade;

-- name: count_tickets :one
SELECT count(*) FILTER (WHERE opened_at >= $2 AND opened_at < $3) AS opened,
       count(*) FILTER (WHERE closed_at >= $2 AND closed_at < $3) AS closed
FROM tickets WHERE ($1::text IS NULL OR area_path @> ARRAY[$1])
  AND ((opened_at >= $2 AND opened_at < $3) OR (closed_at >= $2 AND closed_at < $3));

-- name: count_breaches :one
SELECT count(*) FROM ticket_clocks c JOIN tickets t ON t.id = c.ticket_id
WHERE ($1::text IS NULL OR t.area_path @> ARRAY[$1]) AND c.breached_at >= $2 AND c.breached_at < $3;

-- name: count_open :one
SELECT count(*) AS open, count(*) FILTER (WHERE overdue) AS overdue FROM tickets
WHERE ($1::text IS NULL OR area_path @> ARRAY[$1])
  AND state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out');

-- name: count_kinds :many
SELECT k.zh_name, k.en_name, count(*) FILTER (WHERE i.opened_at >= $3) AS incidents,
       count(*) FILTER (WHERE i.opened_at < $3) AS before
FROM incidents i JOIN event_kinds k ON k.id = i.kind
WHERE ($1::text IS NULL OR i.area_path @> ARRAY[$1]) AND i.opened_at >= $2 AND i.opened_at < $4 AND i.status <> 'merged'
GROUP BY k.id, k.zh_name, k.en_name HAVING count(*) FILTER (WHERE i.opened_at >= $3) > 0
ORDER BY 3 DESC, k.id LIMIT 10;

-- name: list_overdue :many
-- A brief is printed and handed on: of kinds that are never published it does not say where.
SELECT t.number, t.kind_zh, t.kind_en, t.lead_zh, t.grade, t.due_at,
       CASE WHEN NOT EXISTS (SELECT FROM undisclosed_kinds u WHERE u.kind = t.kind) THEN t.place END AS place
FROM ticket_rows t
WHERE ($1::text IS NULL OR t.area_path @> ARRAY[$1]) AND t.overdue
  AND t.state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out')
ORDER BY t.grade, t.due_at, t.id LIMIT 20;

-- name: area_name :one
SELECT zh_name FROM areas WHERE id = $1;

-- Steps of running clocks; see 0006_tickets.sql and 0014_ticket_kinds.sql.

-- name: due_tickets :many
-- Tickets with a step of the ladder that has been reached, the longest waiting first.
SELECT ticket_id, min(next_at) AS since FROM ticket_clocks
WHERE stopped_at IS NULL AND next_at <= $1 AND NOT (ticket_id = ANY($2))
GROUP BY ticket_id ORDER BY since, ticket_id LIMIT $3;

-- name: hold_tickets :many
-- A ticket that a user's action holds is left to the next step: it may stop the clock just now.
SELECT id FROM tickets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED;

-- name: fire :one
-- Nothing comes back where this step was taken before.
INSERT INTO clock_firings (ticket_id, clock, organisation_id, run, action, fired_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (ticket_id, clock, organisation_id, run, action) DO NOTHING RETURNING true;

-- name: somebody_hears :one
-- Whether an organisation has an enabled user in one of the roles, or an endpoint.
SELECT EXISTS (SELECT FROM users u WHERE u.organisation_id = $1 AND u.enabled AND u.roles && $2::text[]::user_role[])
    OR EXISTS (SELECT FROM webhook_endpoints e WHERE e.organisation_id = $1 AND e.enabled);

-- name: supervisors_of :one
-- The organisation of the most local supervisor who looks after a place.
SELECT u.organisation_id FROM users u JOIN areas a ON a.id = u.area_id
WHERE u.enabled AND 'supervisor' = ANY(u.roles) AND u.organisation_id IS NOT NULL AND u.area_id = ANY($1)
ORDER BY cardinality(a.path) DESC, u.organisation_id LIMIT 1;

-- name: due_look_backs :many
-- What was closed out and is to be looked at again; another rectification of the same case covers it while it is open,
-- so of several that are due the first is taken.
SELECT t.id, t.version FROM tickets t
WHERE t.state = 'closed_out' AND t.look_back_at <= $1 AND NOT EXISTS (
    SELECT FROM tickets o WHERE o.case_id = t.case_id AND o.ticket_kind = t.ticket_kind
      AND (o.closed_at IS NULL
           OR (o.state = 'closed_out' AND (o.look_back_at, o.id) < (t.look_back_at, t.id))))
ORDER BY t.look_back_at, t.id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: recountable_tickets :many
-- Tickets with provisional due times whose year has been loaded since.
SELECT id FROM tickets
WHERE id IN (SELECT c.ticket_id FROM ticket_clocks c
             WHERE c.stopped_at IS NULL AND c.unknown_year IN (SELECT year FROM calendar_years) LIMIT $1)
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED;

-- Thresholds of running clocks; see 0006_tickets.sql.

-- name: due_tickets :many
-- Tickets with a threshold that has been reached, the longest waiting first.
SELECT ticket_id, min(next_at) AS since FROM ticket_clocks
WHERE stopped_at IS NULL AND next_at <= $1 AND NOT (ticket_id = ANY($2))
GROUP BY ticket_id ORDER BY since, ticket_id LIMIT $3;

-- name: hold_tickets :many
-- A ticket that a user's action holds is left to the next step: it may stop the clock just now.
SELECT id FROM tickets WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED;

-- name: fire :one
-- Nothing comes back where this threshold has fired before.
INSERT INTO clock_firings (ticket_id, clock, organisation_id, run, after_pct, action, fired_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (ticket_id, clock, organisation_id, run, after_pct) DO NOTHING RETURNING true;

-- name: somebody_hears :one
-- Whether an organisation has an enabled user in one of the roles, or an endpoint.
SELECT EXISTS (SELECT FROM users u WHERE u.organisation_id = $1 AND u.enabled AND u.roles && $2::text[]::user_role[])
    OR EXISTS (SELECT FROM webhook_endpoints e WHERE e.organisation_id = $1 AND e.enabled);

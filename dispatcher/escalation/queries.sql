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

-- name: has_endpoint :one
SELECT EXISTS (SELECT FROM webhook_endpoints e WHERE e.organisation_id = $1 AND e.enabled);

-- name: users_in_roles :many
SELECT u.id FROM users u WHERE u.organisation_id = $1 AND u.enabled AND u.roles && $2::text[]::user_role[] ORDER BY u.id LIMIT 20;

-- name: page_asks :many
-- What was assigned since, with what decides whether it pages; asks of a ticket that a user's action holds come later.
SELECT k.ticket_id, k.organisation_id, k.generation, t.kind, t.grade,
       t.closed_at IS NULL AND EXISTS (
           SELECT FROM ticket_assignments a
           WHERE (a.ticket_id, a.generation, a.organisation_id) = (k.ticket_id, k.generation, k.organisation_id)
             AND a.ended_at IS NULL) AS stands
FROM page_asks k JOIN tickets t ON t.id = k.ticket_id
WHERE NOT (k.ticket_id = ANY ($1)) ORDER BY k.ticket_id, k.generation, k.organisation_id LIMIT $2;

-- name: answer_asks :exec
DELETE FROM page_asks k
USING unnest($1::bigint[], $2::text[], $3::int[]) AS d (ticket_id, organisation_id, generation)
WHERE (k.ticket_id, k.organisation_id, k.generation) = (d.ticket_id, d.organisation_id, d.generation);

-- name: insert_page :one
-- Nothing comes back where the page was opened before.
INSERT INTO pages (ticket_id, organisation_id, cause, action, grade, everyone, ack_s, state, opened_at, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $8)
ON CONFLICT (ticket_id, organisation_id, cause) DO NOTHING RETURNING id;

-- name: take_level :one
-- Nothing comes back where the level was taken before.
INSERT INTO page_levels (page_id, level, organisation_id, at, outcome)
VALUES ($1, $2::text::page_level, $3, $4, $5::text::page_outcome) ON CONFLICT (page_id, level) DO NOTHING RETURNING true;

-- name: told_already :one
-- Whether the same persons of an organisation are told the same of a ticket at this very moment by another page.
SELECT EXISTS (SELECT FROM pages p JOIN page_levels l ON l.page_id = p.id
               WHERE p.ticket_id = $1 AND p.id <> $2 AND l.organisation_id = $3 AND l.at = $4 AND l.outcome = 'told'
                 AND l.level::text = ANY ($5) AND p.action IS NOT DISTINCT FROM $6);

-- name: insert_recipient :exec
INSERT INTO page_recipients (page_id, level, contact_id, user_id, reason)
VALUES ($1, $2::text::page_level, $3, $4, $5) ON CONFLICT DO NOTHING;

-- name: list_recipients :many
SELECT r.level::text, l.organisation_id, r.contact_id, r.user_id
FROM page_recipients r JOIN page_levels l ON (l.page_id, l.level) = (r.page_id, r.level)
WHERE r.page_id = $1 ORDER BY r.level, r.contact_id, r.user_id;

-- name: move_page :exec
UPDATE pages SET state = $2::text::page_state, next_at = $3 WHERE id = $1 AND state = 'open';

-- name: end_older_pages :many
-- The assignment is paged about anew: nobody is pressed twice for it.
UPDATE pages SET state = 'ended', next_at = NULL
WHERE ticket_id = $1 AND organisation_id = $2 AND id < $3 AND action IS NULL AND state IN ('open', 'unanswered') RETURNING id;

-- name: due_pages :many
SELECT ticket_id, min(next_at) AS since FROM pages WHERE state = 'open' AND next_at <= $1 AND NOT (ticket_id = ANY ($2))
GROUP BY ticket_id ORDER BY since, ticket_id LIMIT $3;

-- name: due_pages_of_tickets :many
-- Of tickets that the step holds, so that no action of a unit answers one meanwhile.
SELECT p.id, p.ticket_id, p.organisation_id, p.cause, p.action, p.grade, p.everyone, p.ack_s, p.opened_at,
       t.closed_at IS NOT NULL OR (p.action IS NULL AND NOT EXISTS (
           SELECT FROM ticket_assignments a WHERE a.ticket_id = p.ticket_id AND a.organisation_id = p.organisation_id
             AND a.ended_at IS NULL)) AS over,
       ARRAY(SELECT l.level::text FROM page_levels l WHERE l.page_id = p.id) AS taken
FROM pages p JOIN tickets t ON t.id = p.ticket_id
WHERE p.ticket_id = ANY ($1) AND p.state = 'open' AND p.next_at <= $2 ORDER BY p.id FOR NO KEY UPDATE OF p;

-- name: page_for_answer :one
-- The page with its ticket held first, as the stage does.
SELECT t.id FROM tickets t WHERE t.id = (SELECT p.ticket_id FROM pages p WHERE p.id = $1) FOR NO KEY UPDATE;

-- name: read_page_parties :one
SELECT p.ticket_id, p.state::text, p.acknowledged_by,
       ARRAY(SELECT p.organisation_id UNION SELECT l.organisation_id FROM page_levels l WHERE l.page_id = p.id) AS organisations
FROM pages p WHERE p.id = $1;

-- name: acknowledge_page :exec
UPDATE pages SET state = 'acknowledged', next_at = NULL, acknowledged_at = GREATEST($2, opened_at), acknowledged_by = $3
WHERE id = $1 AND state <> 'acknowledged';

-- name: answer_pages :exec
-- Whoever answers one message of a ticket answers every page that his organisation was told of.
SELECT acknowledge_pages($1, $2, $3, $4);

-- name: pages_to_hush :many
SELECT id FROM pages WHERE to_hush ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED;

-- name: hushed :exec
UPDATE pages SET to_hush = false WHERE id = ANY ($1);

-- name: due_contacts :many
-- Whoever's log-in is closed has left.
SELECT c.id, c.organisation_id, a.path AS area_path,
       COALESCE((SELECT max(t.number) FROM reachability_tests t WHERE t.contact_id = c.id), 0) + 1 AS number
FROM contacts c JOIN organisations o ON o.id = c.organisation_id JOIN areas a ON a.id = o.area_id
WHERE c.enabled AND c.test_at <= $1 AND NOT EXISTS (SELECT FROM users u WHERE u.id = c.user_id AND NOT u.enabled)
ORDER BY c.test_at, c.id LIMIT $2 FOR NO KEY UPDATE OF c SKIP LOCKED;

-- name: insert_test :one
-- Nothing comes back where a test of the contact waits for its answer.
INSERT INTO reachability_tests (contact_id, number, sent_at, answer_by) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING id;

-- name: test_contact_next :exec
UPDATE contacts SET test_at = $2 WHERE id = $1;

-- name: due_tests :many
-- Tests whose time for an answer is over. It runs from when the person was asked: a message that is held, or waits for its
-- channel, has asked nobody yet; one for which no way was found has nobody to wait for.
SELECT t.id, t.contact_id, c.organisation_id, a.path AS area_path, l.has_left
FROM reachability_tests t
JOIN contacts c ON c.id = t.contact_id JOIN organisations o ON o.id = c.organisation_id JOIN areas a ON a.id = o.area_id
CROSS JOIN LATERAL (
    SELECT NOT c.enabled OR EXISTS (SELECT FROM users u WHERE u.id = c.user_id AND NOT u.enabled) AS has_left) l
LEFT JOIN messages m ON m.key = $3::text || t.id
CROSS JOIN LATERAL (
    SELECT min(b.progress_at) FILTER (WHERE b.state = 'sent' AND b.progress <> 'failed') AS asked_at,
           m.next_at IS NOT NULL OR COALESCE(bool_or(b.state = 'ready'), false) AS on_its_way
    FROM message_attempts p JOIN outbox b ON b.id = p.outbox_id WHERE p.message_id = m.id) w
WHERE t.state = 'sent' AND t.answer_by <= $1
  AND (l.has_left OR m.answered_at IS NOT NULL
       OR COALESCE(w.asked_at + (t.answer_by - t.sent_at) <= $1, NOT w.on_its_way))
ORDER BY t.answer_by, t.id LIMIT $2 FOR NO KEY UPDATE OF t SKIP LOCKED;

-- name: fail_test :exec
UPDATE reachability_tests SET state = 'failed' WHERE id = $1 AND state = 'sent';

-- name: pass_test :one
UPDATE reachability_tests SET state = 'passed', answered_at = GREATEST($2, sent_at), answered_by = $3
WHERE id = $1 AND state <> 'passed' RETURNING id;

-- name: read_test :one
SELECT t.id, t.contact_id, t.state::text, c.organisation_id, c.user_id FROM reachability_tests t
JOIN contacts c ON c.id = t.contact_id WHERE t.id = $1 FOR NO KEY UPDATE OF t;

-- name: list_reachability :many
-- Each contact in sight with its newest test and when it was reached last.
SELECT c.id AS contact_id, c.organisation_id, c.zh_name, c.test_at, t.id AS test_id, t.state::text AS state, t.sent_at, t.answer_by,
       p.answered_at AS reached_at,
       COALESCE(t.state = 'failed', false) AS unreachable,
       COALESCE(p.answered_at, c.entered_at) <= $4 AS untested
FROM contacts c JOIN organisations o ON o.id = c.organisation_id JOIN areas a ON a.id = o.area_id
LEFT JOIN LATERAL (SELECT id, state, sent_at, answer_by FROM reachability_tests t WHERE t.contact_id = c.id
                   ORDER BY t.number DESC LIMIT 1) t ON true
LEFT JOIN LATERAL (SELECT answered_at FROM reachability_tests t WHERE t.contact_id = c.id AND t.state = 'passed'
                   ORDER BY t.number DESC LIMIT 1) p ON true
WHERE c.enabled AND NOT EXISTS (SELECT FROM users u WHERE u.id = c.user_id AND NOT u.enabled)
  AND ($1::text IS NULL OR a.path @> ARRAY[$1] OR c.organisation_id = $2)
  AND ($3::text IS NULL OR c.organisation_id = $3)
  AND (NOT $5 OR t.state = 'failed' OR COALESCE(p.answered_at, c.entered_at) <= $4) AND c.id > $6
ORDER BY c.id LIMIT $7;

-- name: raise_calendar_alarms :many
-- Years without a calendar that a running due time is provisional for, where no alarm stands.
INSERT INTO calendar_alarms (year, raised_at)
SELECT y.year, $2 FROM unnest($1::smallint[]) AS y (year)
WHERE NOT EXISTS (SELECT FROM calendar_years k WHERE k.year = y.year)
  AND EXISTS (SELECT FROM ticket_clocks c WHERE c.stopped_at IS NULL AND c.unknown_year = y.year)
ON CONFLICT DO NOTHING RETURNING year;

-- name: end_calendar_alarms :many
UPDATE calendar_alarms a SET ended_at = GREATEST($1, raised_at)
WHERE a.ended_at IS NULL AND NOT EXISTS (
    SELECT FROM ticket_clocks c WHERE c.stopped_at IS NULL AND c.unknown_year = a.year)
RETURNING year;

-- name: count_unanswered :one
-- Of assignments that stand, and steps of the ladder, of open tickets.
SELECT count(*) FROM pages p JOIN tickets t ON t.id = p.ticket_id
WHERE p.state = 'unanswered' AND t.closed_at IS NULL
  AND (p.action IS NOT NULL OR EXISTS (SELECT FROM ticket_assignments a WHERE a.ticket_id = p.ticket_id
       AND a.organisation_id = p.organisation_id AND a.ended_at IS NULL))
  AND ($1::text IS NULL OR t.area_path @> ARRAY[$1] OR p.organisation_id = $2);

-- name: list_calendar_alarms :many
SELECT year, raised_at FROM calendar_alarms WHERE ended_at IS NULL ORDER BY year;

-- name: list_pages :many
SELECT p.id, p.ticket_id, t.number, p.organisation_id, p.cause, p.action, p.grade, p.everyone, p.ack_s, p.state::text, p.opened_at,
       p.next_at, p.acknowledged_at, p.acknowledged_by
FROM pages p JOIN tickets t ON t.id = p.ticket_id
WHERE ($1::text IS NULL OR t.area_path @> ARRAY[$1] OR p.organisation_id = $2)
  AND ($3::text IS NULL OR p.state = $3::text::page_state) AND ($4::text IS NULL OR p.organisation_id = $4)
  AND ($5::bigint IS NULL OR p.ticket_id = $5) AND p.id < $6
ORDER BY p.id DESC LIMIT $7;

-- name: list_levels :many
SELECT l.page_id, l.level::text, l.organisation_id, l.at, l.outcome::text,
       ARRAY(SELECT COALESCE(c.zh_name, u.zh_name) || ' (' || r.reason || ')' FROM page_recipients r
             LEFT JOIN contacts c ON c.id = r.contact_id LEFT JOIN users u ON u.id = r.user_id
             WHERE (r.page_id, r.level) = (l.page_id, l.level) ORDER BY r.contact_id, r.user_id) AS persons
FROM page_levels l WHERE l.page_id = ANY ($1) ORDER BY l.page_id, l.at, l.level;

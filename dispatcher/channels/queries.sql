-- The stream, the outbox and the messages; see 0007_outbox.sql and 0019_messages.sql. Leases and waits run on the
-- database's real clock, whatever concerns people on the domain's.

-- name: insert_stream_row :exec
INSERT INTO stream_log (at, topic, area_path, organisation_ids, body) VALUES ($1, $2, $3, $4, $5);

-- name: enqueue :exec
INSERT INTO outbox (idempotency_key, channel, endpoint_id, lane, ticket_id, topic, body, created_at, next_at, progress_at)
SELECT $1 || ':' || e.id, 'webhook', e.id, 'endpoint:' || e.id, $3, $4, $5, $6, clock_timestamp(), $6
FROM webhook_endpoints e WHERE e.organisation_id = $2 AND e.enabled
ON CONFLICT (idempotency_key) DO NOTHING;

-- name: enqueue_attempt :one
INSERT INTO outbox (idempotency_key, channel, contact_point_id, lane, ticket_id, topic, body, grade, created_at, next_at, progress_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), $9) RETURNING id;

-- name: link_attempt :exec
INSERT INTO message_attempts (message_id, outbox_id) SELECT unnest($1::bigint[]), $2;

-- name: claim :many
-- At most $3, and of each lane at most $4, or what $5 and $6 leave to it: none waits behind a slow receiver. From lane to
-- lane by the index, so that what piles up for one that is ill costs the others nothing.
WITH RECURSIVE lanes AS (
    (SELECT o.lane FROM outbox o WHERE o.state = 'ready' ORDER BY o.lane LIMIT 1)
    UNION ALL
    SELECT (SELECT o.lane FROM outbox o WHERE o.state = 'ready' AND o.lane > l.lane ORDER BY o.lane LIMIT 1)
    FROM lanes l WHERE l.lane IS NOT NULL
), due AS (
    SELECT d.id, d.grade, d.next_at
    FROM lanes l LEFT JOIN unnest($5::text[], $6::int[]) AS taken (lane, room) USING (lane)
    CROSS JOIN LATERAL (
        SELECT o.id, o.grade, o.next_at FROM outbox o
        WHERE o.state = 'ready' AND o.lane = l.lane AND o.next_at <= clock_timestamp()
          AND (o.lease_until IS NULL OR o.lease_until < clock_timestamp())
        ORDER BY o.grade, o.next_at, o.id LIMIT COALESCE(taken.room, $4)) d
), chosen AS (
    SELECT id FROM outbox
    WHERE id IN (SELECT id FROM due ORDER BY grade, next_at, id LIMIT $3)
      AND state = 'ready' AND next_at <= clock_timestamp() AND (lease_until IS NULL OR lease_until < clock_timestamp())
    FOR UPDATE SKIP LOCKED
), leased AS (
    UPDATE outbox o SET lease_token = $1, lease_until = clock_timestamp() + make_interval(secs => $2), attempts = o.attempts + 1
    FROM chosen WHERE o.id = chosen.id
    RETURNING o.id, o.idempotency_key, o.channel, o.lane, o.endpoint_id, o.contact_point_id, o.topic, o.body, o.created_at,
              o.attempts, o.lease_token
)
SELECT l.id, l.idempotency_key, l.channel, l.lane, COALESCE(e.url, c.address) AS address, COALESCE(e.secret, c.secret) AS secret,
       l.topic, l.body, l.created_at, l.attempts, l.lease_token
FROM leased l LEFT JOIN webhook_endpoints e ON e.id = l.endpoint_id LEFT JOIN contact_points c ON c.id = l.contact_point_id;

-- name: finish :one
-- A receipt may have come before our own record of the sending: then it stands. What was cancelled while it was being sent
-- has been sent.
UPDATE outbox SET state = 'sent', sent_at = clock_timestamp(), lease_until = NULL, last_error = NULL,
    progress = CASE WHEN progress IN ('queued', 'failed', 'cancelled') THEN $3::text::attempt_state ELSE progress END,
    progress_at = CASE WHEN progress IN ('queued', 'failed', 'cancelled') THEN $4 ELSE progress_at END, progress_note = NULL
WHERE id = $1 AND lease_token = $2 AND state IN ('ready', 'cancelled') RETURNING id;

-- name: postpone :one
-- Without a wait it is dead; unless a receipt came while our own answer was lost.
UPDATE outbox SET
    state = CASE WHEN progress NOT IN ('queued', 'failed') THEN 'sent'
                 WHEN $3::int IS NULL THEN 'dead'::outbox_state ELSE 'ready' END,
    next_at = clock_timestamp() + make_interval(secs => COALESCE($3::int, 0)), lease_until = NULL, last_error = $4,
    progress = CASE WHEN progress NOT IN ('queued', 'failed') THEN progress
                    WHEN $3::int IS NULL THEN 'dead'::attempt_state ELSE 'failed' END,
    progress_at = CASE WHEN progress NOT IN ('queued', 'failed') THEN progress_at ELSE $5 END,
    progress_note = CASE WHEN progress NOT IN ('queued', 'failed') THEN progress_note ELSE $4 END
WHERE id = $1 AND lease_token = $2 AND state = 'ready' RETURNING state = 'dead';

-- name: insert_endpoint :one
INSERT INTO webhook_endpoints (organisation_id, url, secret) VALUES ($1, $2, $3) RETURNING id;

-- name: list_endpoints :many
SELECT e.id, e.organisation_id, e.url, e.enabled, count(o.id) FILTER (WHERE o.state = 'ready') AS ready,
       count(o.id) FILTER (WHERE o.state = 'sent') AS sent, count(o.id) FILTER (WHERE o.state = 'dead') AS dead
FROM webhook_endpoints e LEFT JOIN outbox o ON o.endpoint_id = e.id GROUP BY e.id ORDER BY e.id;

-- name: disable_endpoint :one
UPDATE webhook_endpoints SET enabled = false WHERE id = $1 RETURNING id;

-- name: read_templates :many
-- All versions in force of the topics named, newest first.
SELECT topic, version, language, subject, short, long, fields, source FROM message_templates
WHERE topic = ANY($1) ORDER BY topic, version DESC, language;

-- name: list_limits :many
SELECT channel, count, per_s, smooth FROM message_limits WHERE version = (SELECT max(version) FROM message_limits)
ORDER BY channel, per_s;

-- name: list_rules :many
SELECT channel, grade, bundle_s, quiet_from, quiet_to, next_after_s FROM message_rules
WHERE version = (SELECT max(version) FROM message_rules);

-- name: exercise :one
SELECT simulated_at IS NOT NULL FROM deployment;

-- name: insert_message :one
-- Nothing comes back where the key stands already.
INSERT INTO messages (key, user_id, contact_id, organisation_id, hotline_call_id, contact_point_id, ticket_id, topic,
                      template_version, grade, fields, created_at, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
ON CONFLICT (key) DO NOTHING RETURNING id;

-- name: standing :one
SELECT id, state::text, reason, reached_at, answered_at FROM messages WHERE key = $1;

-- name: insert_call_point :exec
-- The number of a call, as long as the call has one.
INSERT INTO contact_points (hotline_call_id, channel, address, verified_at, created_at)
SELECT c.id, 'sms', regexp_replace(c.caller_phone, '[^0-9+]', '', 'g'), $2, $2 FROM hotline_calls c
WHERE c.id = $1 AND c.caller_phone ~ '[0-9]{3}' ON CONFLICT DO NOTHING;

-- name: points_of :many
-- Where somebody can be told, in their order; $5 names one alone, verified or not. A contact with a log-in has both, and
-- whoever's log-in is closed has left.
SELECT p.id, p.channel, p.address, p.language, p.quiet_from, p.quiet_to
FROM contact_points p
WHERE CASE WHEN $5::bigint IS NOT NULL THEN p.id = $5 ELSE
    p.enabled AND p.verified_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM users u WHERE u.id = $1 AND NOT u.enabled)
    AND (p.user_id = $1 OR p.contact_id = $2 OR p.organisation_id = $3 OR p.hotline_call_id = $4) END
ORDER BY p.position, p.id;

-- name: lock_due_messages :many
SELECT id FROM messages WHERE id IN (SELECT id FROM messages WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2)
    AND next_at <= $1 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED;

-- name: read_messages :many
-- A person of a roster may have a log-in: one person, whichever of the two a message is to.
SELECT m.id, m.key, COALESCE(m.user_id, c.user_id) AS user_id, COALESCE(m.contact_id, u.id) AS contact_id, m.organisation_id,
       m.hotline_call_id, m.contact_point_id, m.ticket_id, m.topic, m.template_version, m.grade, m.fields, m.created_at,
       m.state::text
FROM messages m LEFT JOIN contacts c ON c.id = m.contact_id LEFT JOIN contacts u ON u.user_id = m.user_id
WHERE m.id = ANY($1) ORDER BY m.grade, m.id;

-- name: attempts_of_messages :many
-- What failed by a receipt is over; what failed otherwise is tried again.
SELECT a.message_id, o.contact_point_id, o.channel, o.created_at,
       o.state IN ('dead', 'cancelled') OR (o.state = 'sent' AND o.progress = 'failed') AS is_over
FROM message_attempts a JOIN outbox o ON o.id = a.outbox_id WHERE a.message_id = ANY($1);

-- name: told_before :many
-- When somebody was told over a channel, since then.
SELECT o.created_at FROM contact_points p JOIN outbox o ON o.contact_point_id = p.id
WHERE p.channel = $1 AND (p.user_id = $2 OR p.contact_id = $3 OR p.organisation_id = $4 OR p.hotline_call_id = $5)
  AND o.created_at > $6;

-- name: move_message :exec
UPDATE messages SET state = $2::text::message_state, next_at = $3, reason = $4 WHERE id = $1;

-- name: insert_hold :exec
INSERT INTO message_holds (message_id, at, until, reason, contact_point_id) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (message_id, at) DO NOTHING;

-- name: reach_messages :many
-- One attempt arrived: the messages in it did; a late receipt mends what was given up.
UPDATE messages m SET state = 'reached', reached_at = $2, next_at = NULL, reason = NULL
FROM message_attempts a WHERE a.outbox_id = $1 AND a.message_id = m.id AND m.state IN ('waiting', 'under_way', 'unreached')
RETURNING m.id;

-- name: answer_messages :many
UPDATE messages m SET state = 'answered', answered_at = $2, answered_by = $3, reached_at = COALESCE(m.reached_at, $2),
    next_at = NULL, reason = NULL
WHERE m.id = ANY($1) AND m.state <> 'answered' RETURNING m.id;

-- name: messages_of_attempt :many
SELECT message_id FROM message_attempts WHERE outbox_id = $1;

-- name: cancel_attempts :exec
-- What has not left and carries nothing but messages that are over.
UPDATE outbox o SET state = 'cancelled', progress = 'cancelled', progress_at = $2, progress_note = NULL, lease_until = NULL
WHERE o.state = 'ready' AND o.id IN (SELECT outbox_id FROM message_attempts WHERE message_id = ANY($1))
  AND NOT EXISTS (SELECT FROM message_attempts a JOIN messages m ON m.id = a.message_id
                  WHERE a.outbox_id = o.id AND m.state NOT IN ('answered', 'cancelled'));

-- name: cancel_message :one
UPDATE messages SET state = 'cancelled', next_at = NULL, reason = $2
WHERE key = $1 AND state IN ('waiting', 'under_way', 'unreached') RETURNING id;

-- name: look_again :exec
-- The attempt came to nothing: what it carried looks for its next way.
UPDATE messages m SET next_at = $2 FROM message_attempts a
WHERE a.outbox_id = $1 AND a.message_id = m.id AND m.state = 'under_way';

-- name: read_attempt :one
SELECT channel, progress::text FROM outbox WHERE id = $1;

-- name: attempt_ids_by_key :many
SELECT id, idempotency_key FROM outbox
WHERE idempotency_key = ANY($1) AND channel = $2 AND contact_point_id IS NOT NULL;

-- name: hold_messages_of_attempts :exec
SELECT id FROM messages WHERE id IN (SELECT message_id FROM message_attempts WHERE outbox_id = ANY($1))
ORDER BY id FOR NO KEY UPDATE;

-- name: hold_attempts :many
-- Receipts of one attempt are taken one after the other.
SELECT id, progress::text FROM outbox WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE;

-- name: insert_receipt :one
-- Nothing comes back where this receipt was taken before.
INSERT INTO receipts (outbox_id, receipt_id, state, told_at, note, applied) VALUES ($1, $2, $3::text::attempt_state, $4, $5, $6)
ON CONFLICT DO NOTHING RETURNING true;

-- name: apply_receipt :exec
-- What arrived needs no further try, whatever became of our own record of the sending.
UPDATE outbox SET progress = $2::text::attempt_state, progress_at = $3, progress_note = $4,
    state = CASE state WHEN 'ready' THEN 'sent' ELSE state END, sent_at = COALESCE(sent_at, clock_timestamp())
WHERE id = $1;

-- name: places_of_messages :many
-- Which stream rows tell of them: the area of the ticket, else of the addressee.
SELECT m.id, m.ticket_id, m.topic, m.state::text, m.grade, m.reason, COALESCE(t.area_path, a.path, '{}') AS area_path,
       m.organisation_id
FROM messages m LEFT JOIN tickets t ON t.id = m.ticket_id LEFT JOIN users u ON u.id = m.user_id
    LEFT JOIN organisations g ON g.id = COALESCE(m.organisation_id, u.organisation_id) LEFT JOIN areas a ON a.id = g.area_id
WHERE m.id = ANY($1) ORDER BY m.id;

-- name: place_of_attempt :one
SELECT o.id, o.ticket_id, o.topic, o.channel, COALESCE(t.area_path, a.path, '{}') AS area_path, e.organisation_id
FROM outbox o LEFT JOIN tickets t ON t.id = o.ticket_id LEFT JOIN webhook_endpoints e ON e.id = o.endpoint_id
    LEFT JOIN organisations g ON g.id = e.organisation_id LEFT JOIN areas a ON a.id = g.area_id
WHERE o.id = $1;

-- name: insert_point :one
INSERT INTO contact_points (user_id, contact_id, organisation_id, channel, address, secret, language, position, quiet_from,
                            quiet_to, verified_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id;

-- name: set_code :one
-- How many tests this makes.
UPDATE contact_points SET code = $2, code_misses = 0, tests = tests + 1 WHERE id = $1 AND enabled AND hotline_call_id IS NULL RETURNING tests;

-- name: verify_point :one
UPDATE contact_points SET verified_at = COALESCE(verified_at, $3), code = NULL WHERE id = $1 AND code = $2 RETURNING id;

-- name: miss_code :exec
-- After five misses the code is none any more.
UPDATE contact_points SET code_misses = code_misses + 1, code = CASE WHEN code_misses >= 4 THEN NULL ELSE code END
WHERE id = $1 AND code IS NOT NULL;

-- name: disable_point :one
UPDATE contact_points SET enabled = false WHERE id = $1 AND hotline_call_id IS NULL RETURNING id;

-- name: read_point :one
-- The number of a caller is none of anybody's list.
SELECT id, user_id, contact_id, organisation_id, channel, address, language, position, quiet_from, quiet_to, verified_at,
       enabled, created_at
FROM contact_points WHERE id = $1 AND hotline_call_id IS NULL;

-- name: list_points :many
SELECT id, user_id, contact_id, organisation_id, channel, address, language, position, quiet_from, quiet_to, verified_at,
       enabled, created_at
FROM contact_points p
WHERE hotline_call_id IS NULL AND id > $3
  AND ($1::bigint IS NULL AND $2::text IS NULL OR user_id = $1 OR organisation_id = $2
       OR contact_id IN (SELECT c.id FROM contacts c WHERE c.user_id = $1 OR c.organisation_id = $2))
ORDER BY id LIMIT $4;

-- name: list_messages :many
SELECT m.id, m.topic, m.grade, m.state::text, m.reason, m.ticket_id, t.number AS ticket_number, m.user_id, m.contact_id,
       m.organisation_id, m.hotline_call_id IS NOT NULL AS to_caller,
       COALESCE(u.zh_name, c.zh_name, g.zh_name) AS to_name, m.created_at, m.next_at, m.reached_at, m.answered_at, m.answered_by
FROM messages m LEFT JOIN tickets t ON t.id = m.ticket_id LEFT JOIN users u ON u.id = m.user_id
    LEFT JOIN contacts c ON c.id = m.contact_id
    LEFT JOIN organisations g ON g.id = COALESCE(m.organisation_id, c.organisation_id, u.organisation_id)
    LEFT JOIN areas a ON a.id = g.area_id
WHERE ($6::bigint IS NULL OR m.id = $6) AND ($7::bigint IS NULL OR m.ticket_id = $7)
  AND ($8::bigint IS NULL OR m.user_id = $8 OR c.user_id = $8) AND ($9::bigint IS NULL OR m.contact_id = $9)
  AND ($10::text IS NULL OR m.organisation_id = $10) AND ($11::text IS NULL OR m.state = $11::message_state)
  AND ($12::bigint IS NULL OR m.id < $12)
  AND (m.user_id = $1 OR c.user_id = $1 OR m.hotline_call_id IS NULL AND g.id = $2
       OR $3 AND ($4::text IS NULL OR COALESCE(t.area_path, a.path) @> ARRAY[$4]))
  AND (m.hotline_call_id IS NULL OR $5)
ORDER BY m.id DESC LIMIT $13;

-- name: attempts_of_message :many
-- A code proves that somebody reads the contact point, so whoever reads it here learns nothing.
SELECT o.id, o.channel, p.address, o.progress::text AS state, o.attempts AS tries, o.last_error,
       CASE WHEN o.body->'messages' @> '[{"topic": "contact_point.test"}]'
            THEN regexp_replace(o.body->>'text', '[0-9]{6}', '******', 'g') ELSE o.body->>'text' END AS text,
       o.created_at
FROM message_attempts a JOIN outbox o ON o.id = a.outbox_id JOIN contact_points p ON p.id = o.contact_point_id
WHERE a.message_id = $1 ORDER BY o.id;

-- name: states_of_message :many
SELECT s.outbox_id, s.state::text, s.at, s.note FROM message_attempts a JOIN attempt_states s ON s.outbox_id = a.outbox_id
WHERE a.message_id = $1 ORDER BY s.outbox_id, s.nth;

-- name: holds_of_message :many
SELECT at, until, reason FROM message_holds WHERE message_id = $1 ORDER BY at;

-- name: is_addressee :one
SELECT EXISTS (SELECT FROM messages m LEFT JOIN contacts c ON c.id = m.contact_id
               WHERE m.id = $1 AND (m.user_id = $2 OR c.user_id = $2 OR m.organisation_id = $3));

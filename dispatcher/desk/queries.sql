-- The hotline's desk; see 0024_desk.sql. Where $n is a viewer's area, NULL means everywhere.

-- name: insert_receipt :exec
INSERT INTO call_receipts (call_id, number, code_hash, issued_at) VALUES ($1, $2, $3, $4);

-- name: receipt_number :one
SELECT number FROM call_receipts WHERE call_id = $1;

-- name: renew_code :one
UPDATE call_receipts SET code_hash = $2, issued_at = $3 WHERE call_id = $1 RETURNING number;

-- name: find_by_code :one
-- The report of a code with every number that its caller may know it by: the receipt's, the ticket's, that of a ticket
-- that was merged into it.
SELECT c.call_id, c.number || COALESCE((
           SELECT array_agg(t.number) FROM ticket_reports r JOIN tickets s ON s.id = r.ticket_id
           JOIN LATERAL (SELECT s.number UNION ALL SELECT m.number FROM tickets m
                         WHERE m.merged_into = s.id AND c.call_id = ANY (m.merged_reports)) t ON t.number IS NOT NULL
           WHERE r.call_id = c.call_id), '{}') AS numbers
FROM call_receipts c WHERE c.code_hash = $1;

-- name: insert_supplement :one
INSERT INTO call_supplements (call_id, element, text, at, added_by) VALUES ($1, $2::text::call_element, $3, $4, $5) RETURNING id;

-- name: elements_of :one
SELECT c.missing::text[],
       ARRAY(SELECT DISTINCT s.element::text FROM call_supplements s WHERE s.call_id = c.id) AS supplied
FROM hotline_calls c LEFT JOIN areas a ON a.id = c.area_id
WHERE c.id = $1 AND ($2::text IS NULL OR a.path @> ARRAY[$2]);

-- name: list_supplements :many
SELECT element::text, text, at FROM call_supplements WHERE call_id = $1 ORDER BY id;

-- name: calls_of_caller :many
-- The same number about the same matter since $3; who stayed unnamed or asked for confidence has no history.
SELECT c.id, p.number AS receipt_number, c.received_at, c.kind, c.demand::text, r.ticket_id, t.number AS ticket_number,
       t.state::text, t.closed_at
FROM hotline_calls c LEFT JOIN areas a ON a.id = c.area_id LEFT JOIN call_receipts p ON p.call_id = c.id
LEFT JOIN ticket_reports r ON r.call_id = c.id LEFT JOIN tickets t ON t.id = r.ticket_id
WHERE caller_digits(c.caller_phone) = caller_digits($1) AND c.caller_phone IS NOT NULL AND NOT c.anonymous AND NOT c.confidential
  AND (c.kind = $2 OR t.kind = $2) AND c.received_at >= $3 AND ($4::text IS NULL OR a.path @> ARRAY[$4])
ORDER BY c.received_at DESC, c.id DESC LIMIT 50;

-- name: insert_look :exec
INSERT INTO caller_looks (at, user_id, purpose, call_id, found) VALUES ($1, $2, $3::text::look_purpose, $4, $5);

-- name: list_waiting :many
-- Who waits for a call-back: never shown to a unit that handled the matter or is complained of, nor what another agent has.
SELECT w.call_id, w.ticket_id, w.number, w.kind, w.kind_zh, w.kind_en, w.grade, w.area_id, w.received_at, w.must_call, w.attempts,
       w.due_at, w.callback_id
FROM (SELECT r.call_id, t.id AS ticket_id, t.number, t.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, t.grade, t.area_id,
             t.area_path, c.received_at, r.must_call, r.attempts, COALESCE(t.due_at, 'infinity'::timestamptz) AS sort_at,
             t.due_at, b.id AS callback_id, b.agent_id
      FROM tickets t JOIN ticket_reports r ON r.ticket_id = t.id JOIN hotline_calls c ON c.id = r.call_id
      JOIN event_kinds k ON k.id = t.kind LEFT JOIN callbacks b ON b.call_id = r.call_id AND b.ended_at IS NULL
      WHERE t.state = 'awaiting_callback' AND r.callback_wanted AND r.called_back_at IS NULL AND r.callback_outcome IS NULL
        AND NOT COALESCE(is_concerned(t.id, $2), false)) w
WHERE ($1::text IS NULL OR w.area_path @> ARRAY[$1] OR w.area_path = '{}')
  AND (w.agent_id IS NULL OR w.agent_id = $3) AND ($4::boolean IS NULL OR $4 = (w.agent_id IS NOT NULL))
  AND ($6::bigint IS NULL OR (w.sort_at, w.call_id) > (COALESCE($5::timestamptz, 'infinity'), $6))
ORDER BY w.sort_at, w.call_id LIMIT $7;

-- name: waiting_report :one
-- The report, held, whether it waits, and whether the asker's unit handled it or is complained of.
SELECT r.ticket_id, t.area_path,
       t.state = 'awaiting_callback' AND r.callback_wanted AND r.called_back_at IS NULL AND r.callback_outcome IS NULL AS waits,
       COALESCE(is_concerned(t.id, $2), false) AS handled
FROM ticket_reports r JOIN tickets t ON t.id = r.ticket_id WHERE r.call_id = $1 FOR NO KEY UPDATE OF r;

-- name: take_callback :one
INSERT INTO callbacks (call_id, ticket_id, agent_id, agent_organisation_id, taken_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (call_id) WHERE ended_at IS NULL DO NOTHING RETURNING id;

-- name: open_callback_of :one
SELECT id, agent_id FROM callbacks WHERE call_id = $1 AND ended_at IS NULL;

-- name: read_callback :one
-- With the state of its report as it is now: the report may have moved to another ticket meanwhile. $2: the asker's unit.
SELECT b.id, b.call_id, r.ticket_id, t.number, t.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, t.grade, t.area_id, t.state::text,
       t.area_path, b.agent_id, b.agent_organisation_id, b.taken_at, b.result::text, b.satisfaction, b.words, b.ended_at, r.attempts,
       r.must_call, c.received_at, c.text, t.due_at, COALESCE(is_concerned(t.id, $2), false) AS concerned
FROM callbacks b JOIN ticket_reports r ON r.call_id = b.call_id JOIN tickets t ON t.id = r.ticket_id
JOIN event_kinds k ON k.id = t.kind JOIN hotline_calls c ON c.id = b.call_id WHERE b.id = $1;

-- name: hold_callback :one
SELECT id FROM callbacks WHERE id = $1 FOR NO KEY UPDATE;

-- name: read_caller :one
SELECT caller_name, caller_phone FROM hotline_calls WHERE id = $1;

-- name: end_callback :exec
UPDATE callbacks SET result = $2::text::callback_result, satisfaction = $3, words = $4, ended_at = $5 WHERE id = $1;

-- name: hold_version :one
SELECT version FROM tickets WHERE id = $1 FOR NO KEY UPDATE;

-- name: list_refusal_bases :many
SELECT code, refusal, zh_text, en_text, source, valid_from FROM refusal_bases WHERE valid_from <= $1 ORDER BY refusal, code;

-- name: refusal_basis :one
SELECT refusal, zh_text, en_text FROM refusal_bases WHERE code = $1 AND valid_from <= $2;

-- name: draws_due :many
SELECT c.id, c.ticket_id, c.version, c.cause::text, r.one_in, k.key
FROM re_checks c JOIN re_check_rates r ON r.cause = c.cause CROSS JOIN re_check_key k
WHERE c.drawn IS NULL ORDER BY c.id LIMIT $1 FOR NO KEY UPDATE OF c SKIP LOCKED;

-- name: draw :exec
UPDATE re_checks SET drawn = $2, one_in = $3 WHERE id = $1;

-- name: list_re_checks :many
-- What was drawn, the oldest that still waits first; never to the person or the unit whose decision it is.
SELECT c.id, c.ticket_id, t.number, t.kind, c.cause::text, c.at, x.reason, x.fields ->> 'code' AS code,
       (x.fields ->> 'was')::integer AS was, (x.fields ->> 'grade')::integer AS grade, c.organisation_id, c.one_in, c.result::text,
       c.words, c.checked_at, c.checker_organisation_id
FROM re_checks c JOIN tickets t ON t.id = c.ticket_id
JOIN ticket_transitions x ON x.ticket_id = c.ticket_id AND x.version = c.version
WHERE c.drawn AND ($1::text IS NULL OR t.area_path @> ARRAY[$1] OR t.area_path = '{}')
  AND c.organisation_id IS DISTINCT FROM $2 AND c.actor <> $3
  AND ($4::boolean IS NULL OR $4 = (c.result IS NULL)) AND c.id > $5 AND ($6::bigint IS NULL OR c.id = $6)
ORDER BY c.id LIMIT $7;

-- name: hold_re_check :one
SELECT c.id, c.ticket_id, c.cause::text, c.actor, c.organisation_id, c.drawn, c.result::text, t.area_path,
       is_concerned(t.id, $2) AS handled
FROM re_checks c JOIN tickets t ON t.id = c.ticket_id WHERE c.id = $1 FOR NO KEY UPDATE OF c;

-- name: record_re_check :exec
UPDATE re_checks SET result = $2::text::re_check_result, words = $3, checked_at = $4, checker = $5, checker_organisation_id = $6
WHERE id = $1;

-- name: insert_article :exec
INSERT INTO knowledge_articles (id, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING;

-- name: hold_article :exec
-- Versions of an article are numbered by one writer at a time; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('knowledge/' || $1, 0));

-- name: newest_version :one
SELECT max(version) FROM knowledge_versions WHERE article_id = $1;

-- name: insert_version :exec
INSERT INTO knowledge_versions (article_id, version, kind, demand, zh_title, en_title, zh_text, en_text, source, valid_from,
    valid_until, published_at, published_by)
VALUES ($1, $2, $3, $4::text::demand_type, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: end_version :one
UPDATE knowledge_versions SET valid_until = $3 WHERE article_id = $1 AND version = $2 AND valid_from <= $3 RETURNING version;

-- name: list_versions :many
SELECT v.article_id AS id, v.version, v.kind, v.demand::text, v.zh_title, v.en_title, v.zh_text, v.en_text, v.source, v.valid_from,
       v.valid_until, v.published_at
FROM knowledge_versions v WHERE v.article_id = $1 ORDER BY v.version DESC;

-- name: search_articles :many
-- The version of each article that is in force on $1, by how many pieces of the question its title and text hold.
SELECT f.id, f.version, f.kind, f.demand, f.zh_title, f.en_title, f.zh_text, f.en_text, f.source, f.valid_from, f.valid_until,
       f.published_at
FROM (SELECT v.article_id AS id, v.version, v.kind, v.demand::text, v.zh_title, v.en_title, v.zh_text, v.en_text, v.source,
             v.valid_from, v.valid_until, v.published_at,
             (SELECT COALESCE(sum(CASE WHEN strpos(lower(v.zh_title || ' ' || v.en_title), piece) > 0 THEN 3
                                       WHEN strpos(lower(v.zh_text || ' ' || v.en_text), piece) > 0 THEN 1 ELSE 0 END), 0)
              FROM unnest($2::text[]) piece)::integer AS score
      FROM (SELECT DISTINCT ON (w.article_id) w.article_id, w.version, w.kind, w.demand, w.zh_title, w.en_title, w.zh_text,
                   w.en_text, w.source, w.valid_from, w.valid_until, w.published_at
            FROM knowledge_versions w WHERE w.valid_from <= $1 ORDER BY w.article_id, w.version DESC) v
      WHERE (v.valid_until IS NULL OR v.valid_until >= $1) AND ($3::text IS NULL OR v.kind = $3 OR v.kind IS NULL)
        AND ($4::text IS NULL OR v.demand::text = $4 OR v.demand IS NULL)) f
WHERE cardinality($2::text[]) = 0 OR f.score > 0
ORDER BY f.score DESC, f.id LIMIT $5;

-- name: version_in_force :one
-- Whether this very version may be cited on a day: begun, not ended, and no newer one begun.
SELECT v.zh_text FROM knowledge_versions v
WHERE v.article_id = $1 AND v.version = $2 AND v.valid_from <= $3 AND (v.valid_until IS NULL OR v.valid_until >= $3)
  AND NOT EXISTS (SELECT FROM knowledge_versions n
                  WHERE n.article_id = v.article_id AND n.version > v.version AND n.valid_from <= $3);

-- name: kind_exists :one
SELECT true FROM event_kinds WHERE id = $1;

-- name: read_standing :one
-- What the caller of a report may know of it; a report without a ticket was received and no more.
SELECT c.id AS call_id, p.number, c.received_at, t.id AS ticket_id, t.number AS ticket_number, t.version,
       t.state::text, k.zh_name AS kind_zh, k.en_name AS kind_en, o.zh_name AS lead_zh, o.en_name AS lead_en, t.closed_at,
       (SELECT min(x.due_at) FROM ticket_clocks x WHERE x.ticket_id = t.id AND x.stopped_at IS NULL AND x.organisation_id = ''
        AND x.clock IN ('c_triage', 'c_resolve')) AS due_at,
       r.callback_outcome, e.satisfaction AS rated,
       ARRAY(SELECT j.aim::text FROM public_objections j WHERE j.call_id = c.id) AS objected
FROM hotline_calls c JOIN call_receipts p ON p.call_id = c.id LEFT JOIN ticket_reports r ON r.call_id = c.id
LEFT JOIN tickets t ON t.id = r.ticket_id LEFT JOIN event_kinds k ON k.id = t.kind
LEFT JOIN organisations o ON o.id = t.lead_organisation_id LEFT JOIN report_ratings e ON e.call_id = c.id
WHERE c.id = $1;

-- name: last_refusal :one
SELECT x.fields ->> 'code' AS code, b.zh_text, b.en_text FROM ticket_transitions x
LEFT JOIN refusal_bases b ON b.code = x.fields ->> 'legal_basis'
WHERE x.ticket_id = $1 AND x.event IN ('refuse_accept', 'request_refusal') ORDER BY x.version DESC LIMIT 1;

-- name: last_answer :one
SELECT x.fields ->> 'answer' AS answer FROM ticket_transitions x
WHERE x.ticket_id = $1 AND x.event = 'answer' ORDER BY x.version DESC LIMIT 1;

-- name: insert_objection :one
INSERT INTO public_objections (call_id, aim, ticket_id, at) VALUES ($1, $2::text::objection_aim, $3, $4)
ON CONFLICT DO NOTHING RETURNING call_id;

-- name: insert_rating :one
INSERT INTO report_ratings (call_id, ticket_id, rated_at, satisfaction, result, words)
VALUES ($1, $2, $3, $4, $5::text::callback_result, $6) ON CONFLICT DO NOTHING RETURNING call_id;

-- name: insert_partner :one
INSERT INTO exchange_partners (id, organisation_id, area_id, secret) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING id;

-- name: disable_partner :one
UPDATE exchange_partners SET enabled = false WHERE id = $1 RETURNING id;

-- name: list_partners :many
SELECT p.id, p.organisation_id, p.area_id, p.enabled,
       (SELECT count(*) FROM exchange_orders e WHERE e.partner_id = p.id) AS orders
FROM exchange_partners p ORDER BY p.id;

-- name: read_partner :one
SELECT id, organisation_id, area_id, secret, clock_timestamp() AS real_at FROM exchange_partners WHERE id = $1 AND enabled;

-- name: insert_order :exec
INSERT INTO exchange_orders (partner_id, external_number, call_id, received_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING;

-- name: read_order :one
SELECT e.external_number, e.call_id, e.received_at, c.external_due_at FROM exchange_orders e
JOIN hotline_calls c ON c.id = e.call_id WHERE e.partner_id = $1 AND e.external_number = $2;

-- name: take_changed_orders :many
-- Changes that are committed, taken out; what commits from now on has rows of its own.
WITH taken AS (
    DELETE FROM exchange_changes WHERE id IN (SELECT id FROM exchange_changes ORDER BY id LIMIT $1) RETURNING call_id
)
SELECT e.partner_id, e.external_number, e.call_id, p.organisation_id, e.told_ticket_id, e.told_version
FROM exchange_orders e JOIN exchange_partners p ON p.id = e.partner_id
WHERE e.call_id IN (SELECT call_id FROM taken) ORDER BY e.call_id;

-- name: place_of_report :one
SELECT r.ticket_id, t.version FROM ticket_reports r JOIN tickets t ON t.id = r.ticket_id WHERE r.call_id = $1;

-- name: order_told :exec
UPDATE exchange_orders SET told_ticket_id = $3, told_version = $4
WHERE partner_id = $1 AND external_number = $2;

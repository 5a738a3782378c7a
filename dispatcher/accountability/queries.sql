-- Art. 50 files, their seals, and petitions; see 0021_accountability.sql. Where $n is a viewer's area, NULL means everywhere.

-- name: unjudged_breaches :many
SELECT id FROM breach_records WHERE judgement IS NULL ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED;

-- name: read_breach :one
SELECT b.id, b.source_key, b.type::text, b.ticket_id, b.clock, b.organisation_id, b.run, b.unit_organisation_id, b.area_path,
       b.grade, b.started_at, b.happened_at, b.due_at, b.actual_at, b.explanation, b.judgement::text, g.ground::text,
       g.source AS ground_source
FROM breach_records b LEFT JOIN ground_of(b.clock, b.explanation -> 'limit' ->> 'condition') g ON true WHERE b.id = $1;

-- name: hold_breach :one
SELECT id FROM breach_records WHERE id = $1 FOR NO KEY UPDATE;

-- name: judge_breach :exec
UPDATE breach_records SET judgement = $2::text::breach_judgement, judged_at = $3 WHERE id = $1;

-- name: list_breaches :many
-- A unit sees its own; whoever supervises a place sees what happened there.
SELECT b.id, b.type::text, b.ticket_id, b.clock, b.unit_organisation_id, b.grade, b.happened_at, b.due_at, b.actual_at,
       b.judgement::text, f.id AS file_id
FROM breach_records b LEFT JOIN accountability_files f ON f.breach_id = b.id
WHERE (($1::text IS NULL OR b.area_path @> ARRAY[$1]) AND $2 OR b.unit_organisation_id = $3)
  AND ($4::text IS NULL OR b.type::text = $4) AND ($5::text IS NULL OR b.unit_organisation_id = $5) AND b.id < $6
ORDER BY b.id DESC LIMIT $7;

-- name: ended_breaches :many
SELECT b.id, f.id AS file_id FROM breach_records b JOIN accountability_files f ON f.breach_id = b.id
WHERE b.judgement = 'file_opened' AND b.actual_at IS NOT NULL AND NOT b.end_sealed
ORDER BY b.id LIMIT $1 FOR NO KEY UPDATE OF b, f SKIP LOCKED;

-- name: seal_end :exec
UPDATE breach_records SET end_sealed = true WHERE id = $1;

-- name: list_notices :many
-- The steps of the ladder that the late clock took: who was told when.
SELECT action, fired_at AS at FROM clock_firings
WHERE ticket_id = $1 AND clock = $2 AND organisation_id = $3 AND run = $4 ORDER BY fired_at, action;

-- name: read_log :many
SELECT version, event, from_state::text, to_state::text, actor, actor_role, organisation_id, at, reason, fields
FROM ticket_transitions WHERE ticket_id = $1 AND version <= $2 ORDER BY version;

-- name: read_ticket :one
SELECT t.id, t.number, t.ticket_kind::text, t.kind, t.state::text, t.version, t.grade FROM tickets t WHERE t.id = $1;

-- name: sees_ticket :one
SELECT EXISTS (SELECT FROM tickets t WHERE t.id = $1 AND ($2::text IS NULL OR t.area_path @> ARRAY[$2]));

-- name: was_stated :one
-- Whether the unit has said its side.
SELECT EXISTS (SELECT FROM accountability_seals WHERE file_id = $1 AND content::jsonb ->> 'event' = 'state_side');

-- name: read_unit :one
SELECT o.id, o.kind::text, o.zh_name, o.en_name, a.path FROM organisations o JOIN areas a ON a.id = o.area_id WHERE o.id = $1;

-- name: insert_file :one
-- Nothing comes back where the breach has its file.
INSERT INTO accountability_files (number, breach_id, type, ground, unit_organisation_id, area_path, ticket_id, opened_at,
    statement_due_at)
VALUES ($1, $2, $3::text::breach_type, $4::text::accountability_ground, $5, $6, $7, $8, $9)
ON CONFLICT (breach_id) DO NOTHING RETURNING id;

-- name: file_of_breach :one
SELECT id FROM accountability_files WHERE breach_id = $1;

-- name: insert_seal :exec
-- The database chains it.
INSERT INTO accountability_seals (file_id, version, content) VALUES ($1, $2, $3);

-- name: claim_file :one
-- Compare and swap: the row is held from here on; nothing comes back where the version moved on.
UPDATE accountability_files SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING version;

-- name: next_version :one
UPDATE accountability_files SET version = version + 1 WHERE id = $1 RETURNING version;

-- name: move_file :exec
UPDATE accountability_files SET state = $2::text::accountability_state, organ_id = COALESCE($3, organ_id) WHERE id = $1;

-- name: list_files :many
-- Need to know: the unit itself ($3, where its heads ask), and supervisors and auditors of the place ($2).
SELECT f.id, f.number, f.breach_id, f.type::text, f.ground::text, f.unit_organisation_id, f.area_path, f.ticket_id, f.opened_at,
       f.statement_due_at, f.state::text, f.version, f.organ_id, o.zh_name AS unit_zh, o.en_name AS unit_en, t.number AS ticket_number,
       (SELECT max(c.fired_at) FROM clock_firings c
        WHERE (c.ticket_id, c.clock, c.organisation_id, c.run) = (b.ticket_id, b.clock, b.organisation_id, b.run)
          AND c.action = 'review') AS review_asked_at
FROM accountability_files f JOIN breach_records b ON b.id = f.breach_id JOIN organisations o ON o.id = f.unit_organisation_id
LEFT JOIN tickets t ON t.id = f.ticket_id
WHERE ((($1::text IS NULL OR f.area_path @> ARRAY[$1]) AND $2) OR f.unit_organisation_id = $3)
  AND ($4::text IS NULL OR f.state::text = $4) AND ($5::text IS NULL OR f.type::text = $5)
  AND ($6::text IS NULL OR f.unit_organisation_id = $6) AND f.id < $7 AND ($8::bigint IS NULL OR f.id = $8)
ORDER BY f.id DESC LIMIT $9;

-- name: list_seals :many
SELECT seq, version, content, previous_hash, hash FROM accountability_seals WHERE file_id = $1 ORDER BY version;

-- name: read_head :one
SELECT seq, hash FROM accountability_head;

-- name: list_all_seals :many
SELECT s.seq, s.file_id, s.version, s.content, s.previous_hash, s.hash FROM accountability_seals s
WHERE s.seq > $1 ORDER BY s.seq LIMIT $2;

-- name: list_file_rows :many
SELECT f.id, f.number, f.type::text, f.ground::text, f.unit_organisation_id, f.ticket_id, f.state::text, f.version, f.organ_id,
       f.opened_at, f.statement_due_at, f.area_path, b.source_key, b.due_at, b.happened_at, b.started_at, b.clock, b.grade,
       b.explanation, b.actual_at, b.end_sealed, b.type::text AS breach_type, b.unit_organisation_id AS breach_unit,
       b.ticket_id AS breach_ticket
FROM accountability_files f JOIN breach_records b ON b.id = f.breach_id ORDER BY f.id;

-- name: list_unfiled :many
-- Breaches that were judged to have a file and have none.
SELECT b.source_key FROM breach_records b LEFT JOIN accountability_files f ON f.breach_id = b.id
WHERE b.judgement = 'file_opened' AND f.id IS NULL ORDER BY b.id;

-- name: list_organs :many
SELECT id, zh_name, en_name, source FROM competent_organs ORDER BY id;

-- name: organ_exists :one
SELECT EXISTS (SELECT FROM competent_organs WHERE id = $1);

-- name: insert_petition :one
INSERT INTO petitions (number, kind, about_organisation_id, receiver_organisation_id, area_path, matter, petitioner, contact,
    received_at, accept_due_at, handle_due_at, accept_limit, handle_limit, next_due_at)
VALUES ($1, $2::text::petition_kind, $3, $4, $5, $6, $7, $8, $9, $10::timestamptz, $11::timestamptz, $12, $13,
    LEAST($10::timestamptz, $11::timestamptz)) RETURNING id;

-- name: list_petitions :many
-- Who is complained of never sees it; supervisors and auditors of the place and the heads of who has to decide do.
SELECT p.id, p.number, p.kind::text, p.about_organisation_id, p.receiver_organisation_id, p.area_path, p.matter, p.petitioner,
       p.contact, p.received_at, p.accept_due_at, p.handle_due_at, p.state::text, p.version, p.extended, p.refusal_code,
       p.legal_basis, p.accept_limit, p.handle_limit, p.next_due_at
FROM petitions p
WHERE ((($1::text IS NULL OR p.area_path @> ARRAY[$1]) AND $2) OR p.receiver_organisation_id = $3)
  AND ($4::text IS NULL OR p.about_organisation_id <> $4) AND ($5::text IS NULL OR p.state::text = $5) AND p.id < $6
  AND ($7::bigint IS NULL OR p.id = $7)
ORDER BY p.id DESC LIMIT $8;

-- name: claim_petition :one
UPDATE petitions SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id;

-- name: move_petition :exec
UPDATE petitions SET state = $2::text::petition_state, accept_due_at = $3, handle_due_at = $4, next_due_at = $5, extended = $6,
    refusal_code = $7, legal_basis = $8, accept_limit = $9 WHERE id = $1;

-- name: due_petitions :many
SELECT id, number, kind::text, receiver_organisation_id, area_path, received_at, accept_due_at, handle_due_at, state::text,
       accept_limit, handle_limit
FROM petitions WHERE next_due_at <= $1 ORDER BY next_due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: wait_for :exec
UPDATE petitions SET next_due_at = $2 WHERE id = $1;

-- name: insert_petition_record :exec
INSERT INTO petition_records (petition_id, version, event, from_state, to_state, at, actor, actor_name, organisation_id, reason,
    fields)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: list_petition_records :many
SELECT version, event, from_state, to_state, at, actor_name, organisation_id, reason, fields FROM petition_records
WHERE petition_id = $1 ORDER BY version;

-- Attachments and where they served; the files themselves lie in a folder. See 0025_attachments.sql.

-- name: hold_content :exec
-- One at a time for a content: who names its file, and who removes it.
SELECT pg_advisory_xact_lock($1);

-- name: insert_attachment :one
INSERT INTO attachments (sha256, source_sha256, kind, media_type, size_bytes, name, width, height, phash, dhash, bands, taken_at,
    lon, lat, uploaded_at, uploaded_by, uploaded_by_name, organisation_id, collect_at)
VALUES ($1, $2, $3::text::attachment_kind, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
RETURNING id;

-- name: read_attachment :one
SELECT id, sha256, kind::text, media_type, size_bytes, name, width, height, taken_at, lon, lat, uploaded_at, uploaded_by,
       uploaded_by_name, organisation_id
FROM attachments WHERE id = $1 AND collected_at IS NULL;

-- name: count_unused :one
SELECT count(*) FROM attachments WHERE uploaded_by = $1 AND collect_at IS NOT NULL AND collected_at IS NULL;

-- name: subjects_of :many
SELECT DISTINCT topic, subject_id FROM attachment_uses WHERE attachment_id = $1 ORDER BY topic, subject_id;

-- name: hold_same :exec
-- Two actions that cite one content at once take turns, in the order of ids.
SELECT a.id FROM attachments a
WHERE a.sha256 IN (SELECT m.sha256 FROM attachments m WHERE m.id = ANY ($1))
   OR a.source_sha256 IN (SELECT m.source_sha256 FROM attachments m WHERE m.id = ANY ($1))
ORDER BY a.id FOR NO KEY UPDATE;

-- name: list_cited :many
SELECT id, sha256, kind::text, uploaded_by, organisation_id, taken_at, lon, lat FROM attachments
WHERE id = ANY ($1) AND collected_at IS NULL ORDER BY id;

-- name: list_past_uses :many
-- Uses of each attachment, of the same content under another id, and of photos whose hashes are near.
SELECT m.id AS attachment_id, u.id, u.topic, u.subject_id, u.event, u.version, u.finishing, u.used_at,
       (o.sha256 = m.sha256 OR o.source_sha256 = m.source_sha256) AS same
FROM attachments m
JOIN LATERAL (
    SELECT a.id, a.sha256, a.source_sha256 FROM attachments a WHERE a.sha256 = m.sha256
    UNION SELECT a.id, a.sha256, a.source_sha256 FROM attachments a WHERE a.source_sha256 = m.source_sha256
    UNION SELECT a.id, a.sha256, a.source_sha256 FROM attachments a
    WHERE a.bands && m.bands AND bit_count((a.phash # m.phash)::bit(64)) + bit_count((a.dhash # m.dhash)::bit(64)) <= $2
) o ON true
JOIN attachment_uses u ON u.attachment_id = o.id
WHERE m.id = ANY ($1) ORDER BY m.id, u.id;

-- name: insert_use :exec
INSERT INTO attachment_uses (attachment_id, topic, subject_id, event, version, finishing, findings, used_at, used_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (attachment_id, topic, subject_id, event, version) DO NOTHING;

-- name: list_uses_on :many
SELECT a.id, a.kind::text, a.media_type, a.size_bytes, a.name, a.width, a.height, a.taken_at, a.lon, a.lat, a.uploaded_at,
       a.uploaded_by_name, a.organisation_id, u.event, u.version, u.finishing, u.findings, u.used_at, u.used_by
FROM attachment_uses u JOIN attachments a ON a.id = u.attachment_id
WHERE u.topic = $1 AND u.subject_id = $2 ORDER BY u.id;

-- name: newest_finishing :many
-- What the newest proof of a subject cites.
SELECT u.id AS use_id, u.attachment_id FROM attachment_uses u
WHERE u.topic = $1 AND u.subject_id = $2 AND u.event = ANY ($3)
  AND u.version = (SELECT max(n.version) FROM attachment_uses n WHERE n.topic = $1 AND n.subject_id = $2 AND n.event = ANY ($3))
ORDER BY u.id;

-- name: give_up :many
-- Uploads that nobody used in time; who is using one just now holds its row.
UPDATE attachments SET collected_at = $1 WHERE id IN (
    SELECT id FROM attachments WHERE collect_at <= $1 AND collected_at IS NULL
    ORDER BY collect_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id;

-- name: list_given_up :many
SELECT id, sha256 FROM attachments WHERE collected_at IS NOT NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED;

-- name: content_is_kept :one
SELECT EXISTS (SELECT FROM attachments WHERE sha256 = $1 AND collected_at IS NULL) AS kept;

-- name: delete_attachment :exec
DELETE FROM attachments WHERE id = $1;

-- name: list_contents :many
SELECT DISTINCT sha256 FROM attachments WHERE collected_at IS NULL AND sha256 > $1 ORDER BY sha256 LIMIT $2;

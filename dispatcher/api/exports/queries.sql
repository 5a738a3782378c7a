-- Who took which lists out of the system; see 0025_attachments.sql.

-- name: insert_export :exec
INSERT INTO export_records (at, actor, organisation_id, subject, format, asked, row_count)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: list_confidential_kinds :many
SELECT DISTINCT kind FROM undisclosed_kinds;

-- name: list_exports :many
SELECT id, at, actor, organisation_id, subject, format, asked, row_count FROM export_records
WHERE $1::bigint IS NULL OR id < $1 ORDER BY id DESC LIMIT $2;

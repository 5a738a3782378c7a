-- Versions of the rules and where in the log each took over; see 0012_rules.sql.

-- name: lock_versions :exec
-- Whoever adds a version or asks for an activation; versions are numbered without a hole.
SELECT pg_advisory_xact_lock(7240012);

-- name: insert_version :one
INSERT INTO rule_versions (rule_set, version, content, sha256, source, author, note, created_at)
SELECT $1, COALESCE(max(version), 0) + 1, $2, $3, $4::text::rule_source, $5, $6, $7 FROM rule_versions WHERE rule_set = $1
RETURNING version;

-- name: find_content :one
SELECT version FROM rule_versions WHERE rule_set = $1 AND sha256 = $2;

-- name: list_versions :many
-- The newest first; an activation that the leader refused is told where it was the version's last.
SELECT v.version, v.sha256, v.source::text, v.author, v.note, v.created_at, a.seq, a.effective_at, a.requested_at,
       a.requested_by, a.reason, a.refused
FROM rule_versions v
LEFT JOIN LATERAL (
    SELECT seq, effective_at, requested_at, requested_by, reason, refused FROM rule_activations
    WHERE rule_set = v.rule_set AND version = v.version ORDER BY id DESC LIMIT 1
) a ON true
WHERE v.rule_set = $1 AND ($2::integer IS NULL OR v.version = $2) AND ($3::integer IS NULL OR v.version < $3)
ORDER BY v.version DESC LIMIT $4;

-- name: read_content :one
SELECT content FROM rule_versions WHERE rule_set = $1 AND version = $2;

-- name: version_in_force :one
-- After the record at a position of the clock stream was applied; NULL: after all that were written.
SELECT version FROM rule_activations
WHERE rule_set = $1 AND seq <= COALESCE($2::bigint, seq) ORDER BY seq DESC LIMIT 1;

-- name: once_in_force :many
SELECT DISTINCT version FROM rule_activations WHERE rule_set = $1 AND seq IS NOT NULL;

-- name: insert_activation :one
INSERT INTO rule_activations (rule_set, version, requested_at, requested_by, reason, seq, effective_at)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id;

-- name: waiting_activation :one
SELECT id, version FROM rule_activations WHERE rule_set = $1 AND seq IS NULL AND refused IS NULL;

-- name: take_activation :exec
UPDATE rule_activations SET seq = $2, effective_at = $3 WHERE id = $1;

-- name: refuse_activation :exec
UPDATE rule_activations SET refused = $2 WHERE id = $1;

-- name: wake_leader :exec
SELECT pg_notify('rongan_events', 'rules');

-- name: read_risk_matrix :many
SELECT consequence, likelihood, grade FROM risk_matrix WHERE version = (SELECT max(version) FROM risk_matrix);

-- name: grade_points_versions :many
SELECT DISTINCT version FROM grade_points ORDER BY version;

-- name: pattern_versions :many
SELECT id, version FROM patterns ORDER BY id, version;

-- name: newest_patterns :many
-- The newest version of each that has begun, in the mode in which it was shipped; NULL: that there is.
SELECT DISTINCT ON (id) id, version, mode::text FROM patterns
WHERE $1::timestamptz IS NULL OR effective_from IS NULL OR effective_from <= $1 ORDER BY id, version DESC;

-- name: list_rule_sets :many
SELECT DISTINCT rule_set FROM kind_groups ORDER BY rule_set;

-- name: traffic :many
-- Occurrences by kind and square kilometre: reports of one subject within ten minutes count once.
SELECT kind, gx, gy, count(*) AS occurrences
FROM (
    SELECT DISTINCT kind, subject, floor(x_dm / 10000.0)::integer AS gx, floor(y_dm / 10000.0)::integer AS gy,
           date_bin('10 minutes', effective_at, '2000-01-01Z') AS slot
    FROM events
    WHERE raised AND x_dm IS NOT NULL AND received_at >= $1 AND received_at < $2
) seen
GROUP BY kind, gx, gy;

-- Users and sessions; see 0005_accounts.sql. Sessions run on the database's real clock, never on the domain's.

-- name: insert_user :one
INSERT INTO users (login, zh_name, password_hash, roles, organisation_id, area_id, created_at)
VALUES ($1, $2, $3, $4::text[]::user_role[], $5, $6, $7) RETURNING id;

-- name: list_users :many
SELECT u.id, u.login, u.zh_name, u.roles::text[], u.organisation_id, u.area_id, a.parent_id IS NULL AS sees_everything, u.enabled,
       o.kind::text AS organisation_kind
FROM users u JOIN areas a ON a.id = u.area_id LEFT JOIN organisations o ON o.id = u.organisation_id ORDER BY u.login;

-- name: find_user :one
SELECT u.id, u.login, u.zh_name, u.roles::text[], u.organisation_id, u.area_id, a.parent_id IS NULL AS sees_everything,
       u.enabled, o.kind::text AS organisation_kind, u.password_hash
FROM users u JOIN areas a ON a.id = u.area_id LEFT JOIN organisations o ON o.id = u.organisation_id WHERE u.login = $1;

-- name: set_password :one
UPDATE users SET password_hash = $2 WHERE login = $1 RETURNING id;

-- name: set_enabled :one
UPDATE users SET enabled = $2 WHERE login = $1 RETURNING id;

-- name: rehash :exec
-- Only while the hash is still the one that was checked: a password changed meanwhile stands.
UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2;

-- name: organisation_kind :one
SELECT kind::text FROM organisations WHERE id = $1;

-- name: area_exists :one
SELECT true FROM areas WHERE id = $1;

-- name: insert_session :one
-- Only for a user who is still enabled and whose password is still the one that was checked: the row is held, so that
-- whoever disables the user or changes the password meanwhile comes before, or finds this session and ends it.
WITH holder AS (
    SELECT id FROM users WHERE id = $2 AND enabled AND password_hash = $3 FOR NO KEY UPDATE
)
INSERT INTO sessions (token_hash, user_id, created_at, seen_at, expires_at, browser)
SELECT $1, id, clock_timestamp(), clock_timestamp(), clock_timestamp() + $4::interval, $5 FROM holder
RETURNING expires_at;

-- name: authenticate :one
SELECT u.id, u.login, u.zh_name, u.roles::text[], u.organisation_id, u.area_id, a.parent_id IS NULL AS sees_everything,
       u.enabled, o.kind::text AS organisation_kind, s.browser, s.seen_at < clock_timestamp() - interval '30 seconds' AS touch_due
FROM sessions s JOIN users u ON u.id = s.user_id JOIN areas a ON a.id = u.area_id
LEFT JOIN organisations o ON o.id = u.organisation_id
WHERE s.token_hash = $1 AND u.enabled AND s.expires_at > clock_timestamp() AND s.seen_at > clock_timestamp() - $2::interval;

-- name: touch :exec
UPDATE sessions SET seen_at = clock_timestamp() WHERE token_hash = $1;

-- name: keep_watching :exec
-- Who watches the live stream is not idle.
UPDATE sessions SET seen_at = clock_timestamp()
WHERE token_hash = ANY($1::bytea[]) AND seen_at < clock_timestamp() - interval '60 seconds'
  AND seen_at > clock_timestamp() - $2::interval;

-- name: list_watchers :many
-- Who still stands behind these tokens, as the rights are now.
SELECT s.token_hash, u.roles::text[], u.organisation_id, u.area_id, a.parent_id IS NULL AS sees_everything
FROM sessions s JOIN users u ON u.id = s.user_id JOIN areas a ON a.id = u.area_id
WHERE s.token_hash = ANY($1::bytea[]) AND u.enabled AND s.expires_at > clock_timestamp()
  AND s.seen_at > clock_timestamp() - $2::interval;

-- name: end_session :exec
DELETE FROM sessions WHERE token_hash = $1;

-- name: end_sessions_of_login :exec
DELETE FROM sessions s USING users u WHERE u.id = s.user_id AND u.login = $1;

-- name: drop_ended_sessions :exec
DELETE FROM sessions WHERE expires_at < clock_timestamp() OR seen_at < clock_timestamp() - $1::interval;

-- The master data of messages; see 0019_messages.sql.

-- name: insert_template :exec
-- A version never changes: other words are another version.
INSERT INTO message_templates (topic, version, language, subject, short, long, fields, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (topic, version, language) DO NOTHING;

-- name: upsert_limit :exec
INSERT INTO message_limits (version, channel, count, per_s, smooth, source) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (version, channel, per_s) DO UPDATE SET count = $3, smooth = $5, source = $6;

-- name: upsert_rule :exec
INSERT INTO message_rules (version, channel, grade, bundle_s, quiet_from, quiet_to, next_after_s, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT ON CONSTRAINT message_rules_one_a_channel_and_grade
DO UPDATE SET bundle_s = $4, quiet_from = $5, quiet_to = $6, next_after_s = $7, source = $8;

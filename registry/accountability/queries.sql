-- What is seeded of Art. 50 and of emergency services; see 0021_accountability.sql.

-- name: upsert_breach_ground :exec
INSERT INTO breach_grounds (version, clock, condition, type, of_desk, ground, source)
VALUES ($1, $2, $3, $4::text::breach_type, $5, $6::text::accountability_ground, $7)
ON CONFLICT (version, clock, condition) DO UPDATE SET type = $4::text::breach_type, of_desk = $5,
    ground = $6::text::accountability_ground, source = $7;

-- name: upsert_competent_organ :exec
INSERT INTO competent_organs (version, id, zh_name, en_name, source) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET version = $1, zh_name = $3, en_name = $4, source = $5;

-- name: upsert_emergency_number :exec
INSERT INTO emergency_services (version, service, department_id, zh_name, en_name, source)
VALUES ($1, $2::text::emergency_number, $3, $4, $5, $6)
ON CONFLICT (service) DO UPDATE SET version = $1, department_id = $3, zh_name = $4, en_name = $5, source = $6;

-- name: upsert_emergency_need :exec
INSERT INTO emergency_needs (version, kind, service, source) VALUES ($1, $2, $3::text::emergency_number, $4)
ON CONFLICT (version, kind, service) DO UPDATE SET source = $4;

-- name: upsert_handover_step :exec
INSERT INTO handover_steps (version, step, after_s, action, source) VALUES ($1, $2, $3, $4::text::handover_action, $5)
ON CONFLICT (version, step) DO UPDATE SET after_s = $3, action = $4::text::handover_action, source = $5;

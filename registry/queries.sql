-- The registry's reading and writing; see 0002_registry.sql for the tables.

-- name: read_deployment :one
SELECT mode::text, simulated_at, rule_set, origin_lon, origin_lat FROM deployment;

-- name: list_areas :many
SELECT id, parent_id, level::text, zh_name, en_name, path, boundary FROM areas ORDER BY cardinality(path), id;

-- name: area_exists :one
SELECT true FROM areas WHERE id = $1;

-- name: list_organisations :many
SELECT o.id, o.kind::text, o.department_id, o.area_id, a.path AS area_path, o.zh_name, o.en_name, o.duty::text
FROM organisations o JOIN areas a ON a.id = o.area_id ORDER BY o.id;

-- name: read_organisations_named :many
SELECT o.id, o.kind::text, o.department_id, o.area_id, a.path AS area_path, o.zh_name, o.en_name, o.duty::text
FROM organisations o JOIN areas a ON a.id = o.area_id WHERE o.id = ANY($1) ORDER BY o.id;

-- name: list_departments :many
SELECT id, zh_name, en_name, in_art5, in_art25 FROM departments ORDER BY id;

-- name: list_event_kinds :many
SELECT id, version, zh_name, en_name, scenario, likelihood, consequence, lead_department, co_departments,
       ticket_kind::text, disclosure_category, committee_list::text, kind_group, mode::text, time_critical, run_card, notes
FROM event_kinds ORDER BY id;

-- name: list_kind_groups :many
SELECT id, zh_name, en_name, clustered, r_m, t_s, g_s, m, lateness_s, tile_s, follow_s, flap_window_s, flap_on, flap_off
FROM kind_groups WHERE rule_set = $1 ORDER BY id;

-- name: list_product_types :many
SELECT key, device_type, zh_name, en_name FROM products ORDER BY key;

-- name: product_exists :one
SELECT true FROM products WHERE key = $1;

-- name: list_directory :many
-- Everything the doors need to know of each device.
SELECT d.id, d.product, d.name, p.device_type, d.area_id, a.path AS area_path, d.lon, d.lat, d.place, d.secret_hmac, d.enabled
FROM devices d JOIN products p ON p.key = d.product JOIN areas a ON a.id = d.area_id;

-- name: read_directory_entry :one
SELECT d.id, d.product, d.name, p.device_type, d.area_id, a.path AS area_path, d.lon, d.lat, d.place, d.secret_hmac, d.enabled
FROM devices d JOIN products p ON p.key = d.product JOIN areas a ON a.id = d.area_id WHERE d.id = $1;

-- name: read_directory_entries :many
SELECT d.id, d.product, d.name, p.device_type, d.area_id, a.path AS area_path, d.lon, d.lat, d.place, d.secret_hmac, d.enabled
FROM devices d JOIN products p ON p.key = d.product JOIN areas a ON a.id = d.area_id WHERE d.id = ANY($1);

-- name: insert_device :one
INSERT INTO devices (product, name, area_id, lon, lat, place, secret_hmac, registered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id;

-- name: revoke_device :one
UPDATE devices SET enabled = false, revoked_at = COALESCE(revoked_at, $2) WHERE id = $1 RETURNING id;

-- name: list_devices :many
SELECT d.id, d.product, d.name, p.device_type, d.area_id, d.place, d.lon, d.lat, d.enabled,
       COALESCE(s.online, false) AS online, s.presence_cause, s.last_seen_at, COALESCE(s.latest, '{}') AS latest
FROM devices d JOIN products p ON p.key = d.product JOIN areas a ON a.id = d.area_id
LEFT JOIN device_state s ON s.device_id = d.id
WHERE ($1::text IS NULL OR a.path @> ARRAY[$1]) AND ($2::text IS NULL OR d.product = $2)
  AND ($3::text IS NULL OR a.path @> ARRAY[$3]) AND ($4::boolean IS NULL OR COALESCE(s.online, false) = $4)
  AND d.id > $5
ORDER BY d.id LIMIT $6;

-- name: read_device :one
SELECT d.id, d.product, d.name, p.device_type, d.area_id, d.place, d.lon, d.lat, d.enabled,
       COALESCE(s.online, false) AS online, s.presence_cause, s.last_seen_at, COALESCE(s.latest, '{}') AS latest
FROM devices d JOIN products p ON p.key = d.product JOIN areas a ON a.id = d.area_id
LEFT JOIN device_state s ON s.device_id = d.id
WHERE d.id = $1 AND ($2::text IS NULL OR a.path @> ARRAY[$2]);

-- name: insert_product :exec
INSERT INTO products (key, device_type, zh_name, en_name) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING;

-- name: insert_area :exec
INSERT INTO areas (id, parent_id, level, zh_name, en_name, path, boundary)
VALUES ($1, $2, $3::text::area_level, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING;

-- name: insert_organisation :exec
INSERT INTO organisations (id, kind, department_id, area_id, zh_name, en_name, duty)
VALUES ($1, $2::text::organisation_kind, $3, $4, $5, $6, $7::text::duty_hours) ON CONFLICT (id) DO NOTHING;

-- name: upsert_department :exec
INSERT INTO departments (id, zh_name, en_name, in_art5, in_art25)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET zh_name = $2, en_name = $3, in_art5 = $4, in_art25 = $5;

-- name: upsert_event_kind :exec
INSERT INTO event_kinds (id, version, zh_name, en_name, scenario, likelihood, consequence, lead_department,
    co_departments, ticket_kind, disclosure_category, committee_list, kind_group, mode, time_critical, run_card,
    notes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::ticket_kind, $11, $12::text::committee_list, $13,
    $14::text::kind_mode, $15, $16, $17)
ON CONFLICT (id) DO UPDATE SET version = $2, zh_name = $3, en_name = $4, scenario = $5, likelihood = $6,
    consequence = $7, lead_department = $8, co_departments = $9, ticket_kind = $10::text::ticket_kind,
    disclosure_category = $11, committee_list = $12::text::committee_list, kind_group = $13,
    mode = $14::text::kind_mode, time_critical = $15, run_card = $16, notes = $17;

-- name: upsert_kind_group :exec
INSERT INTO kind_groups (rule_set, id, zh_name, en_name, clustered, r_m, t_s, g_s, m, lateness_s, tile_s, follow_s,
    flap_window_s, flap_on, flap_off)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (rule_set, id) DO UPDATE SET zh_name = $3, en_name = $4, clustered = $5, r_m = $6, t_s = $7, g_s = $8,
    m = $9, lateness_s = $10, tile_s = $11, follow_s = $12, flap_window_s = $13, flap_on = $14, flap_off = $15;

-- name: upsert_risk_matrix :exec
INSERT INTO risk_matrix (version, consequence, likelihood, grade)
VALUES ($1, $2, $3, $4)
ON CONFLICT (version, consequence, likelihood) DO UPDATE SET grade = $4;

-- name: upsert_limit :exec
INSERT INTO limits (id, version, kind, clock, grade, condition, value, unit, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::limit_unit, $9)
ON CONFLICT (id) DO UPDATE SET version = $2, kind = $3, clock = $4, grade = $5, condition = $6, value = $7,
    unit = $8::text::limit_unit, source = $9;

-- name: upsert_escalation_step :exec
INSERT INTO escalation_steps (version, step, grade, clock, after_pct, after_value, after_unit, action, source)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::limit_unit, $8, $9)
ON CONFLICT (version, grade, step) DO UPDATE SET clock = $4, after_pct = $5, after_value = $6,
    after_unit = $7::text::limit_unit, action = $8, source = $9;

-- name: insert_deployment :exec
INSERT INTO deployment (mode, rule_set, origin_lon, origin_lat)
VALUES ($1::text::deployment_mode, $2, $3, $4)
ON CONFLICT (single) DO NOTHING;

-- name: upsert_data_version :exec
INSERT INTO data_versions (name, version, sha256)
VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET version = $2, sha256 = $3;

-- name: list_limits :many
-- Of these kinds and of every kind; all where no kinds are named.
SELECT id, version, kind, clock, grade, condition, value, unit::text, source FROM limits
WHERE $1::text[] IS NULL OR kind IS NULL OR kind = ANY($1) ORDER BY id;

-- name: list_escalation_steps :many
SELECT version, step, grade, clock, after_pct, after_value, after_unit::text, action, source
FROM escalation_steps ORDER BY version, grade, step;

-- name: list_calendar_days :many
SELECT day, working FROM calendar_days WHERE day BETWEEN $1 AND $2 ORDER BY day;

-- name: seed_calendar_days :exec
INSERT INTO calendar_days (day, working, zh_name, source, version)
SELECT d.day, d.working, d.zh_name, $4, $5
FROM unnest($1::date[], $2::boolean[], $3::text[]) AS d (day, working, zh_name)
ON CONFLICT (day) DO NOTHING;

-- name: seed_calendar_years :exec
INSERT INTO calendar_years (year, source, version)
SELECT DISTINCT EXTRACT(year FROM day)::smallint, $2, $3::integer FROM unnest($1::date[]) AS d (day)
ON CONFLICT (year) DO NOTHING;

-- name: list_grade_points :many
SELECT version, rule, level, axis, points, waits, zh_name, en_name, source FROM grade_points
WHERE version = COALESCE($1, (SELECT max(version) FROM grade_points)) ORDER BY rule, level;

-- name: list_grade_parameters :many
SELECT name, value FROM grade_parameters WHERE version = $1 ORDER BY name;

-- name: list_kind_risks :many
SELECT kind, life_at_risk, takes_colour, warned_by FROM kind_risks WHERE version = $1 ORDER BY kind;

-- name: list_sensitive_places :many
SELECT id, category::text, zh_name, en_name, lon, lat, reach_m, from_hour, to_hour FROM sensitive_places ORDER BY id;

-- name: upsert_grade_points :exec
INSERT INTO grade_points (version, rule, level, axis, points, waits, zh_name, en_name, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (version, rule, level) DO UPDATE SET axis = $4, points = $5, waits = $6, zh_name = $7, en_name = $8, source = $9;

-- name: upsert_grade_parameter :exec
INSERT INTO grade_parameters (version, name, value, unit, source) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (version, name) DO UPDATE SET value = $3, unit = $4, source = $5;

-- name: upsert_kind_risk :exec
INSERT INTO kind_risks (version, kind, life_at_risk, takes_colour, warned_by, source) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (version, kind) DO UPDATE SET life_at_risk = $3, takes_colour = $4, warned_by = $5, source = $6;

-- name: upsert_sensitive_place :exec
INSERT INTO sensitive_places (id, category, zh_name, en_name, lon, lat, reach_m, from_hour, to_hour, source)
VALUES ($1, $2::text::place_category, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET category = $2::text::place_category, zh_name = $3, en_name = $4, lon = $5, lat = $6,
    reach_m = $7, from_hour = $8, to_hour = $9, source = $10;

-- name: take_numbers :one
-- The last of the numbers taken.
INSERT INTO number_heads (prefix, day, last) VALUES ($1, $2, $3)
ON CONFLICT (prefix, day) DO UPDATE SET last = number_heads.last + $3 RETURNING last;

-- name: read_admission_item :one
SELECT i.id, i.list::text AS list, i.matter, i.zh_text, i.legal_basis, i.area_id, i.effective_from, i.effective_to,
       i.published_on, i.source
FROM admission_items i
LEFT JOIN areas a ON a.id = $2
WHERE i.matter = $1 AND i.effective_from <= $3::date AND COALESCE(i.effective_to, 'infinity') >= $3::date
  AND (i.area_id IS NULL OR i.area_id = ANY (a.path))
ORDER BY array_position(a.path, i.area_id) DESC NULLS LAST LIMIT 1;

-- name: list_admission_items :many
SELECT i.id, i.list::text AS list, i.matter, i.zh_text, i.legal_basis, i.area_id, i.effective_from, i.effective_to,
       i.published_on, i.source
FROM admission_items i
LEFT JOIN areas a ON a.id = $2
WHERE ($1::date IS NULL OR (i.effective_from <= $1 AND COALESCE(i.effective_to, 'infinity') >= $1))
  AND ($2::text IS NULL OR i.area_id IS NULL OR i.area_id = ANY (a.path))
  AND ($3::text IS NULL OR i.list::text = $3) AND ($4::text IS NULL OR i.matter = $4) AND i.id > $5
ORDER BY i.id LIMIT $6;

-- name: seed_admission_items :exec
INSERT INTO admission_items (list, matter, zh_text, legal_basis, area_id, effective_from, published_on, source, entered_by)
SELECT k.committee_list::text::admission_list, k.id, k.zh_name, '成都市社区发展治理促进条例(草案)第四十五条', NULL,
       DATE '2020-12-01', DATE '2020-12-01',
       'event_kinds.csv version ' || k.version || ', assumed until the government publishes its lists', 'seed'
FROM event_kinds k
WHERE k.committee_list <> 'none'
  AND NOT EXISTS (SELECT FROM admission_items i WHERE i.area_id IS NULL AND i.matter = k.id);

-- name: insert_pattern :exec
-- A version is never changed: what differs is another version.
INSERT INTO patterns (id, version, zh_name, en_name, mode, r_m, t_s, by_place, step_order, effective_from, effective_to, source)
VALUES ($1, $2, $3, $4, $5::text::pattern_mode, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (id, version) DO NOTHING;

-- name: insert_pattern_step :exec
INSERT INTO pattern_steps (pattern_id, version, position, step, role, zh_name, en_name, kinds, source_classes, severity_min,
    predicate)
VALUES ($1, $2, $3, $4, $5::text::pattern_step_role, $6, $7, $8, $9, $10, $11)
ON CONFLICT DO NOTHING;

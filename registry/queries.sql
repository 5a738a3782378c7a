-- The registry's reading and writing; see 0002_registry.sql for the tables.

-- name: read_deployment :one
SELECT mode::text, simulated_at, rule_set, origin_lon, origin_lat FROM deployment;

-- name: list_areas :many
SELECT id, parent_id, level::text, zh_name, en_name, path, boundary FROM areas ORDER BY cardinality(path), id;

-- name: area_exists :one
SELECT true FROM areas WHERE id = $1;

-- name: list_organisations :many
SELECT o.id, o.kind::text, o.department_id, o.area_id, a.path AS area_path, o.zh_name, o.en_name, o.duty::text,
       o.trades::text[] AS trades
FROM organisations o JOIN areas a ON a.id = o.area_id ORDER BY o.id;

-- name: read_organisations_named :many
SELECT o.id, o.kind::text, o.department_id, o.area_id, a.path AS area_path, o.zh_name, o.en_name, o.duty::text,
       o.trades::text[] AS trades
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

-- name: upsert_disclosure_rule :exec
INSERT INTO disclosure_rules (version, item, moment, level, value, unit, source)
VALUES ($1, $2::text::disclosure_item, $3::text::disclosure_moment, $4::text::disclosure_level, $5, $6::text::limit_unit, $7)
ON CONFLICT (version, item, moment) DO UPDATE SET level = $4::text::disclosure_level, value = $5,
    unit = $6::text::limit_unit, source = $7;

-- name: upsert_undisclosed_kind :exec
INSERT INTO undisclosed_kinds (version, kind, reason, source) VALUES ($1, $2, $3::text::never_reason, $4)
ON CONFLICT (version, kind) DO UPDATE SET reason = $3::text::never_reason, source = $4;

-- name: upsert_committee_duty_rule :exec
INSERT INTO committee_duty_rules (version, item, period, value, unit, meeting_wd, source)
VALUES ($1, $2::text::disclosure_item, $3::text::duty_period, $4, $5::text::limit_unit, $6, $7)
ON CONFLICT (version, item, period) DO UPDATE SET value = $4, unit = $5::text::limit_unit, meeting_wd = $6, source = $7;

-- name: list_disclosure_rules :many
SELECT version, item::text, moment::text, level::text, value, unit::text, source FROM disclosure_rules
WHERE version = (SELECT max(version) FROM disclosure_rules) ORDER BY item, moment;

-- name: list_undisclosed_kinds :many
SELECT kind, reason::text FROM undisclosed_kinds WHERE version = (SELECT max(version) FROM undisclosed_kinds);

-- name: list_committee_duty_rules :many
SELECT version, item::text, period::text, value, unit::text, meeting_wd, source FROM committee_duty_rules
WHERE version = (SELECT max(version) FROM committee_duty_rules) ORDER BY item, period;

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

-- name: upsert_attachment_type :exec
INSERT INTO attachment_types (version, media_type, kind, max_bytes, source) VALUES ($1, $2, $3::text::attachment_kind, $4, $5)
ON CONFLICT (version, media_type) DO UPDATE SET kind = $3::text::attachment_kind, max_bytes = $4, source = $5;

-- name: upsert_attachment_parameter :exec
INSERT INTO attachment_parameters (version, name, value, unit, source) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (version, name) DO UPDATE SET value = $3, unit = $4, source = $5;

-- name: upsert_evidence_rule :exec
INSERT INTO evidence_rules (version, ticket_kind, event, grade, demand, photos, source)
VALUES ($1, $2::text::ticket_kind, $3, $4, $5::text::demand_type, $6, $7)
ON CONFLICT (version, ticket_kind, event, grade, demand) DO UPDATE SET photos = $6, source = $7;

-- name: list_attachment_types :many
SELECT media_type, kind::text, max_bytes FROM attachment_types
WHERE version = (SELECT max(version) FROM attachment_types) ORDER BY media_type;

-- name: list_attachment_parameters :many
SELECT name, value FROM attachment_parameters
WHERE version = (SELECT max(version) FROM attachment_parameters) ORDER BY name;

-- name: photos_needed :many
-- The row for the demand rules before the row for the grade, and both before the one for all.
SELECT DISTINCT ON (event) event, photos FROM evidence_rules
WHERE version = (SELECT max(version) FROM evidence_rules) AND ticket_kind = $1::text::ticket_kind AND event = ANY ($2)
  AND (grade IS NULL OR grade = $3) AND (demand IS NULL OR demand = $4::text::demand_type)
ORDER BY event, demand IS NULL, grade IS NULL;

-- name: upsert_hazard_kind :exec
INSERT INTO hazard_kinds (id, version, category, category_zh, category_en, zh_name, en_name, event_kind, mildest_level, reach_m, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE SET version = $2, category = $3, category_zh = $4, category_en = $5, zh_name = $6, en_name = $7,
    event_kind = $8, mildest_level = $9, reach_m = $10, source = $11;

-- name: upsert_lec_factor :exec
INSERT INTO lec_factors (version, factor, value, zh_name, en_name, source) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (version, factor, value) DO UPDATE SET zh_name = $4, en_name = $5, source = $6;

-- name: upsert_lec_level :exec
INSERT INTO lec_levels (version, level, product_min, source) VALUES ($1, $2, $3, $4)
ON CONFLICT (version, level) DO UPDATE SET product_min = $3, source = $4;

-- name: upsert_check_item :exec
INSERT INTO check_items (version, list, list_zh, list_en, matter, position, item, zh_text, en_text, hazard_kind, source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (version, list, item) DO UPDATE SET list_zh = $3, list_en = $4, matter = $5, position = $6, zh_text = $8,
    en_text = $9, hazard_kind = $10, source = $11;

-- name: upsert_inspection_interval :exec
INSERT INTO inspection_intervals (version, level, every_d, within_d, remind_d, proposes, source)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (version, level) DO UPDATE SET every_d = $3, within_d = $4, remind_d = $5, proposes = $6, source = $7;

-- name: upsert_recurrence_rule :exec
INSERT INTO recurrence_rules (version, kind_group, cause, times, within_d, radius_m, source)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (version, kind_group) DO UPDATE SET cause = $3, times = $4, within_d = $5, radius_m = $6, source = $7;

-- name: list_hazard_kinds :many
SELECT id, category, category_zh, category_en, zh_name, en_name, event_kind, mildest_level, reach_m, source
FROM hazard_kinds ORDER BY category, id;

-- name: list_lec_factors :many
SELECT version, factor, value, zh_name, en_name, source FROM lec_factors
WHERE version = COALESCE($1, (SELECT max(version) FROM lec_factors)) ORDER BY factor, value DESC;

-- name: list_lec_levels :many
SELECT level, product_min FROM lec_levels WHERE version = $1 ORDER BY level;

-- name: list_risk_matrix :many
SELECT version, consequence, likelihood, grade FROM risk_matrix
WHERE version = COALESCE($1, (SELECT max(version) FROM risk_matrix));

-- name: list_check_items :many
SELECT version, list, list_zh, list_en, matter, item, zh_text, en_text, hazard_kind, source FROM check_items
WHERE version = COALESCE($1, (SELECT max(version) FROM check_items)) AND ($2::text IS NULL OR list = $2) ORDER BY list, position;

-- name: list_inspection_intervals :many
SELECT level, every_d, within_d, remind_d, proposes, source FROM inspection_intervals
WHERE version = (SELECT max(version) FROM inspection_intervals) ORDER BY level;

-- name: list_recurrence_rules :many
SELECT version, kind_group, cause, times, within_d, radius_m FROM recurrence_rules
WHERE version = (SELECT max(version) FROM recurrence_rules) ORDER BY kind_group;

-- name: set_trades :exec
UPDATE organisations SET trades = $2::text[]::unit_trade[] WHERE id = $1;

-- name: upsert_refusal_basis :exec
INSERT INTO refusal_bases (code, version, refusal, zh_text, en_text, source, valid_from) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (code) DO UPDATE SET version = $2, refusal = $3, zh_text = $4, en_text = $5, source = $6, valid_from = $7;

-- name: upsert_re_check_rate :exec
INSERT INTO re_check_rates (cause, version, one_in, source) VALUES ($1::text::re_check_cause, $2, $3, $4)
ON CONFLICT (cause) DO UPDATE SET version = $2, one_in = $3, source = $4;

-- name: list_local_areas :many
SELECT l.id, l.kind::text, l.area_id, l.organisation_id, l.zh_name, l.en_name
FROM local_areas l JOIN areas a ON a.id = l.area_id WHERE $1::text IS NULL OR a.path @> ARRAY[$1] ORDER BY l.kind, l.id;

-- name: insert_local_area :one
INSERT INTO local_areas (id, kind, area_id, organisation_id, zh_name, en_name, boundary)
VALUES ($1, $2::text::local_area_kind, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING RETURNING id;

-- name: insert_local_area_ring :exec
INSERT INTO local_area_rings (local_area_id, number, ring, hole) VALUES ($1, $2, $3, $4);

-- name: place_devices :exec
-- What lies in no local area is looked at again: the trigger finds where.
UPDATE devices SET lon = lon WHERE lon IS NOT NULL AND (property_area_id IS NULL OR courtyard_id IS NULL)
  AND (local_area_at('property_area', lon, lat) IS DISTINCT FROM property_area_id
       OR local_area_at('courtyard', lon, lat) IS DISTINCT FROM courtyard_id);

-- name: place_tickets :exec
UPDATE tickets SET lon = lon WHERE lon IS NOT NULL AND closed_at IS NULL AND (property_area_id IS NULL OR courtyard_id IS NULL)
  AND (local_area_at('property_area', lon, lat) IS DISTINCT FROM property_area_id
       OR local_area_at('courtyard', lon, lat) IS DISTINCT FROM courtyard_id);

-- name: calendar_version :one
SELECT version FROM calendar_years WHERE year = $1;

-- name: put_calendar_days :exec
INSERT INTO calendar_days (day, working, zh_name, source, version)
SELECT d.day, d.working, d.zh_name, $4, $5
FROM unnest($1::date[], $2::boolean[], $3::text[]) AS d (day, working, zh_name)
ON CONFLICT (day) DO UPDATE SET working = excluded.working, zh_name = excluded.zh_name, source = $4, version = $5;

-- name: put_calendar_year :exec
INSERT INTO calendar_years (year, source, version) VALUES ($1, $2, $3)
ON CONFLICT (year) DO UPDATE SET source = $2, version = $3;

-- name: insert_calendar_load :exec
INSERT INTO calendar_loads (year, version, source, sha256, loaded_at, loaded_by) VALUES ($1, $2, $3, $4, $5, $6);

-- name: list_calendars :many
SELECT y.year, y.version, y.source, count(*) FILTER (WHERE d.working) AS worked_days,
       l.loaded_at, l.loaded_by, l.sha256
FROM calendar_years y JOIN calendar_days d ON EXTRACT(year FROM d.day) = y.year
LEFT JOIN calendar_loads l ON (l.year, l.version) = (y.year, y.version)
GROUP BY y.year, l.year, l.version ORDER BY y.year;

-- name: upsert_call_rule :exec
INSERT INTO call_rules (name, version, value, unit, source) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET version = $2, value = $3, unit = $4, source = $5;

-- name: list_call_rules :many
SELECT name, value FROM call_rules ORDER BY name;

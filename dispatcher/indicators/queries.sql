-- Indicators: which days are rolled up, schemes and scores; figures themselves are put together in counting.py.

-- name: due_to_look :one
-- When the stage looks again, held until the step ends; nobody where somebody else looks.
SELECT next_at FROM indicator_progress WHERE next_at <= $1 FOR NO KEY UPDATE SKIP LOCKED;

-- name: look_again :exec
UPDATE indicator_progress SET next_at = $1;

-- name: first_day :one
SELECT china_day(opened_at) FROM tickets ORDER BY id LIMIT 1;

-- name: days_to_count :many
-- Newest first: never counted, made stale, or counted by other formulas.
SELECT d.day::date AS day FROM generate_series($1::date, $2::date - 1, interval '1 day') AS d (day)
WHERE NOT EXISTS (SELECT FROM indicator_days i WHERE i.day = d.day::date AND NOT i.stale AND i.formulas = $3)
ORDER BY d.day DESC LIMIT $4;

-- name: try_day :one
SELECT pg_try_advisory_xact_lock(22, $1::date - DATE '2000-01-01');

-- name: hold_day :exec
SELECT pg_advisory_xact_lock(22, $1::date - DATE '2000-01-01');

-- name: forget_days :exec
DELETE FROM indicator_cells WHERE day >= $1 AND day < $2;

-- name: use_memory :exec
-- Many days at once are sorted and hashed in memory; until the transaction ends.
SELECT set_config('work_mem', '256MB', true);

-- name: put_days :exec
INSERT INTO indicator_days (day, formulas, stale)
SELECT d.day::date, $3, false FROM generate_series($1::date, $2::date - 1, interval '1 day') AS d (day)
ON CONFLICT (day) DO UPDATE SET formulas = $3, stale = false;

-- name: counted_days :many
SELECT day FROM indicator_days WHERE day >= $1 AND day < $2 AND NOT stale AND formulas = $3 ORDER BY day;

-- name: plan_each_time :exec
-- Spans and filters differ too much for one plan. Until the transaction ends.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: area_path :one
SELECT path FROM areas WHERE id = $1;

-- name: areas_of_level :many
SELECT id FROM areas WHERE level = $1::text::area_level AND ($2::text IS NULL OR path @> ARRAY[$2]) ORDER BY id;

-- name: top_areas :many
SELECT id FROM areas WHERE parent_id IS NULL ORDER BY id;

-- name: insert_unreasonable_demand :one
INSERT INTO unreasonable_demands (ticket_id, decided_by, decided_at, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT (ticket_id) DO NOTHING RETURNING ticket_id;

-- name: list_unreasonable_demands :many
SELECT u.ticket_id, t.number, t.kind, u.decided_at, u.reason FROM unreasonable_demands u JOIN tickets t ON t.id = u.ticket_id
WHERE ($1::text IS NULL OR t.area_path @> ARRAY[$1]) AND u.ticket_id < $2 ORDER BY u.ticket_id DESC LIMIT $3;

-- name: insert_survey :one
INSERT INTO resident_surveys (area_id, organisation_id, from_day, to_day, drawn, reached, satisfied, method, source, entered_by,
    entered_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id;

-- name: insert_scheme :exec
INSERT INTO kpi_schemes (id, version, zh_name, en_name, effective_from, source, decided_by, decided_at)
VALUES ($1, (SELECT COALESCE(max(version), 0) + 1 FROM kpi_schemes WHERE id = $1), $2, $3, $4, $5, $6, $7);

-- name: hold_scheme :exec
SELECT pg_advisory_xact_lock(hashtext('kpi_schemes'), hashtext($1));

-- name: insert_weights :exec
INSERT INTO kpi_weights (scheme_id, version, input, weight)
SELECT $1, (SELECT max(version) FROM kpi_schemes WHERE id = $1), w.input, w.weight
FROM unnest($2::text[], $3::integer[]) AS w (input, weight);

-- name: list_schemes :many
SELECT s.id, s.version, s.zh_name, s.en_name, s.effective_from, s.source, s.decided_at,
       (SELECT jsonb_object_agg(w.input, w.weight) FROM kpi_weights w WHERE w.scheme_id = s.id AND w.version = s.version) AS weights
FROM kpi_schemes s WHERE $1::text IS NULL OR s.id = $1 ORDER BY s.id, s.version DESC;

-- name: committee_opinions :many
-- What committees said of units in assessments of the span, as a sum of scores of 5 and how many hearings.
SELECT unit_organisation_id AS organisation_id, sum(score_sum)::bigint AS numerator, (5 * sum(hearings))::bigint AS denominator,
       sum(committees)::bigint AS committees
FROM committee_opinion_sums
WHERE period_from >= $1 AND period_to < $2 AND hearings > 0 GROUP BY 1;

-- name: resident_opinions :many
-- What residents said of units in committees' evaluations of the span (Art. 46): apart from callers and from samples.
SELECT subject_organisation_id AS organisation_id, sum(satisfied)::bigint AS numerator, sum(opinions)::bigint AS denominator,
       sum(committees)::bigint AS committees
FROM evaluation_sums
WHERE period_from >= $1 AND period_to < $2 AND opinions > 0 GROUP BY 1;

-- name: insert_score :one
INSERT INTO kpi_scores (scheme_id, version, organisation_id, from_day, to_day, score_permille, measured, inputs, computed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id;

-- name: list_scores :many
SELECT k.id, k.scheme_id, k.version, k.organisation_id, o.zh_name, o.en_name, k.from_day, k.to_day, k.score_permille, k.measured,
       k.inputs, k.computed_at
FROM kpi_scores k JOIN organisations o ON o.id = k.organisation_id JOIN areas a ON a.id = o.area_id
WHERE ($1::text IS NULL OR k.scheme_id = $1) AND ($2::text IS NULL OR k.organisation_id = $2)
  AND ($3::text IS NULL OR a.path @> ARRAY[$3]) AND k.id < $4
ORDER BY k.id DESC LIMIT $5;

-- name: units_of :many
-- Who is scored: never a committee, nor those who score.
SELECT o.id FROM organisations o JOIN areas a ON a.id = o.area_id
WHERE o.kind NOT IN ('committee', 'government', 'duty_desk', 'owners_committee', 'courtyard_body')
  AND ($1::text IS NULL OR a.path @> ARRAY[$1]) ORDER BY o.id;

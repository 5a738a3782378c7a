-- Evaluations by committees, the clocks of who replies, and what committees were heard on organs; see 0020_openness.sql.

-- name: insert_evaluation :one
INSERT INTO evaluations (number, committee_id, subject, subject_organisation_id, authority_organisation_id, period_from, period_to,
    form, summary, opened_at)
VALUES ($1, $2, $3::text::evaluation_subject, $4, $5, $6, $7, $8::text::hearing_form, $9, $10) RETURNING id;

-- name: edit_evaluation :exec
UPDATE evaluations SET summary = $2 WHERE id = $1;

-- name: insert_opinion :one
-- The number goes on where the last one stood; the evaluation is held by who adds.
INSERT INTO evaluation_opinions (evaluation_id, number, score, text, given_at)
SELECT $1, COALESCE(max(o.number), 0) + 1, $2, $3, $4 FROM evaluation_opinions o WHERE o.evaluation_id = $1 RETURNING number;

-- name: list_opinions :many
SELECT number, score, text, given_at FROM evaluation_opinions WHERE evaluation_id = $1 ORDER BY number;

-- name: sum_opinions :one
SELECT count(*) AS opinions, sum(score) AS score_sum, count(*) FILTER (WHERE score >= 4) AS satisfied
FROM evaluation_opinions WHERE evaluation_id = $1;

-- name: list_evaluations :many
-- Seen by the committee; by those who look after its area once it is submitted; by authority and unit once it is delivered.
SELECT e.id, e.number, e.committee_id, a.path AS area_path, e.subject::text, e.subject_organisation_id, e.authority_organisation_id,
       e.period_from, e.period_to, e.form::text, e.summary, e.state::text, e.version, e.reply, e.measures, e.measures_done_at,
       e.verdict::text, e.reopened, e.escalated_at, e.opened_at, e.submitted_at, e.delivered_at, e.replied_at, e.closed_at
FROM evaluations e JOIN organisations o ON o.id = e.committee_id JOIN areas a ON a.id = o.area_id
WHERE ($1 AND ($2::text IS NULL OR a.path @> ARRAY[$2]) AND e.state <> 'draft'
       OR $4 AND e.committee_id = $3
       OR $3 IN (e.authority_organisation_id, e.subject_organisation_id) AND e.delivered_at IS NOT NULL)
  AND ($5::text IS NULL OR e.state::text = $5) AND ($6::text IS NULL OR e.subject_organisation_id = $6)
  AND e.id < $7 AND ($8::bigint IS NULL OR e.id = $8)
ORDER BY e.id DESC LIMIT $9;

-- name: claim_evaluation :one
-- Compare and swap: the row is held from here on; nothing comes back where the version moved on.
UPDATE evaluations SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id;

-- name: hold_evaluation :one
SELECT id, committee_id, state::text FROM evaluations WHERE id = $1 FOR NO KEY UPDATE;

-- name: submit_evaluation :exec
UPDATE evaluations SET state = 'submitted', submitted_at = $2 WHERE id = $1;

-- name: reply_to_evaluation :exec
UPDATE evaluations SET state = 'replied', reply = $2, measures = $3, measures_done_at = NULL, replied_at = $4 WHERE id = $1;

-- name: assess_evaluation :exec
UPDATE evaluations SET state = 'assessed', verdict = $2::text::evaluation_verdict, escalated_at = COALESCE($3, escalated_at)
WHERE id = $1;

-- name: reopen_evaluation :exec
UPDATE evaluations SET state = 'delivered', reopened = true, escalated_at = $2 WHERE id = $1;

-- name: report_measures :exec
UPDATE evaluations SET measures_done_at = $2 WHERE id = $1;

-- name: close_evaluation :exec
UPDATE evaluations SET state = 'closed', closed_at = $2 WHERE id = $1;

-- name: insert_record :exec
INSERT INTO evaluation_records (evaluation_id, version, event, from_state, to_state, at, actor, actor_name, organisation_id,
    reason, fields)
VALUES ($1, $2, $3, $4::text::evaluation_state, $5::text::evaluation_state, $6, $7, $8, $9, $10, $11);

-- name: list_records :many
SELECT version, event, from_state::text, to_state::text, at, actor_name, organisation_id, reason, fields FROM evaluation_records
WHERE evaluation_id = $1 ORDER BY version;

-- name: start_clock :exec
INSERT INTO evaluation_clocks (evaluation_id, clock, run, organisation_id, started_at, due_at, remind_at, explanation)
SELECT $1, $2, COALESCE(max(c.run), 0) + 1, $3, $4, $5, $6, $7 FROM evaluation_clocks c WHERE c.evaluation_id = $1 AND c.clock = $2;

-- name: stop_clock :exec
-- What ends late has been breached, also between two steps of the dispatcher.
UPDATE evaluation_clocks SET stopped_at = $3, breached_at = COALESCE(breached_at, CASE WHEN due_at < $3 THEN due_at END)
WHERE evaluation_id = $1 AND clock = $2 AND stopped_at IS NULL;

-- name: list_clocks :many
SELECT clock, run, organisation_id, started_at, due_at, remind_at, reminded_at, breached_at, stopped_at, explanation
FROM evaluation_clocks WHERE evaluation_id = $1 ORDER BY started_at, clock, run;

-- name: anything_due :one
SELECT EXISTS (SELECT FROM evaluations WHERE state = 'submitted') AS submitted,
       EXISTS (SELECT FROM evaluation_clocks WHERE remind_at <= $1 AND stopped_at IS NULL AND reminded_at IS NULL) AS reminders,
       EXISTS (SELECT FROM evaluation_clocks WHERE due_at <= $1 AND stopped_at IS NULL AND breached_at IS NULL) AS breaches,
       EXISTS (SELECT FROM evaluation_clocks WHERE stopped_at IS NULL AND unknown_year IN (SELECT year FROM calendar_years))
           AS recountable;

-- name: deliverable :many
SELECT id, number, version, authority_organisation_id FROM evaluations WHERE state = 'submitted'
ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED;

-- name: deliver_evaluation :exec
UPDATE evaluations SET state = 'delivered', delivered_at = $2, version = version + 1 WHERE id = $1;

-- name: due_reminders :many
SELECT evaluation_id, clock, run, organisation_id, due_at FROM evaluation_clocks
WHERE remind_at <= $1 AND stopped_at IS NULL AND reminded_at IS NULL
ORDER BY remind_at, evaluation_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: mark_reminded :exec
UPDATE evaluation_clocks SET reminded_at = $4 WHERE evaluation_id = $1 AND clock = $2 AND run = $3;

-- name: due_breaches :many
-- The evaluation is held with its clock: who replies just now is left to the next step.
SELECT c.evaluation_id, c.clock, c.run, c.organisation_id, c.due_at, e.state::text, e.version
FROM evaluation_clocks c JOIN evaluations e ON e.id = c.evaluation_id
WHERE c.due_at <= $1 AND c.stopped_at IS NULL AND c.breached_at IS NULL
ORDER BY c.due_at, c.evaluation_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED;

-- name: mark_breached :exec
UPDATE evaluation_clocks SET breached_at = due_at WHERE evaluation_id = $1 AND clock = $2 AND run = $3;

-- name: mark_overdue :exec
UPDATE evaluations SET state = 'overdue', version = version + 1 WHERE id = $1;

-- name: recountable :many
SELECT evaluation_id, clock, run, started_at FROM evaluation_clocks
WHERE stopped_at IS NULL AND unknown_year IN (SELECT year FROM calendar_years)
ORDER BY evaluation_id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED;

-- name: recount :exec
UPDATE evaluation_clocks SET due_at = $4, remind_at = $5, explanation = $6 WHERE evaluation_id = $1 AND clock = $2 AND run = $3;

-- name: supervisor_unit :one
-- The organisation of the most local supervisor who looks after a committee, and belongs to neither side.
SELECT u.organisation_id FROM users u JOIN areas a ON a.id = u.area_id
WHERE u.enabled AND 'supervisor' = ANY (u.roles) AND u.organisation_id IS NOT NULL AND u.area_id = ANY ($1)
  AND NOT (u.organisation_id = ANY ($2))
ORDER BY cardinality(a.path) DESC, u.organisation_id LIMIT 1;

-- name: list_sums :many
-- A unit sees its own, its authority those that it answers for, overseers those of their area.
SELECT s.subject_organisation_id, s.authority_organisation_id, s.subject::text, s.period_from, s.period_to, s.evaluations,
       s.committees, s.opinions, s.score_sum, s.satisfied
FROM evaluation_sums s JOIN organisations o ON o.id = s.subject_organisation_id JOIN areas a ON a.id = o.area_id
WHERE ($1 AND ($2::text IS NULL OR a.path @> ARRAY[$2]) OR $3 IN (s.subject_organisation_id, s.authority_organisation_id))
  AND ($4::text IS NULL OR s.subject_organisation_id = $4)
ORDER BY s.period_to DESC, s.subject_organisation_id, s.authority_organisation_id, s.subject, s.period_from LIMIT 500;

-- name: insert_assessment :one
INSERT INTO organ_assessments (number, unit_organisation_id, period_from, period_to, opened_at, opened_by)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (unit_organisation_id, period_from, period_to) DO NOTHING RETURNING id;

-- name: list_assessments :many
SELECT m.id, m.number, m.unit_organisation_id, a.path AS area_path, m.period_from, m.period_to, m.state::text, m.version,
       m.opened_at, m.concluded_at, m.conclusion, s.committees, s.hearings, s.score_sum, s.forms
FROM organ_assessments m JOIN committee_opinion_sums s ON s.assessment_id = m.id
JOIN organisations o ON o.id = m.unit_organisation_id JOIN areas a ON a.id = o.area_id
WHERE ($1 AND ($2::text IS NULL OR a.path @> ARRAY[$2]) OR $3 = m.unit_organisation_id OR $4 AND m.state = 'hearing'
          AND EXISTS (SELECT FROM organisations c JOIN areas ca ON ca.id = c.area_id WHERE c.id = $3 AND ca.path @> ARRAY[a.id]))
  AND m.id < $5 AND ($6::bigint IS NULL OR m.id = $6)
ORDER BY m.id DESC LIMIT $7;

-- name: count_late :one
-- What came late in a period of an organ's replies to committees, and of what it promised them.
SELECT count(*) FILTER (WHERE c.clock = 'e_reply') AS replies, count(*) FILTER (WHERE c.clock = 'e_measures') AS measures
FROM evaluation_clocks c
WHERE c.organisation_id = $1 AND (c.breached_at AT TIME ZONE 'Asia/Shanghai')::date BETWEEN $2 AND $3;

-- name: claim_assessment :one
UPDATE organ_assessments SET version = version + 1 WHERE id = $1 AND version = $2 RETURNING id;

-- name: hold_assessment :one
SELECT id FROM organ_assessments WHERE id = $1 FOR NO KEY UPDATE;

-- name: insert_hearing :one
INSERT INTO assessment_hearings (assessment_id, committee_id, form, score, opinion, heard_at, recorded_by)
VALUES ($1, $2, $3::text::hearing_form, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING assessment_id;

-- name: list_hearings :many
SELECT committee_id, form::text, score, opinion, heard_at FROM assessment_hearings WHERE assessment_id = $1
ORDER BY committee_id, form;

-- name: conclude_assessment :exec
UPDATE organ_assessments SET state = 'concluded', concluded_at = $2, conclusion = $3 WHERE id = $1;

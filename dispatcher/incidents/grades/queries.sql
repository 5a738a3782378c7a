-- Grades of incidents: facts, history and officers' words; see 0010_grading.sql.

-- name: hold_incidents :many
-- Locked in one order, so that an officer's word is either read by this step or waits for it.
SELECT id, grade FROM incidents WHERE id = ANY($1) ORDER BY id FOR UPDATE;

-- name: newest_overrides :many
-- Of each head, over everything that was merged into it; the members of $1 belong to the heads of $2.
WITH RECURSIVE family AS (
    SELECT f.id, f.head FROM unnest($1::bigint[], $2::integer[]) AS f (id, head)
    UNION
    SELECT i.id, f.head FROM incidents i JOIN family f ON i.merged_into = f.id
)
SELECT DISTINCT ON (f.head) f.head, o.grade, o.computed_grade, o.reason, o.actor_name, o.actor_role, o.at
FROM family f JOIN grade_overrides o ON o.incident_id = f.id ORDER BY f.head, o.id DESC;

-- name: newest_judgements :many
WITH RECURSIVE family AS (
    SELECT f.id, f.head FROM unnest($1::bigint[], $2::integer[]) AS f (id, head)
    UNION
    SELECT i.id, f.head FROM incidents i JOIN family f ON i.merged_into = f.id
)
SELECT DISTINCT ON (f.head) f.head, j.verdict::text, j.actor_name, j.at
FROM family f JOIN incident_judgements j ON j.incident_id = f.id ORDER BY f.head, j.id DESC;

-- name: earlier_incidents :many
-- For each asked place and kind the incidents of the same kind within $6 decimetres that began between $7 and $8 seconds
-- before; squares of 512 dm are indexed. Those of $9 are known better by the step itself.
SELECT a.n, i.canonical_uid AS uid, i.canonical_at AS at
FROM unnest($1::integer[], $2::text[], $3::integer[], $4::integer[], $5::timestamptz[]) AS a (n, kind, x_dm, y_dm, at)
JOIN incidents i ON i.kind = a.kind
    AND (i.x_dm >> 9) IN ((a.x_dm >> 9) - 1, a.x_dm >> 9, (a.x_dm >> 9) + 1)
    AND (i.y_dm >> 9) IN ((a.y_dm >> 9) - 1, a.y_dm >> 9, (a.y_dm >> 9) + 1)
    AND i.canonical_at BETWEEN a.at - make_interval(secs => $7) AND a.at - make_interval(secs => $8)
WHERE i.status <> 'merged' AND i.id <> ALL($9::bigint[])
  AND (i.x_dm - a.x_dm)::bigint ^ 2 + (i.y_dm - a.y_dm)::bigint ^ 2 <= $6::bigint ^ 2;

-- name: warnings_in_force :many
-- Incidents of warning kinds that began at most $2 seconds before the newest of the asked times.
SELECT id, canonical_uid AS uid, canonical_at AS at, kind, grade, area_id FROM incidents
WHERE kind = ANY($1) AND status <> 'merged' AND canonical_at >= $3::timestamptz - make_interval(secs => $2)
  AND canonical_at <= $4 AND id <> ALL($5::bigint[]);

-- name: doubted_subjects :many
-- Subjects whose reports were judged false at least $4 times, and more often than true, within $5 days before.
SELECT a.n, v.subject
FROM unnest($1::integer[], $2::text[], $3::timestamptz[]) AS a (n, subject, at)
JOIN subject_verdicts v ON v.subject = a.subject AND v.at < a.at AND v.at >= a.at - make_interval(days => $5)
GROUP BY a.n, v.subject
HAVING count(*) FILTER (WHERE v.verdict = 'false') >= $4
   AND count(*) FILTER (WHERE v.verdict = 'false') > count(*) FILTER (WHERE v.verdict = 'confirmed');

-- name: flapping_subjects :many
-- Subjects that reported while they flapped within $4 seconds before. Incidents of $5 are known better by the step itself.
SELECT DISTINCT a.n, a.subject
FROM unnest($1::integer[], $2::text[], $3::timestamptz[]) AS a (n, subject, at)
JOIN incidents i ON i.subject = a.subject AND i.kind = 'device_flapping' AND i.first_at < a.at
    AND i.last_at >= a.at - make_interval(secs => $4)
JOIN incident_events ie ON ie.incident_id = i.id AND ie.standing = 'suppressed' AND ie.effective_at < a.at
    AND ie.effective_at >= a.at - make_interval(secs => $4)
WHERE i.id <> ALL($5::bigint[]);

-- name: returned_events :many
-- Of each head, over everything that was merged into it: what returned with an alias returned with the incident.
WITH RECURSIVE family AS (
    SELECT f.id, f.head FROM unnest($1::bigint[], $2::integer[]) AS f (id, head)
    UNION
    SELECT i.id, f.head FROM incidents i JOIN family f ON i.merged_into = f.id
)
SELECT f.head, e.uid, e.subject, e.effective_at
FROM family f JOIN incident_events ie ON ie.incident_id = f.id AND ie.standing = 'returned'
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at;

-- name: returned_with_noise :many
-- What returned to normal with events that are in an incident only now.
SELECT f.head, e.uid, e.subject, e.effective_at
FROM unnest($1::bytea[], $2::integer[]) AS f (uid, head) JOIN incident_events ie ON ie.noise_uid = f.uid
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at;

-- name: insert_grade_change :exec
INSERT INTO grade_changes (incident_id, at, from_grade, to_grade, computed_grade, cause, rules, watermark_at)
VALUES ($1, $2, $3, $4, $5, $6::text::grade_cause, $7, $8);

-- name: list_grade_changes :many
SELECT at, from_grade, to_grade, computed_grade, cause::text, rules, watermark_at FROM grade_changes
WHERE incident_id = $1 ORDER BY id;

-- name: put_final_explanation :exec
-- Written anew where an incident is made final anew, as by a change of rules.
INSERT INTO final_explanations (incident_id, at, rules, parameters, occurrences, links) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (incident_id) DO UPDATE SET at = $2, rules = $3, parameters = $4, occurrences = $5, links = $6;

-- name: take_incident :one
UPDATE incidents SET version = version + 1 WHERE id = $1 AND version = $2
RETURNING status::text, (explanation ->> 'grade')::integer AS computed_grade;

-- name: read_standing :one
SELECT version, status::text FROM incidents WHERE id = $1;

-- name: insert_override :exec
INSERT INTO grade_overrides (incident_id, grade, computed_grade, reason, actor, actor_name, actor_role, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: insert_judgement :exec
INSERT INTO incident_judgements (incident_id, verdict, reason, actor, actor_name, actor_role, at)
VALUES ($1, $2::text::verdict, $3, $4, $5, $6, $7);

-- name: put_subject_verdict :exec
-- The newest finding on an incident stands for the devices that reported it.
INSERT INTO subject_verdicts (subject, incident_id, verdict, at) VALUES ($1, $2, $3::text::verdict, $4)
ON CONFLICT (subject, incident_id) DO UPDATE SET verdict = $3::text::verdict, at = $4;

-- name: put_grade :exec
UPDATE incidents SET grade = $2, kind = $3, explanation = $4 WHERE id = $1;

-- name: read_graded_incident :one
SELECT id, number, case_id, kind_group, opened_at, late, status::text, final_at, merged_into, merged_at, bridge_uid, follows,
       tile, version, grade, kind, explanation
FROM incidents WHERE id = $1;

-- name: read_incident_events :many
-- Its own, and what returned with its aliases.
SELECT ie.standing, ie.core, e.stream, e.seq, e.uid, e.revision, e.content_hash, e.source::text, e.source_class::text,
       CASE WHEN ie.standing = 'suppressed' THEN 'device_flapping' ELSE e.kind END AS kind, e.severity, e.raised, e.subject, e.device_id, e.call_id, e.product, e.area_id, e.area_path, e.place, e.lon, e.lat, e.x_dm, e.y_dm,
       e.observed_at, e.received_at, e.effective_at, e.time_quality::text, e.body
FROM incident_events ie
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at
WHERE ie.incident_id = $1 OR ie.standing = 'returned' AND ie.incident_id IN (
    WITH RECURSIVE aliases AS (
        SELECT id FROM incidents WHERE merged_into = $1
        UNION
        SELECT i.id FROM incidents i JOIN aliases a ON i.merged_into = a.id
    ) SELECT id FROM aliases)
ORDER BY ie.effective_at, ie.event_uid;

-- name: read_final_explanation :one
SELECT rules, parameters, occurrences, links FROM final_explanations WHERE incident_id = $1;

-- name: list_overrides :many
SELECT grade, computed_grade, reason, actor_name AS by, actor_role AS role, at FROM grade_overrides
WHERE incident_id = $1 ORDER BY id;

-- name: list_judgements :many
SELECT verdict::text, reason, actor_name AS by, actor_role AS role, at FROM incident_judgements
WHERE incident_id = $1 ORDER BY id;

-- name: final_incidents :many
-- The incidents that a check goes through, one page; $2 names a single one.
SELECT id FROM incidents WHERE status = 'final' AND id > $1 AND ($2::bigint IS NULL OR id = $2) ORDER BY id LIMIT $3;

-- name: count_final_incidents :one
SELECT count(*) FROM incidents WHERE status = 'final' AND ($1::bigint IS NULL OR id = $1);

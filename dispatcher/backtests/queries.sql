-- Trials of rules: the span of history they read, what they found in their own tables, and their jobs (0012_rules.sql).

-- name: writable_tables :many
-- What this role may change: everything that a stage could write, the parts of partitioned tables left out.
SELECT c.relname::text AS name FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND (has_any_column_privilege(c.oid, 'INSERT') OR has_any_column_privilege(c.oid, 'UPDATE'))
ORDER BY c.relname;

-- name: views_over :many
-- Views that read these tables, directly or through each other, in the order in which they were made.
WITH RECURSIVE over AS (
    SELECT c.oid FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY($1)
    UNION
    SELECT r.ev_class FROM over
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = over.oid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid
)
SELECT c.relname::text AS name, pg_get_viewdef(c.oid) AS definition
FROM over JOIN pg_class c USING (oid) WHERE c.relkind = 'v' ORDER BY c.oid;

-- name: tables_beside_incidents :many
-- Whose rows tell of incidents, how far correlation is, and which numbers are taken.
SELECT c.relname::text AS name, a.attname IS NOT NULL AS by_incident, i.attname::text AS numbered_by
FROM pg_class c
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'incident_id'
LEFT JOIN pg_attribute i ON i.attrelid = c.oid AND i.attidentity <> ''
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
  AND (a.attname IS NOT NULL OR c.relname IN ('incidents', 'cases', 'watermarks', 'flapping_series', 'correlation_counts',
                                                   'pattern_matches', 'final_neighbours', 'number_heads'))
  AND (has_any_column_privilege(c.oid, 'INSERT') OR has_any_column_privilege(c.oid, 'UPDATE'))
  AND (c.relname NOT LIKE 'ticket%' OR c.relname = 'tickets')  -- those themselves say which cases have ended
ORDER BY c.relname;

-- name: read_span :many
-- Of every stream: its last position before the span, and its last within it.
SELECT h.stream,
       COALESCE(
           (SELECT max(e.seq) FROM events e WHERE e.stream = h.stream AND e.received_at < $1),
           (SELECT min(e.seq) - 1 FROM events e WHERE e.stream = h.stream AND e.received_at >= $1),
           h.seq) AS first_seq,
       COALESCE((SELECT max(e.seq) FROM events e WHERE e.stream = h.stream AND e.received_at < $2), 0) AS last_seq
FROM public.log_heads h
WHERE h.stream <> $3
ORDER BY h.stream;

-- name: record_span :one
-- When the record on hand begins and ends; NULL where there is none.
SELECT min(received_at) AS begins_at, max(received_at) AS ends_at FROM events;

-- name: put_head :exec
-- Into the session's own table: how far a trial may read.
INSERT INTO log_heads (stream, seq) VALUES ($1, $2) ON CONFLICT (stream) DO UPDATE SET seq = $2;

-- name: found_incidents :many
SELECT id, case_id, status::text, kind, kind_group, canonical_uid, grade, first_at, late, event_count, place, area_id
FROM incidents WHERE status IN ('open', 'final') ORDER BY canonical_at, canonical_uid;

-- name: found_events :many
SELECT event_uid, incident_id FROM incident_events WHERE standing NOT IN ('returned', 'noise') ORDER BY incident_id, event_uid;

-- name: numbers_of :many
-- How the live system calls the incidents with these first events.
SELECT canonical_uid, number FROM public.incidents WHERE canonical_uid = ANY($1) AND status <> 'merged' ORDER BY id DESC;

-- name: changes_within :one
SELECT count(*) FROM rule_activations WHERE rule_set = $1 AND seq > 0 AND effective_at >= $2 AND effective_at < $3;

-- name: hashes_of_kinds :many
-- As the copy below names them.
SELECT id, hashtextextended(id, 0) AS hash FROM event_kinds;

-- name: parts_of_finals :many
-- The final incidents that began in [$1, $2), by kind group in stretches of about $3 events, both ends of a stretch within.
-- What began at one moment is never parted.
SELECT kind_group, min(canonical_at) AS from_at, max(canonical_at) AS to_at, sum(event_count)::bigint AS events
FROM (
    SELECT kind_group, canonical_at, event_count,
           (sum(event_count) OVER (PARTITION BY kind_group ORDER BY canonical_at) - 1) / $3::bigint AS part
    FROM incidents WHERE status = 'final' AND canonical_at >= $1 AND canonical_at < $2
) AS counted
GROUP BY kind_group, part ORDER BY kind_group, part;

-- name: go_by_index :exec
-- For this transaction: what a stretch holds is misjudged easily, and joined with every event there is instead.
SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true);

-- name: copy_final_events :many
-- What grading looks at of the events of final incidents; dispatcher/backtests/regrading.py knows the order and width of these
-- columns. Numbers first and never NULL.
SELECT i.id, e.uid, e.effective_at,
       hashtextextended(CASE WHEN ie.standing = 'suppressed' THEN 'device_flapping' ELSE e.kind END, 0),
       array_position(enum_range(NULL::source_class), e.source_class), substr(sha256(convert_to(e.subject, 'UTF8')), 1, 8),
       i.grade, COALESCE(e.body -> 'life_at_risk' = 'true', false), e.body ->> 'colour' IS NOT NULL, e.body ->> 'colour'
FROM incidents i
JOIN incident_events ie ON ie.incident_id = i.id
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at
WHERE i.kind_group = $1 AND i.status = 'final' AND i.canonical_at BETWEEN $2 AND $3
  AND ie.standing NOT IN ('returned', 'noise');

-- name: insert_job :one
INSERT INTO backtests (rule_set, version, against, from_at, to_at, requested_at, requested_by)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id;

-- name: list_jobs :many
SELECT id, version, against, from_at, to_at, requested_at, requested_by, state::text, taken, total, failure, result
FROM backtests
WHERE rule_set = $1 AND ($2::bigint IS NULL OR id = $2) AND ($3::bigint IS NULL OR id < $3)
ORDER BY id DESC LIMIT $4;

-- name: claim_job :one
-- One at a time in the whole system: a trial reads much. A job whose process was not seen for a while is taken again.
UPDATE backtests SET state = 'running', seen_at = clock_timestamp(), taken = 0
WHERE id = (
    SELECT id FROM backtests
    WHERE state = 'queued' OR (state = 'running' AND seen_at < clock_timestamp() - make_interval(secs => $1))
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) AND NOT EXISTS (
    SELECT FROM backtests WHERE state = 'running' AND seen_at >= clock_timestamp() - make_interval(secs => $1)
)
RETURNING id;

-- name: read_job :one
SELECT rule_set, version, against, from_at, to_at, cancelling FROM backtests WHERE id = $1 AND state = 'running';

-- name: note_progress :one
UPDATE backtests SET taken = $2, total = $3, seen_at = clock_timestamp() WHERE id = $1 AND state = 'running'
RETURNING cancelling;

-- name: end_job :exec
UPDATE backtests SET state = $2::text::backtest_state, result = $3, failure = $4 WHERE id = $1 AND state = 'running';

-- name: cancel_job :one
-- One that waits ends at once, one that runs at its next step.
UPDATE backtests
SET cancelling = true, state = CASE state WHEN 'queued' THEN 'cancelled'::backtest_state ELSE state END
WHERE id = $1 AND rule_set = $2 AND state IN ('queued', 'running') RETURNING id;

-- name: tell_runners :exec
SELECT pg_notify('rongan_backtests', '');

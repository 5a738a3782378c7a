-- Incidents: written by the step, read by the api; see 0004_incidents.sql.

-- name: insert_case :one
INSERT INTO cases (opened_at) VALUES ($1) RETURNING id;

-- name: insert_incident :one
INSERT INTO incidents (number, case_id, status, kind, kind_group, canonical_at, canonical_uid, grade, explanation,
    source_classes, event_count, first_at, last_at, area_id, area_path, place, lon, lat, x_dm, y_dm, subject, tile,
    late, opened_at)
VALUES ($1, $2, 'open', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
RETURNING id;

-- name: update_incident :exec
-- The version moves only with the incident's shape, never with an event that joins.
UPDATE incidents SET case_id = $2, status = $3::text::incident_status, kind = $4, kind_group = $5, canonical_at = $6,
    canonical_uid = $7, grade = $8, explanation = $9, source_classes = $10, event_count = $11, first_at = $12, last_at = $13,
    area_id = $14, area_path = $15, place = $16, lon = $17, lat = $18, x_dm = $19, y_dm = $20, subject = $21, tile = $22,
    final_at = $23, version = version + $24::integer
WHERE id = $1;

-- name: merge_incident :exec
-- The absorbed incident stays as an alias and shows what it was.
UPDATE incidents SET status = 'merged', merged_into = $2, case_id = $3, merged_at = $4, final_at = $4, bridge_uid = $5,
    version = version + 1
WHERE id = $1;

-- name: follow_incidents :many
-- Which final incident each of $1 comes back to, and each open one that those of $2, final now, concern: the latest of its
-- group that ended before it began, began at most the group's span before it, and lies within the group's radius or was
-- about the same subject and kind. What came late tells nothing of the order of things, so it takes no part.
WITH spans AS (
    SELECT * FROM unnest($3::text[], $4::bigint[], $5::bigint[]) AS s (kind_group, r_dm, follow_s) WHERE follow_s > 0
), asked AS (
    SELECT id FROM unnest($1::bigint[]) AS t (id)
    UNION
    SELECT n.id FROM incidents f JOIN spans s USING (kind_group)
    JOIN incidents n ON n.kind_group = f.kind_group AND n.status = 'open' AND n.first_at > f.last_at
        AND n.first_at BETWEEN f.first_at AND f.first_at + s.follow_s * interval '1 s'
    WHERE f.id = ANY($2::bigint[])
), found AS (
    SELECT n.id, (
        SELECT f.id FROM incidents f
        WHERE f.kind_group = n.kind_group AND f.status = 'final' AND NOT f.late AND f.case_id <> n.case_id
          AND f.first_at BETWEEN n.first_at - s.follow_s * interval '1 s' AND n.first_at AND f.last_at < n.first_at
          AND ((f.x_dm - n.x_dm)::bigint ^ 2 + (f.y_dm - n.y_dm)::bigint ^ 2 <= s.r_dm ^ 2
               OR (f.subject, f.kind) = (n.subject, n.kind))
        ORDER BY f.last_at DESC, f.canonical_at DESC, f.canonical_uid DESC LIMIT 1) AS follows
    FROM asked JOIN incidents n USING (id) JOIN spans s USING (kind_group)
    WHERE NOT n.late AND n.status <> 'merged'
)
UPDATE incidents i SET follows = found.follows FROM found
WHERE i.id = found.id AND i.follows IS DISTINCT FROM found.follows RETURNING i.id, i.follows;

-- name: tickets_of_cases :many
SELECT case_id, max(id) AS ticket_id FROM tickets WHERE case_id = ANY($1) GROUP BY case_id;

-- name: settled_events :many
-- Which of these events stand in an incident that absorbs nothing any more: what comes of them is an annotation.
SELECT ie.event_uid FROM incident_events ie LEFT JOIN incidents i ON i.id = ie.incident_id
WHERE ie.event_uid = ANY($1) AND (i.status = 'final' OR ie.settled_with IS NOT NULL);

-- name: put_incident_event :exec
-- A corrected event may move; the newest revision stands.
INSERT INTO incident_events (event_uid, incident_id, stream, seq, received_at, effective_at, revision, standing, noise_uid)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (event_uid) DO UPDATE SET incident_id = $2, stream = $3, seq = $4, received_at = $5, effective_at = $6,
    revision = $7, standing = $8, noise_uid = $9;

-- name: move_incident_events :exec
-- Without a standing they stand as before.
UPDATE incident_events SET incident_id = $2, standing = COALESCE($3, standing) WHERE event_uid = ANY($1);

-- name: move_returned_events :exec
-- What returned to normal with events that were noise.
UPDATE incident_events SET incident_id = $2, noise_uid = NULL WHERE noise_uid = ANY($1);

-- name: mark_final_cores :exec
UPDATE incident_events SET core = true WHERE event_uid = ANY($1);

-- name: drop_final_neighbours :exec
DELETE FROM final_neighbours WHERE kind_group = $1 AND at_ms < $2;

-- name: put_final_neighbours :exec
INSERT INTO final_neighbours (kind_group, reach, uid, at_ms, x_dm, y_dm)
SELECT $1, $2, uid, at_ms, x_dm, y_dm FROM unnest($3::bytea[], $4::bigint[], $5::integer[], $6::integer[])
    AS t (uid, at_ms, x_dm, y_dm)
ON CONFLICT (kind_group, uid) DO UPDATE SET reach = $2, at_ms = excluded.at_ms, x_dm = excluded.x_dm, y_dm = excluded.y_dm;

-- name: read_final_neighbours :many
SELECT uid, at_ms, x_dm, y_dm FROM final_neighbours WHERE kind_group = $1 AND reach = $2 ORDER BY at_ms, uid;

-- name: settle_incident_events :exec
UPDATE incident_events SET settled_with = $2 WHERE event_uid = $1;

-- name: join_cases :exec
-- All that is in the second case, final or not, is in the first from now on.
UPDATE incidents SET case_id = $1 WHERE case_id = $2;

-- name: put_overlay :exec
INSERT INTO incident_overlays (seq, act, incident_id, other_id, event_uids, actor_id, actor_role, reason, at, applied_at,
    outcome, result_ids)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: overlays_in_force :many
-- In their order; those of which an event is not final yet, or not read yet.
SELECT o.seq, o.act, array_agg(e.uid) AS event_uids
FROM incident_overlays o CROSS JOIN unnest(o.event_uids) AS e (uid)
LEFT JOIN incident_events ie ON ie.event_uid = e.uid
LEFT JOIN incidents i ON i.id = ie.incident_id
WHERE ie.event_uid IS NULL OR (i.final_at IS NULL AND ie.settled_with IS NULL)
GROUP BY o.seq, o.act ORDER BY o.seq;

-- name: open_incidents :many
-- Those too that dissolved and may be one again.
SELECT id, number, case_id, kind_group, opened_at, late, follows, tile, status = 'dissolved' AS noise
FROM incidents WHERE final_at IS NULL ORDER BY id;

-- name: allow_work_memory :one
SELECT set_config('work_mem', $1, true);

-- name: copy_open_incident_events :many
-- What the memory of the open incidents, and of live noise, is rebuilt from; dispatcher/incidents/copied.py knows the order
-- and width of these columns and what the marks mean; they are one number because each column costs 50 ns a row. Numbers
-- first and never NULL; nothing is joined that workers could not compute in parallel.
SELECT COALESCE(ie.incident_id, 0), e.uid, e.revision, e.content_hash, e.effective_at, e.received_at, e.seq,
       COALESCE(e.x_dm, 0), COALESCE(e.y_dm, 0), COALESCE(e.lon, 0), COALESCE(e.lat, 0),
       256 * e.severity + (e.x_dm IS NOT NULL)::integer
           + 2 * (ie.standing IN ('clustered', 'alone', 'noise') AND ie.settled_with IS NULL)::integer
           + 4 * (ie.settled_with IS NOT NULL)::integer + 8 * (ie.standing = 'noise')::integer
           + 16 * COALESCE(ie.core, false)::integer + 32 * COALESCE(e.body -> 'life_at_risk' = 'true', false)::integer,
       substr(sha256(convert_to(e.subject, 'UTF8')), 1, 8),
       hashtextextended(CASE WHEN ie.standing = 'suppressed' THEN 'device_flapping' ELSE e.kind END, 0),
       e.source_class, CASE WHEN ie.standing = 'suppressed' THEN 'device_flapping' ELSE e.kind END, e.subject, e.area_id,
       array_to_string(e.area_path, chr(10)), e.place, ie.settled_with, e.body ->> 'colour'
FROM (
    SELECT ie.incident_id, ie.standing, ie.settled_with, ie.core, ie.stream, ie.seq, ie.received_at
    FROM incidents i JOIN incident_events ie ON ie.incident_id = i.id
    WHERE i.final_at IS NULL AND ie.standing <> 'returned'
    UNION ALL
    SELECT incident_id, standing, settled_with, core, stream, seq, received_at
    FROM incident_events WHERE standing = 'noise' AND settled_with IS NULL AND incident_id IS NULL
) ie
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at;

-- name: hashes_of_kinds :many
-- As the copy above names them.
SELECT id, hashtextextended(id, 0) AS hash FROM event_kinds ORDER BY id COLLATE "C";

-- name: ticketed_cases :many
-- Cases with an open, accepted ticket: in a merge such a case survives.
SELECT DISTINCT case_id FROM tickets
WHERE case_id = ANY($1) AND accepted_at IS NOT NULL AND closed_at IS NULL;

-- name: accepted_tickets :many
-- The open, accepted tickets of these cases: first the one in which the others end, and whether a person has had each in hand.
SELECT t.case_id, t.number,
       t.state NOT IN ('accepted', 'dispatched')
       OR EXISTS (SELECT FROM ticket_transitions x WHERE x.ticket_id = t.id AND x.actor NOT LIKE 'rule:%')
       OR EXISTS (SELECT FROM ticket_entries e WHERE e.ticket_id = t.id AND e.actor NOT LIKE 'rule:%') AS in_hand
FROM tickets t WHERE t.case_id = ANY($1) AND t.accepted_at IS NOT NULL AND t.closed_at IS NULL
ORDER BY t.ticket_kind <> 'call_response', t.accepted_at, t.id;

-- name: read_watermarks :many
SELECT kind_group, watermark_at FROM watermarks WHERE rule_set = $1;

-- name: put_watermark :exec
INSERT INTO watermarks (rule_set, kind_group, watermark_at) VALUES ($1, $2, $3)
ON CONFLICT (rule_set, kind_group) DO UPDATE SET watermark_at = GREATEST(watermarks.watermark_at, $3);

-- name: take_incident_version :one
-- Compare-and-swap: of two officers who saw the same version one is refused.
UPDATE incidents SET version = version + 1 WHERE id = $1 AND version = $2
RETURNING id, status::text, kind, case_id, event_count, version, area_path;

-- name: read_incident_shape :one
SELECT id, status::text, kind, case_id, event_count, version, area_path FROM incidents WHERE id = $1;

-- name: movable_events :many
-- Of these events those that are in the incident and not final.
SELECT event_uid FROM incident_events
WHERE incident_id = $1 AND event_uid = ANY($2) AND settled_with IS NULL AND standing IN ('clustered', 'alone');

-- name: merge_anchors :many
-- The first events of each of these incidents, in their order: by them they are held together.
SELECT e.event_uid FROM unnest($1::bigint[]) WITH ORDINALITY AS i (id, side) CROSS JOIN LATERAL (
    SELECT event_uid, effective_at FROM incident_events
    WHERE incident_id = i.id AND settled_with IS NULL AND standing IN ('clustered', 'alone')
    ORDER BY effective_at, event_uid LIMIT $2) e
ORDER BY i.side, e.effective_at, e.event_uid;

-- name: live_events :many
-- The live version of events of open incidents.
SELECT e.stream, e.seq, e.uid, e.revision, e.content_hash, e.source, e.source_class, e.kind, e.severity, e.raised, e.subject,
       e.device_id, e.call_id, e.product, e.area_id, e.area_path, e.place, e.lon, e.lat, e.x_dm, e.y_dm, e.observed_at,
       e.received_at, e.effective_at, e.time_quality, e.body
FROM incident_events ie JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at
WHERE ie.event_uid = ANY($1);

-- name: put_series :exec
INSERT INTO flapping_series (subject, kind, state) VALUES ($1, $2, $3)
ON CONFLICT (subject, kind) DO UPDATE SET state = $3;

-- name: delete_series :exec
DELETE FROM flapping_series WHERE subject = $1 AND kind = $2;

-- name: list_series :many
SELECT subject, kind, state FROM flapping_series;

-- name: suppressed_events :many
-- Of open incidents, those that are not settled.
SELECT ie.event_uid, ie.incident_id, e.subject, e.kind, e.effective_at
FROM incidents i JOIN incident_events ie ON ie.incident_id = i.id
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at
WHERE i.status = 'open' AND ie.standing = 'suppressed' AND ie.settled_with IS NULL;

-- name: add_counts :one
INSERT INTO correlation_counts AS c (rule_set, received, superseded, settled, returned, late, suppressed, noise, clustered, alone,
    capped)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (rule_set) DO UPDATE SET received = c.received + $2, superseded = c.superseded + $3, settled = c.settled + $4,
    returned = c.returned + $5, late = c.late + $6, suppressed = c.suppressed + $7, noise = c.noise + $8,
    clustered = c.clustered + $9, alone = c.alone + $10, capped = c.capped + $11
RETURNING received, superseded, settled, returned, late, suppressed, noise, clustered, alone, capped;

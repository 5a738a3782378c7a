-- Read models of the api. Where $1 is the viewer's area, NULL means everywhere; what lies in no area is everybody's.

-- name: list_events :many
-- Newest first. Records of the platform's own only when their stream is asked for.
SELECT e.uid, e.stream, e.seq, e.kind, e.severity, e.raised, e.source::text, e.source_class::text, e.subject, e.device_id,
       e.call_id, e.area_id, e.place, e.lon, e.lat, e.observed_at, e.received_at, e.effective_at, e.time_quality::text,
       ie.incident_id, e.body
FROM events e LEFT JOIN incident_events ie ON ie.event_uid = e.uid
WHERE ($1::text IS NULL OR e.area_path @> ARRAY[$1] OR e.area_path = '{}')
  AND ($2::text IS NULL OR e.stream = $2) AND ($2 IN ('clock', 'overlays') OR e.source NOT IN ('tick', 'overlay'))
  AND ($3::text IS NULL OR e.kind = $3) AND ($4::bigint IS NULL OR e.device_id = $4)
  AND ($5::timestamptz IS NULL OR e.received_at >= $5)
  AND ($6::timestamptz IS NULL OR (e.received_at, e.stream, e.seq) < ($6, $7, $8))
ORDER BY e.received_at DESC, e.stream DESC, e.seq DESC
LIMIT $9;

-- name: list_incidents :many
-- Newest first. Members of an organisation also see the incidents of the tickets that it works on.
SELECT i.id, i.number, i.case_id, i.status::text, i.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, i.grade, i.area_id,
       i.place, i.lon, i.lat, i.first_at, i.last_at, i.opened_at, i.final_at, i.event_count, i.source_classes, i.late,
       i.merged_into, i.follows, i.tile, t.id AS ticket_id, i.explanation
FROM incidents i JOIN event_kinds k ON k.id = i.kind
LEFT JOIN LATERAL (SELECT id FROM tickets WHERE case_id = i.case_id ORDER BY id DESC LIMIT 1) t ON true
WHERE ($1::text IS NULL OR i.area_path @> ARRAY[$1] OR i.area_path = '{}' OR EXISTS (
        SELECT FROM ticket_assignments s JOIN tickets st ON st.id = s.ticket_id
        WHERE st.case_id = i.case_id AND s.organisation_id = $2))
  AND ($3::text IS NULL OR i.status::text = $3) AND ($4::smallint IS NULL OR i.grade = $4)
  AND ($5::text IS NULL OR i.kind = $5) AND ($6::text IS NULL OR i.area_path @> ARRAY[$6])
  AND ($7::bigint IS NULL OR i.id < $7) AND ($8::bigint IS NULL OR i.id = $8)
ORDER BY i.id DESC
LIMIT $9;

-- name: summarise_incidents :one
-- A merged incident's events are counted where they went.
SELECT count(*) FILTER (WHERE status = 'open') AS open, count(*) FILTER (WHERE status = 'final') AS final,
       count(*) FILTER (WHERE status = 'merged') AS merged,
       COALESCE(sum(event_count) FILTER (WHERE status <> 'merged'), 0)::bigint AS events,
       count(*) FILTER (WHERE late) AS late,
       count(*) FILTER (WHERE status <> 'merged' AND lon IS NOT NULL) AS located
FROM incidents WHERE $1::text IS NULL OR area_path @> ARRAY[$1] OR area_path = '{}';

-- name: events_of_incident :many
-- Oldest first; the primary key of the log is named whole, so only their partitions are read.
SELECT e.uid, e.stream, e.seq, e.kind, e.severity, e.raised, e.source::text, e.source_class::text, e.subject, e.device_id,
       e.call_id, e.area_id, e.place, e.lon, e.lat, e.observed_at, e.received_at, e.effective_at, e.time_quality::text,
       ie.incident_id, e.body, e.x_dm, e.y_dm
FROM incident_events ie
JOIN events e ON e.stream = ie.stream AND e.seq = ie.seq AND e.received_at = ie.received_at
WHERE ie.incident_id = $1
ORDER BY ie.effective_at, ie.event_uid
LIMIT $2;

-- name: aliases_of_incident :many
SELECT id, number, merged_at, encode(bridge_uid, 'hex') AS bridge_uid FROM incidents WHERE merged_into = $1 ORDER BY id;

-- name: shape_of_incident :one
-- What it is beside a set of events: version, who came after it, who shares its case, what officers made of it.
SELECT i.version,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id', f.id, 'number', f.number, 'first_at', f.first_at) ORDER BY f.id)
                 FROM incidents f WHERE f.follows = i.id), '[]') AS followed_by,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('id', c.id, 'number', c.number, 'tile', c.tile,
                     'first_at', c.first_at) ORDER BY c.id)
                 FROM incidents c WHERE c.case_id = i.case_id AND c.id <> i.id AND c.status <> 'merged'), '[]') AS same_case
FROM incidents i WHERE i.id = $1;

-- name: overlays_of_incident :many
SELECT o.seq, o.act, o.incident_id, o.other_id,
       ARRAY(SELECT encode(uid, 'hex') FROM unnest(o.event_uids) WITH ORDINALITY AS t (uid, n) ORDER BY n) AS event_uids,
       COALESCE(u.zh_name, '') AS actor_name, o.actor_role, o.reason, o.at, o.outcome, o.result_ids
FROM incident_overlays o LEFT JOIN users u ON u.id = o.actor_id
WHERE o.incident_id = $1 OR o.other_id = $1 OR o.result_ids @> ARRAY[$1::bigint]
ORDER BY o.seq;

-- name: radius_of_incident :one
-- The distance and time within which events of its group belonged together, by the rules that its grade names.
SELECT (v.content #>> ARRAY['groups', i.kind_group, 'r_m'])::integer AS r_m,
       (v.content #>> ARRAY['groups', i.kind_group, 't_s'])::integer AS t_s
FROM incidents i JOIN deployment d ON true
JOIN rule_versions v ON v.rule_set = d.rule_set AND v.version = (i.explanation ->> 'matrix_version')::integer
WHERE i.id = $1;

-- name: list_quarantine :many
-- What nobody's device sent is seen by everybody who may look at quarantine.
SELECT q.id, q.received_at, q.topic, q.product, q.device_id, q.reason::text, q.detail, substring(q.payload FOR 4096) AS payload,
       octet_length(q.payload) AS payload_bytes, q.sha256, q.state::text, q.decided_by, q.decided_at
FROM quarantine q LEFT JOIN devices d ON d.id = q.device_id LEFT JOIN areas a ON a.id = d.area_id
WHERE ($1::text IS NULL OR q.device_id IS NULL OR a.path @> ARRAY[$1])
  AND ($2::text IS NULL OR q.state = $2::text::quarantine_state) AND ($3::bigint IS NULL OR q.id < $3)
  AND ($4::bigint IS NULL OR q.id = $4)
ORDER BY q.id DESC
LIMIT $5;

-- name: conservation :many
SELECT product, sum(received)::bigint AS received, sum(stored)::bigint AS stored, sum(duplicate)::bigint AS duplicate,
       sum(quarantined)::bigint AS quarantined
FROM intake_counts WHERE $1::timestamptz IS NULL OR minute >= $1 GROUP BY product ORDER BY product;

-- name: correlation_counts :one
SELECT c.received, c.superseded, c.settled, c.returned, c.late, c.suppressed, c.noise, c.clustered, c.alone, c.capped
FROM correlation_counts c JOIN deployment d ON d.rule_set = c.rule_set;

-- name: violations :many
SELECT reason, sum(count)::bigint AS count
FROM violations WHERE $1::timestamptz IS NULL OR minute >= $1 GROUP BY reason ORDER BY reason;

-- name: tick_head :one
SELECT COALESCE((SELECT seq FROM log_heads WHERE stream = 'clock'), 0);

-- name: lock_deployment :exec
-- Two who move the clock wait for each other.
SELECT FROM deployment FOR UPDATE;

-- name: set_clock :exec
UPDATE deployment SET simulated_at = $1;

-- name: ensure_partitions :one
SELECT ensure_partitions($1, $2);

-- name: tell :exec
SELECT pg_notify($1, '');

-- name: clock_cursor :one
SELECT seq FROM cursors WHERE consumer = $1 AND stream = 'clock';

-- name: list_patterns :many
-- As the rules have them ($2 to $4); of one that they do not name the newest version, which is not looked for.
-- Incidents are counted once, whatever anchors they hold.
WITH ruled AS (
    SELECT DISTINCT ON (p.id) p.id, p.version, zh_name, en_name, COALESCE(r.mode, 'inactive') AS mode, r_m, t_s, by_place,
           step_order, effective_from, effective_to, source
    FROM patterns p
    LEFT JOIN unnest($2::text[], $3::integer[], $4::text[]) AS r(id, version, mode) ON r.id = p.id
    WHERE r.version IS NULL OR r.version = p.version ORDER BY p.id, p.version DESC
), found AS (
    SELECT m.pattern_id, max(m.matched_at) AS last_matched_at, count(DISTINCT ie.incident_id) AS incidents_month,
           count(DISTINCT ie.incident_id) FILTER (WHERE m.matched_at > $1::timestamptz - interval '24 h') AS incidents_day
    FROM pattern_matches m JOIN incident_events ie ON ie.event_uid = m.anchor_uid
    WHERE m.withdrawn_at IS NULL AND m.matched_at > $1::timestamptz - interval '30 days' AND m.matched_at <= $1
    GROUP BY m.pattern_id
)
SELECT p.id, p.version, p.zh_name, p.en_name, p.mode, p.r_m, p.t_s, p.by_place, p.step_order, p.effective_from,
       p.effective_to, p.source,
       COALESCE((SELECT jsonb_agg(jsonb_build_object('name', s.step, 'role', s.role, 'zh_name', s.zh_name, 'en_name', s.en_name,
                     'kinds', s.kinds, 'source_classes', s.source_classes, 'severity_min', s.severity_min,
                     'predicate', s.predicate) ORDER BY s.position)
                 FROM pattern_steps s WHERE (s.pattern_id, s.version) = (p.id, p.version)), '[]') AS steps,
       COALESCE(f.incidents_day, 0) AS incidents_day, COALESCE(f.incidents_month, 0) AS incidents_month, f.last_matched_at
FROM ruled p LEFT JOIN found f ON f.pattern_id = p.id ORDER BY p.id;

-- name: matches_of_incident :many
-- One an incident and pattern: its own, and those of other incidents that its (first 2,000) events witness.
WITH own AS (
    SELECT ARRAY(SELECT event_uid FROM incident_events WHERE incident_id = $1 ORDER BY effective_at LIMIT 2000) AS uids
), shown AS (
    SELECT m.incident_id, m.pattern_id, m.version, m.zh_name, m.en_name, m.mode, m.anchor_uid, m.anchor_at, m.matched_at,
           m.witnesses
    FROM incident_matches m, own
    WHERE m.incident_id = ANY (ARRAY(
        SELECT ie.incident_id FROM pattern_matches x JOIN incident_events ie ON ie.event_uid = x.anchor_uid
        WHERE x.witness_uids && (SELECT uids FROM own) AND x.withdrawn_at IS NULL
        UNION SELECT $1))
      AND (m.incident_id = $1 OR m.witness_uids && own.uids)
)
SELECT m.incident_id, i.number AS incident_number, m.pattern_id, m.version, m.zh_name, m.en_name, m.mode::text, m.anchor_uid,
       m.anchor_at, m.matched_at,
       (SELECT jsonb_agg(w || jsonb_build_object('zh_name', s.zh_name, 'en_name', s.en_name, 'incident_id', ie.incident_id)
               ORDER BY n)
        FROM jsonb_array_elements(m.witnesses) WITH ORDINALITY AS t (w, n)
        LEFT JOIN pattern_steps s ON (s.pattern_id, s.version, s.step) = (m.pattern_id, m.version, w ->> 'step')
        LEFT JOIN incident_events ie ON ie.event_uid = decode(w ->> 'uid', 'hex')) AS witnesses
FROM shown m JOIN incidents i ON i.id = m.incident_id ORDER BY m.anchor_at, m.pattern_id;

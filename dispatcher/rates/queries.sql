-- Rates: finished counts, findings and proposals; written by the leader's step, read by the api; see 0013_rates.sql.

-- name: rate_watermarks :many
SELECT w.kind_group, w.watermark_at, p.counted_from, p.counted_to
FROM watermarks w LEFT JOIN rate_progress p USING (kind_group) WHERE w.rule_set = $1 ORDER BY w.kind_group;

-- name: rate_progress_of :one
SELECT counted_from, counted_to FROM rate_progress WHERE kind_group = $1;

-- name: first_tick :one
-- When the deployment began to count: the first record of the clock.
SELECT effective_at FROM events WHERE stream = $1 ORDER BY seq LIMIT 1;

-- name: earliest_open :one
SELECT min(canonical_at) FROM incidents WHERE kind_group = $1 AND status = 'open';

-- name: put_progress :exec
INSERT INTO rate_progress (kind_group, counted_from, counted_to) VALUES ($1, $2, $3)
ON CONFLICT (kind_group) DO UPDATE SET counted_to = EXCLUDED.counted_to;

-- name: finals :many
-- The columns of what is final and began in a span. What came late is in the log and on the screen, never in a rate.
SELECT array_agg(i.kind) AS kinds, array_agg(COALESCE(community.id, i.area_id, '')) AS areas,
       array_agg(floor(extract(epoch FROM i.canonical_at) * 1000)::bigint) AS at_ms
FROM incidents i
LEFT JOIN LATERAL (SELECT a.id FROM areas a WHERE a.id = ANY(i.area_path) AND a.level = 'community') community ON true
WHERE i.kind_group = $1 AND i.status = 'final' AND NOT i.late AND i.canonical_at >= $2 AND i.canonical_at < $3;

-- name: put_counts :exec
INSERT INTO rate_counts AS c (kind, area_id, bucket_at, incidents)
SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::integer[])
ON CONFLICT (kind, area_id, bucket_at) DO UPDATE SET incidents = c.incidents + EXCLUDED.incidents;

-- name: counts_of_kinds :many
-- The columns of every finished hour of these kinds in a span.
SELECT array_agg(c.kind) AS kinds, array_agg(c.area_id) AS areas,
       array_agg((extract(epoch FROM c.bucket_at) * 1000)::bigint) AS at_ms, array_agg(c.incidents) AS counts
FROM rate_counts c WHERE c.kind = ANY($1) AND c.bucket_at >= $2 AND c.bucket_at < $3;

-- name: counts_of_series :many
-- The columns of the finished hours of these series in a span; a series is known by its place in the two lists.
SELECT array_agg(s.number - 1) AS series, array_agg((extract(epoch FROM c.bucket_at) * 1000)::bigint) AS at_ms,
       array_agg(c.incidents) AS counts
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS s (kind, area_id, number)
JOIN rate_counts c USING (kind, area_id)
WHERE c.bucket_at >= $3 AND c.bucket_at < $4;

-- name: happened :many
-- The finished incidents of a group that have a position.
SELECT id, kind, canonical_at, lon, lat, source_classes, area_id, area_path, place
FROM incidents
WHERE kind_group = $1 AND status = 'final' AND NOT late AND lon IS NOT NULL AND canonical_at >= $2 AND canonical_at < $3
ORDER BY canonical_at, id;

-- name: scanned_lately :many
-- When the scan last found something of each kind.
SELECT kind, max(to_at) AS to_at FROM rate_findings
WHERE detector = 'space_time_scan' AND kind = ANY($1) AND to_at > $2 GROUP BY kind;

-- name: witnesses_of_counts :many
-- Those that `finals` gives to the series: an area's series holds what is known to lie in it and in no community of it.
SELECT i.id FROM incidents i
LEFT JOIN LATERAL (SELECT a.id FROM areas a WHERE a.id = ANY(i.area_path) AND a.level = 'community') community ON true
WHERE i.kind_group = $1 AND i.kind = $2 AND i.status = 'final' AND NOT i.late AND i.canonical_at >= $3 AND i.canonical_at < $4
  AND COALESCE(community.id, i.area_id, '') = $5
ORDER BY i.canonical_at, i.id LIMIT $6;

-- name: recurring_tickets :many
-- The call-responses of the window that may be one cause at one place with one opened since $1: kinds $3 are the causes $4,
-- $5 metres the farthest apart that two of one circle can be.
WITH causes AS (SELECT * FROM unnest($3::text[], $4::text[]) AS c (kind, cause)),
placed AS (
    SELECT t.id, t.incident_id, t.kind, c.cause, t.area_id, t.area_path, t.lon, t.lat, t.opened_at, t.place
    FROM tickets t JOIN causes c ON c.kind = t.kind
    WHERE t.ticket_kind = 'call_response' AND t.state NOT IN ('merged', 'voided') AND (t.place IS NOT NULL OR t.lon IS NOT NULL)
      AND t.opened_at > $1::timestamptz - $6::interval AND t.opened_at <= $2
)
SELECT p.id, p.incident_id, p.kind, p.area_id, p.area_path, p.lon, p.lat, p.opened_at, p.place FROM placed p
WHERE EXISTS (SELECT FROM placed n WHERE n.opened_at > $1 AND n.cause = p.cause
              AND (n.place = p.place AND n.area_id IS NOT DISTINCT FROM p.area_id
                   OR abs(n.lat - p.lat) * 111000 <= $5::float8
                      AND abs(n.lon - p.lon) * 111000 * cos(radians(p.lat)) <= $5::float8 * 1.1))
ORDER BY p.opened_at, p.id;

-- name: standing_proposal :one
-- Of the same cause within 90 days at the same place: of the same key or, where $6 says how near, within so many metres. A hot
-- spot is known when its group's watermark has passed, sooner or later than a ticket: who came first must not matter.
SELECT id FROM proposals
WHERE kind = ANY($1) AND proposed_at > $3::timestamptz - interval '90 days' AND proposed_at < $3::timestamptz + interval '90 days'
  AND (place_key = $2 OR $6::float8 IS NOT NULL AND source <> 'hot_spot' AND 111195 * sqrt(
       ((lon - $4::float8) * cos(radians($5::float8))) ^ 2 + (lat - $5::float8) ^ 2) <= $6)
ORDER BY place_key = $2 DESC, id DESC LIMIT 1;

-- name: insert_proposal :one
INSERT INTO proposals (source, kind, place_key, area_id, area_path, place, lon, lat, reason, witnesses, proposed_at)
VALUES ($1::text::proposal_source, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id;

-- name: insert_finding :one
INSERT INTO rate_findings (detector, detector_version, kind, place_key, area_id, area_path, place, lon, lat, radius_m,
    from_at, to_at, observed, expected, statistic, p_value, witnesses, proposal_id)
VALUES ($1::text::rate_detector, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT ON CONSTRAINT rate_findings_once DO NOTHING RETURNING id;

-- name: list_findings :many
-- Newest first. Where $1 is the viewer's area, NULL means everywhere; what lies in no area is everybody's.
SELECT f.id, f.detector::text, f.detector_version, f.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, f.area_id, f.place,
       f.lon, f.lat, f.radius_m, f.from_at, f.to_at, f.observed, f.expected, f.statistic, f.p_value, f.witnesses, f.proposal_id
FROM rate_findings f JOIN event_kinds k ON k.id = f.kind
WHERE ($1::text IS NULL OR f.area_path @> ARRAY[$1] OR f.area_path = '{}')
  AND ($2::text IS NULL OR f.detector = $2::text::rate_detector) AND ($3::text IS NULL OR f.kind = $3)
  AND ($4::text IS NULL OR f.area_path @> ARRAY[$4]) AND ($5::timestamptz IS NULL OR f.to_at > $5)
  AND ($6::bigint IS NULL OR f.id < $6)
ORDER BY f.id DESC LIMIT $7;

-- name: list_proposals :many
SELECT p.id, p.source::text, p.kind, k.zh_name AS kind_zh, k.en_name AS kind_en, p.area_id, p.place, p.lon, p.lat,
       p.reason, p.witnesses, p.proposed_at, p.state::text, p.decided_at, p.decision_reason, p.ticket_id,
       (SELECT count(*) FROM rate_findings f WHERE f.proposal_id = p.id) AS findings
FROM proposals p JOIN event_kinds k ON k.id = p.kind
WHERE ($1::text IS NULL OR p.area_path @> ARRAY[$1] OR p.area_path = '{}')
  AND ($2::text IS NULL OR p.state = $2::text::proposal_state) AND ($3::text IS NULL OR p.kind = $3)
  AND ($4::text IS NULL OR p.area_path @> ARRAY[$4]) AND ($5::bigint IS NULL OR p.id < $5)
ORDER BY p.id DESC LIMIT $6;

-- name: list_counts :many
-- Finished buckets from the table, the others as they stand now: an hour is provisional until its kind group has passed it.
WITH unfinished AS (
    SELECT i.kind, COALESCE(community.id, i.area_id, '') AS area_id, count(*)::integer AS incidents,
           to_timestamp(floor(extract(epoch FROM i.canonical_at) / 3600) * 3600) AS bucket_at
    FROM incidents i
    LEFT JOIN LATERAL (SELECT a.id FROM areas a WHERE a.id = ANY(i.area_path) AND a.level = 'community') community ON true
    LEFT JOIN rate_progress p ON p.kind_group = i.kind_group
    WHERE i.kind = $2 AND i.status <> 'merged' AND NOT i.late AND i.canonical_at >= $4 AND i.canonical_at < $5
      AND (p.counted_to IS NULL OR i.canonical_at >= p.counted_to)
    GROUP BY 1, 2, 4
), every AS (
    SELECT c.kind, c.area_id, c.incidents, c.bucket_at, false AS provisional FROM rate_counts c
    WHERE c.kind = $2 AND c.bucket_at >= $4 AND c.bucket_at < $5
    UNION ALL
    SELECT u.kind, u.area_id, u.incidents, u.bucket_at, true FROM unfinished u
)
SELECT e.kind, NULLIF(e.area_id, '') AS area_id, e.bucket_at, e.incidents, e.provisional
FROM every e LEFT JOIN areas a ON a.id = e.area_id
WHERE ($1::text IS NULL OR e.area_id = '' OR a.path @> ARRAY[$1]) AND ($3::text IS NULL OR a.path @> ARRAY[$3])
ORDER BY e.bucket_at DESC, e.area_id LIMIT $6;

-- name: list_happened :many
-- Incidents with a position, the latest first; `final` ones count for good.
SELECT i.id, i.kind, i.canonical_at, i.lon, i.lat, i.source_classes, i.area_id, i.area_path, i.place, i.status = 'final' AS final
FROM incidents i
WHERE ($1::text IS NULL OR i.area_path @> ARRAY[$1] OR i.area_path = '{}')
  AND ($2::text IS NULL OR i.area_path @> ARRAY[$2])
  AND i.status <> 'merged' AND NOT i.late AND i.lon IS NOT NULL AND i.canonical_at >= $3 AND i.canonical_at < $4
ORDER BY i.canonical_at DESC, i.id DESC LIMIT $5;

-- name: placed_incidents :many
-- What began in a span, where, and as what: late ones tell nothing of what follows what.
SELECT kind, x_dm, y_dm, canonical_at FROM incidents
WHERE status <> 'merged' AND NOT late AND x_dm IS NOT NULL AND canonical_at >= $1 AND canonical_at < $2;

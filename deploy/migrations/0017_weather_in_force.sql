-- 0017_weather_in_force.sql
-- Incidents of one kind by time: an area's warnings in force are asked for at each step, whether they have a place or not.
CREATE INDEX incidents_by_kind ON incidents (kind, canonical_at) WHERE status <> 'merged';

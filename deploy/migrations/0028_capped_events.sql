-- 0028_capped_events.sql
-- What was not taken in because as many events were live as may be has a count of its own; it was among `superseded` before.

ALTER TABLE correlation_counts ADD COLUMN capped bigint NOT NULL DEFAULT 0;  -- Too many were live: in the log alone.

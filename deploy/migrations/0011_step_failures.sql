-- 0011_step_failures.sql
-- Events of the log that the dispatcher could not take are quarantined too: the row names the event's place in the log.

ALTER TYPE quarantine_reason ADD VALUE 'step_failed';

-- Each step that fails for a tick asks whether such a tick is held already.
CREATE INDEX quarantine_held_of_dispatcher ON quarantine (topic) WHERE state = 'held' AND gateway = 'dispatcher';

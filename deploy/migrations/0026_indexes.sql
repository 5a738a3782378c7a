-- 0026_indexes.sql
-- What lists of a million tickets are found by: a unit's tickets, a workbench, an area, and what is overdue, each from an index alone.

-- The tickets of a unit as a set, read from the index alone; the narrower index knew no ticket.
DROP INDEX ticket_assignments_of_organisation;
CREATE INDEX ticket_assignments_of_organisation ON ticket_assignments (organisation_id, ticket_id) WHERE ended_at IS NULL;
CREATE INDEX ticket_assignments_unsigned ON ticket_assignments (organisation_id, ticket_id) WHERE ended_at IS NULL AND signed_at IS NULL;
CREATE INDEX tickets_by_lead ON tickets (lead_organisation_id, id DESC);
-- 吹哨报到: who called others; the events are those of the view `called` in dispatcher/tickets/queries.sql.
CREATE INDEX ticket_transitions_of_callers ON ticket_transitions (organisation_id, ticket_id)
    WHERE organisation_id IS NOT NULL AND event IN ('submit', 'convert', 'admit', 'assign_lead', 'dispatch', 'redispatch');

CREATE INDEX tickets_by_area ON tickets USING gin (area_path);
-- In the order of the queue, so that the gravest of many overdue ones are found without sorting them all.
CREATE INDEX tickets_queue_overdue ON tickets (grade, (COALESCE(due_at, 'infinity'::timestamptz)), id)
    WHERE overdue AND state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out');
-- The primary key is read backwards as well.
DROP INDEX tickets_newest;

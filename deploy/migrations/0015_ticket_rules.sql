-- 0015_ticket_rules.sql
-- The rules of tickets in the words of both kinds; apart from 0014, since a transaction may not use a word it has added.

ALTER TABLE tickets
    DROP CONSTRAINT tickets_lead_when_dispatched,
    DROP CONSTRAINT tickets_closed_when_terminal,
    ADD CONSTRAINT tickets_lead_when_dispatched CHECK (
        state NOT IN ('dispatched', 'acknowledged', 'return_requested', 'arbitration', 'en_route', 'on_scene', 'controlled',
                      'suspended', 'resolved', 'verifying', 'rework', 'awaiting_callback', 'closed',
                      'lead_assigned', 'co_signing', 'planning', 'plan_review', 'in_progress', 'reported_complete',
                      'inspection', 'publicity', 'closed_out', 'look_back', 'relapsed')
        OR lead_organisation_id IS NOT NULL),
    ADD CONSTRAINT tickets_closed_when_terminal CHECK (
        (state IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out'))
        = (closed_at IS NOT NULL)),
    ADD CONSTRAINT tickets_suspended_remembers_where CHECK (state <> 'suspended' OR state_before IS NOT NULL);

DROP INDEX tickets_one_open_a_case, tickets_queue;
-- The database, not the code, forbids twins: one open ticket a case and kind.
CREATE UNIQUE INDEX tickets_one_open_a_case ON tickets (case_id, ticket_kind)
    WHERE state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out');
CREATE INDEX tickets_queue ON tickets (grade, (COALESCE(due_at, 'infinity'::timestamptz)), id)
    WHERE state NOT IN ('not_accepted', 'answered', 'merged', 'closed', 'voided', 'rejected', 'closed_out');
CREATE INDEX tickets_look_back ON tickets (look_back_at) WHERE state = 'closed_out' AND look_back_at IS NOT NULL;

-- No end with an open mandatory sub-task, looked at when the transaction commits: sub-tasks are written behind the ticket.
CREATE FUNCTION refuse_open_subtasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tickets t JOIN ticket_subtasks s ON s.ticket_id = t.id
               WHERE t.id = NEW.id AND t.closed_at IS NOT NULL AND s.mandatory AND s.state NOT IN ('checked', 'waived')) THEN
        RAISE EXCEPTION 'ticket % ended with an open mandatory sub-task', NEW.id
            USING ERRCODE = '23514', CONSTRAINT = 'tickets_end_without_open_subtasks';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER tickets_end_without_open_subtasks AFTER UPDATE OF closed_at ON tickets
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.closed_at IS NOT NULL) EXECUTE FUNCTION refuse_open_subtasks();

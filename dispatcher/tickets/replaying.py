"""Recomputes a ticket and all its clocks from its log. Pure."""

from collections.abc import Iterable
from datetime import datetime

from dispatcher.tickets import clocks, effects, reporting
from dispatcher.tickets.conditions import holds
from dispatcher.tickets.deeds import Deed
from dispatcher.tickets.grammar import Row
from dispatcher.tickets.lifecycle import fired, is_of_unit, raise_with_incident
from dispatcher.tickets.model import RULE_ROLE, ClockName, Entry, EntryKind, Ticket, TicketEvent, Transition
from dispatcher.tickets.transitions import rows_for
from registry.limits import EscalationAction


def replay(origin: Ticket, log: Iterable[Transition | Entry], rules: clocks.Rules) -> Ticket:
    """Recompute a ticket and all its clocks from its log. `origin` is the ticket as it was opened.

    Raises LookupError where the table does not know a line of the log.
    """
    ticket = origin
    for record in log:
        if isinstance(record, Entry):
            ticket = _replay_entry(ticket, record, rules)
        elif record.from_state is not None:
            row = _row_behind(ticket, record)
            deed = Deed(row, record.fields, record.organisation_id, record.at, record.actor, record.actor_role)
            ticket = effects.follow(ticket, deed, rules)
    return ticket


def _row_behind(ticket: Ticket, record: Transition) -> Row:
    fitting = [
        row
        for row in rows_for(ticket.ticket_kind, record.event, ticket.state)
        if row.entry is None
        and (row.goes_back or (row.to_state or ticket.state) is record.to_state)
        and holds(row.when, ticket)
        and (
            record.actor_role in {role.value for role in row.roles} or (row.by_rule and record.actor_role == RULE_ROLE)
        )
        and (row.unit is None or is_of_unit(ticket, row.unit, record.organisation_id))
    ]
    if not fitting or record.from_state is not ticket.state:
        raise LookupError(record.event, record.from_state, record.to_state)
    return fitting[0]


def _replay_entry(ticket: Ticket, entry: Entry, rules: clocks.Rules) -> Ticket:
    body, after = entry.body, ticket
    match entry.entry:
        case EntryKind.CONTACT:
            after = clocks.stop(ticket, entry.at, TicketEvent.CONTACT.value, clock=ClockName.CONTACT)
        case EntryKind.GRADE_CHANGED:
            after = raise_with_incident(ticket, body["incident_grade"], entry.at, rules)
        case EntryKind.REPORT_JOINED:
            report = reporting.of_record({"joined_at": entry.at.isoformat(), **body})
            external = body.get("external_due_at")
            promised = datetime.fromisoformat(external) if external is not None else None
            after = effects.joined(ticket, report, body.get("demand"), rules, external_due_at=promised)
        case EntryKind.REPORTS_LEFT:
            after = reporting.left(ticket, frozenset(body["call_ids"]))
        case EntryKind.INCIDENT_JOINED:
            after = effects.absorbed(ticket, body, rules)
        case EntryKind.CALL_TRIED:
            after = reporting.tried(ticket, body["call_id"], entry.at)
        case EntryKind.REMINDER | EntryKind.ESCALATION:
            key = (ClockName(body["clock"]), body["organisation_id"], body["run"])
            after = fired(ticket, key, EscalationAction(body["action"]), entry.at, rules)
        case _:
            pass  # Words and links change nothing.
    return after

"""What chooses between two rows of the same event and state, and the counts it rests on. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

from dispatcher.tickets.grammar import Condition
from dispatcher.tickets.model import AssignmentRole, Ticket
from dispatcher.tickets.questions import needs_call


def holds(condition: Condition | None, ticket: Ticket) -> bool:
    """Whether the condition that chooses a row holds."""
    return condition is None or _CONDITIONS[condition](ticket)


def lead_signed(ticket: Ticket) -> bool:
    lead = ticket.assignment_of(ticket.lead_organisation_id)
    return lead is not None and lead.signed_at is not None


def unsigned_co(ticket: Ticket) -> int:
    return sum(each.role is AssignmentRole.CO and each.signed_at is None for each in ticket.active)


def _waiting(ticket: Ticket) -> int:
    return sum(report.waits_for_callback for report in ticket.reports)


def _called(ticket: Ticket) -> int:
    """The reports that still need a call when the result is verified."""
    by_reply = ticket.reply_approved_at is not None and ticket.mass
    return sum(
        each.waits_for_callback and (not by_reply or needs_call(ticket, each.call_id)) for each in ticket.reports
    )


def _lead_asked(ticket: Ticket) -> bool:
    return ticket.return_requested_by == ticket.lead_organisation_id


_CONDITIONS: Final[Mapping[Condition, Callable[[Ticket], bool]]] = {
    Condition.CALLBACK_WANTED: lambda ticket: _called(ticket) > 0,
    Condition.NO_CALLBACK_WANTED: lambda ticket: _called(ticket) == 0,
    Condition.LAST_CALLBACK: lambda ticket: _waiting(ticket) <= 1,
    Condition.MORE_CALLBACKS: lambda ticket: _waiting(ticket) > 1,
    Condition.LEAD_HAD_SIGNED: lead_signed,
    Condition.UNSIGNED_LEAD_ASKED: lambda ticket: _lead_asked(ticket) and not lead_signed(ticket),
    Condition.CO_UNIT_ASKED_FIRST: lambda ticket: not _lead_asked(ticket) and not lead_signed(ticket),
    Condition.LAST_COSIGN: lambda ticket: unsigned_co(ticket) <= 1,
    Condition.MORE_COSIGNS: lambda ticket: unsigned_co(ticket) > 1,
}

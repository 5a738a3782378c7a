"""The rules that may refuse an action, one small predicate each. True means: it may go on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dispatcher.tickets import clocks
from dispatcher.tickets.grammar import Condition, Guard
from dispatcher.tickets.model import Actor, ClockName, Role, Ticket
from registry.organisations import Organisation, OrganisationKind

GRAVE: Final = 2
"""Grades I and II."""

_WEIGHTY_DEMANDS: Final = ("complaint", "report")


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules look up: the organisations that an action may name, and the data of the clocks."""

    organisations: Mapping[str, Organisation]
    rules: clocks.Rules


@dataclass(frozen=True, slots=True)
class Question:
    """One action as a guard sees it. `fields` and `reason` are as asked; before anybody filled them they are empty."""

    ticket: Ticket
    actor: Actor
    at: datetime
    fields: Mapping[str, Any]
    reason: str | None
    context: Context

    @property
    def named(self) -> tuple[str, ...]:
        """The organisations that the action names, the lead first."""
        single = (self.fields.get("lead"), self.fields.get("suggested_unit"))
        return (*(each for each in single if each is not None), *self.fields.get("co", ()))


NEEDS_FIELDS: Final = frozenset(
    {
        Guard.ONE_LEAD,
        Guard.KNOWN_ORGANISATION,
        Guard.ART45,
        Guard.GRADE_DIFFERS,
        Guard.CALL_WAITS,
        Guard.REASON_UNLESS_RESOLVED,
    }
)
"""Guards that say nothing before the fields are filled."""


def holds(condition: Condition | None, ticket: Ticket) -> bool:
    """Whether the condition that chooses a row holds."""
    return condition is None or _CONDITIONS[condition](ticket)


def passes(guard: Guard, question: Question) -> bool:
    """Whether a guard lets the action through."""
    return _GUARDS[guard](question)


def call_to_settle(question: Question) -> int | None:
    """The report that a call-back is about: the named one, else the first that waits; None where none does."""
    waiting = [report.call_id for report in question.ticket.reports if report.waits_for_callback]
    named = question.fields.get("call_id")
    if named is None:
        return waiting[0] if waiting else None
    return named if named in waiting else None


def _one_lead(question: Question) -> bool:
    lead, co = question.fields.get("lead"), question.fields.get("co", ())
    return lead is not None and lead not in co


def _known(question: Question) -> bool:
    return all(each in question.context.organisations for each in question.named)


def _no_committee(question: Question) -> bool:
    known = question.context.organisations
    return all(known[each].kind is not OrganisationKind.COMMITTEE for each in question.named if each in known)


def _independent(question: Question) -> bool:
    return question.actor.organisation_id not in question.ticket.handling_units


def _within_window(question: Question) -> bool:
    ticket = question.ticket
    assignment = ticket.assignment_of(question.actor.organisation_id)
    rules = question.context.rules
    limit = clocks.find_limit(ticket, ClockName.RETURN_WINDOW, rules)
    if assignment is None or limit is None:
        return assignment is not None
    ends = clocks.due(limit, assignment.assigned_at, rules.calendar, natural=ticket.time_critical)
    return question.at <= ends.at


def _first_return(question: Question) -> bool:
    return question.actor.organisation_id not in question.ticket.returns_requested


def _complaint(question: Question) -> bool:
    return question.ticket.demand not in _WEIGHTY_DEMANDS or Role.SHIFT_LEADER in question.actor.roles


def _grave_return(question: Question) -> bool:
    return question.ticket.grade > GRAVE or Role.SHIFT_LEADER in question.actor.roles


def _no_injured(question: Question) -> bool:
    # Also one that was graded down before: the gravest that its incidents had counts.
    gravest = min(question.ticket.grade, question.ticket.incident_grade)
    return gravest > GRAVE or question.ticket.injured == 0


def _unsigned(question: Question) -> bool:
    assignment = question.ticket.assignment_of(question.actor.organisation_id)
    return assignment is not None and assignment.signed_at is None


def _other_grade(question: Question) -> bool:
    return bool(question.fields.get("grade") != question.ticket.grade)


def _call_waits(question: Question) -> bool:
    # Without a named report an empty list is no obstacle: withdrawals may have emptied it meanwhile.
    return question.fields.get("call_id") is None or call_to_settle(question) is not None


def _reason_unless_resolved(question: Question) -> bool:
    return question.fields.get("outcome") == "resolved" or question.reason is not None


def _grave_needs_person(question: Question) -> bool:
    return question.ticket.grade > GRAVE or not question.actor.is_rule


def _waiting(ticket: Ticket) -> int:
    return sum(report.waits_for_callback for report in ticket.reports)


def _lead_signed(ticket: Ticket) -> bool:
    lead = ticket.assignment_of(ticket.lead_organisation_id)
    return lead is not None and lead.signed_at is not None


def _lead_asked(ticket: Ticket) -> bool:
    return ticket.return_requested_by == ticket.lead_organisation_id


_CONDITIONS: Final[Mapping[Condition, Callable[[Ticket], bool]]] = {
    Condition.CALLBACK_WANTED: lambda ticket: _waiting(ticket) > 0,
    Condition.NO_CALLBACK_WANTED: lambda ticket: _waiting(ticket) == 0,
    Condition.LAST_CALLBACK: lambda ticket: _waiting(ticket) <= 1,
    Condition.MORE_CALLBACKS: lambda ticket: _waiting(ticket) > 1,
    Condition.LEAD_HAD_SIGNED: _lead_signed,
    Condition.UNSIGNED_LEAD_ASKED: lambda ticket: _lead_asked(ticket) and not _lead_signed(ticket),
    Condition.CO_UNIT_ASKED_FIRST: lambda ticket: not _lead_asked(ticket) and not _lead_signed(ticket),
}

_GUARDS: Final[Mapping[Guard, Callable[[Question], bool]]] = {
    Guard.ONE_LEAD: _one_lead,
    Guard.KNOWN_ORGANISATION: _known,
    Guard.ART45: _no_committee,
    Guard.NOT_OF_HANDLING_UNIT: _independent,
    Guard.WITHIN_RETURN_WINDOW: _within_window,
    Guard.RETURN_ONCE: _first_return,
    Guard.COMPLAINT_NEEDS_SHIFT_LEADER: _complaint,
    Guard.GRAVE_RETURN_NEEDS_SHIFT_LEADER: _grave_return,
    Guard.NO_INJURED: _no_injured,
    Guard.NOT_SIGNED_BEFORE: _unsigned,
    Guard.GRADE_DIFFERS: _other_grade,
    Guard.CALL_WAITS: _call_waits,
    Guard.REASON_UNLESS_RESOLVED: _reason_unless_resolved,
    Guard.GRAVE_NEEDS_PERSON: _grave_needs_person,
}

"""Effects on who works on a ticket: assignments, signatures, returns, awards. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from dispatcher.tickets import clocks, parts
from dispatcher.tickets.deeds import Deed
from dispatcher.tickets.grammar import Effect
from dispatcher.tickets.model import RULE_ROLE, Assignment, AssignmentRole, Role, Ticket
from dispatcher.tickets.routing import HELD_BY_DUTY_DESK, RouteReason


def _generation(ticket: Ticket) -> int:
    return max((each.generation for each in ticket.assignments), default=0) + 1


def _ended(ticket: Ticket, units: Iterable[str | None], at: datetime) -> tuple[Assignment, ...]:
    leaving = frozenset(units)
    return tuple(
        replace(each, ended_at=at) if each.ended_at is None and each.organisation_id in leaving else each
        for each in ticket.assignments
    )


def _unassigned(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    ended = _ended(ticket, (each.organisation_id for each in ticket.active), deed.at)
    return parts.orphaned(replace(ticket, assignments=ended, lead_organisation_id=None), deed.at)


def _assigned(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    generation = _generation(ticket)
    ended = _ended(ticket, (each.organisation_id for each in ticket.active), deed.at)
    grounds: Mapping[str, str] = deed.fields.get("routing", {}).get("grounds", {})
    lead: str = deed.fields["lead"]
    added = tuple(
        Assignment(
            generation=generation,
            organisation_id=organisation_id,
            role=AssignmentRole.LEAD if organisation_id == lead else AssignmentRole.CO,
            reason=grounds.get(organisation_id, RouteReason.OFFICER.value),
            assigned_at=deed.at,
        )
        for organisation_id in (lead, *deed.fields.get("co", ()))
    )
    return parts.orphaned(replace(ticket, assignments=(*ended, *added), lead_organisation_id=lead), deed.at)


def _lead_changed(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    lead: str = deed.fields["lead"]
    generation = _generation(ticket)
    ended = _ended(ticket, (ticket.lead_organisation_id, lead), deed.at)
    added = _new(generation, lead, AssignmentRole.LEAD, deed.at)
    return parts.orphaned(replace(ticket, assignments=(*ended, added), lead_organisation_id=lead), deed.at)


def _new(generation: int, organisation_id: str, role: AssignmentRole, at: datetime) -> Assignment:
    return Assignment(
        generation=generation,
        organisation_id=organisation_id,
        role=role,
        reason=RouteReason.OFFICER.value,
        assigned_at=at,
    )


def _invited(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    generation = _generation(ticket)
    for organisation_id in deed.fields["co"]:
        if ticket.assignment_of(organisation_id) is None:
            added = _new(generation, organisation_id, AssignmentRole.CO, deed.at)
            ticket = replace(ticket, assignments=(*ticket.assignments, added))
            ticket = parts.added(ticket, deed.fields["matter"], organisation_id, deed.at)
    return ticket


def _released(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    leaving, replacement = ticket.return_requested_by, deed.fields.get("replacement")
    generation = _generation(ticket)
    ticket = replace(ticket, assignments=_ended(ticket, (leaving,), deed.at))
    if replacement is not None and leaving is not None:
        if ticket.assignment_of(replacement) is None:
            added = _new(generation, replacement, AssignmentRole.CO, deed.at)
            ticket = replace(ticket, assignments=(*ticket.assignments, added))
        ticket = parts.handed_on(ticket, leaving, replacement, deed.at)
    return parts.orphaned(ticket, deed.at)


def _signed(ticket: Ticket, organisation_id: str | None, at: datetime) -> Ticket:
    return replace(
        ticket,
        assignments=tuple(
            replace(each, signed_at=at)
            if each.ended_at is None and each.signed_at is None and each.organisation_id == organisation_id
            else each
            for each in ticket.assignments
        ),
    )


def _return_asked(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    unit = deed.organisation_id
    asked = ticket.returns_requested if unit is None else ticket.returns_requested | {unit}
    return replace(ticket, return_requested_by=unit, returns_requested=asked)


def _return_denied(ticket: Ticket, _: Deed, __: clocks.Rules) -> Ticket:
    unit = ticket.return_requested_by
    return ticket if unit is None else replace(ticket, denied_units=ticket.denied_units | {unit})


def _appealed(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    unit = deed.organisation_id
    appealed = ticket.appealed_units if unit is None else ticket.appealed_units | {unit}
    return replace(ticket, return_requested_by=unit, appealed_units=appealed)


def _awarded(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    units = frozenset(each.organisation_id for each in ticket.active)
    return replace(
        ticket,
        arbitration_count=ticket.arbitration_count + 1,
        final_award=deed.role == Role.SUPERVISOR.value,
        denied_units=ticket.denied_units | units,
    )


def _wrong_dispatch_counted(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    lead = ticket.assignment_of(ticket.lead_organisation_id)
    moved = deed.fields.get("lead") != ticket.lead_organisation_id
    # What a rule takes away was dispatched rightly: the complaint came later.
    wrong = moved and deed.role != RULE_ROLE and (lead is None or lead.reason not in HELD_BY_DUTY_DESK)
    return replace(ticket, wrong_dispatch_count=ticket.wrong_dispatch_count + wrong)


EFFECTS: Final[Mapping[Effect, Callable[[Ticket, Deed, clocks.Rules], Ticket]]] = {
    Effect.ASSIGN: _assigned,
    Effect.UNASSIGN: _unassigned,
    Effect.LEAD_ONLY: _lead_changed,
    Effect.ADD_CO: _invited,
    Effect.RELEASE: _released,
    Effect.SIGN: lambda ticket, deed, _: _signed(ticket, deed.organisation_id, deed.at),
    Effect.BIND: lambda ticket, deed, _: _signed(ticket, ticket.return_requested_by, deed.at),
    Effect.ASK_RETURN: _return_asked,
    Effect.END_RETURN: lambda ticket, _, __: replace(ticket, return_requested_by=None),
    Effect.DENY_RETURN: _return_denied,
    Effect.APPEAL: _appealed,
    Effect.AWARD: _awarded,
    Effect.FALL_BACK: lambda ticket, _, __: ticket,  # The desk stands in the fields when this is decided.
    Effect.COUNT_WRONG_DISPATCH: _wrong_dispatch_counted,
}

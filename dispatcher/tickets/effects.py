"""What a decided action makes of a ticket, live or replayed: clocks stop, effects happen, clocks start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from dispatcher.tickets import clocks
from dispatcher.tickets.grammar import Effect, Row, Start
from dispatcher.tickets.model import (
    TERMINAL,
    Assignment,
    AssignmentRole,
    ClockName,
    Report,
    Ticket,
    TicketDraft,
    TicketEvent,
    TicketId,
    TicketState,
)
from dispatcher.tickets.routing import HELD_BY_DUTY_DESK, RouteReason
from dispatcher.tickets.transitions import TRANSITIONS

NOT_STORED: Final = TicketId(0)
"""The id of a ticket that the database has not numbered yet."""

_WORKED_ON: Final = frozenset(
    {TicketState.ACKNOWLEDGED, TicketState.EN_ROUTE, TicketState.ON_SCENE, TicketState.CONTROLLED, TicketState.REWORK}
)
_UNCONTROLLED: Final = frozenset(
    {
        TicketState.ACCEPTED,
        TicketState.DISPATCHED,
        TicketState.RETURN_REQUESTED,
        TicketState.ACKNOWLEDGED,
        TicketState.EN_ROUTE,
        TicketState.ON_SCENE,
    }
)
_SUBMIT: Final = next(row for row in TRANSITIONS if row.event is TicketEvent.SUBMIT)


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what when, as far as the effects need it; read from an action or from a line of the log."""

    row: Row
    fields: Mapping[str, Any]
    organisation_id: str | None
    at: datetime


def opened(draft: TicketDraft, at: datetime, rules: clocks.Rules) -> Ticket:
    """A new ticket, its first clock running."""
    ticket = Ticket(
        id=NOT_STORED,
        case_id=draft.case_id,
        incident_id=draft.incident_id,
        kind=draft.kind,
        time_critical=draft.time_critical,
        state=TicketState.NEW,
        version=1,
        grade=draft.grade,
        incident_grade=draft.grade,
        demand=draft.demand,
        area_id=draft.area_id,
        area_path=draft.area_path,
        place=draft.place,
        lon=draft.lon,
        lat=draft.lat,
        opened_at=at,
    )
    return _started(ticket, _SUBMIT.starts, at, rules)


def follow(ticket: Ticket, deed: Deed, rules: clocks.Rules) -> Ticket:
    """The ticket after a deed that nothing refused."""
    row, at, reason = deed.row, deed.at, deed.row.event.value
    for stop in row.stops:
        unit = {None: None, Effect.SIGN: deed.organisation_id, Effect.BIND: ticket.return_requested_by}[stop.whose]
        ticket = clocks.stop(ticket, at, reason, clock=stop.clock, unit=unit)
    for effect in row.effects:
        ticket = _EFFECTS[effect](ticket, deed, rules)
    if row.entry is None:
        to_state = row.to_state or ticket.state
        ended = to_state in TERMINAL
        ticket = replace(ticket, state=to_state, version=ticket.version + 1, closed_at=at if ended else None)
        if ended:
            return clocks.stop(ticket, at, reason)
    return _started(ticket, row.starts, at, rules)


def regraded(ticket: Ticket, grade: int, at: datetime, rules: clocks.Rules) -> Ticket:
    """The ticket with another grade: running clocks re-based, the control clock started where only now one is due."""
    changed = clocks.rebase(replace(ticket, grade=grade), ticket.grade, at, rules)
    # Stopped by a milder grade that had no limit is not controlled.
    controlled_before = any(
        run.clock is ClockName.CONTROL and run.stop_reason not in (None, clocks.NOT_LIMITED) for run in ticket.clocks
    )
    if grade < ticket.grade and ticket.state in _UNCONTROLLED and not controlled_before:
        changed = clocks.start(changed, ClockName.CONTROL, at, rules)
    return changed


def joined(ticket: Ticket, report: Report, demand: str | None, rules: clocks.Rules) -> Ticket:
    """The ticket with a further report; who wants to hear from us is contacted also when the work has begun already."""
    ticket = replace(ticket, reports=(*ticket.reports, report), demand=ticket.demand or demand)
    if report.callback_wanted and ticket.state in _WORKED_ON:
        ticket = clocks.start(ticket, ClockName.CONTACT, report.joined_at, rules)
    return ticket


def _started(ticket: Ticket, starts: tuple[Start, ...], at: datetime, rules: clocks.Rules) -> Ticket:
    for start in starts:
        if start.clock is ClockName.CONTACT and not any(report.callback_wanted for report in ticket.reports):
            continue  # Nobody to reach: devices only, anonymous or silent.
        if start.clock is ClockName.SIGN:
            for assignment in ticket.active:
                ticket = clocks.start(ticket, start.clock, at, rules, organisation_id=assignment.organisation_id)
        else:
            ticket = clocks.start(ticket, start.clock, at, rules, halved=start.halved)
    return ticket


def _numbered(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    return replace(ticket, accepted_at=deed.at, number=deed.fields.get("number"))


def _demanded(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    return replace(ticket, demand=deed.fields.get("demand", ticket.demand))


def _return_asked(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    unit = deed.organisation_id
    asked = ticket.returns_requested if unit is None else ticket.returns_requested | {unit}
    return replace(ticket, return_requested_by=unit, returns_requested=asked)


def _wrong_dispatch_counted(ticket: Ticket, _: Deed, __: clocks.Rules) -> Ticket:
    lead = ticket.assignment_of(ticket.lead_organisation_id)
    wrong = lead is None or lead.reason not in HELD_BY_DUTY_DESK
    return replace(ticket, wrong_dispatch_count=ticket.wrong_dispatch_count + wrong)


def _unassigned(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    ended = tuple(each if each.ended_at is not None else replace(each, ended_at=deed.at) for each in ticket.assignments)
    return replace(ticket, assignments=ended, lead_organisation_id=None)


def _assigned(ticket: Ticket, deed: Deed, rules: clocks.Rules) -> Ticket:
    ticket = _unassigned(ticket, deed, rules)
    generation = max((each.generation for each in ticket.assignments), default=0) + 1
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
    return replace(ticket, assignments=(*ticket.assignments, *added), lead_organisation_id=lead)


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


def _called_back(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    at, fields = deed.at, deed.fields
    return replace(
        ticket,
        reports=tuple(
            replace(each, called_back_at=at, outcome=fields["outcome"], satisfaction=fields.get("satisfaction"))
            if each.call_id == fields.get("call_id")
            else each
            for each in ticket.reports
        ),
    )


_EFFECTS: Final[Mapping[Effect, Callable[[Ticket, Deed, clocks.Rules], Ticket]]] = {
    Effect.NUMBER: _numbered,
    Effect.TAKE_DEMAND: _demanded,
    Effect.ASSIGN: _assigned,
    Effect.UNASSIGN: _unassigned,
    Effect.SIGN: lambda ticket, deed, _: _signed(ticket, deed.organisation_id, deed.at),
    Effect.BIND: lambda ticket, deed, _: _signed(ticket, ticket.return_requested_by, deed.at),
    Effect.ASK_RETURN: _return_asked,
    Effect.END_RETURN: lambda ticket, _, __: replace(ticket, return_requested_by=None),
    Effect.COUNT_WRONG_DISPATCH: _wrong_dispatch_counted,
    Effect.COUNT_REWORK: lambda ticket, _, __: replace(ticket, rework_count=ticket.rework_count + 1),
    Effect.COUNT_INJURED: lambda ticket, deed, _: replace(ticket, injured=deed.fields.get("injured", ticket.injured)),
    Effect.CALL_BACK: _called_back,
    Effect.POINT_TO_SURVIVOR: lambda ticket, deed, _: replace(ticket, merged_into=TicketId(deed.fields["survivor"])),
    Effect.REGRADE: lambda ticket, deed, rules: regraded(ticket, deed.fields["grade"], deed.at, rules),
}

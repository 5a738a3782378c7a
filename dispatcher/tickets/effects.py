"""What a decided action makes of a ticket, live or replayed: clocks stop, effects happen, clocks start."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from dispatcher.tickets import assigning, clocks, parts, reporting
from dispatcher.tickets.deeds import Deed
from dispatcher.tickets.grammar import ASKS, Effect, Start, Stop
from dispatcher.tickets.model import (
    TERMINAL,
    AssignmentRole,
    ClockName,
    Report,
    Request,
    RequestKind,
    Ticket,
    TicketDraft,
    TicketEvent,
    TicketId,
    TicketKind,
    TicketState,
)
from dispatcher.tickets.tables.parts import JOINT_OPEN
from dispatcher.tickets.transitions import OPENING

NOT_STORED: Final = TicketId(0)
"""The id of a ticket that the database has not numbered yet."""

_S: Final = TicketState
_WORKED_ON: Final = frozenset({_S.ACKNOWLEDGED, _S.EN_ROUTE, _S.ON_SCENE, _S.CONTROLLED, _S.SUSPENDED, _S.REWORK})
_UNCONTROLLED: Final = frozenset(
    {
        _S.ACCEPTED,
        _S.DISPATCHED,
        _S.ACKNOWLEDGED,
        _S.RETURN_REQUESTED,
        _S.ARBITRATION,
        _S.EN_ROUTE,
        _S.ON_SCENE,
    }
)
_UNSECURED: Final = frozenset(JOINT_OPEN) - {
    _S.PROPOSED,
    _S.REPORTED_COMPLETE,
    _S.INSPECTION,
    _S.PUBLICITY,
    _S.LOOK_BACK,
}
# What an outside cause lets stand still; who signs, calls and secures goes on.
_PAUSED: Final = frozenset(
    {ClockName.RESOLVE, ClockName.RECTIFY, ClockName.ARRIVE, ClockName.CONTROL, ClockName.SUBTASK}
)
_LOOK_BACKS: Final = ("first", "second")


def opened(draft: TicketDraft, at: datetime, rules: clocks.Rules) -> Ticket:
    """A new ticket, its first clock running."""
    opening = OPENING[draft.ticket_kind]
    ticket = Ticket(
        id=NOT_STORED,
        ticket_kind=draft.ticket_kind,
        case_id=draft.case_id,
        incident_id=draft.incident_id,
        kind=draft.kind,
        time_critical=draft.time_critical,
        state=opening.to_state or _S.NEW,
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
        external_due_at=draft.external_due_at,
    )
    return _started(ticket, opening.starts, Deed(opening, {}, None, at), rules)


def follow(ticket: Ticket, deed: Deed, rules: clocks.Rules) -> Ticket:
    """The ticket after a deed that nothing refused."""
    row, at, reason = deed.row, deed.at, deed.row.event.value
    to_state = _target(ticket, deed)
    for stop in row.stops:
        ticket = _stopped(ticket, stop, deed)
    for effect in row.effects:
        ticket = _EFFECTS[effect](ticket, deed, rules)
    ticket = _requested(ticket, deed)
    if row.entry is None:
        ended = to_state in TERMINAL
        ticket = replace(ticket, state=to_state, version=ticket.version + 1, closed_at=at if ended else None)
        if ended:
            return parts.left_undone(clocks.stop(ticket, at, reason), at)
    return _started(ticket, row.starts, deed, rules)


def regraded(ticket: Ticket, grade: int, at: datetime, rules: clocks.Rules) -> Ticket:
    """The ticket with another grade: running clocks re-based, the control clock started where only now one is due."""
    changed = clocks.rebase(replace(ticket, grade=grade), ticket.grade, at, rules)
    if ticket.ticket_kind is TicketKind.JOINT_RECTIFICATION:
        clock, due, done = ClockName.INTERIM, ticket.state in _UNSECURED, ticket.interim_done
    else:
        clock, due, done = ClockName.CONTROL, ticket.state in _UNCONTROLLED, ticket.controlled_at is not None
    if grade < ticket.grade and due and not done:
        changed = clocks.start(changed, clock, at, rules)
    return changed


def joined(
    ticket: Ticket, report: Report, demand: str | None, rules: clocks.Rules, *, external_due_at: datetime | None = None
) -> Ticket:
    """The ticket with a further report; who wants to hear from us is contacted also when the work has begun already.

    `external_due_at`: what the system that passed the report on promised; the earlier limit wins (ruling A7).
    """
    ticket = replace(ticket, reports=(*ticket.reports, report), demand=ticket.demand or demand)
    if report.callback_wanted and ticket.state in _WORKED_ON:
        ticket = clocks.start(ticket, ClockName.CONTACT, report.joined_at, rules)
    return _promised(ticket, external_due_at, rules)


def _promised(ticket: Ticket, due_at: datetime | None, rules: clocks.Rules) -> Ticket:
    if due_at is None:
        return ticket
    if ticket.external_due_at is None or due_at < ticket.external_due_at:
        ticket = replace(ticket, external_due_at=due_at)
    return clocks.pull_in(ticket, ClockName.RESOLVE, due_at, "external_due_at", rules)


def handed_over(loser: Ticket) -> dict[str, Any]:
    """What a merged ticket leaves to its survivor beside its reports: its promises and its injured."""
    due = {
        run.clock.value: run.due_at.isoformat()
        for run in loser.running
        if run.clock in (ClockName.RESOLVE, ClockName.CONTROL, ClockName.RECTIFY)
    }
    accepted_at = loser.accepted_at.isoformat() if loser.accepted_at is not None else None
    external = loser.external_due_at.isoformat() if loser.external_due_at is not None else None
    return {"accepted_at": accepted_at, "due": due, "injured": loser.injured, "external_due_at": external}


def absorbed(survivor: Ticket, left: Mapping[str, Any], rules: clocks.Rules) -> Ticket:
    """The survivor of a merge: it keeps the earliest acceptance and the earliest promise."""
    if left.get("accepted_at") is not None and survivor.accepted_at is not None:
        accepted_at = min(survivor.accepted_at, datetime.fromisoformat(left["accepted_at"]))
        survivor = replace(survivor, accepted_at=accepted_at)
    for clock, due_at in left.get("due", {}).items():
        survivor = clocks.pull_in(survivor, ClockName(clock), datetime.fromisoformat(due_at), "merged", rules)
    if left.get("external_due_at") is not None:
        survivor = _promised(survivor, datetime.fromisoformat(left["external_due_at"]), rules)
    return replace(survivor, injured=survivor.injured + left.get("injured", 0))


def _target(ticket: Ticket, deed: Deed) -> TicketState:
    if deed.row.goes_back:
        unmerged = deed.row.event is TicketEvent.UNMERGE
        return (ticket.state_before_merge if unmerged else ticket.state_before) or ticket.state
    return deed.row.to_state or ticket.state


def _stopped(ticket: Ticket, stop: Stop, deed: Deed) -> Ticket:
    unit: str | None = None
    if stop.whose is Effect.SIGN:
        unit = deed.organisation_id
    elif stop.whose is Effect.BIND:
        unit = ticket.return_requested_by
    subtask = deed.fields.get("subtask") if stop.whose is Effect.MOVE_SUBTASK else None
    return clocks.stop(ticket, deed.happened_at, deed.row.event.value, clock=stop.clock, unit=unit, subtask=subtask)


def _started(ticket: Ticket, starts: tuple[Start, ...], deed: Deed, rules: clocks.Rules) -> Ticket:
    at = deed.at
    for start in starts:
        match start.clock:
            case ClockName.CONTACT if not any(report.callback_wanted for report in ticket.reports):
                continue  # Nobody to reach: devices only, anonymous or silent.
            case ClockName.SIGN | ClockName.COSIGN:
                for each in ticket.active:
                    if each.signed_at is None and (start.clock is ClockName.SIGN or each.role is AssignmentRole.CO):
                        ticket = clocks.start(ticket, start.clock, at, rules, organisation_id=each.organisation_id)
            case ClockName.SUBTASK:
                ticket = parts.clocked(ticket, at, rules, halved=start.halved)
            case _:
                ticket = clocks.start(
                    ticket,
                    start.clock,
                    at,
                    rules,
                    halved=start.halved,
                    days=_days(ticket, start, deed),
                    longer=start.days == "plan" and ticket.grade == 4,
                )
    return ticket


def _days(ticket: Ticket, start: Start, deed: Deed) -> int | None:
    match start.days:
        case None:
            return None
        case "plan":
            return ticket.plan_days
        case "request":
            asked = [each.days for each in ticket.requests if each.kind is RequestKind.SUSPENSION]
            return asked[-1] if asked else None
        case name:
            return deed.fields.get(name)


def _requested(ticket: Ticket, deed: Deed) -> Ticket:
    """Remember what was asked for, or how it was decided."""
    asks, decides = ASKS.get(deed.row.event), deed.row.decides
    if asks is not None:
        request = Request(
            number=len(ticket.requests) + 1,
            kind=asks,
            asked_by=deed.actor,
            organisation_id=deed.organisation_id,
            asked_at=deed.at,
            days=deed.fields.get("days"),
            code=deed.fields.get("code"),
            call_id=deed.fields.get("call_id"),
        )
        return replace(ticket, requests=(*ticket.requests, request))
    if decides is None:
        return ticket
    granted = deed.row.grants is not None
    return replace(
        ticket,
        requests=tuple(
            replace(each, decided_at=deed.at, granted=granted) if each.kind is decides and each.pending else each
            for each in ticket.requests
        ),
    )


def _numbered(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    return replace(ticket, accepted_at=deed.at, number=deed.fields.get("number"))


def _remembered(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    if deed.row.event is TicketEvent.MERGE:
        return replace(ticket, state_before_merge=ticket.state)
    return replace(ticket, state_before=ticket.state)


def _extended(ticket: Ticket, deed: Deed, rules: clocks.Rules) -> Ticket:
    request = ticket.request(RequestKind.EXTENSION)
    if request is None or request.days is None:
        return ticket
    joint = ticket.ticket_kind is TicketKind.JOINT_RECTIFICATION
    clock = ClockName.RECTIFY if joint else ClockName.RESOLVE
    return clocks.extend(ticket, clock, request.days, deed.at, rules)


def _levelled(ticket: Ticket, deed: Deed, rules: clocks.Rules) -> Ticket:
    level: int = deed.fields["level"]
    changed = regraded(ticket, level, deed.at, rules) if level != ticket.grade else ticket
    return replace(changed, supervised=ticket.supervised or level == 1)


def _worsened(ticket: Ticket, deed: Deed, rules: clocks.Rules) -> Ticket:
    level, count = max(1, ticket.grade - 1), ticket.relapse_count + 1
    changed = regraded(ticket, level, deed.at, rules) if level != ticket.grade else ticket
    return replace(
        changed,
        relapse_count=count,
        supervised=ticket.supervised or level == 1 or count >= 2,
        look_back_count=0,
        look_back_at=None,
        interim_done=False,
    )


def _scheduled(ticket: Ticket, deed: Deed, rules: clocks.Rules) -> Ticket:
    """The next look-back: counted from the closing-out, the last one ends the series."""
    first = deed.row.event is TicketEvent.CLOSE_OUT
    count = 0 if first else ticket.look_back_count + 1
    since = deed.at if first else ticket.look_back_from or deed.at
    at = None
    if count < len(_LOOK_BACKS):
        at = clocks.window_ends(ticket, ClockName.LOOK_BACK, since, rules, _LOOK_BACKS[count])
    return replace(ticket, look_back_count=count, look_back_from=since, look_back_at=at)


def _restored(ticket: Ticket, deed: Deed, rules: clocks.Rules) -> Ticket:
    ended_at = ticket.closed_at
    if ended_at is not None:
        ticket = clocks.restart(ticket, ended_at, TicketEvent.MERGE.value, rules)
        ticket = parts.taken_up_again(ticket, ended_at)
    return replace(reporting.returned(ticket, deed), merged_into=None, merged_reports=())


_EFFECTS: Final[Mapping[Effect, Callable[[Ticket, Deed, clocks.Rules], Ticket]]] = {
    Effect.NUMBER: _numbered,
    Effect.TAKE_DEMAND: lambda t, d, _: replace(t, demand=d.fields.get("demand", t.demand)),
    **assigning.EFFECTS,
    **reporting.EFFECTS,
    **parts.EFFECTS,
    Effect.COUNT_REWORK: lambda t, _, __: replace(t, rework_count=t.rework_count + 1),
    Effect.COUNT_INJURED: lambda t, d, _: replace(t, injured=d.fields.get("injured", t.injured)),
    Effect.COUNT_OBJECTION: lambda t, _, __: replace(t, objection_count=t.objection_count + 1),
    Effect.COUNT_REOPEN: lambda t, _, __: replace(t, reopen_count=t.reopen_count + 1),
    Effect.REMEMBER_STATE: _remembered,
    Effect.GO_BACK: lambda t, _, __: t,  # The state follows from the row.
    Effect.RESTORE: _restored,
    Effect.REGRADE: lambda t, d, rules: regraded(t, d.fields["grade"], d.at, rules),
    Effect.CONTROLLED: lambda t, d, _: replace(t, controlled_at=d.happened_at),
    Effect.EXTEND: _extended,
    Effect.PAUSE: lambda t, d, _: clocks.pause(t, _PAUSED, d.at),
    Effect.GO_ON: lambda t, d, rules: clocks.go_on(t, d.at, rules),
    Effect.CONVERT: lambda t, _, __: replace(t, converted=True),
    Effect.LINK: lambda t, _, __: t,  # A row between two tickets; neither changes.
    Effect.SUPERVISE: lambda t, _, __: replace(t, supervised=True),
    Effect.SET_LEVEL: _levelled,
    Effect.TAKE_PLAN: lambda t, d, _: replace(t, plan_days=d.fields["days"]),
    Effect.INTERIM: lambda t, _, __: replace(t, interim_done=True),
    Effect.RESIDUAL: lambda t, d, _: replace(t, residual_grade=d.fields["residual"], publicity_from=d.at),
    Effect.SCHEDULE: _scheduled,
    Effect.WORSEN: _worsened,
}

"""Effects on the sub-tasks of a ticket: added, moved on, orphaned, left undone; each with a clock of its own. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from dispatcher.tickets import clocks
from dispatcher.tickets.deeds import Deed
from dispatcher.tickets.grammar import Effect
from dispatcher.tickets.model import SETTLED, ClockName, Subtask, SubtaskState, Ticket, TicketEvent
from dispatcher.tickets.subtasks import SUBTASK_MOVES

_S: Final = SubtaskState
_IN_HAND: Final = frozenset({_S.ASSIGNED, _S.ACKNOWLEDGED, _S.WORKING, _S.BLOCKED})
_LEFT: Final = "unit_left"


def added(
    ticket: Ticket,
    title: str,
    organisation_id: str,
    at: datetime,
    *,
    mandatory: bool = True,
    after: int | None = None,
    days: int | None = None,
) -> Ticket:
    """The ticket with one more sub-task."""
    subtask = Subtask(
        number=len(ticket.subtasks) + 1,
        title=title,
        organisation_id=organisation_id,
        mandatory=mandatory,
        state=_S.ASSIGNED,
        changed_at=at,
        after=after,
        days=days,
    )
    return replace(ticket, subtasks=(*ticket.subtasks, subtask))


def clocked(ticket: Ticket, at: datetime, rules: clocks.Rules, *, halved: bool) -> Ticket:
    """Every sub-task that somebody has in hand with its clock running."""
    for each in ticket.subtasks:
        if each.state in _IN_HAND:
            ticket = clocks.start(
                ticket,
                ClockName.SUBTASK,
                at,
                rules,
                organisation_id=each.organisation_id,
                subtask=each.number,
                halved=halved,
                days=each.days,
            )
    return ticket


def orphaned(ticket: Ticket, at: datetime) -> Ticket:
    """Sub-tasks of units that have left wait for another unit; their clocks end."""
    return _where(
        ticket,
        lambda each: each.state in _IN_HAND and ticket.assignment_of(each.organisation_id) is None,
        lambda each: replace(each, state=_S.RETURNED, changed_at=at),
        at,
    )


def handed_on(ticket: Ticket, leaving: str, taker: str, at: datetime) -> Ticket:
    """The sub-tasks of a unit that leaves become another unit's."""
    return _where(
        ticket,
        lambda each: each.state in _IN_HAND and each.organisation_id == leaving,
        lambda each: replace(each, organisation_id=taker, state=_S.ASSIGNED, changed_at=at),
        at,
    )


def left_undone(ticket: Ticket, at: datetime) -> Ticket:
    """At an end nothing stays open: what was not settled is waived, and remembers what it was."""
    return replace(
        ticket,
        subtasks=tuple(
            each if each.state in SETTLED else replace(each, state=_S.WAIVED, before=each.state, changed_at=at)
            for each in ticket.subtasks
        ),
    )


def taken_up_again(ticket: Ticket, ended_at: datetime) -> Ticket:
    """What an end waived goes on where it was."""
    return replace(
        ticket,
        subtasks=tuple(
            replace(each, state=each.before, before=None)
            if each.before is not None and each.changed_at == ended_at
            else each
            for each in ticket.subtasks
        ),
    )


def _where(
    ticket: Ticket, chosen: Callable[[Subtask], bool], change: Callable[[Subtask], Subtask], at: datetime
) -> Ticket:
    moved = [each.number for each in ticket.subtasks if chosen(each)]
    ticket = replace(ticket, subtasks=tuple(change(each) if each.number in moved else each for each in ticket.subtasks))
    for number in moved:
        ticket = clocks.stop(ticket, at, _LEFT, clock=ClockName.SUBTASK, subtask=number)
    return ticket


def _divided(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    fields = deed.fields
    return added(
        ticket,
        fields["title"],
        fields["assignee"],
        deed.at,
        mandatory=fields.get("weight") != "optional",
        after=fields.get("after"),
        days=fields.get("days"),
    )


def _moved(ticket: Ticket, deed: Deed, _: clocks.Rules) -> Ticket:
    number, event = deed.fields["subtask"], deed.row.event
    taker = deed.fields["assignee"] if event is TicketEvent.SUBTASK_REASSIGN else None
    return replace(
        ticket,
        subtasks=tuple(
            replace(
                each,
                state=SUBTASK_MOVES[event].to_state,
                organisation_id=taker or each.organisation_id,
                changed_at=deed.at,
            )
            if each.number == number
            else each
            for each in ticket.subtasks
        ),
    )


EFFECTS: Final[Mapping[Effect, Callable[[Ticket, Deed, clocks.Rules], Ticket]]] = {
    Effect.ADD_SUBTASK: _divided,
    Effect.MOVE_SUBTASK: _moved,
}

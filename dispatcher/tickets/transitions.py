"""Both transition tables, found by the kind of ticket; the rows stand in `tables/`."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from dispatcher.tickets.grammar import Row
from dispatcher.tickets.model import TicketEvent, TicketKind, TicketState
from dispatcher.tickets.tables.assignment import ASSIGNMENT
from dispatcher.tickets.tables.beside import CALL_BESIDE, JOINT_BESIDE
from dispatcher.tickets.tables.closure import CLOSURE
from dispatcher.tickets.tables.intake import INTAKE
from dispatcher.tickets.tables.joint import JOINT_PLAN
from dispatcher.tickets.tables.joint_work import JOINT_WORK
from dispatcher.tickets.tables.parts import CALL_STATES, JOINT_STATES
from dispatcher.tickets.tables.work import WORK

TABLES: Final[Mapping[TicketKind, tuple[Row, ...]]] = {
    TicketKind.CALL_RESPONSE: (*INTAKE, *ASSIGNMENT, *WORK, *CLOSURE, *CALL_BESIDE),
    TicketKind.JOINT_RECTIFICATION: (*JOINT_PLAN, *JOINT_WORK, *JOINT_BESIDE),
}
STATES: Final[Mapping[TicketKind, tuple[TicketState, ...]]] = {
    TicketKind.CALL_RESPONSE: CALL_STATES,
    TicketKind.JOINT_RECTIFICATION: JOINT_STATES,
}
TRANSITIONS: Final[tuple[Row, ...]] = tuple(row for table in TABLES.values() for row in table)
OPENING: Final[Mapping[TicketKind, Row]] = {
    kind: next(row for row in table if not row.from_states) for kind, table in TABLES.items()
}
"""The row with which a ticket begins."""


@cache
def rows_of(kind: TicketKind, state: TicketState) -> tuple[Row, ...]:
    """The rows of a state."""
    return tuple(row for row in TABLES[kind] if state in row.from_states)


def rows_for(kind: TicketKind, event: TicketEvent, state: TicketState) -> tuple[Row, ...]:
    """The rows of an event in a state; several where a condition or the actor's unit chooses."""
    return tuple(row for row in rows_of(kind, state) if row.event == event)


@cache
def is_line(event: TicketEvent) -> bool:
    """Whether the event is a line of the timeline in every row, so that no version is compared."""
    return all(row.entry is not None for row in TRANSITIONS if row.event == event)

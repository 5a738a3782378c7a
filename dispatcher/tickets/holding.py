"""Who inside a unit holds a ticket: a person or an office of the unit. No clock, version or assignment moves (A2)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatcher.tickets import store
from dispatcher.tickets.announcing import CHANGED, announce
from dispatcher.tickets.model import Actor, EntryKind
from dispatcher.tickets.records import read_ticket
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class HoldingRefusal(StrEnum):
    """Why a ticket is not handed on."""

    UNIT_NOT_ASSIGNED = "unit_not_assigned"  # The actor's unit has no part in the ticket.
    NOT_OF_UNIT = "not_of_unit"  # The person is of another unit, or left.
    NOBODY_NAMED = "nobody_named"  # Neither a person nor an office.


@dataclass(eq=False)
class HoldingRefused(Exception):
    """The ticket is not handed on."""

    reason: HoldingRefusal


@dataclass(frozen=True, slots=True)
class Holder:
    """A person, an office, or a person of an office."""

    user_id: int | None = None
    office: str | None = None


async def hold_inside(conn: Connection, ticket_id: int, holder: Holder, actor: Actor, at: datetime) -> None:
    """Hand a ticket on inside the actor's unit; the record says so, and nothing else changes.

    Raises TicketNotFound, HoldingRefused.
    """
    await conn.fetch(QUERIES.hold_tickets, [ticket_id])
    ticket = await read_ticket(conn, ticket_id)
    unit = actor.organisation_id
    if unit is None or ticket.assignment_of(unit) is None:
        raise HoldingRefused(HoldingRefusal.UNIT_NOT_ASSIGNED)
    if holder.user_id is None and holder.office is None:
        raise HoldingRefused(HoldingRefusal.NOBODY_NAMED)
    name = None
    if holder.user_id is not None:
        name = await conn.fetchval(QUERIES.colleague_name, holder.user_id, unit)
        if name is None:
            raise HoldingRefused(HoldingRefusal.NOT_OF_UNIT)
    await conn.execute(QUERIES.end_holding, ticket_id, unit, at)
    await conn.execute(QUERIES.insert_holding, ticket_id, unit, holder.user_id, holder.office, at, actor.id)
    body = {"organisation_id": unit, "person": name, "office": holder.office}
    await store.add_entry(conn, ticket, EntryKind.HELD, body, at, actor=actor)
    await announce(conn, ticket, CHANGED, at)

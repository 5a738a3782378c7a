"""Reads messages for those who may see them: one's own, one's organisation's, and for the desk those of its area."""

from dataclasses import dataclass
from typing import Any

from dispatcher.channels.contact_points import masked_address
from dispatcher.channels.errors import MessageNotFound
from dispatcher.channels.model import MessageState
from dispatcher.channels.outbox import QUERIES
from runtime.pool import Connection


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: what is theirs, and how far beyond it they see."""

    user_id: int | None
    organisation_id: str | None
    oversees: bool  # Sees what was told about tickets and people of the area.
    area_id: str | None  # None: everywhere.
    knows_reporters: bool  # Neighbours never see what callers were told (ruling A11).


EVERYTHING = Reader(user_id=None, organisation_id=None, oversees=True, area_id=None, knows_reporters=True)


@dataclass(frozen=True, slots=True)
class Filter:
    """What is looked for; None: whatever."""

    message_id: int | None = None
    ticket_id: int | None = None
    user_id: int | None = None
    contact_id: int | None = None
    organisation_id: str | None = None
    state: MessageState | None = None


async def page(
    conn: Connection, reader: Reader, wanted: Filter, *, before_id: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Messages, newest first."""
    rows = await conn.fetch(
        QUERIES.list_messages,
        reader.user_id,
        reader.organisation_id,
        reader.oversees,
        reader.area_id,
        reader.knows_reporters,
        wanted.message_id,
        wanted.ticket_id,
        wanted.user_id,
        wanted.contact_id,
        wanted.organisation_id,
        wanted.state,
        before_id,
        limit,
    )
    return [dict(row) for row in rows]


async def detail(conn: Connection, reader: Reader, message_id: int) -> dict[str, Any]:
    """One message with its attempts, every state of each, and why it waited. Raises MessageNotFound."""
    found = await page(conn, reader, Filter(message_id=message_id), limit=1)
    if not found:
        raise MessageNotFound(message_id)
    states: dict[int, list[dict[str, Any]]] = {}
    for row in await conn.fetch(QUERIES.states_of_message, message_id):
        states.setdefault(row["outbox_id"], []).append({name: row[name] for name in ("state", "at", "note")})
    attempts = []
    for row in await conn.fetch(QUERIES.attempts_of_message, message_id):
        told = dict(row)
        told["address"] = masked_address(told["channel"], told["address"])
        attempts.append({**told, "states": states.get(told["id"], [])})
    holds = [dict(row) for row in await conn.fetch(QUERIES.holds_of_message, message_id)]
    return {**found[0], "attempts": attempts, "holds": holds}


async def is_addressee(conn: Connection, reader: Reader, message_id: int) -> bool:
    """Whether the reader is whom the message is for, or of the organisation that it is for."""
    return bool(await conn.fetchval(QUERIES.is_addressee, message_id, reader.user_id, reader.organisation_id))

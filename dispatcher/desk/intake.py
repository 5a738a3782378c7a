"""What is asked for after a call was taken, and what the same caller reported of the same matter before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.accounts.model import User
from dispatcher.desk.elements import Element, still_missing
from dispatcher.desk.errors import DeskUnknown
from dispatcher.desk.receipts import QUERIES
from runtime.pool import Connection

HISTORY: Final = timedelta(days=90)
"""How far back a caller's history reaches (ruling A11)."""


@dataclass(frozen=True, slots=True)
class Supplement:
    """What a caller said later about an element that was open."""

    element: Element
    text: str
    at: datetime


async def supplement(
    conn: Connection, call_id: int, element: Element, text: str, user: User, at: datetime
) -> tuple[Element, ...]:
    """Note down what was asked for; returns what is still open. The call itself is never changed.

    Raises DeskUnknown for a call outside the user's area.
    """
    await open_elements(conn, call_id, scope=user.scope)
    await conn.fetchval(QUERIES.insert_supplement, call_id, element, text, at, user.id)
    return await open_elements(conn, call_id, scope=user.scope)


async def open_elements(conn: Connection, call_id: int, *, scope: str | None) -> tuple[Element, ...]:
    """The elements that a call still leaves open. Raises DeskUnknown for one outside the area `scope`."""
    row = await conn.fetchrow(QUERIES.elements_of, call_id, scope)
    if row is None:
        raise DeskUnknown("call")
    return still_missing((Element(each) for each in row["missing"]), (Element(each) for each in row["supplied"]))


async def supplements(conn: Connection, call_id: int) -> list[Supplement]:
    rows = await conn.fetch(QUERIES.list_supplements, call_id)
    return [Supplement(Element(row["element"]), row["text"], row["at"]) for row in rows]


async def caller_history(conn: Connection, phone: str, kind: str, user: User, at: datetime) -> list[dict[str, Any]]:
    """What came from the same number about the same matter in 90 days, newest first; the look is recorded.

    The same matter is the same kind, as reported or as the ticket has it. No text, no label on the person (ruling A11).
    """
    rows = await conn.fetch(QUERIES.calls_of_caller, phone, kind, at - HISTORY, user.scope)
    found = [dict(row) for row in rows]
    await conn.execute(QUERIES.insert_look, at, user.id, "call_history", None, [row["id"] for row in found])
    return found

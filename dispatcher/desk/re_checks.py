"""What was voided or graded down is looked at again: a sample nobody chooses, by a unit that decided nothing in it."""

import hmac
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.accounts.model import User
from dispatcher.desk.errors import DeskRefusal, DeskRefused, DeskUnknown
from dispatcher.desk.receipts import QUERIES
from dispatcher.tickets import store
from dispatcher.tickets.breaches import Breach, BreachType, open_breach
from dispatcher.tickets.model import Actor, EntryKind
from dispatcher.tickets.records import read_ticket
from runtime.pool import Connection, execute_each

BATCH: Final = 200


class ReCheckCause(StrEnum):
    """Equal to the SQL enum `re_check_cause`."""

    VOID = "void"  # 作废
    DOWNGRADE = "downgrade"  # 降级


class ReCheckResult(StrEnum):
    """Equal to the SQL enum `re_check_result`."""

    UPHELD = "upheld"  # 维持
    OVERTURNED = "overturned"  # 推翻: it was a false closure.


def is_drawn(key: bytes, ticket_id: int, version: int, one_in: int) -> bool:
    """Whether the sample holds this decision: a function of the ticket and the place of the decision in its log.

    A replay draws the same, and on average one of `one_in` is drawn. `key` is the database's own: without it an officer
    could compute which version is drawn, and void at another one.
    """
    drawn = hmac.digest(key, f"re-check:{ticket_id}:{version}".encode(), "sha256")
    return int.from_bytes(drawn[:8]) % one_in == 0


async def draw_due(conn: Connection) -> int:
    """Draw for every decision that waits for it, at the rates in force; returns how many there were."""
    rows = await conn.fetch(QUERIES.draws_due, BATCH)
    drawn = [
        (row["id"], is_drawn(row["key"], row["ticket_id"], row["version"], row["one_in"]), row["one_in"])
        for row in rows
    ]
    await execute_each(conn, QUERIES.draw, drawn)
    return len(drawn)


async def listed(
    conn: Connection, user: User, *, open_only: bool | None, after_id: int, only: int | None = None, limit: int
) -> list[dict[str, Any]]:
    """What was drawn and lies in the user's area, but for decisions of the user or their unit."""
    rows = await conn.fetch(
        QUERIES.list_re_checks, user.scope, user.organisation_id, user.actor, open_only, after_id, only, limit
    )
    return [dict(row) for row in rows]


async def record(
    conn: Connection, re_check_id: int, result: ReCheckResult, words: str, user: User, at: datetime
) -> None:
    """Say what the second look found; the ticket's timeline says it too, and what is overturned was a false closure.

    Raises DeskUnknown, DeskRefused.
    """
    row = await conn.fetchrow(QUERIES.hold_re_check, re_check_id, user.organisation_id)
    if row is None or (user.scope is not None and row["area_path"] and user.scope not in row["area_path"]):
        raise DeskUnknown("re-check")
    if user.organisation_id is None:
        raise DeskRefused(DeskRefusal.NO_ORGANISATION)
    if row["actor"] == user.actor or row["organisation_id"] == user.organisation_id:
        raise DeskRefused(DeskRefusal.OWN_DECISION)
    if row["handled"]:
        raise DeskRefused(DeskRefusal.HANDLED_BY_YOUR_UNIT)
    if not row["drawn"]:
        raise DeskRefused(DeskRefusal.NOT_DRAWN)
    if row["result"] is not None:
        raise DeskRefused(DeskRefusal.CHECKED_BEFORE)
    await conn.execute(QUERIES.record_re_check, re_check_id, result, words, at, user.actor, user.organisation_id)
    await conn.fetchval(QUERIES.hold_version, row["ticket_id"])
    ticket = await read_ticket(conn, row["ticket_id"])
    told = {"text": words, "re_check": result.value, "cause": row["cause"]}
    await store.add_entry(conn, ticket, EntryKind.NOTE, told, at, actor=Actor.of_user(user))
    if result is ReCheckResult.OVERTURNED:
        await open_breach(
            conn,
            Breach(
                source_key=f"re_check:{re_check_id}",
                type=BreachType.FALSE_CLOSURE,
                unit_id=row["organisation_id"],
                clock="false_closure",
                happened_at=at,
                explanation={"re_check": re_check_id, "cause": row["cause"]},
                area_path=ticket.area_path,
                ticket_id=ticket.id,
                grade=ticket.grade,
            ),
        )

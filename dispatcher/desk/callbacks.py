"""Call-backs as somebody's work: an agent of another unit takes one, sees the number, tries, and says how it went.

Who waits stands in `ticket_reports`; the machine of the tickets decides what a try or a result does to the ticket.
Here is decided who may see the number and speak for the reporter.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.accounts.model import User
from dispatcher.desk.errors import DeskRefusal, DeskRefused, DeskUnknown
from dispatcher.desk.receipts import QUERIES
from dispatcher.tickets import acting
from dispatcher.tickets.model import Action, Actor, TicketEvent
from registry.call_rules import read_call_rules
from runtime.pool import Connection


class CallbackResult(StrEnum):
    """How a call-back ended; equal to the SQL enum `callback_result`."""

    SOLVED = "solved"  # 已解决
    PARTLY = "partly"  # 部分解决
    UNSOLVED = "unsolved"  # 未解决
    REFUSED = "refused"  # 拒访: reached, and wants to say nothing.
    UNREACHABLE = "unreachable"  # 无法接通: after the tries that the rules ask for.
    RELEASED = "released"  # 退回: the agent gave it back; somebody else takes it.


RATED: Final = frozenset({CallbackResult.SOLVED, CallbackResult.PARTLY, CallbackResult.UNSOLVED})
"""Results of which a reporter can be more or less satisfied."""

# What the machine of the tickets calls it.
_OUTCOMES: Final = {
    CallbackResult.SOLVED: "resolved",
    CallbackResult.PARTLY: "partly",
    CallbackResult.UNSOLVED: "unresolved",
    CallbackResult.REFUSED: "refused",
    CallbackResult.UNREACHABLE: "unreachable",
}

_UNTOLD: Final = frozenset({"area_path", "agent_organisation_id", "concerned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the agent writes down. `rework`: it is not solved and the reason is the unit's, which has to go back."""

    result: CallbackResult
    satisfaction: int | None = None  # 1 to 5, of those who were reached and spoke.
    words: str | None = None
    rework: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom the assigned agent calls."""

    name: str | None = field(repr=False)
    phone: str | None = field(repr=False)


def fault_of(told: Told) -> DeskRefusal | None:
    """Why a result cannot be recorded as it is; None where it can."""
    if told.result is not CallbackResult.SOLVED and not (told.words or "").strip():
        return DeskRefusal.WORDS_MISSING
    if told.satisfaction is not None and told.result not in RATED:
        return DeskRefusal.SATISFACTION_OF_NOBODY
    return None


async def waiting(
    conn: Connection, user: User, *, mine: bool | None, after: tuple[Any, ...] | None, limit: int
) -> list[dict[str, Any]]:
    """The queue, what is due first in front: free calls and the user's own, never of what the user's unit handled."""
    due_at, call_id = after if after is not None else (None, None)
    rows = await conn.fetch(
        QUERIES.list_waiting, user.scope, user.organisation_id, user.id, mine, due_at, call_id, limit
    )
    rules = await read_call_rules(conn)
    return [dict(row) | {"next_try_at": rules.next_try_at(tuple(row["attempts"]))} for row in rows]


async def take(conn: Connection, call_id: int, user: User, at: datetime) -> int:
    """Make a waiting call-back the user's own; taking it again is the same. Raises DeskUnknown, DeskRefused."""
    report = await conn.fetchrow(QUERIES.waiting_report, call_id, user.organisation_id)
    if report is None or not _lies_in(user, report["area_path"]):
        raise DeskUnknown("call-back")
    if report["handled"]:
        raise DeskRefused(DeskRefusal.HANDLED_BY_YOUR_UNIT)
    if not report["waits"]:
        raise DeskRefused(DeskRefusal.CALL_NOT_WAITING)
    taken: int | None = await conn.fetchval(
        QUERIES.take_callback, call_id, report["ticket_id"], user.id, user.organisation_id, at
    )
    if taken is not None:
        return taken
    standing = await conn.fetchrow(QUERIES.open_callback_of, call_id)
    if standing is None or standing["agent_id"] != user.id:
        raise DeskRefused(DeskRefusal.CALL_TAKEN)
    return int(standing["id"])


async def read(conn: Connection, callback_id: int, user: User) -> dict[str, Any]:
    """One call-back with its matter, without who called; not to a unit that handled it or is complained of, but to who
    took it before that was so. Raises DeskUnknown.
    """
    row = await conn.fetchrow(QUERIES.read_callback, callback_id, user.organisation_id)
    if row is None or not _lies_in(user, row["area_path"]) or (row["concerned"] and row["agent_id"] != user.id):
        raise DeskUnknown("call-back")
    found = {name: value for name, value in row.items() if name not in _UNTOLD}
    return found | {"next_try_at": (await read_call_rules(conn)).next_try_at(tuple(row["attempts"]))}


async def look(conn: Connection, callback_id: int, user: User, at: datetime) -> Caller:
    """Whom to call: shown to the agent who took it while it is open, in the hours of calling; each look is recorded.

    Raises DeskUnknown, DeskRefused.
    """
    row = await _own(conn, callback_id, user)
    if not (await read_call_rules(conn)).are_hours(at):
        raise DeskRefused(DeskRefusal.OUTSIDE_CALLING_HOURS)
    await conn.execute(QUERIES.insert_look, at, user.id, "call_back", row["call_id"], [])
    caller = await conn.fetchrow(QUERIES.read_caller, row["call_id"])
    return Caller(caller["caller_name"], caller["caller_phone"]) if caller is not None else Caller(None, None)


async def tried(conn: Connection, callback_id: int, result_of_try: str, user: User, at: datetime) -> None:
    """A try that reached nobody. Raises DeskUnknown, DeskRefused, ActionRefused outside the hours of calling."""
    row = await _own(conn, callback_id, user)
    fields = {"result_of_try": result_of_try, "call_id": row["call_id"]}
    await _act(conn, row["ticket_id"], TicketEvent.CALLBACK_ATTEMPT, None, fields, user, at)


async def finish(conn: Connection, callback_id: int, told: Told, user: User, at: datetime) -> None:
    """Record what the reporter said, and let it move the ticket. Raises DeskUnknown, DeskRefused, ActionRefused."""
    row = await _own(conn, callback_id, user)
    fault = fault_of(told)
    if fault is not None:
        raise DeskRefused(fault)
    if told.result is CallbackResult.UNSOLVED and told.rework:
        await _act(conn, row["ticket_id"], TicketEvent.CALLBACK_UNRESOLVED, told.words, {}, user, at)
    else:
        fields: dict[str, object] = {"outcome": _OUTCOMES[told.result], "call_id": row["call_id"]}
        if told.satisfaction is not None:
            fields["satisfaction"] = told.satisfaction
        await _act(conn, row["ticket_id"], TicketEvent.CALLBACK_DONE, told.words, fields, user, at)
    await conn.execute(QUERIES.end_callback, callback_id, told.result, told.satisfaction, told.words, at)


async def release(conn: Connection, callback_id: int, user: User, at: datetime, *, leads: bool) -> None:
    """Give a call-back back; `leads`: the user may also take it from an agent who is gone. Raises as above."""
    await _own(conn, callback_id, user, leads=leads, waits=False)
    await conn.execute(QUERIES.end_callback, callback_id, CallbackResult.RELEASED, None, None, at)


async def _own(
    conn: Connection, callback_id: int, user: User, *, leads: bool = False, waits: bool = True
) -> dict[str, Any]:
    """The call-back, held, if it is the user's and open, and its report still waits."""
    await conn.fetchval(QUERIES.hold_callback, callback_id)
    row = await conn.fetchrow(QUERIES.read_callback, callback_id, user.organisation_id)
    if row is None or not _lies_in(user, row["area_path"]):
        raise DeskUnknown("call-back")
    if (row["agent_id"] != user.id and not leads) or row["ended_at"] is not None:
        raise DeskRefused(DeskRefusal.CALL_NOT_YOURS)
    if waits:
        report = await conn.fetchrow(QUERIES.waiting_report, row["call_id"], user.organisation_id)
        if report is None or not report["waits"]:
            raise DeskRefused(DeskRefusal.CALL_NOT_WAITING)
        if report["handled"]:
            raise DeskRefused(DeskRefusal.HANDLED_BY_YOUR_UNIT)
    return dict(row)


async def _act(
    conn: Connection,
    ticket_id: int,
    event: TicketEvent,
    reason: str | None,
    fields: dict[str, Any],
    user: User,
    at: datetime,
) -> None:
    # Having taken the call is what this agent saw; that another reporter was called meanwhile changes nothing in it.
    version = await conn.fetchval(QUERIES.hold_version, ticket_id)
    await acting.act(conn, ticket_id, Action(event, version, reason, fields), Actor.of_user(user), at)


def _lies_in(user: User, area_path: list[str]) -> bool:
    return user.scope is None or not area_path or user.scope in area_path

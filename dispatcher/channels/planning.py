"""Finds each message its way: which contact point, now or later, alone or in a bundle. Domain time throughout.

One leader plans, one step after the other, so limits hold exactly; grave messages are planned by whoever sends them and
count for whatever comes after.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import prometheus_client

from dispatcher.channels import announcing
from dispatcher.channels.deciding import Candidate, Decision, Send, decide
from dispatcher.channels.model import (
    Columns,
    ContactPoint,
    Message,
    MessageState,
    Unreached,
)
from dispatcher.channels.outbox import QUERIES
from dispatcher.channels.policy import Policy, read_policy
from dispatcher.channels.registry import find_channel, lane_of
from dispatcher.channels.wording import Book, body_of, read_book
from registry.messages.templates import Language
from runtime.pool import Connection

BATCH_MESSAGES: Final = 200

PLANNED = prometheus_client.Counter(
    "dispatcher_messages_planned_total", "What was decided about messages", ["decision"]
)

_COLUMNS: Final = ("user_id", "contact_id", "organisation_id", "hotline_call_id")


@dataclass(frozen=True, slots=True)
class _Attempt:
    contact_point_id: int
    channel: str
    created_at: datetime
    is_over: bool


@dataclass(slots=True)
class _Plan:
    """What one pass has read and decided."""

    conn: Connection
    at: datetime
    policy: Policy
    book: Book
    exercise: bool
    told: dict[tuple[Columns, str], list[datetime]] = field(default_factory=dict)  # by person and channel
    leaving: dict[int, tuple[ContactPoint, list[Message]]] = field(default_factory=dict)
    changed: list[int] = field(default_factory=list)


async def plan_due(conn: Connection, at: datetime) -> tuple[int, int]:
    """Take every message whose time has come, at most 200; returns how many, and how many attempts that made."""
    held = [row["id"] for row in await conn.fetch(QUERIES.lock_due_messages, at, BATCH_MESSAGES)]
    return len(held), await _plan(conn, held, at) if held else 0


async def plan_grave(conn: Connection, message_id: int, grade: int, at: datetime) -> None:
    """A grave message that was just put leaves at once over every contact point; others wait for the stage."""
    if Candidate(grade).urgent:
        await _plan(conn, [message_id], at)


async def _plan(conn: Connection, message_ids: Sequence[int], at: datetime) -> int:
    messages = [_message_of(row) for row in await conn.fetch(QUERIES.read_messages, list(message_ids))]
    plan = _Plan(
        conn=conn,
        at=at,
        policy=await read_policy(conn),
        book=await read_book(conn, {message.topic for message in messages}),
        exercise=bool(await conn.fetchval(QUERIES.exercise)),
    )
    tried = await _attempts_of(conn, messages)
    for message in messages:
        await _plan_one(plan, message, tried.get(message.id, []))
    for point, together in plan.leaving.values():
        await _put(plan, point, together)
    await announcing.announce(conn, plan.changed, at)
    return len(plan.leaving)


async def _plan_one(plan: _Plan, message: Message, tried: Sequence[_Attempt]) -> None:
    points = await _points_of(plan.conn, message)
    used = {attempt.contact_point_id for attempt in tried}
    left = [point for point in points if point.id not in used]
    if Candidate(message.grade).urgent and left:
        for point in left:
            await _leave(plan, point, message)
        await _move(plan, message, MessageState.UNDER_WAY, _latest(plan, left, message.grade))
    elif left:
        await _ask_next(plan, message, left[0])
    else:
        await _give_up(plan, message, tried)


async def _ask_next(plan: _Plan, message: Message, point: ContactPoint) -> None:
    decision: Decision = Send()  # It goes along where something leaves for the same place just now.
    if point.id not in plan.leaving:
        history = await _history(plan, message.to, point.channel)
        decision = decide(Candidate(message.grade), history, plan.policy.limits(point, message.grade), plan.at)
    PLANNED.labels(type(decision).__name__.lower()).inc()
    if isinstance(decision, Send):
        await _leave(plan, point, message)
        await _move(plan, message, MessageState.UNDER_WAY, plan.policy.next_at(point.channel, message.grade, plan.at))
        return
    await plan.conn.execute(QUERIES.insert_hold, message.id, plan.at, decision.until, decision.reason, point.id)
    await _move(plan, message, message.state, decision.until, decision.reason)


async def _give_up(plan: _Plan, message: Message, tried: Sequence[_Attempt]) -> None:
    """No way is left that was not tried: wait for what is under way, then raise the alarm, once.

    A receipt that still comes counts all the same.
    """
    alive = [attempt for attempt in tried if not attempt.is_over]
    wait_until = max((plan.policy.next_at(a.channel, message.grade, a.created_at) for a in alive), default=plan.at)
    if wait_until > plan.at:
        await _move(plan, message, MessageState.UNDER_WAY, wait_until)
        return
    why = Unreached.NO_RECEIPT if alive else Unreached.ALL_FAILED if tried else Unreached.NO_CONTACT_POINT
    PLANNED.labels(why.value).inc()
    await _move(plan, message, MessageState.UNREACHED, None, why)


async def _leave(plan: _Plan, point: ContactPoint, message: Message) -> None:
    if point.id not in plan.leaving:
        plan.leaving[point.id] = (point, [])
        (await _history(plan, message.to, point.channel)).append(plan.at)
    plan.leaving[point.id][1].append(message)


async def _move(
    plan: _Plan, message: Message, state: MessageState, next_at: datetime | None, reason: str | None = None
) -> None:
    await plan.conn.execute(QUERIES.move_message, message.id, state, next_at, reason)
    if state is not message.state:
        plan.changed.append(message.id)


async def _put(plan: _Plan, point: ContactPoint, together: Sequence[Message]) -> None:
    """One row of the outbox for what goes to one place together."""
    first, grade = together[0], min(message.grade for message in together)
    tickets = {message.ticket_id for message in together}
    channel = find_channel(point.channel)
    outbox_id = await plan.conn.fetchval(
        QUERIES.enqueue_attempt,
        f"message-{first.id}-{point.id}",
        point.channel,
        point.id,
        lane_of(channel, point.id),
        first.ticket_id if len(tickets) == 1 else None,
        first.topic if len(together) == 1 else "messages.bundled",
        body_of(together, point, plan.book, exercise=plan.exercise),
        grade,
        plan.at,
    )
    await plan.conn.execute(QUERIES.link_attempt, [message.id for message in together], outbox_id)


async def _history(plan: _Plan, to: Columns, channel: str) -> list[datetime]:
    """When this person was told over this channel, what leaves in this pass included."""
    if (to, channel) not in plan.told:
        since = plan.at - plan.policy.longest
        rows = await plan.conn.fetch(
            QUERIES.told_before, channel, to.user_id, to.contact_id, to.organisation_id, to.hotline_call_id, since
        )
        plan.told[to, channel] = [row["created_at"] for row in rows]
    return plan.told[to, channel]


def _latest(plan: _Plan, points: Iterable[ContactPoint], grade: int) -> datetime:
    return max(plan.policy.next_at(point.channel, grade, plan.at) for point in points)


async def _points_of(conn: Connection, message: Message) -> list[ContactPoint]:
    to = message.to
    rows = await conn.fetch(
        QUERIES.points_of,
        to.user_id,
        to.contact_id,
        to.organisation_id,
        to.hotline_call_id,
        message.only_contact_point_id,
    )
    return [ContactPoint(**{**dict(row), "language": Language(row["language"])}) for row in rows]


async def _attempts_of(conn: Connection, messages: Sequence[Message]) -> Mapping[int, list[_Attempt]]:
    found: dict[int, list[_Attempt]] = {}
    for row in await conn.fetch(QUERIES.attempts_of_messages, [message.id for message in messages]):
        attempt = _Attempt(row["contact_point_id"], row["channel"], row["created_at"], row["is_over"])
        found.setdefault(row["message_id"], []).append(attempt)
    return found


def _message_of(row: Any) -> Message:
    return Message(
        id=row["id"],
        key=row["key"],
        to=Columns(*(row[name] for name in _COLUMNS)),
        ticket_id=row["ticket_id"],
        topic=row["topic"],
        template_version=row["template_version"],
        grade=row["grade"],
        fields=row["fields"],
        created_at=row["created_at"],
        state=MessageState(row["state"]),
        only_contact_point_id=row["contact_point_id"],
    )

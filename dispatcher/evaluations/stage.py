"""The evaluations stage of a step: what was submitted is delivered, who is late is reminded, then recorded."""

from datetime import datetime
from typing import Final, Protocol

from prometheus_client import Counter

from dispatcher.channels import outbox
from dispatcher.evaluations.clocks import count, start_clock
from dispatcher.evaluations.evaluating import add_record
from dispatcher.evaluations.model import EvaluationClock, EvaluationState
from dispatcher.evaluations.reading import QUERIES
from dispatcher.incidents.step import Advanced
from runtime.pool import Connection

BATCH: Final = 200
DELIVERED: Final = "evaluation.delivered"
REMINDER: Final = "evaluation.reminder"
OVERDUE: Final = "evaluation.overdue"

BREACHED_TOTAL = Counter("dispatcher_evaluations_breached_total", "Replies and measures that came late", ["clock"])


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...


async def advance(step: Moment) -> Advanced:
    """Do whatever is due at the step's time, each thing once. Cheap where nothing is."""
    conn, at = step.conn, step.at
    due = await conn.fetchrow(QUERIES.anything_due, at)
    if due is None or not any(due.values()):
        return Advanced(0, 0)
    done = 0
    if due["submitted"]:
        done += await _deliver(conn, at)
    if due["recountable"]:
        done += await _recount(conn)
    if due["reminders"]:
        done += await _remind(conn, at)
    if due["breaches"]:
        done += await _record_breaches(conn, at)
    return Advanced(done, done)


async def _deliver(conn: Connection, at: datetime) -> int:
    """Bring it before the authority; its clock runs from here."""
    rows = await conn.fetch(QUERIES.deliverable, BATCH)
    for row in rows:
        authority = row["authority_organisation_id"]
        await conn.execute(QUERIES.deliver_evaluation, row["id"], at)
        await start_clock(conn, row["id"], EvaluationClock.REPLY, authority, at)
        await add_record(
            conn,
            row["id"],
            row["version"] + 1,
            "deliver",
            EvaluationState.SUBMITTED,
            EvaluationState.DELIVERED,
            at,
        )
        await _tell(conn, authority, DELIVERED, row["id"], f"{row['id']}", at)
    return len(rows)


async def _recount(conn: Connection) -> int:
    """The calendar of a year came: due times that were counted from weekdays are counted anew."""
    rows = await conn.fetch(QUERIES.recountable, BATCH)
    for row in rows:
        ends = await count(conn, EvaluationClock(row["clock"]), row["started_at"])
        run = (row["evaluation_id"], row["clock"], row["run"])
        await conn.execute(QUERIES.recount, *run, ends.due_at, ends.remind_at, dict(ends.explanation))
    return len(rows)


async def _remind(conn: Connection, at: datetime) -> int:
    rows = await conn.fetch(QUERIES.due_reminders, at, BATCH)
    for row in rows:
        run = (row["evaluation_id"], row["clock"], row["run"])
        await conn.execute(QUERIES.mark_reminded, *run, at)
        await _tell(conn, row["organisation_id"], REMINDER, row["evaluation_id"], "-".join(map(str, run)), at)
    return len(rows)


async def _record_breaches(conn: Connection, at: datetime) -> int:
    """The migration's trigger makes the breach record; a reply that is late shows in the state."""
    rows = await conn.fetch(QUERIES.due_breaches, at, BATCH)
    for row in rows:
        run = (row["evaluation_id"], row["clock"], row["run"])
        await conn.execute(QUERIES.mark_breached, *run)
        BREACHED_TOTAL.labels(row["clock"]).inc()
        if row["clock"] == EvaluationClock.REPLY and row["state"] == EvaluationState.DELIVERED:
            await conn.execute(QUERIES.mark_overdue, row["evaluation_id"])
            await add_record(
                conn,
                row["evaluation_id"],
                row["version"] + 1,
                "overdue",
                EvaluationState.DELIVERED,
                EvaluationState.OVERDUE,
                at,
            )
        await _tell(conn, row["organisation_id"], OVERDUE, row["evaluation_id"], "-".join(map(str, run)), at)
    return len(rows)


async def _tell(conn: Connection, organisation_id: str, topic: str, evaluation_id: int, key: str, at: datetime) -> None:
    await outbox.enqueue(
        conn,
        idempotency_key=f"{topic}-{key}",
        organisation_id=organisation_id,
        ticket_id=None,
        topic=topic,
        body={"evaluation_id": evaluation_id},
        at=at,
    )

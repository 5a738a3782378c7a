"""The screening stage of a step: rounds fall due, are reminded of and become late; hazards follow their tickets."""

from datetime import timedelta
from typing import Any, Final

from asyncpg import Record
from prometheus_client import Counter

from dispatcher.channels import messages, outbox
from dispatcher.incidents.step import Advanced
from dispatcher.screening import rounds
from dispatcher.screening.following import Moment, end_acceptances, follow_tickets
from dispatcher.screening.model import InspectionState
from dispatcher.screening.records import QUERIES
from registry.check_lists import read_check_lists, read_intervals
from registry.numbering import take_numbers

BATCH_ROUNDS: Final = 200
NUMBER: Final = "IR"
DUE, REMINDER, OVERDUE = "inspection.due", "inspection.reminder", "inspection.overdue"
# A round may wait for the morning: its level is no grade, and its words are bundled like any other.
_CALM: Final = 4

OPENED_TOTAL = Counter("dispatcher_inspections_opened_total", "Inspection rounds that fell due", ["level"])
OVERDUE_TOTAL = Counter("dispatcher_inspections_overdue_total", "Inspection rounds that became late", ["level"])


async def advance(step: Moment) -> Advanced:
    """Open, remind, call late, follow. Cheap where nothing is due."""
    moved, changed = await follow_tickets(step)
    ended = await end_acceptances(step)
    opened = await _open_rounds(step)
    looked = await _look_at_rounds(step)
    return Advanced(moved + ended + opened + looked, changed + ended + opened + looked)


async def _open_rounds(step: Moment) -> int:
    due = await step.conn.fetch(QUERIES.due_plans, step.at, BATCH_ROUNDS)
    if not due:
        return 0
    intervals = await read_intervals(step.conn)
    versions = {each.id: each.version for each in await read_check_lists(step.conn)}
    numbers = await take_numbers(step.conn, NUMBER, step.at, len(due))
    for row, number in zip(due, numbers, strict=True):
        interval = intervals[row["level"]]
        every = timedelta(days=interval.every_d)
        # The schedule keeps its days; rounds that fell due while nobody ran the platform are counted as missed.
        behind = (step.at - row["next_round_at"]) // every
        await step.conn.execute(QUERIES.put_next_round, row["id"], row["next_round_at"] + (behind + 1) * every)
        if await step.conn.fetchval(QUERIES.miss_round, row["id"], behind + 1) is not None:
            continue
        due_at = step.at + timedelta(days=interval.within_d)
        round_id = await step.conn.fetchval(
            QUERIES.insert_round,
            number,
            row["id"],
            row["organisation_id"],
            row["list"],
            versions[row["list"]],
            row["level"],
            step.at,
            due_at,
            due_at - timedelta(days=interval.remind_d),
            behind,
        )
        OPENED_TOTAL.labels(str(row["level"])).inc()
        told = {"id": round_id, "number": number, "due_at": due_at.isoformat(), "level": row["level"]}
        await _tell(step, DUE, row, told)
    return len(due)


async def _look_at_rounds(step: Moment) -> int:
    rows = await step.conn.fetch(QUERIES.due_rounds, step.at, BATCH_ROUNDS)
    for row in rows:
        late = row["due_at"] <= step.at
        # A step that comes after both times only says that it is late.
        reminded_at = row["reminded_at"] or (None if late else step.at)
        next_at = None if late else row["due_at"]
        await step.conn.execute(
            QUERIES.put_round_looked_at, row["id"], reminded_at, row["due_at"] if late else None, next_at
        )
        if late:
            OVERDUE_TOTAL.labels(str(row["level"])).inc()
        told = {name: row[name] for name in ("id", "number", "level")} | {"due_at": row["due_at"].isoformat()}
        topic = OVERDUE if late else REMINDER
        await _tell(step, topic, row, told)
        await messages.send(
            step.conn,
            key=f"{topic}-{row['id']}",
            to=messages.Organisation(row["organisation_id"]),
            ticket_id=None,
            topic=topic,
            grade=_CALM,
            fields={"number": row["number"], "place": row["place"], "due_at": row["due_at"]},
            at=step.at,
        )
    return len(rows)


async def _tell(step: Moment, topic: str, row: Record, told: dict[str, Any]) -> None:
    """The unit hears of it once, whatever restarts; the console's list moves with it."""
    await outbox.enqueue(
        step.conn,
        idempotency_key=f"{topic}-{told['id']}",
        organisation_id=row["organisation_id"],
        ticket_id=None,
        topic=topic,
        body={"inspection": told | {"place": row["place"]}},
        at=step.at,
    )
    await rounds.tell(
        step.conn, told["id"], told["number"], InspectionState.DUE, row["area_path"], row["organisation_id"], step.at
    )

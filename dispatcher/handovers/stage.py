"""The stage of handovers: services are called as a ticket's record asks and paged on time; late reports breach."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from asyncpg import Record
from prometheus_client import Counter

from dispatcher.handovers import calls, telling, upward
from dispatcher.handovers.calls import QUERIES, RULE, Step
from dispatcher.handovers.words import Deed, EmergencyNumber, HandoverAction
from dispatcher.incidents.step import Advanced
from dispatcher.tickets.model import TicketKind
from runtime.pool import Connection

BATCH: Final = 200

CALLED_TOTAL = Counter("dispatcher_emergency_calls_total", "Calls to emergency services", ["service"])
STEPS_TOTAL = Counter("dispatcher_emergency_steps_total", "Steps of paging that were taken")
LATE_TOTAL = Counter("dispatcher_upward_reports_late_total", "Reports upward that were not sent in time")


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...


async def advance(step: Moment) -> Advanced:
    """Follow the records of tickets, page who has not acknowledged, notice late reports. Cheap where nothing is due."""
    followed, opened = await _follow(step)
    paged = await _page(step)
    late = await _notice_late(step)
    return Advanced(followed + paged + late, opened + paged + late)


async def _follow(step: Moment) -> tuple[int, int]:
    rows = await step.conn.fetch(QUERIES.waiting_followups, BATCH)
    if not rows:
        return 0, 0
    terms = await upward.read_terms(step.conn, step.at)
    opened = 0
    for row in rows:
        opened += await _follow_one(step, row, terms)
    await step.conn.execute(QUERIES.take_followups, [row["id"] for row in rows], step.at)
    return len(rows), opened


async def _follow_one(step: Moment, row: Record, terms: upward.Terms) -> int:
    found = await step.conn.fetchrow(QUERIES.read_ticket, row["ticket_id"])
    if found is None or found["ticket_kind"] != TicketKind.CALL_RESPONSE:
        return 0
    ticket, deed = dict(found), Deed(row["deed"])
    if deed not in (Deed.DISPATCH, Deed.LIFE_DANGER):
        return await upward.follow(step.conn, ticket, deed, row["at"], terms)
    opened = 0
    if ticket["closed_at"] is None:
        for needed in await step.conn.fetch(QUERIES.needed_services, ticket["id"], ticket["kind"]):
            service = EmergencyNumber(needed["service"])
            # Counted from the deed itself, whenever this step comes to it.
            if await calls.open_call(step.conn, ticket, service, RULE, RULE, row["at"]) is not None:
                CALLED_TOTAL.labels(service.value).inc()
                opened += 1
    return opened


async def _page(step: Moment) -> int:
    rows = await step.conn.fetch(QUERIES.due_handovers, step.at, BATCH)
    if not rows:
        return 0
    steps = await read_steps(step.conn)
    taken = sum([await calls.take_steps(step.conn, row["id"], steps, step.at) for row in rows])
    STEPS_TOTAL.inc(taken)
    return taken


async def read_steps(conn: Connection) -> Sequence[Step]:
    """The steps of paging by the newest data, in order."""
    return [
        Step(row["step"], row["after_s"], HandoverAction(row["action"])) for row in await conn.fetch(QUERIES.list_steps)
    ]


async def _notice_late(step: Moment) -> int:
    rows = await step.conn.fetch(QUERIES.due_reports, step.at, BATCH)
    for row in rows:
        late = await upward.notice_late(step.conn, row["id"], step.at)
        if late is None:
            continue
        LATE_TOTAL.inc()
        told = {"id": late["id"], "number": late["number"], "ticket_id": late["ticket_id"], "part": late["part"]}
        body = {"upward_report": told | {"due_at": late["due_at"].isoformat()}}
        unit = late["unit_organisation_id"]
        await telling.show(step.conn, telling.LATE, late["area_path"], unit, body, step.at)
        if unit is not None:
            await telling.tell(
                step.conn,
                unit,
                key=f"upward-{late['id']}-late",
                topic=telling.LATE,
                ticket_id=late["ticket_id"],
                grade=late["grade"],
                fields={
                    "number": late["number"],
                    "ticket": late["ticket_number"] or str(late["ticket_id"]),
                    "grade": telling.GRADES[late["grade"]],
                    "due_at": late["due_at"],
                },
                body=body,
                at=step.at,
            )
    return len(rows)

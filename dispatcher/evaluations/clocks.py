"""The clocks of who has to reply, and to act on a reply: due time, reminder and how both came about."""

from datetime import datetime

from dispatcher.evaluations.model import EvaluationClock
from dispatcher.evaluations.reading import QUERIES
from dispatcher.tickets.deadlines import Deadline, deadline
from registry.calendar import read_calendar
from registry.limits import read_limits
from runtime.pool import Connection


async def start_clock(
    conn: Connection, evaluation_id: int, clock: EvaluationClock, organisation_id: str, at: datetime
) -> None:
    """A further run of a clock, against an authority; the database refuses a committee."""
    ends = await count(conn, clock, at)
    await conn.execute(
        QUERIES.start_clock,
        evaluation_id,
        clock,
        organisation_id,
        at,
        ends.due_at,
        ends.remind_at,
        dict(ends.explanation),
    )


async def count(conn: Connection, clock: EvaluationClock, since: datetime) -> Deadline:
    """Where the limit of a clock ends that counts from `since`."""
    limit = (await read_limits(conn, ())).find(clock, kind="", grade=4, demand=None)
    if limit is None:
        raise LookupError(clock)
    return deadline(limit, since, await read_calendar(conn, since))

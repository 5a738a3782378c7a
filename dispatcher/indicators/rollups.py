"""Counts finished days once, so that long spans are not counted again and again; the stage that keeps at it."""

from datetime import date, datetime, timedelta
from typing import Final, Protocol

from dispatcher.incidents.step import Advanced
from dispatcher.indicators.counting import FORMULAS, roll_up_sql
from registry.calendar import begin_of, day_of
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# A day is finished an hour after it has ended: until then late facts of it are the rule.
SETTLES: Final = timedelta(hours=1)
_BETWEEN_DAYS: Final = timedelta(seconds=5)  # A step counts one day at most, and other steps come between.
_IDLE: Final = timedelta(minutes=10)
_ONE_DAY: Final = timedelta(days=1)


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...


def today(at: datetime) -> date:
    """The day of China that is not finished yet."""
    return day_of(at - SETTLES)


async def advance(step: Moment) -> Advanced:
    """Count the newest finished day that is not counted, or whose facts changed since; one a step."""
    if await step.conn.fetchval(QUERIES.due_to_look, step.at) is None:
        return Advanced(0, 0)
    counted = 0
    days = await _days_to_count(step.conn, step.at, 1)
    if days and await step.conn.fetchval(QUERIES.try_day, days[0]):
        await _count(step.conn, days[0], days[0] + _ONE_DAY)
        counted = 1
    await step.conn.execute(QUERIES.look_again, step.at + (_BETWEEN_DAYS if days else _IDLE))
    return Advanced(counted, counted)


async def bring_up(conn: Connection, at: datetime, days: int) -> int:
    """Count so many finished days, the newest first, spans that hang together at once; returns how many it were.

    Joins the caller's transaction, and holds the days of which it counts: who writes a fact of one waits.
    """
    wanted = await _days_to_count(conn, at, days)
    await conn.execute(QUERIES.use_memory)
    for first, last in spans_of(sorted(wanted)):
        for number in range((last - first).days):
            await conn.execute(QUERIES.hold_day, first + number * _ONE_DAY)
        await _count(conn, first, last)
    return len(wanted)


def spans_of(days: list[date]) -> list[tuple[date, date]]:
    """Days in order as spans, the last day of each excluded."""
    spans: list[tuple[date, date]] = []
    for day in days:
        if spans and spans[-1][1] == day:
            spans[-1] = (spans[-1][0], day + _ONE_DAY)
        else:
            spans.append((day, day + _ONE_DAY))
    return spans


async def _days_to_count(conn: Connection, at: datetime, limit: int) -> list[date]:
    first = await conn.fetchval(QUERIES.first_day)
    if first is None:
        return []
    return [row["day"] for row in await conn.fetch(QUERIES.days_to_count, first, today(at), FORMULAS, limit)]


async def _count(conn: Connection, first: date, last: date) -> None:
    """Write the cells of the days from `first` to before `last`, whose locks the caller holds."""
    await conn.execute(QUERIES.forget_days, first, last)
    await conn.execute(roll_up_sql(), begin_of(first), begin_of(last))
    await conn.execute(QUERIES.put_days, first, last, FORMULAS)

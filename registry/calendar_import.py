"""Takes the working days of a year in from a file, as they are published: holidays and make-up workdays."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import asyncpg

from registry.calendar import QUERIES
from runtime.pool import Connection

# A year that names fewer days off is a slip of the pen, or the last days of a year in the file of the next.
HOLIDAYS_MIN: Final = 7
_WEEKEND: Final = (5, 6)


class DayKind(StrEnum):
    """What a row of the file says of its day; days without a row are worked from Monday to Friday."""

    HOLIDAY = "holiday"  # 放假
    WORKDAY = "workday"  # 调休上班: a Saturday or Sunday that is worked


class CalendarRefused(ValueError):
    """A file that cannot be taken in: where, and why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """Every day of one year: whether it is worked, and the name that the file gave it."""

    year: int
    days: Mapping[date, tuple[bool, str | None]]

    @property
    def sha256(self) -> str:
        """Of what it says, however it was written."""
        said = "".join(f"{day.isoformat()} {worked:d}\n" for day, (worked, _) in sorted(self.days.items()))
        return hashlib.sha256(said.encode()).hexdigest()


def parse_calendar(rows: Iterable[Mapping[str, str | None]]) -> list[CalendarYear]:
    """The years of rows with `date` (ISO), `kind` and `name`. Raises CalendarRefused naming the row."""
    named: dict[int, dict[date, tuple[bool, str | None]]] = defaultdict(dict)
    for number, row in enumerate(rows, start=2):  # The first line is the head.
        place = f"line {number}"
        try:
            day = date.fromisoformat((row.get("date") or "").strip())
        except ValueError:
            raise CalendarRefused(place, f"{row.get('date')!r} is no date such as 2027-01-01") from None
        kind = (row.get("kind") or "").strip()
        if kind not in set(DayKind):
            raise CalendarRefused(place, f"{kind!r} is no kind; they are {', '.join(DayKind)}")
        if day in named[day.year]:
            raise CalendarRefused(place, f"{day} stands twice")
        if kind == DayKind.WORKDAY and day.weekday() not in _WEEKEND:
            raise CalendarRefused(place, f"{day} is worked anyway: a make-up workday is a Saturday or Sunday")
        named[day.year][day] = (kind == DayKind.WORKDAY, (row.get("name") or "").strip() or None)
    if not named:
        raise CalendarRefused("the file", "names no day")
    return [_whole(year, days) for year, days in sorted(named.items())]


async def import_calendar(
    conn: Connection, year: CalendarYear, *, source: str, by: str, at: datetime, version: int | None = None
) -> int:
    """Put a year in, in place of what was known of it; returns its version, by default the next.

    Due times that were provisional for lack of it are counted anew by the dispatcher. Raises CalendarRefused for a
    version that is not newer.
    """
    known: int = await conn.fetchval(QUERIES.calendar_version, year.year) or 0
    taken = known + 1 if version is None else version
    if taken <= known:
        raise CalendarRefused(str(year.year), f"version {taken} is not newer than {known}, which is loaded")
    days = sorted(year.days)
    try:
        await conn.execute(
            QUERIES.put_calendar_days,
            days,
            [year.days[day][0] for day in days],
            [year.days[day][1] for day in days],
            source,
            taken,
        )
        await conn.execute(QUERIES.put_calendar_year, year.year, source, taken)
        await conn.execute(QUERIES.insert_calendar_load, year.year, taken, source, year.sha256, at, by)
    except asyncpg.CheckViolationError as error:
        raise CalendarRefused(str(year.year), f"breaks the rule {error.constraint_name}") from error
    return taken


async def list_calendars(conn: Connection) -> list[dict[str, Any]]:
    """The years that are known, with their version and source, and how many days of each are worked."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_calendars)]


def _whole(year: int, named: Mapping[date, tuple[bool, str | None]]) -> CalendarYear:
    holidays = sum(not worked for worked, _ in named.values())
    if holidays < HOLIDAYS_MIN:
        raise CalendarRefused(
            str(year), f"names {holidays} holidays: a whole year has at least {HOLIDAYS_MIN}; leave other years out"
        )
    first = date(year, 1, 1)
    days = (first + timedelta(days=offset) for offset in range((date(year + 1, 1, 1) - first).days))
    return CalendarYear(year, {day: named.get(day, (day.weekday() not in _WEEKEND, None)) for day in days})

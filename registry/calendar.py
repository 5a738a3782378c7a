"""Working time: which days are worked, which hours of them, and where a limit counted in them ends."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from importlib.metadata import version as distribution_version
from itertools import count
from typing import Final

from chinese_calendar import constants

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

# China keeps one zone without summer time, so a fixed offset is exact for every day this system dates.
LOCAL: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
# Eight working hours a day. Source: the usual hours of Chengdu's administrative organs.
OFFICE_HOURS: Final = ((time(9), time(12)), (time(13), time(18)))
SECONDS_A_WORKING_DAY: Final = 8 * 3600
_CLOSE: Final = OFFICE_HOURS[-1][1]
_ONE_DAY: Final = timedelta(days=1)
_WEEKEND: Final = (5, 6)
_SEED_VERSION: Final = 1


def day_of(at: datetime) -> date:
    """The day of China that a time lies in."""
    return at.astimezone(LOCAL).date()


def begin_of(day: date) -> datetime:
    """When a day of China begins, in UTC."""
    return datetime.combine(day, time(), LOCAL).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a count of working time ends, and what was met on the way."""

    at: datetime
    days_off: tuple[date, ...]  # Not worked, in order.
    unknown_years: tuple[int, ...]  # Years whose calendar is not loaded: weekdays were assumed to be worked.

    @property
    def provisional(self) -> bool:
        return bool(self.unknown_years)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """The loaded days; a day that is not among them counts as worked from Monday to Friday, provisionally."""

    days: Mapping[date, bool]

    def knows(self, day: date) -> bool:
        return day in self.days

    def is_worked(self, day: date) -> bool:
        worked = self.days.get(day)
        return day.weekday() not in _WEEKEND if worked is None else worked

    def is_office_open(self, at: datetime) -> bool:
        """Whether an office that keeps office hours answers at this moment."""
        local = at.astimezone(LOCAL)
        return self.is_worked(local.date()) and any(begins <= local.time() < ends for begins, ends in OFFICE_HOURS)

    def after_working_seconds(self, at: datetime, seconds: int) -> Reached:
        """Count working time from `at`; what ends with a span of hours ends at its close, not at the next opening."""
        left = timedelta(seconds=seconds)
        seen: list[date] = []
        for begins, ends in self._spans_from(at, seen):
            if left <= ends - begins:
                return self._reached(begins + left, seen)
            left -= ends - begins
        raise AssertionError("working time never ends")

    def after_working_days(self, at: datetime, days: int) -> Reached:
        """Count working days after the day of `at`, which itself does not count; ends at the close of office."""
        day = day_of(at)
        seen: list[date] = []
        left = days
        while left > 0:
            day += _ONE_DAY
            seen.append(day)
            left -= self.is_worked(day)
        return self._reached(_local(day, _CLOSE), seen)

    def working_seconds_between(self, begin: datetime, end: datetime) -> int:
        """Working time from `begin` to `end`; 0 where `end` is not later."""
        total = timedelta()
        for begins, ends in self._spans_from(begin, []):
            if begins >= end:
                break
            total += min(ends, end) - begins
        return int(total.total_seconds())

    def _spans_from(self, at: datetime, seen: list[date]) -> Iterator[tuple[datetime, datetime]]:
        first = day_of(at)
        for offset in count():
            day = first + timedelta(days=offset)
            seen.append(day)
            if not self.is_worked(day):
                continue
            for begins, ends in OFFICE_HOURS:
                begins_at, ends_at = max(_local(day, begins), at), _local(day, ends)
                if begins_at < ends_at:
                    yield begins_at, ends_at

    def _reached(self, at: datetime, seen: list[date]) -> Reached:
        return Reached(
            at=at.astimezone(UTC),
            days_off=tuple(day for day in seen if not self.is_worked(day)),
            unknown_years=tuple(sorted({day.year for day in seen if not self.knows(day)})),
        )


async def read_calendar(conn: Connection, at: datetime) -> WorkCalendar:
    """The days that a limit which starts or was started about `at` can meet: from 90 days before to 400 after."""
    day = day_of(at)
    rows = await conn.fetch(QUERIES.list_calendar_days, day - timedelta(days=90), day + timedelta(days=400))
    return WorkCalendar({row["day"]: row["working"] for row in rows})


async def seed_calendar(conn: Connection) -> int:
    """Put every day of the years that chinesecalendar knows into `calendar_days`; returns how many days are there then.

    Days that are already loaded stay: an imported calendar is worth more than the seed.
    """
    days = known_days()
    source = f"chinesecalendar {distribution_version('chinesecalendar')}"
    await conn.execute(
        QUERIES.seed_calendar_days,
        list(days),
        [worked for worked, _ in days.values()],
        [name for _, name in days.values()],
        source,
        _SEED_VERSION,
    )
    await conn.execute(QUERIES.seed_calendar_years, list(days), source, _SEED_VERSION)
    return len(days)


def known_days() -> dict[date, tuple[bool, str | None]]:
    """Day to (worked, Chinese name of the holiday that set it or None), for whole years."""
    first = date(min(constants.holidays).year, 1, 1)
    last = date(max(constants.holidays).year, 12, 31)
    found: dict[date, tuple[bool, str | None]] = {}
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if day in constants.holidays:
            found[day] = (False, _zh_name(constants.holidays[day]))
        elif day in constants.workdays:
            found[day] = (True, _zh_name(constants.workdays[day]))
        else:
            found[day] = (day.weekday() not in _WEEKEND, None)
    return found


def _zh_name(name: str) -> str:
    return str(constants.Holiday(name).chinese)


def _local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, LOCAL)

"""Finished counts: which hours are finished, and the series of counts that the detectors are functions of (O8)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import numpy as np

from dispatcher.rates.columns import Counted, Ints
from dispatcher.rates.kernels.series import spread, widen

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# Days and weeks are those of the city.
CITY_TIME: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def floor_hour(at: datetime) -> datetime:
    """The beginning of the hour."""
    return at.replace(minute=0, second=0, microsecond=0)


def finished_to(watermark_at: datetime, earliest_open_at: datetime | None) -> datetime:
    """Up to where no count of a kind group can change any more.

    Events before the watermark are late and open nothing; an incident that is open may still take an earlier beginning,
    though none before the watermark, or be merged: so the hours from its beginning on wait for it.
    """
    bound = watermark_at if earliest_open_at is None else min(watermark_at, earliest_open_at)
    return floor_hour(bound)


def ends_day(hour_end: datetime) -> bool:
    """Whether a day of the city ends with this hour."""
    return hour_end.astimezone(CITY_TIME).hour == 0


def hour_of_week(at: datetime) -> int:
    """0 is Monday 00:00 in the city."""
    local = at.astimezone(CITY_TIME)
    return local.weekday() * 24 + local.hour


def hours_between(begin: datetime, end: datetime) -> Iterable[datetime]:
    """The ends of the hours from `begin` to `end`."""
    at = begin + HOUR
    while at <= end:
        yield at
        at += HOUR


def as_ms(at: datetime) -> int:
    """Whole milliseconds since 1970, rounded down."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def as_time(at_ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=at_ms)


def dense(counted: Counted, series: int, begin: datetime, end: datetime, width: timedelta = HOUR) -> Ints:
    """A row of consecutive buckets of this width, from `begin` up to `end`, for each series from 0; the rest is left
    out. The difference is a multiple of the width.
    """
    rows = np.zeros((series, max(0, (end - begin) // width)), np.int64)
    spread(*counted, as_ms(begin), width // timedelta(milliseconds=1), rows)
    return rows


def wider(counts: Ints, factor: int) -> Ints:
    """The sums of so many consecutive counts each; what is left over at the end is left out."""
    sums = np.empty(counts.size // factor, np.int64)
    widen(counts, factor, sums)
    return sums

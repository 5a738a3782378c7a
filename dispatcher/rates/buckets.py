"""Finished counts: which hours are finished, and the series of counts that the detectors are functions of (O8)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
# Days and weeks are those of the city.
CITY_TIME: Final = timezone(timedelta(hours=8))


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


def dense(counts: Mapping[datetime, int], begin: datetime, end: datetime, width: timedelta = HOUR) -> Floats:
    """Counts of consecutive buckets of this width from `begin` to `end`, whose difference is a multiple of it."""
    size = max(0, (end - begin) // width)
    series = np.zeros(size)
    for at, count in counts.items():
        if begin <= at < end:
            series[(at - begin) // width] += count
    return series

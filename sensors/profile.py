"""What a simulated device of a type does with the hours of the day: the shape of every `sensors/<type>/profile.py`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Final

CHENGDU: Final = timezone(timedelta(hours=8))
"""Day rhythms follow local time; China has no daylight saving."""

Values = dict[str, float]
Spoken = tuple[str, dict[str, object]]
"""An Alink event id and its payload."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Pure generators: equal seeds and times give equal devices.

    `first(rng, at)` gives a device's starting values, `following(rng, at, elapsed_s, values)` the next ones, and
    `spoken(rng, at, elapsed_s)` the events that the device judges in that span (usually none).
    """

    interval_s: float
    first: Callable[[Random, datetime], Values]
    following: Callable[[Random, datetime, float, Values], Values]
    spoken: Callable[[Random, datetime, float], list[Spoken]]


def local_hour(at: datetime) -> float:
    """The hour of the local day, 0.0 to 24.0."""
    local = at.astimezone(CHENGDU)
    return local.hour + local.minute / 60 + local.second / 3600


def happens(rng: Random, per_day: float, elapsed_s: float) -> bool:
    """Whether something that happens `per_day` times a day happens within `elapsed_s`; at most once."""
    return rng.random() < per_day * elapsed_s / 86_400


def drift(rng: Random, value: float, step: float, low: float, high: float) -> float:
    """A random walk of at most `step`, kept within bounds, rounded to a tenth."""
    return round(min(high, max(low, value + rng.uniform(-step, step))), 1)

"""A simulated feed has nothing of its own to say: its records come from a file through `rongan replay`."""

from datetime import datetime
from random import Random
from typing import Final

from sensors.profile import Profile, Spoken, Values


def _first(_rng: Random, _at: datetime) -> Values:
    return {"backlog": 0.0}


def _following(_rng: Random, _at: datetime, _elapsed_s: float, values: Values) -> Values:
    return dict(values)


def _spoken(_rng: Random, _at: datetime, _elapsed_s: float) -> list[Spoken]:
    return []


PROFILE: Final = Profile(interval_s=3600, first=_first, following=_following, spoken=_spoken)

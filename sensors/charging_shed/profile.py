"""A simulated shed: bikes come home in the evening, charge by night and leave in the morning."""

from datetime import datetime
from random import Random
from typing import Final

from sensors.profile import Profile, Spoken, Values, drift, local_hour

_PLACES: Final = 60


def _first(rng: Random, at: datetime) -> Values:
    return {
        "temperature_c": round(rng.uniform(12, 26), 1),
        "smoke_dbm": round(rng.uniform(0, 0.01), 3),
        "load_kw": round(_charging(local_hour(at)) * 8 * rng.uniform(0.8, 1.2), 2),
        "bikes": float(round(_inside(local_hour(at)) * _PLACES)),
    }


def _following(rng: Random, at: datetime, _elapsed_s: float, values: Values) -> Values:
    hour = local_hour(at)
    return {
        "temperature_c": drift(rng, min(values["temperature_c"], 36.0), 0.4, 2, 36),
        "smoke_dbm": round(min(0.02, abs(values["smoke_dbm"] + rng.uniform(-0.003, 0.003))), 3),
        "load_kw": round(_charging(hour) * 8 * rng.uniform(0.8, 1.2), 2),
        "bikes": float(round(_inside(hour) * _PLACES)),
    }


def _spoken(_rng: Random, _at: datetime, _elapsed_s: float) -> list[Spoken]:
    return []


def _inside(hour: float) -> float:
    """The share of places taken: nearly all by night, a few by day."""
    return 0.15 if 8.0 <= hour < 17.5 else 0.9


def _charging(hour: float) -> float:
    """The share of chargers at work: from the evening meal on, until most are full after midnight."""
    return 0.9 if hour >= 19.0 else 0.4 if hour < 3.0 else 0.1


PROFILE: Final = Profile(interval_s=60, first=_first, following=_following, spoken=_spoken)

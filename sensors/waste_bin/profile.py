"""A simulated bin: it fills with the meals of the day and is emptied early in the morning."""

from datetime import datetime
from random import Random
from typing import Final

from sensors.profile import Profile, Spoken, Values, drift, local_hour

_EMPTIED_BEFORE_H: Final = 6.5


def _first(rng: Random, at: datetime) -> Values:
    return {
        "fill_pct": round(min(85.0, 4.0 * local_hour(at) + rng.uniform(0, 15)), 1),
        "temperature_c": round(rng.uniform(14, 28), 1),
        "tilt_deg": round(rng.uniform(0, 3), 1),
        "battery_pct": float(rng.randrange(50, 100)),
    }


def _following(rng: Random, at: datetime, elapsed_s: float, values: Values) -> Values:
    hour = local_hour(at)
    filled = values["fill_pct"] + _fill_per_h(hour) * elapsed_s / 3600 * rng.uniform(0.3, 1.7)
    if 5.0 <= hour < _EMPTIED_BEFORE_H and filled > 20 and rng.random() < elapsed_s / 1800:
        filled = rng.uniform(0, 5)
    return {
        "fill_pct": round(min(100.0, filled), 1),
        "temperature_c": drift(rng, min(values["temperature_c"], 38.0), 0.4, 2, 38),
        "tilt_deg": drift(rng, min(values["tilt_deg"], 5.0), 0.2, 0, 5),
        "battery_pct": round(max(5.0, values["battery_pct"] - 0.2 * elapsed_s / 86_400), 4),
    }


def _spoken(_rng: Random, _at: datetime, _elapsed_s: float) -> list[Spoken]:
    return []


def _fill_per_h(hour: float) -> float:
    """Per cent an hour: little by night, most after the evening meal."""
    return 0.5 + 6.0 * max(0.0, 1 - abs(hour - 8.0) / 2) + 10.0 * max(0.0, 1 - abs(hour - 19.5) / 3)


PROFILE: Final = Profile(interval_s=60, first=_first, following=_following, spoken=_spoken)

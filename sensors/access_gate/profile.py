"""A simulated gate: passages swell in the morning and the evening, and now and then somebody props the door."""

from datetime import datetime
from random import Random
from typing import Final

from sensors.profile import Profile, Spoken, Values, drift, happens, local_hour


def _first(rng: Random, at: datetime) -> Values:
    return {
        "door_open": 0.0,
        "tamper": 0.0,
        "battery_pct": float(rng.randrange(60, 100)),
        "passages": float(round(400 * local_hour(at) / 24)),
        "temperature_c": round(rng.uniform(16, 30), 1),
    }


def _following(rng: Random, at: datetime, elapsed_s: float, values: Values) -> Values:
    expected = _passages_per_h(local_hour(at)) * elapsed_s / 3600
    passages = sum(rng.random() < 0.5 for _ in range(round(2 * expected)))
    return {
        "door_open": 1.0 if passages and rng.random() < 0.2 else 0.0,
        "tamper": 0.0,
        # A tenth of a per cent a day.
        "battery_pct": round(max(5.0, values["battery_pct"] - 0.1 * elapsed_s / 86_400), 4),
        "passages": values["passages"] + passages,
        "temperature_c": drift(rng, values["temperature_c"], 0.2, 5, 45),
    }


def _spoken(rng: Random, at: datetime, elapsed_s: float) -> list[Spoken]:
    busy = _passages_per_h(local_hour(at)) / 60
    spoken: list[Spoken] = []
    if happens(rng, 3 * busy, elapsed_s):
        spoken.append(("tailgating", {"lane": rng.randrange(1, 3), "count": 2}))
    if happens(rng, 0.5, elapsed_s):
        spoken.append(("held_open", {"open_s": float(rng.randrange(120, 500))}))
    return spoken


def _passages_per_h(hour: float) -> float:
    """Two humps: leaving about eight, coming home about half past six."""
    return 4.0 + 60.0 * max(0.0, 1 - abs(hour - 8.0) / 1.5) + 50.0 * max(0.0, 1 - abs(hour - 18.5) / 2.0)


PROFILE: Final = Profile(interval_s=60, first=_first, following=_following, spoken=_spoken)

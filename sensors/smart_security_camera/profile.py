"""A simulated camera: steady health values, and the small scenes of a street by the hour."""

from datetime import datetime
from random import Random
from typing import Final

from sensors.profile import Profile, Spoken, Values, drift, happens, local_hour

# Scenes a camera sees a day, from hour to hour. Grave ones are left to scenarios: a demo city does not burn by chance.
_SCENES: Final[tuple[tuple[str, str, float, float, float], ...]] = (
    ("street_vendor", "stall", 7.0, 20.0, 1.5),
    ("illegal_parking", "car", 8.0, 22.0, 2.0),
    ("ebike_in_elevator", "ebike", 6.5, 23.0, 1.0),
    ("waste_overflow", "garbage", 17.0, 22.0, 0.5),
    ("fire_lane_blocked", "car", 18.0, 24.0, 0.3),
    ("corridor_clutter", "clutter", 9.0, 18.0, 0.1),
    ("waste_dumping", "truck", 0.0, 5.0, 0.1),
)


def _first(rng: Random, at: datetime) -> Values:
    return {
        "fps": 25.0,
        "uptime_s": float(rng.randrange(3_600, 30 * 86_400)),
        "temperature_c": round(30.0 + 8.0 * _sun(at) + rng.uniform(-2, 2), 1),
        "storage_pct": round(rng.uniform(20, 80), 1),
        "blocked_pct": 0.0,
    }


def _following(rng: Random, at: datetime, elapsed_s: float, values: Values) -> Values:
    warm = 30.0 + 8.0 * _sun(at)
    return {
        "fps": 25.0 if rng.random() < 0.97 else 24.0,
        "uptime_s": values["uptime_s"] + round(elapsed_s),
        "temperature_c": round(values["temperature_c"] * 0.9 + warm * 0.1 + rng.uniform(-0.3, 0.3), 1),
        "storage_pct": drift(rng, values["storage_pct"], 0.5, 15, 95),
        "blocked_pct": drift(rng, values["blocked_pct"], 0.3, 0, 10),
    }


def _spoken(rng: Random, at: datetime, elapsed_s: float) -> list[Spoken]:
    hour = local_hour(at)
    frame_time = int(at.timestamp() * 1000)
    return [
        (
            name,
            {
                "phase": "start",
                "eventId": f"{frame_time}-{rng.randrange(16**6):06x}",
                "label": label,
                "score": round(rng.uniform(0.55, 0.97), 2),
                "frameTime": frame_time,
                "startTime": frame_time,
            },
        )
        for name, label, start_hour, end_hour, per_day in _SCENES
        if start_hour <= hour < end_hour and happens(rng, per_day * 24 / (end_hour - start_hour), elapsed_s)
    ]


def _sun(at: datetime) -> float:
    """0 by night, 1 at two in the afternoon."""
    return max(0.0, 1.0 - abs(local_hour(at) - 14.0) / 7.0)


PROFILE: Final = Profile(interval_s=60, first=_first, following=_following, spoken=_spoken)

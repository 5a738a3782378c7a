"""Which events of an incident lie close enough to belong together, so that a person can see why it is one. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import hypot

LINKS_MAX = 500


@dataclass(frozen=True, slots=True)
class Located:
    """An event with its place on the local plane."""

    uid: bytes
    at: datetime
    x_dm: int
    y_dm: int


@dataclass(frozen=True, slots=True)
class Link:
    uid_a: bytes
    uid_b: bytes
    distance_dm: int
    dt_ms: int


def links(events: Sequence[Located], r_m: int, t_s: int) -> list[Link]:
    """The pairs within the radius and the time, earlier event first, at most LINKS_MAX of them.

    Events in order of time: each is compared with those after it until the time is exceeded.
    """
    ordered = sorted(events, key=lambda event: (event.at, event.uid))
    found: list[Link] = []
    for i, a in enumerate(ordered):
        for b in ordered[i + 1 :]:
            dt_ms = round((b.at - a.at).total_seconds() * 1000)
            if dt_ms > t_s * 1000:
                break
            distance_dm = round(hypot(b.x_dm - a.x_dm, b.y_dm - a.y_dm))
            if distance_dm <= r_m * 10:
                found.append(Link(a.uid, b.uid, distance_dm, dt_ms))
                if len(found) == LINKS_MAX:
                    return found
    return found

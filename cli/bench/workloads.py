"""What the correlation is measured on: a real feed replicated, uniform traffic, storms, disorder, chatter."""

import csv
import gzip
import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatcher.correlation.columns import EventColumns, event_columns
from dispatcher.correlation.groups import Group, GroupTable
from registry.projection import Origin, project

R_DM: Final = 1_500
T_MS: Final = 600_000
WINDOWS: Final = 10  # a stream lasts this many T, so that events come and go
GROUPS: Final = 8
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
COLUMBIA: Final = Origin(lon=-92.3341, lat=38.9517)
TILE_DM: Final = 4_000_000  # replicas of a city never touch
SEED: Final = 20_261_122


@dataclass(frozen=True, slots=True)
class Workload:
    """Events in order of arrival, and the groups whose lateness covers their disorder."""

    name: str
    what: str
    events: EventColumns
    groups: GroupTable


def workloads(sizes: dict[str, int]) -> list[Workload]:
    """Every workload, with the number of events given for each family W1..W6."""
    return [
        como_like(sizes["W1"]),
        *(uniform(f"W2_{density}", sizes["W2"], density) for density in (0.1, 2.0, 5.0)),
        uniform("W2", sizes["W2"], 0.9),
        storm("W3", sizes["W3"], share=0.2, spots=1),
        storm("W3_90", sizes["W3"], share=0.9, spots=1),
        storm("W3_2000_spots", sizes["W3"], share=0.9, spots=2_000),
        dense(uniform("W2_m3", sizes["W2"], 2.0), m=3),
        dense(storm("W3_m3", sizes["W3"], share=0.2, spots=1), m=3),
        disorder("W4", sizes["W4"], burst=False),
        disorder("W4_bursts", sizes["W4"], burst=True),
        chatter(sizes["W5"]),
        near_miss(sizes["W6"]),
    ]


def uniform(name: str, size: int, density: float, *, repeated: int = 1) -> Workload:
    """Events spread evenly over a city and over ten windows, `density` neighbours each, in order of time.

    `repeated` gives the traffic of `size` events that many times as long in the same city.
    """
    random = np.random.default_rng(SEED)
    side = _city_dm(size, density)
    size *= repeated
    t = np.sort(random.integers(0, WINDOWS * T_MS * repeated, size))
    x, y = random.integers(0, side, (2, size))
    return Workload(name, f"uniform, {density} neighbours an event", _events(random, t, x, y), _groups(0))


def storm(name: str, size: int, *, share: float, spots: int) -> Workload:
    """Uniform traffic in which a share of the events lies in one spot of 60 m, or in many at once."""
    random = np.random.default_rng(SEED + 1)
    side = _city_dm(size, 0.9)
    t = np.sort(random.integers(0, WINDOWS * T_MS, size))
    x, y = random.integers(0, side, (2, size))
    at = random.integers(0, side, (2, spots))
    hot = random.random(size) < share
    spot = random.integers(0, spots, size)
    x[hot] = at[0][spot[hot]] + random.integers(0, 600, int(hot.sum()))
    y[hot] = at[1][spot[hot]] + random.integers(0, 600, int(hot.sum()))
    what = f"{share:.0%} of the events in {'one spot' if spots == 1 else f'{spots} spots'}"
    return Workload(name, what, _events(random, t, x, y), _groups(0))


def dense(workload: Workload, m: int) -> Workload:
    """The same events where a cluster takes cores of m neighbours."""
    groups = GroupTable([replace(group, m=m) for group in workload.groups])
    return replace(workload, what=f"{workload.what}, m = {m}", groups=groups)


def disorder(name: str, size: int, *, burst: bool) -> Workload:
    """Uniform traffic that arrives late: by 60 s on average, or held back and delivered every five minutes."""
    random = np.random.default_rng(SEED + 2)
    t = np.sort(random.integers(0, WINDOWS * T_MS, size))
    x, y = random.integers(0, _city_dm(size, 0.9), (2, size))
    late_ms = np.minimum(random.exponential(MINUTE_MS, size), 9 * MINUTE_MS).astype(np.int64)
    if burst:
        held = random.random(size) < 0.3
        late_ms[held] = 5 * MINUTE_MS - t[held] % (5 * MINUTE_MS)
    order = np.argsort(t + late_ms, kind="stable")
    events = _events(random, t, x, y)
    what = "30 % held back up to 5 min" if burst else "60 s exponential disorder"
    return Workload(name, what, _rows(events, order), _groups(10 * MINUTE_MS))


def chatter(size: int) -> Workload:
    """Devices that re-raise: 37 % of the alarms within 60 s of their device's last, 53 % within 300 s."""
    random = np.random.default_rng(SEED + 3)
    fresh = random.random(size) >= 0.53
    fresh[0] = True
    gap_ms = np.where(
        random.random(size) < 0.37 / 0.53,
        random.integers(1, MINUTE_MS, size),
        random.integers(MINUTE_MS, 5 * MINUTE_MS, size),
    )
    begin = np.sort(random.integers(0, WINDOWS * T_MS, int(fresh.sum())))
    chain = np.cumsum(fresh) - 1
    held = np.cumsum(np.where(fresh, 0, gap_ms))
    t = begin[chain] + held - held[fresh][chain]
    device = random.integers(0, max(1, size // 20), begin.size)[chain]
    x, y = random.integers(0, _city_dm(size, 0.9), (2, max(1, size // 20)))
    order = np.argsort(t, kind="stable")
    events = _events(random, t, x[device], y[device], subject=device, group=device % GROUPS)
    return Workload("W5", "telecom re-raise chatter, G 60 s", _rows(events, order), _groups(MINUTE_MS, MINUTE_MS))


def near_miss(size: int) -> Workload:
    """Pairs of dense triangles that face each other 1.02 R apart: their boxes are within R, their events never."""
    random = np.random.default_rng(SEED + 4)
    pairs = 50
    t = np.sort(random.integers(0, WINDOWS * T_MS, size))
    pair = random.integers(0, pairs, size)
    side = random.integers(0, 2, size)
    u, v = random.integers(0, 700, (2, size))
    beyond = u + v > 700
    u, v = np.where(beyond, 700 - u, u), np.where(beyond, 700 - v, v)
    apart = int(R_DM * 1.02 / np.sqrt(2)) + 1
    x = pair * 20_000 + np.where(side == 0, u, apart + 700 - u)
    y = np.where(side == 0, v, apart + 700 - v)
    return Workload("W6", "two dense blocks 1.02 R apart", _events(random, t, x, y), _groups(0))


def como_like(size: int) -> Workload:
    """The Como feed, or its likeness, replicated in far-away tiles, each with its own arrival times."""
    folder = os.environ.get("RONGAN_DATA")
    path = Path(folder, "como_dispatch_arrivals.csv.gz") if folder else None
    real = path is not None and path.is_file()
    t, x, y, arrived = _como(path) if real and path is not None else _likeness()
    copies = -(-size // t.size)
    random = np.random.default_rng(SEED + 5)
    tile = np.repeat(np.arange(copies), t.size)
    shift = np.repeat(random.integers(0, 24 * HOUR_MS, copies), t.size)
    t, x, y, arrived = (np.tile(column, copies) for column in (t, x, y, arrived))
    # The first part in order of arrival: what counts is the rate, not that each tile is complete.
    order = np.argsort(arrived + shift, kind="stable")[:size]
    side = int(np.ceil(np.sqrt(copies)))
    events = _events(random, t + shift, x + tile % side * TILE_DM, y + tile // side * TILE_DM, group=0)
    source = "Como dispatch feed" if real else "seeded likeness of the Como feed"
    groups = GroupTable([Group(R_DM, T_MS, lateness_ms=48 * HOUR_MS, remember_ms=0)])
    return Workload("W1", f"{source}, {copies} tiles, own arrival times, 48 h lateness", _rows(events, order), groups)


def _como(path: Path) -> tuple[NDArray[np.int64], ...]:
    """Time, place and first arrival of every located incident, by its last delivery."""
    first: dict[str, int] = {}
    last: dict[str, tuple[int, int, int]] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if not row["incident"]:
                continue  # a few have no number: they are not one incident
            first.setdefault(row["incident"], 1000 * int(row["arrived_at"]))
            if row["lat"] and row["lon"]:
                place = project(float(row["lon"]), float(row["lat"]), COLUMBIA)
                last[row["incident"]] = (1000 * int(row["event_time"]), *place)
    columns = np.array([(*what, first[incident]) for incident, what in last.items()], np.int64)
    return tuple(columns.T)


def _likeness() -> tuple[NDArray[np.int64], ...]:
    """53,000 incidents in 290 days, many on few addresses of a small town, published 6 h late in hourly batches."""
    random = np.random.default_rng(SEED + 6)
    size = 53_000
    day = 24 * HOUR_MS
    hour = random.choice(24, size, p=_rhythm())
    t = random.integers(0, 290, size) * day + hour * HOUR_MS + random.integers(0, HOUR_MS, size)
    addresses = random.integers(-60_000, 60_000, (9_000, 2))
    address = np.minimum(random.zipf(1.35, size), addresses.shape[0]) - 1
    x, y = addresses[address].T
    late_ms = 6 * HOUR_MS + random.integers(0, 8 * HOUR_MS, size)
    arrived = -(-(t + late_ms) // HOUR_MS) * HOUR_MS
    return t, x, y, arrived


def _rhythm() -> NDArray[np.float64]:
    """Share of the day's incidents by hour: few before dawn, most in the late afternoon."""
    hours = np.arange(24)
    weight = 1.0 + 0.7 * np.sin((hours - 10) / 24 * 2 * np.pi)
    return np.asarray(weight / weight.sum())


def _city_dm(size: int, density: float) -> int:
    """The side of a city in which so many events in ten windows have `density` neighbours each."""
    return int(np.sqrt(size * np.pi * R_DM**2 * 2 / (GROUPS * density * WINDOWS)))


def _groups(lateness_ms: int, gap_ms: int = 0) -> GroupTable:
    return GroupTable([Group(R_DM, T_MS, gap_ms=gap_ms, lateness_ms=lateness_ms, remember_ms=0)] * GROUPS)


def _events(
    random: np.random.Generator, t: Any, x: Any, y: Any, subject: Any = None, group: Any = None
) -> EventColumns:
    size = t.size
    words = random.integers(0, 1 << 63, (2, size)).astype(np.uint64)
    return event_columns(
        (words[0], words[1]),
        t_ms=t,
        x_dm=x,
        y_dm=y,
        subject=np.arange(size) if subject is None else subject,
        group=random.integers(0, GROUPS, size) if group is None else group,
    )


def _rows(events: EventColumns, order: NDArray[np.int64]) -> EventColumns:
    return EventColumns._make(column[order] for column in events)


def digest(events: EventColumns) -> str:
    """Names the arrays, so that two runs can be compared."""
    total = hashlib.sha256()
    for column in events:
        total.update(column.tobytes())
    return total.hexdigest()[:12]

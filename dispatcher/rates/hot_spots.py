"""Hot spots: living clusters of a kind on the map, by the space-time permutation scan."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from dispatcher.rates.buckets import DAY
from dispatcher.rates.city_map import Happened, squares
from dispatcher.rates.model import WITNESSES_MAX, Detector, Finding, Spot
from dispatcher.rates.scan import Cluster, neighbourhoods, scan_space_time

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
T = TypeVar("T")

RADIUS_M: Final = 3_000
PERIODS_MAX: Final = 7  # days that a cluster may have lived
DAYS: Final = 28  # of incidents that the scan looks at
LEAST_INCIDENTS: Final = 20
LEAST_OBSERVED: Final = 5
REPLICATES: Final = 99
P_MAX: Final = 0.001
# Below this ratio no cluster of such a size is ever significant: no replicates are drawn.
RATIO_MIN: Final = 6.0
# Nor more than these where one of them is as strong: most clusters of usual days end here.
REPLICATES_FIRST: Final = 9
# More cells than this are joined four to one: the search takes as long as the square of their number.
CELLS_MAX: Final = 500
_LEAST: Final = timedelta.resolution


def scan(kind: str, incidents: Sequence[Happened], end: datetime) -> Finding | None:
    """The strongest living cluster of a kind among its unmasked incidents of the last 28 days, if chance is no reason.

    The same for the same incidents in any order: they are sorted, and the seed follows from kind and time.
    """
    begin = end - DAYS * DAY
    seen = sorted((i for i in incidents if begin <= i.at < end), key=lambda i: (i.at, i.x_dm, i.y_dm, i.id))
    if len(seen) < LEAST_INCIDENTS:
        return None
    width_dm, held = squares(seen, CELLS_MAX)
    number = {square: n for n, square in enumerate(held)}
    middle = (np.array(held, np.float64) + 0.5) * width_dm
    zones = neighbourhoods(middle[:, 0], middle[:, 1], radius=10.0 * RADIUS_M)
    place = np.array([number[incident.cell(width_dm)] for incident in seen], np.int64)
    age = np.array([(end - incident.at - _LEAST) // DAY for incident in seen], np.int64)  # a day holds its beginning
    search = partial(scan_space_time, zones, place, age, ages_max=PERIODS_MAX, seed=_seed(kind, end), clusters_max=1)
    strongest = search(replicates=0)
    if not strongest or strongest[0].log_likelihood_ratio < RATIO_MIN or strongest[0].observed < LEAST_OBSERVED:
        return None
    if search(replicates=REPLICATES_FIRST)[0].p_value > 1 / REPLICATES_FIRST:
        return None
    cluster = search(replicates=REPLICATES)[0]
    if cluster.p_gumbel > P_MAX:
        return None
    return _finding(kind, cluster, middle, width_dm, seen, place, age, end)


def _finding(
    kind: str,
    cluster: Cluster,
    middle: Floats,
    width_dm: int,
    seen: Sequence[Happened],
    place: Ints,
    age: Ints,
    end: datetime,
) -> Finding:
    inside = np.isin(place, cluster.locations) & (age < cluster.periods)
    members = [incident for incident, holds in zip(seen, inside.tolist(), strict=True) if holds]
    radius_dm = float(np.hypot(*(middle[list(cluster.locations)] - middle[cluster.centre]).T).max()) + width_dm / 2
    area_id, path = _most((m.area_id, m.area_path) for m in members)
    lon = math.fsum(m.lon for m in members) / len(members)
    lat = math.fsum(m.lat for m in members) / len(members)
    spot = Spot(
        key=f"area:{area_id or ''}",
        area_id=area_id,
        area_path=path,
        place=_most(m.place for m in members),
        lon=round(lon, 6),
        lat=round(lat, 6),
        radius_m=round(radius_dm / 10),
    )
    return Finding(
        detector=Detector.SPACE_TIME_SCAN,
        kind=kind,
        spot=spot,
        from_at=end - cluster.periods * DAY,
        to_at=end,
        observed=cluster.observed,
        expected=round(cluster.expected, 6),
        statistic=round(cluster.log_likelihood_ratio, 6),
        p_value=min(1.0, max(0.0, cluster.p_gumbel)),
        witnesses=tuple(sorted(member.id for member in members)[:WITNESSES_MAX]),
    )


def _most(named: Iterable[T]) -> T:
    """The most frequent; among equals one that does not depend on who came first."""
    return min(Counter(named).items(), key=lambda item: (-item[1], repr(item[0])))[0]


def _seed(kind: str, end: datetime) -> int:
    return int.from_bytes(hashlib.sha256(f"{kind} {end.timestamp():.0f}".encode()).digest()[:8], "big")

"""Scan statistics: the circles, or the cylinders of place and time, that hold more cases than chance explains.

Source: Kulldorff 1997 (Communications in Statistics 26) for the Poisson model, Kulldorff and others 2005 (PLoS Medicine
2) for space-time permutation, which needs no population; Abrams, Kulldorff, Kleinman 2010 (International Journal of
Health Geographics 9) for p-values from a fitted Gumbel distribution, which need a tenth of the replicates.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from dispatcher.rates.columns import Floats, Ints, ScanRoom
from dispatcher.rates.kernels.zones import cylinders, poisson_zones

_EULER: Final = 0.5772156649015329
_ROUNDING: Final = 1e-12
_EXPONENT_MAX: Final = 700.0  # exp of more is no float


@dataclass(frozen=True, slots=True)
class Cluster:
    """More cases in one zone than expected; `locations` from the centre outwards."""

    centre: int
    locations: tuple[int, ...]
    periods: int  # the last so many periods; 0 in a purely spatial scan
    observed: int
    expected: float
    log_likelihood_ratio: float
    p_value: float  # by rank among the replicates
    p_gumbel: float  # from the distribution fitted to the replicates: keeps its digits with few of them


@dataclass(frozen=True, slots=True)
class Neighbourhoods:
    """The candidate zones: for each centre the locations by distance, and how many of them may be in a zone."""

    order: Ints
    reach: Ints


def neighbourhoods(*axes: Floats, radius: float = math.inf, weight: Floats | None = None,
                   weight_max: float = math.inf) -> Neighbourhoods:  # fmt: skip
    """Zones within a radius whose locations weigh (such as: number of inhabitants) no more than `weight_max` together.

    The axes are those of a plane, or three on a sphere: chords are ordered as great circles are. Equal distances are
    ordered by the number of the location.
    """
    squared = np.square([axis[:, None] - axis[None, :] for axis in axes]).sum(axis=0)
    order = np.argsort(squared, axis=1, kind="stable").astype(np.int64)
    near = np.take_along_axis(squared, order, axis=1) <= radius * radius
    if weight is not None:
        near &= np.cumsum(weight[order], axis=1) <= weight_max
    reach = np.where(near.all(axis=1), order.shape[1], np.argmin(near, axis=1)).astype(np.int64)
    return Neighbourhoods(order, reach)


def scan_poisson(
    zones: Neighbourhoods, cases: Ints, population: Floats, *, replicates: int, seed: int, clusters_max: int = 3
) -> list[Cluster]:
    """Clusters of high rates in space, the strongest first, none sharing a location with a stronger one."""
    total = int(cases.sum())
    share = population / population.sum()
    expected = share * total
    places = zones.order.shape[0]
    llr, size = np.empty(places), np.empty(places, np.int64)
    nobody = np.zeros(places, np.bool_)

    def maximum(replicate: int) -> float:
        drawn = np.random.default_rng((seed, replicate)).multinomial(total, share)
        poisson_zones(zones.order, zones.reach, drawn.astype(np.float64), expected, nobody, llr, size)
        return float(llr.max(initial=0.0))

    chance = _replicated(maximum, replicates)
    taken = nobody.copy()
    found: list[Cluster] = []
    while len(found) < clusters_max:
        poisson_zones(zones.order, zones.reach, cases.astype(np.float64), expected, taken, llr, size)
        centre = int(llr.argmax())
        if llr[centre] <= 0:
            break
        inside = zones.order[centre, : size[centre]]
        taken[inside] = True
        ratio = float(llr[centre])
        found.append(
            Cluster(
                centre=centre,
                locations=tuple(inside.tolist()),
                periods=0,
                observed=int(cases[inside].sum()),
                expected=float(expected[inside].sum()),
                log_likelihood_ratio=ratio,
                p_value=_rank_p(ratio, chance),
                p_gumbel=gumbel_p(ratio, chance),
            )
        )
    return found


def scan_space_time(
    zones: Neighbourhoods, place: Ints, age: Ints, *, ages_max: int, replicates: int, seed: int, clusters_max: int = 5
) -> list[Cluster]:
    """Living clusters of place and time: excess over what each place and each period has of itself.

    `place` is the location of each case and `age` its whole periods before the end of the data. Replicates shuffle the
    ages over the cases, each by a generator of its own, so the outcome does not depend on who computes which.
    """
    places = zones.order.shape[0]
    llr, size, ages = np.empty(places), np.empty(places, np.int64), np.empty(places, np.int64)
    nobody = np.zeros(places, np.bool_)
    room = scan_room(places, ages_max)

    def maximum(replicate: int) -> float:
        shuffled = np.random.default_rng((seed, replicate)).permutation(age)
        cylinders(zones.order, zones.reach, place, shuffled, ages_max, nobody, room, llr, size, ages)
        return float(llr.max(initial=0.0))

    if place.size == 0:
        return []
    chance = _replicated(maximum, replicates)
    taken = nobody.copy()
    found: list[Cluster] = []
    while len(found) < clusters_max:
        cylinders(zones.order, zones.reach, place, age, ages_max, taken, room, llr, size, ages)
        centre = int(llr.argmax())
        if llr[centre] <= 0:
            break
        inside = zones.order[centre, : size[centre]]
        taken[inside] = True
        of_zone = np.isin(place, inside)
        lately = age < ages[centre]
        ratio = float(llr[centre])
        found.append(
            Cluster(
                centre=centre,
                locations=tuple(inside.tolist()),
                periods=int(ages[centre]),
                observed=int(np.count_nonzero(of_zone & lately)),
                expected=float(np.count_nonzero(of_zone)) * float(np.count_nonzero(lately)) / place.size,
                log_likelihood_ratio=ratio,
                p_value=_rank_p(ratio, chance),
                p_gumbel=gumbel_p(ratio, chance),
            )
        )
    return found


def scan_room(places: int, ages_max: int) -> ScanRoom:
    """What a search of so many places and periods works in."""
    return ScanRoom(
        recent=np.empty((places, ages_max), np.int64),
        at_place=np.empty(places, np.int64),
        in_periods=np.empty(ages_max, np.int64),
        inside=np.empty(ages_max, np.int64),
    )


def gumbel_p(ratio: float, chance: Floats) -> float:
    """The probability of so great a ratio by chance, from a Gumbel distribution fitted to the replicates by moments."""
    spread = float(chance.std(ddof=1)) if chance.size > 1 else 0.0
    if spread <= _ROUNDING * float(chance.max(initial=0.0)):  # all are equal, and their last bits no distribution
        return _rank_p(ratio, chance)
    scale = spread * math.sqrt(6) / math.pi
    location = float(chance.mean()) - _EULER * scale
    return -math.expm1(-math.exp(min(_EXPONENT_MAX, (location - ratio) / scale)))


def _rank_p(ratio: float, chance: Floats) -> float:
    return (1 + int(np.count_nonzero(chance >= ratio))) / (1 + chance.size)


def _replicated(maximum: Callable[[int], float], replicates: int) -> Floats:
    return np.array([maximum(replicate) for replicate in range(replicates)], np.float64)

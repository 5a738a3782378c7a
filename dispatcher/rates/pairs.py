"""Which kind of event tends to be followed by which, nearby and soon: candidates for patterns, for a human to admit.

For each ordered pair the events of the second kind are counted that have one of the first kind on their own or a
neighbouring place within the time before them. Chance is what remains when each kind's times are turned round the whole
span by an amount of its own: rhythm and frequency of every kind stay, only their relation goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    """`observed` of the `effect`'s events followed one of the `cause`'s; by chance `expected` would."""

    cause: int
    effect: int
    observed: int
    expected: float
    z: float


@dataclass(frozen=True, slots=True)
class PairOptions:
    lag: int = 120  # in the unit of the times
    replicates: int = 20
    seed: int = 1
    z_min: float = 3.0


def mine(
    kind: Ints,
    place: Ints,
    at: Ints,
    neighbours: Sequence[Sequence[int]],
    options: PairOptions = PairOptions(),
) -> list[Pair]:
    """Pairs that follow each other more often than chance, the surest first; `neighbours[p]` are places beside p.

    The same for the same events in any order. Kinds are numbered from 0.
    """
    if kind.size == 0:
        return []
    kinds = int(kind.max()) + 1
    order = np.lexsort((kind, place, at))
    kind, place, at = kind[order], place[order], at[order]
    observed = _followed(kind, place, at, neighbours, kinds, options.lag)
    first = int(at.min())
    span = int(at.max()) - first + 1
    by_chance = np.empty((options.replicates, kinds, kinds))
    for replicate in range(options.replicates):
        turn = np.random.default_rng((options.seed, replicate)).integers(0, span, size=kinds)
        turned = first + (at - first + turn[kind]) % span
        by_chance[replicate] = _followed(kind, place, turned, neighbours, kinds, options.lag)
    expected = by_chance.mean(axis=0)
    # One event more or less is never significant, however constant chance was.
    z = (observed - expected) / (by_chance.std(axis=0) + 1)
    found = [
        Pair(cause, effect, int(observed[cause, effect]), float(expected[cause, effect]), float(z[cause, effect]))
        for cause in range(kinds)
        for effect in range(kinds)
        if cause != effect and z[cause, effect] > options.z_min
    ]
    return sorted(found, key=lambda pair: (-pair.z, pair.cause, pair.effect))


def _followed(kind: Ints, place: Ints, at: Ints, neighbours: Sequence[Sequence[int]], kinds: int, lag: int) -> Floats:
    """How many events of each effect have one of each cause before them: counts[cause, effect]."""
    counts = np.zeros((kinds, kinds))
    order = np.argsort(place, kind="stable")
    bounds = np.searchsorted(place[order], np.arange(len(neighbours) + 1))
    here = [order[bounds[p] : bounds[p + 1]] for p in range(len(neighbours))]
    for p, own in enumerate(here):
        if own.size == 0:
            continue
        around = np.concatenate([own, *(here[q] for q in neighbours[p] if q != p)])
        for cause in np.unique(kind[around]).tolist():
            causes = np.sort(at[around[kind[around] == cause]])
            first = np.searchsorted(causes, at[own] - lag, "left")
            preceded = np.searchsorted(causes, at[own], "left") > first
            counts[cause] += np.bincount(kind[own], weights=preceded, minlength=kinds)
    return counts

"""The best zones of a map: circles, or cylinders of place and time, by their log-likelihood ratio."""

import math

from dispatcher.correlation.kernels.jit import compiled
from dispatcher.rates.columns import Flags, Floats, Ints, ScanRoom


@compiled
def poisson_zones(
    order: Ints, reach: Ints, cases: Floats, expected: Floats, taken: Flags, best_llr: Floats, best_size: Ints
) -> None:
    """For each centre the zone of its nearest locations with the greatest log-likelihood ratio, if cases exceed
    expectation there; a zone ends before the first location that is taken.

    `order[i, :reach[i]]` are the locations by their distance from i; cases and expected have the same sum.
    """
    total = 0.0
    for i in range(cases.size):
        total += cases[i]
    for i in range(order.shape[0]):
        best_llr[i] = 0.0
        best_size[i] = 0
        inside, mean = 0.0, 0.0
        for k in range(reach[i]):
            at = order[i, k]
            if taken[at]:
                break
            inside += cases[at]
            mean += expected[at]
            if inside <= mean or mean <= 0.0:
                continue
            llr = inside * math.log(inside / mean)
            if inside < total:
                llr += (total - inside) * math.log((total - inside) / (total - mean))
            if llr > best_llr[i]:
                best_llr[i] = llr
                best_size[i] = k + 1


@compiled
def cylinders(
    order: Ints,
    reach: Ints,
    place: Ints,
    age: Ints,
    ages_max: int,
    taken: Flags,
    room: ScanRoom,
    best_llr: Floats,
    best_size: Ints,
    best_age: Ints,
) -> None:
    """For each centre the living cylinder with the greatest ratio under space-time permutation.

    `place` and `age` (whole periods before the end, 0 the last) are of the cases. A cylinder holds the nearest places
    and the last 1 to `ages_max` periods; its expectation is cases of its places times cases of its periods over all
    cases. Neither its places nor the cylinder may hold more than half of all cases. What stands in `room` is lost.
    """
    places = order.shape[0]
    total = place.size
    recent, at_place, in_periods, inside = room
    recent[:] = 0
    at_place[:] = 0
    in_periods[:] = 0
    for case in range(total):
        at_place[place[case]] += 1
        if age[case] < ages_max:
            recent[place[case], age[case]] += 1
    for p in range(places):
        for a in range(1, ages_max):
            recent[p, a] += recent[p, a - 1]
        for a in range(ages_max):
            in_periods[a] += recent[p, a]
    for i in range(places):
        best_llr[i] = 0.0
        best_size[i] = 0
        best_age[i] = 0
        inside[:] = 0
        here = 0
        for k in range(reach[i]):
            at = order[i, k]
            if taken[at]:
                break
            here += at_place[at]
            if 2 * here > total:
                break
            for a in range(ages_max):
                inside[a] += recent[at, a]
                count = inside[a]
                mean = here * in_periods[a] / total
                if count <= mean or 2 * count > total:
                    continue
                llr = count * math.log(count / mean) + (total - count) * math.log((total - count) / (total - mean))
                if llr > best_llr[i]:
                    best_llr[i] = llr
                    best_size[i] = k + 1
                    best_age[i] = a + 1

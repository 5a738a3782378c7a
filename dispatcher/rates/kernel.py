"""Compiled loops of the rate detectors; all in this one module, since numba's cache knows no other file.

Pure: arrays in, arrays out, no time and no chance within; callers own every buffer. No fastmath, so that two machines
agree.
"""

import math
from typing import Any

import numpy as np
from numba import njit

HOURS_A_WEEK = 168


@njit(cache=True, nogil=True, fastmath=False)
def seasonal_cusum(
    counts: Any, phase: int, prior: float, memory: float, factor: float, limit: float, expected: Any, statistic: Any
) -> None:
    """Fill the expected count and the CUSUM of each hour; a CUSUM above `limit` starts again from zero after it.

    The baseline of an hour is the Gamma posterior of its hour of the week, `phase` being that of the first: earlier
    weeks weigh `memory` to the power of their age in weeks, and the mean of all earlier hours stands for `prior` more.
    Counts are then negative binomial; the CUSUM adds the log-likelihood ratio of `factor` times the mean.
    """
    sums = np.zeros(HOURS_A_WEEK)
    weights = np.zeros(HOURS_A_WEEK)
    total, hours = 0.0, 0.0
    cusum = 0.0
    for i in range(counts.size):
        slot = (phase + i) % HOURS_A_WEEK
        mean = (total + 0.5) / (hours + 168.0) if hours < 168.0 else (total + 0.5) / (hours + 1.0)
        shape = prior * mean + sums[slot]
        rate = prior + weights[slot]
        mu = shape / rate
        expected[i] = mu
        step = counts[i] * (math.log(factor) + math.log((shape + mu) / (shape + factor * mu)))
        step += shape * math.log((shape + mu) / (shape + factor * mu))
        if cusum > limit:
            cusum = 0.0
        cusum = max(0.0, cusum + step)
        statistic[i] = cusum
        sums[slot] = memory * sums[slot] + counts[i]
        weights[slot] = memory * weights[slot] + 1.0
        total += counts[i]
        hours += 1.0


@njit(cache=True, nogil=True, fastmath=False)
def poisson_zones(order: Any, reach: Any, cases: Any, expected: Any, taken: Any, best_llr: Any, best_size: Any) -> None:
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


@njit(cache=True, nogil=True, fastmath=False)
def cylinders(
    order: Any,
    reach: Any,
    place: Any,
    age: Any,
    ages_max: int,
    taken: Any,
    best_llr: Any,
    best_size: Any,
    best_age: Any,
) -> None:
    """For each centre the living cylinder with the greatest ratio under space-time permutation.

    `place` and `age` (whole periods before the end, 0 the last) are of the cases. A cylinder holds the nearest places
    and the last 1 to `ages_max` periods; its expectation is cases of its places times cases of its periods over all
    cases. Neither its places nor the cylinder may hold more than half of all cases.
    """
    places = order.shape[0]
    total = place.size
    recent = np.zeros((places, ages_max), np.int64)
    at_place = np.zeros(places, np.int64)
    in_periods = np.zeros(ages_max, np.int64)
    for case in range(total):
        at_place[place[case]] += 1
        if age[case] < ages_max:
            recent[place[case], age[case]] += 1
    for p in range(places):
        for a in range(1, ages_max):
            recent[p, a] += recent[p, a - 1]
        for a in range(ages_max):
            in_periods[a] += recent[p, a]
    inside = np.zeros(ages_max, np.int64)
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


@njit(cache=True, nogil=True, fastmath=False)
def departures(values: Any, window: int, warm_up: int, departure: Any, record: Any) -> None:
    """Fill how many standard deviations each value is from the mean of the `window` before it, and by what share of
    the range so far it lies outside that range.

    The deviation counts as at least a thousandth of that of all values so far: a flat stretch is no certainty. The
    first `warm_up` values are held against too little and get zeros.
    """
    if values.size == 0:
        return
    origin = values[0]
    low, high = origin, origin
    near_sum, near_square, all_sum, all_square = 0.0, 0.0, 0.0, 0.0
    for i in range(values.size):
        value = values[i] - origin
        departure[i], record[i] = 0.0, 0.0
        if i >= warm_up and i > 0:
            near = min(i, window)
            mean = near_sum / near
            spread = math.sqrt(max(0.0, near_square / near - mean * mean))
            overall = math.sqrt(max(0.0, all_square / i - (all_sum / i) ** 2))
            departure[i] = abs(value - mean) / max(spread, 1e-3 * overall, 1e-9)
            if high > low:
                record[i] = max(values[i] - high, low - values[i], 0.0) / (high - low)
        low, high = min(low, values[i]), max(high, values[i])
        near_sum += value
        near_square += value * value
        all_sum += value
        all_square += value * value
        if i >= window:
            old = values[i - window] - origin
            near_sum -= old
            near_square -= old * old


@njit(cache=True, nogil=True, fastmath=False)
def only_stronger(scores: Any, quiet: int, out: Any) -> None:
    """Copy the scores that exceed all of the last `quiet` scores; the others become 0."""
    for i in range(scores.size):
        out[i] = scores[i]
        for j in range(max(0, i - quiet), i):
            if scores[j] >= scores[i]:
                out[i] = 0.0
                break

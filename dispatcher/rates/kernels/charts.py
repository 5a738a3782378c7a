"""The chart of a series of hourly counts: its seasonal baseline, and the CUSUM over it."""

import math
from typing import Final

from dispatcher.correlation.kernels.jit import compiled
from dispatcher.rates.columns import Floats

HOURS_A_WEEK: Final = 168


@compiled
def seasonal_cusum(
    counts: Floats,
    phase: int,
    prior: float,
    memory: float,
    factor: float,
    limit: float,
    season: Floats,
    expected: Floats,
    statistic: Floats,
) -> None:
    """Fill the expected count and the CUSUM of each hour; a CUSUM above `limit` starts again from zero after it.

    The baseline of an hour is the Gamma posterior of its hour of the week, `phase` being that of the first: earlier
    weeks weigh `memory` to the power of their age in weeks, and the mean of all earlier hours stands for `prior` more.
    Counts are then negative binomial; the CUSUM adds the log-likelihood ratio of `factor` times the mean.
    `season` is room for two rows of a week, of sums and of weights; what stands there is lost.
    """
    sums, weights = season[0], season[1]
    sums[:] = 0.0
    weights[:] = 0.0
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

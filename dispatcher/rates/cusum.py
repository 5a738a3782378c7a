"""Negative binomial CUSUM over a baseline of the hour of the week: is something more frequent than it always is now.

Source: Hoehle and Paul 2008 (Computational Statistics and Data Analysis 52) for the chart, restarted after each alarm;
the baseline is a Gamma-Poisson posterior with exponential forgetting, so what it predicts is negative binomial.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dispatcher.rates.columns import Floats
from dispatcher.rates.kernels.charts import HOURS_A_WEEK, seasonal_cusum


@dataclass(frozen=True, slots=True)
class CusumOptions:
    """`factor` is the rise it is tuned to find; `limit` how sure it must be (log-likelihood ratio).

    How often it is wrong and how soon it is right at these values stands in docs/reference/detectors.md.
    """

    factor: float = 2.0
    limit: float = 8.0
    prior_hours: float = 1.0
    memory: float = 0.95


@dataclass(frozen=True, slots=True)
class Chart:
    """Of each hour: what was expected, and the statistic; above `limit` is unusual and the next hour starts anew."""

    expected: Floats
    statistic: Floats
    limit: float

    @property
    def unusual(self) -> npt.NDArray[np.bool_]:
        return self.statistic > self.limit

    def began(self, hour: int) -> int:
        """The first hour of the rise that ends with this one."""
        first = hour
        while first > 0 and 0 < self.statistic[first - 1] <= self.limit:
            first -= 1
        return first


def chart(counts: Floats, hour_of_week: int, options: CusumOptions = CusumOptions()) -> Chart:
    """The chart of consecutive hourly counts; `hour_of_week` (0 is Monday 00:00) is that of the first."""
    values = np.ascontiguousarray(counts, np.float64)
    expected, statistic = np.empty(values.size), np.empty(values.size)
    seasonal_cusum(
        values,
        hour_of_week,
        options.prior_hours,
        options.memory,
        options.factor,
        options.limit,
        np.empty((2, HOURS_A_WEEK)),
        expected,
        statistic,
    )
    return Chart(expected, statistic, options.limit)

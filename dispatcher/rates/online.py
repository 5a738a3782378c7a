"""Judges the hours, days and weeks of one series of counts as they are finished."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from dispatcher.rates.buckets import DAY, HOUR, hour_of_week, wider
from dispatcher.rates.columns import Floats, Ints
from dispatcher.rates.cusum import CusumOptions, chart
from dispatcher.rates.ears import EarsMethod, history, upper_bounds
from dispatcher.rates.farrington import WEEKS_A_YEAR, FarringtonOptions, judge
from dispatcher.rates.model import Detector, Finding, Spot

# A chart of this many weeks; a series younger than `SETTLED` is judged by EARS alone.
CHART_WEEKS: Final = 8
SETTLED: Final = timedelta(weeks=4)
WEEK: Final = timedelta(weeks=1)
# Two incidents are never an outbreak, however quiet it was before.
LEAST_OBSERVED: Final = 3
EARS_SD_MIN: Final = 0.5
FARRINGTON_YEARS: Final = 5
# How far back the detectors look at all.
LOOKBACK: Final = timedelta(weeks=WEEKS_A_YEAR * FARRINGTON_YEARS + 4)

CUSUMS: Final = (CusumOptions(factor=2.0), CusumOptions(factor=8.0))
_FARRINGTON: Final = FarringtonOptions(years=FARRINGTON_YEARS)


@dataclass(frozen=True, slots=True)
class CountSeries:
    """The finished counts of a kind in an area by hour, or by day for days and weeks."""

    kind: str
    spot: Spot
    counted_from: datetime  # when counting began: an hour before it is unknown, not empty
    first_at: datetime  # the beginning of the first of `counts`
    width: timedelta  # of each
    counts: Ints

    def between(self, begin: datetime, end: datetime, width: timedelta) -> Floats:
        """Consecutive counts of this width; both instants are borders of buckets within the series."""
        first, last = (begin - self.first_at) // self.width, (end - self.first_at) // self.width
        assert 0 <= first <= last <= self.counts.size  # noqa: S101 - who judges has read so much
        return wider(self.counts[first:last], width // self.width).astype(np.float64)


def judge_hour(series: CountSeries, end: datetime) -> Finding | None:
    """The hour that ended at `end` by two CUSUMs over the last eight weeks; None where nothing is unusual.

    One is tuned to a doubling that lasts, one to a burst; the surer of them speaks.
    """
    if end - series.counted_from < SETTLED or not series.between(end - HOUR, end, HOUR)[0]:
        return None
    begin = max(series.counted_from, end - CHART_WEEKS * WEEK)
    counts = series.between(begin, end, HOUR)
    last = counts.size - 1
    drawn = max((chart(counts, hour_of_week(begin), each) for each in CUSUMS), key=lambda c: float(c.statistic[last]))
    first = drawn.began(last)
    observed = int(counts[first:].sum())
    if not drawn.unusual[last] or observed < LEAST_OBSERVED:
        return None
    return Finding(
        detector=Detector.NB_CUSUM,
        kind=series.kind,
        spot=series.spot,
        from_at=begin + first * HOUR,
        to_at=end,
        observed=observed,
        expected=round(float(drawn.expected[first:].sum()), 6),
        statistic=round(float(drawn.statistic[last]), 6),
        p_value=None,
    )


def judge_day(series: CountSeries, end: datetime) -> list[Finding]:
    """The day that ended at `end` by EARS C1 and C2, while the series is young."""
    known = (end - series.counted_from) // DAY
    if end - series.counted_from >= SETTLED:
        return []
    found = []
    for method, detector in ((EarsMethod.C1, Detector.EARS_C1), (EarsMethod.C2, Detector.EARS_C2)):
        needed = history(method) + 1
        if known < needed:
            continue
        counts = series.between(end - needed * DAY, end, DAY)
        bound = float(upper_bounds(counts, method, sd_min=EARS_SD_MIN)[-1])
        observed = int(counts[-1])
        if observed > bound and observed >= LEAST_OBSERVED:
            found.append(
                Finding(
                    detector=detector,
                    kind=series.kind,
                    spot=series.spot,
                    from_at=end - DAY,
                    to_at=end,
                    observed=observed,
                    expected=round(float(counts[:7].mean()), 6),
                    statistic=round(bound, 6),
                    p_value=None,
                )
            )
    return found


def judge_week(series: CountSeries, end: datetime, options: FarringtonOptions = _FARRINGTON) -> Finding | None:
    """The seven days that ended at `end` by Farrington flexible; None without a year of history."""
    weeks = min((end - series.counted_from) // WEEK, options.years * WEEKS_A_YEAR + options.half_window + 1)
    if weeks <= WEEKS_A_YEAR + options.half_window:
        return None
    counts = series.between(end - weeks * WEEK, end, WEEK)
    if counts[-options.least_weeks :].sum() < options.least_cases:  # no verdict: spare the regression
        return None
    verdict = judge(counts, options)
    if verdict is None or not verdict.exceeds:
        return None
    return Finding(
        detector=Detector.FARRINGTON,
        kind=series.kind,
        spot=series.spot,
        from_at=end - WEEK,
        to_at=end,
        observed=verdict.observed,
        expected=round(verdict.expected, 6),
        statistic=round(verdict.threshold.score, 6),
        p_value=min(1.0, verdict.threshold.p_value),
    )

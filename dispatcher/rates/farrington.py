"""Farrington flexible: does this week's count exceed what the same season of earlier years leads one to expect.

Source: Farrington, Andrews, Beale, Catchpole 1996 (J. R. Statist. Soc. A 159) and the improvements of Noufaily and
others 2013 (Statistics in Medicine 32): quasi-Poisson regression on the weeks around the same date of earlier years and
on blocks between them, past outbreaks weighted down by their Anscombe residuals, the trend kept only where it is sure.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from dispatcher.rates.distributions import count_quantile, count_tail, normal_quantile, normal_tail
from dispatcher.rates.regression import Fit, fit_quasi_poisson

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEEKS_A_YEAR: Final = 52


class Bound(StrEnum):
    """How the bound is drawn from the fitted mean."""

    DELTA = "delta"  # normal on a transformed scale: Farrington 1996
    NB_PLUGIN = "nb_plugin"  # quantile of a negative binomial at the fitted mean
    MUAN = "muan"  # the same at an upper quantile of the mean: also knows how unsure the mean is


class Power(StrEnum):
    """The transformation that makes counts symmetric, for `Bound.DELTA`."""

    NONE = "none"
    HALF = "1/2"
    TWO_THIRDS = "2/3"


_EXPONENT: Final = {Power.NONE: 1.0, Power.HALF: 0.5, Power.TWO_THIRDS: 2 / 3}


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a count is held against."""

    lower: float
    upper: float
    p_value: float  # of a count at least as high
    score: float  # above 1: above the bound


@dataclass(frozen=True, slots=True)
class FarringtonOptions:
    """Noufaily's recommendation, but for the years: five where there are five, else what there is (at least one)."""

    years: int = 5
    half_window: int = 3
    periods: int = 10
    weeks_left_out: int = 26
    weights_threshold: float = 2.58
    trend_p_max: float = 1.0
    alpha: float = 0.01
    bound: Bound = Bound.NB_PLUGIN
    power: Power = Power.TWO_THIRDS
    least_cases: int = 5  # in the last `least_weeks`, the week itself included: else no verdict
    least_weeks: int = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """One week judged. `enough` is false where too few cases came lately for any verdict."""

    observed: int
    expected: float
    phi: float
    trend: bool
    enough: bool
    threshold: Threshold

    @property
    def exceeds(self) -> bool:
        return self.enough and self.observed > 0 and self.threshold.score > 1


def anscombe_residuals(counts: Floats, fit: Fit, phi: float) -> Floats:
    """Residuals that are near normal for counts, standardised by leverage."""
    mu = fit.mean
    raw = 1.5 * (counts ** (2 / 3) * mu ** (-1 / 6) - np.sqrt(mu))
    return np.asarray(raw / np.sqrt(phi * np.maximum(1 - fit.leverage, 1e-12)), np.float64)


def weights_of(residuals: Floats, threshold: float) -> Floats:
    """Residuals above the threshold weigh as their inverse square; all weights sum to their number."""
    outbreak = residuals > threshold
    raw = np.ones(residuals.size)
    raw[outbreak] = residuals[outbreak] ** -2
    return np.asarray(raw * (residuals.size / raw.sum()), np.float64)


def threshold_delta(mean: float, se: float, phi: float, power: Power, alpha: float, observed: float) -> Threshold:
    """Bounds from the mean and its standard error, both on the scale of counts."""
    tau = phi + se * se / mean
    exponent = _EXPONENT[power]
    sd = math.sqrt(mean ** (2 * exponent - 1) * exponent * exponent * tau)
    centre, reach = mean**exponent, normal_quantile(1 - alpha) * sd
    low, high = centre - reach, (centre + reach) ** (1 / exponent)
    p_value = normal_tail((observed**exponent - centre) / sd)
    # The square of a negative root would be a bound again, so it is sorted as published; 2/3 has none.
    lower = low ** (1 / exponent) if low >= 0 or power is not Power.TWO_THIRDS else 0.0
    lower, high = sorted((max(0.0, lower), high))
    return Threshold(lower, high, p_value, (observed - mean) / (high - mean))


def threshold_counts(eta: float, se_eta: float, phi: float, bound: Bound, alpha: float, observed: float) -> Threshold:
    """Bounds that are counts, from the linear predictor and its standard error.

    The score's centre is the linear predictor itself, as in the published constants; `Verdict` uses `score_of_mean`.
    """
    quantile = math.exp(eta if bound is Bound.NB_PLUGIN else eta + normal_quantile(1 - alpha) * se_eta)
    lower = count_quantile(alpha, quantile, phi)
    upper = count_quantile(1 - alpha, quantile, phi)
    p_value = count_tail(observed, quantile, phi)
    return Threshold(lower, upper, p_value, (observed - eta) / (upper - eta) if upper != eta else math.inf)


def score_of_mean(observed: float, mean: float, upper: float) -> float:
    """On the scale of counts: 1 at the bound, 0 at the mean, above 1 exactly where the bound is exceeded.

    Where next to nothing was expected the bound is 0 and lies below the mean: then 1 more than the count exceeds it.
    """
    if upper > mean:
        return (observed - mean) / (upper - mean)
    return max(0.0, 1 + observed - upper) if observed > upper else 0.0


def reference_blocks(week: int, options: FarringtonOptions) -> Ints:
    """Which block of the season each earlier week is in, 0 where it is not used; `periods` is the season of `week`."""
    blocks = np.zeros(week + 1, np.int64)
    w, p = options.half_window, options.periods
    years = min(options.years, (week - w) // WEEKS_A_YEAR)
    blocks[max(0, week - w) : week + 1] = p
    for year in range(1, years + 1):
        middle = week - year * WEEKS_A_YEAR
        blocks[max(0, middle - w) : middle + w + 1] = p
        if p > 1:
            first = middle + w + 1
            between = WEEKS_A_YEAR - 2 * w - 1
            length, rest = divmod(between, p - 1)
            for block in range(1, p):
                size = length + (block <= rest)
                blocks[first : first + size] = block
                first += size
    blocks[max(0, week - options.weeks_left_out) :] = 0
    return blocks


def judge(counts: Floats, options: FarringtonOptions = FarringtonOptions()) -> Verdict | None:
    """The last of these weekly counts against the weeks before it; None without a year of history or a fit."""
    week = counts.size - 1
    if week < WEEKS_A_YEAR + options.half_window:
        return None
    blocks = reference_blocks(week, options)
    used = np.flatnonzero(blocks)
    seasons = np.array(sorted(set(blocks[used].tolist()) - {options.periods}), np.int64)
    season = (blocks[used][:, None] == seasons).astype(np.float64)
    intercept = np.ones((used.size, 1))
    time = ((used - week) / WEEKS_A_YEAR)[:, None]
    response = counts[used]
    if not response.any():
        return _first_ever(counts, used.size, options)
    now = np.zeros(2 + seasons.size)
    now[0] = 1.0
    trend = min(options.years, week // WEEKS_A_YEAR) >= 3
    fit = _reweighted(np.hstack((intercept, time, season)), response, options) if trend else None
    if fit is not None:
        sure = fit.p_value(1) < options.trend_p_max
        trend = sure and math.exp(float(now @ fit.coefficients)) <= float(response.max(initial=0.0))
    if fit is None or not trend:
        trend = False
        now = np.delete(now, 1)
        fit = _reweighted(np.hstack((intercept, season)), response, options)
    if fit is None:
        return None
    return _verdict(counts, fit, now, trend, options)


def _reweighted(design: Floats, response: Floats, options: FarringtonOptions) -> Fit | None:
    fit = fit_quasi_poisson(design, response)
    if fit is None:
        return None
    residuals = anscombe_residuals(response, fit, max(fit.dispersion, 1.0))
    return fit_quasi_poisson(design, response, weights_of(residuals, options.weights_threshold))


def _first_ever(counts: Floats, weeks: int, options: FarringtonOptions) -> Verdict:
    """Against reference weeks without a case: half a case is expected in all of them. A regression would give 0 and a
    p-value that tells how often it went round.
    """
    observed, mean = int(counts[-1]), 0.5 / weeks
    upper = count_quantile(1 - options.alpha, mean, 1.0)
    threshold = Threshold(0.0, upper, count_tail(observed, mean, 1.0), score_of_mean(observed, mean, upper))
    return Verdict(observed, mean, 1.0, trend=False, enough=_enough(counts, options), threshold=threshold)


def _enough(counts: Floats, options: FarringtonOptions) -> bool:
    return float(counts[-options.least_weeks :].sum()) >= options.least_cases


def _verdict(counts: Floats, fit: Fit, now: Floats, trend: bool, options: FarringtonOptions) -> Verdict:
    observed = int(counts[-1])
    phi = max(fit.dispersion, 1.0)
    eta = float(now @ fit.coefficients)
    se_eta = fit.standard_error(now)
    mean = math.exp(eta)
    if options.bound is Bound.DELTA:
        threshold = threshold_delta(mean, mean * se_eta, phi, options.power, options.alpha, observed)
    else:
        drawn = threshold_counts(eta, se_eta, phi, options.bound, options.alpha, observed)
        threshold = Threshold(drawn.lower, drawn.upper, drawn.p_value, score_of_mean(observed, mean, drawn.upper))
    return Verdict(observed, mean, phi, trend, _enough(counts, options), threshold)

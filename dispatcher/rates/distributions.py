"""Tails and quantiles of the normal, Student, Poisson and negative binomial distributions, exact to rounding."""

import math
from collections.abc import Iterator
from statistics import NormalDist
from typing import Final

_STANDARD: Final = NormalDist()
_TAIL_TERMS_MAX: Final = 10_000_000
_NEGLIGIBLE: Final = 1e-18
_PHI_ROUNDING: Final = 1e-8
# As R does: a quantile must not step over because of the last bits of a sum.
_FUZZ: Final = 1 - 64 * 2.220446049250313e-16


def normal_quantile(p: float) -> float:
    """The z below which a standard normal lies with probability p, 0 < p < 1."""
    return _STANDARD.inv_cdf(p)


def normal_tail(z: float) -> float:
    """The probability that a standard normal exceeds z."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def student_two_sided(t: float, degrees: int) -> float:
    """The p-value of a t statistic, both tails."""
    whole = degrees + t * t
    return _incomplete_beta(degrees / 2, 0.5, degrees / whole, t * t / whole)


def count_terms(mean: float, phi: float) -> Iterator[float]:
    """P(Y = 0), P(Y = 1), ... of counts with this mean and variance phi * mean: Poisson at phi = 1, else negative
    binomial with size mean / (phi - 1). Needs mean >= 0 and phi >= 1.

    A phi that is 1 but for rounding is 1: of a size of millions of millions the terms keep no digit.
    """
    if phi - 1 < _PHI_ROUNDING:
        yield from _poisson_terms(mean)
    else:
        yield from _negative_binomial_terms(mean / (phi - 1), 1 / phi)


def count_quantile(p: float, mean: float, phi: float) -> int:
    """The least count that is not exceeded with probability p; 0 < p < 1."""
    below = 0.0
    for k, term in enumerate(count_terms(mean, phi)):
        below += term
        if below >= p * _FUZZ or k > _TAIL_TERMS_MAX:
            return k
    raise AssertionError("the terms of a distribution never end")


def count_tail(least: float, mean: float, phi: float) -> float:
    """P(Y >= least). Summed from the smaller side, so that small tails keep their digits."""
    first = max(0, math.ceil(least))
    if first <= mean:
        terms = count_terms(mean, phi)
        return max(0.0, 1.0 - math.fsum(next(terms) for _ in range(first)))
    total, k = 0.0, 0
    for k, term in enumerate(count_terms(mean, phi)):
        if k >= first:
            total += term
            if term <= _NEGLIGIBLE * total or k > _TAIL_TERMS_MAX:
                break
    return min(1.0, total)


def _poisson_terms(mean: float) -> Iterator[float]:
    k = 0
    log_mean = math.log(mean) if mean > 0 else -math.inf
    while True:
        yield math.exp(k * log_mean - mean - math.lgamma(k + 1)) if k else math.exp(-mean)
        k += 1


def _negative_binomial_terms(size: float, prob: float) -> Iterator[float]:
    if size == 0:
        yield 1.0
        while True:
            yield 0.0
    k = 0
    log_p, log_q = math.log(prob), math.log1p(-prob)
    while True:
        yield math.exp(math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1) + size * log_p + k * log_q)
        k += 1


def _incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """The regularised incomplete beta function at x by its continued fraction (Lentz); y is 1 - x in all its digits."""
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, y, x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y)) / a
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    fraction = d
    for m in range(1, 500):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            c = 1 + numerator / c
            d = 1 / (d if abs(d) > tiny else tiny)
            c = c if abs(c) > tiny else tiny
            fraction *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * fraction

"""Our tails and quantiles against SciPy's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dispatcher.rates import distributions

means = st.floats(0.01, 300)
dispersions = st.one_of(st.just(1.0), st.floats(1.05, 20))
probabilities = st.floats(0.001, 0.999)


def scipy_counts(mean: float, phi: float) -> Any:
    return stats.poisson(mean) if phi == 1 else stats.nbinom(mean / (phi - 1), 1 / phi)


@given(probabilities, means, dispersions)
def test_count_quantiles_are_those_of_scipy(p: float, mean: float, phi: float) -> None:
    ours = distributions.count_quantile(p, mean, phi)
    exact = scipy_counts(mean, phi)
    assert exact.cdf(ours) >= p * (1 - 1e-9)
    assert ours == 0 or exact.cdf(ours - 1) < p * (1 + 1e-9)


@given(st.integers(0, 400), means, dispersions)
def test_count_tails_are_those_of_scipy(least: int, mean: float, phi: float) -> None:
    ours = distributions.count_tail(least, mean, phi)
    assert ours == pytest.approx(scipy_counts(mean, phi).sf(least - 1), rel=1e-6, abs=1e-13)


@given(st.floats(-40, 40), st.integers(1, 500))
def test_student_is_that_of_scipy(t: float, degrees: int) -> None:
    assert distributions.student_two_sided(t, degrees) == pytest.approx(2 * stats.t.sf(abs(t), degrees), rel=1e-8)


@given(st.floats(-8, 8))
def test_normal_is_that_of_scipy(z: float) -> None:
    assert distributions.normal_tail(z) == pytest.approx(stats.norm.sf(z), rel=1e-10)
    assert distributions.normal_quantile(0.975) == pytest.approx(1.959963984540054, abs=1e-12)


def test_counts_of_an_impossible_mean_are_zero() -> None:
    assert distributions.count_quantile(0.99, 0.0, 1.0) == 0
    assert distributions.count_quantile(0.99, 0.0, 2.0) == 0
    assert distributions.count_tail(1, 0.0, 1.0) == 0


@pytest.mark.parametrize("excess", [2.0**-52, 1e-13, 1e-10, 9e-9])
def test_dispersion_that_is_one_but_for_rounding_is_one(excess: float) -> None:
    """E.g. of counts whose variance is their mean; the negative binomial's terms would sum to anything."""
    assert distributions.count_quantile(0.99, 3.0, 1 + excess) == distributions.count_quantile(0.99, 3.0, 1.0)
    assert distributions.count_tail(7, 3.0, 1 + excess) == distributions.count_tail(7, 3.0, 1.0)

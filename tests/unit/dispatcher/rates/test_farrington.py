"""Farrington flexible against the constants that the R package surveillance publishes, and on weeks made for it."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rates.farrington import (
    WEEKS_A_YEAR,
    Bound,
    FarringtonOptions,
    Power,
    Threshold,
    anscombe_residuals,
    judge,
    reference_blocks,
    score_of_mean,
    threshold_counts,
    threshold_delta,
    weights_of,
)
from dispatcher.rates.regression import fit_quasi_poisson

# tests/testthat/test-farringtonFlexible.R of surveillance: lower, upper, p, score.
DELTA = {
    Power.NONE: (1.3073128, 8.6926872, 0.0907246, 0.8124165),
    Power.HALF: (1.9891097, 9.3744842, 0.1189986, 0.6857951),
    Power.TWO_THIRDS: (1.8084477, 9.1154825, 0.1094727, 0.7289546),
}
COUNTS = {
    (Bound.MUAN, 1.5): (8, 24, 0.8597797, 0.4193982),
    (Bound.MUAN, 1.0): (9, 22, 0.9093099, 0.4605347),
    (Bound.NB_PLUGIN, 1.5): (1, 10, 0.03763657, 1.11918153),
    (Bound.NB_PLUGIN, 1.0): (2, 9, 0.01369527, 1.27061541),
}


def values(threshold: Threshold) -> tuple[float, ...]:
    return threshold.lower, threshold.upper, threshold.p_value, threshold.score


@pytest.mark.parametrize("power", DELTA)
def test_delta_bounds_are_the_published_constants(power: Power) -> None:
    np.testing.assert_allclose(values(threshold_delta(5, 0.2, 1, power, 0.05, 8)), DELTA[power], atol=1e-6, rtol=0)


@pytest.mark.parametrize(("bound", "phi"), COUNTS)
def test_count_bounds_are_the_published_constants(bound: Bound, phi: float) -> None:
    got = threshold_counts(math.log(5), math.log(2), phi, bound, 0.05, 11)
    np.testing.assert_allclose(values(got), COUNTS[bound, phi], atol=1e-6, rtol=0)


def test_weights_are_the_ones_checked_by_hand() -> None:
    residuals = np.array([0.0] * 5 + [2.0] * 5)
    np.testing.assert_allclose(weights_of(residuals, 0), [1.6] * 5 + [0.4] * 5)
    np.testing.assert_allclose(weights_of(np.zeros(10), 0), np.ones(10))


def test_residuals_of_a_perfect_fit_are_zero() -> None:
    x = np.array([0.0, 1, 2, 0, 1, 3, 1, 0, 2, 1])
    fit = fit_quasi_poisson(np.column_stack((np.ones(10), x)), np.exp(x))
    assert fit is not None
    np.testing.assert_allclose(fit.coefficients, [0, 1], atol=1e-7)
    np.testing.assert_allclose(anscombe_residuals(np.exp(x), fit, 1), np.zeros(10), atol=1e-6)


def test_fit_maximises_the_quasi_likelihood() -> None:
    generator = np.random.default_rng(5)
    design = np.column_stack((np.ones(200), generator.normal(size=200), np.arange(200.0) % 2))
    counts = generator.poisson(np.exp(design @ np.array([1.0, 0.3, -0.5]))).astype(np.float64)
    fit = fit_quasi_poisson(design, counts)
    assert fit is not None
    np.testing.assert_allclose(design.T @ (counts - fit.mean), np.zeros(3), atol=1e-6)  # the score is zero
    assert fit.dispersion == pytest.approx(((counts - fit.mean) ** 2 / fit.mean).sum() / 197)
    assert fit.leverage.sum() == pytest.approx(3)
    assert fit.p_value(1) < 0.001


def test_collinear_design_has_no_fit() -> None:
    assert fit_quasi_poisson(np.zeros((5, 2)), np.ones(5)) is None


@pytest.mark.parametrize("periods", [1, 8, 10])
def test_every_year_gives_its_window_and_its_blocks(periods: int) -> None:
    week = 5 * WEEKS_A_YEAR + 10
    options = FarringtonOptions(years=3, periods=periods, weeks_left_out=3)
    blocks = reference_blocks(week, options)
    assert np.count_nonzero(blocks == periods) == 3 * (2 * options.half_window + 1)
    assert set(blocks.tolist()) - {0} == set(range(1, periods + 1))
    sizes = [np.count_nonzero(blocks == block) for block in range(1, periods)]
    assert not sizes or max(sizes) - min(sizes) <= 3
    assert not blocks[week - 3 :].any()


def seasonal_weeks(count: int) -> np.ndarray:
    weeks = np.arange(count)
    return np.random.default_rng(7).poisson(10 + 5 * np.sin(2 * np.pi * weeks / WEEKS_A_YEAR)).astype(float)


def test_week_far_above_its_season_exceeds_and_a_usual_one_does_not() -> None:
    counts = seasonal_weeks(300)
    usual = judge(counts)
    assert usual is not None
    assert not usual.exceeds
    counts[-1] = 40
    outbreak = judge(counts)
    assert outbreak is not None
    assert outbreak.exceeds
    assert outbreak.threshold.p_value < 1e-4
    assert outbreak.expected == pytest.approx(usual.expected)


def test_past_outbreak_hardly_lifts_the_bound() -> None:
    counts = seasonal_weeks(300)
    with_outbreak = counts.copy()
    with_outbreak[300 - 1 - WEEKS_A_YEAR] = 120
    before, after = judge(counts), judge(with_outbreak)
    raw = judge(with_outbreak, FarringtonOptions(weights_threshold=1e9))
    assert before is not None
    assert after is not None
    assert raw is not None
    assert after.threshold.upper - before.threshold.upper < 0.6 * (raw.threshold.upper - before.threshold.upper)


def test_too_few_cases_are_no_verdict_and_a_short_history_has_none() -> None:
    counts = np.zeros(300)
    counts[::30] = 1
    verdict = judge(counts)
    assert verdict is None or not verdict.enough
    assert judge(seasonal_weeks(WEEKS_A_YEAR)) is None


@pytest.mark.parametrize("bound", Bound)
def test_every_bound_agrees_with_its_score(bound: Bound) -> None:
    counts = seasonal_weeks(280)
    for last in range(60):
        counts[-1] = last
        verdict = judge(counts, FarringtonOptions(bound=bound))
        assert verdict is not None
        assert (verdict.threshold.score > 1) == (last > verdict.threshold.upper + 1e-9)


@pytest.mark.realdata
def test_the_outbreak_of_november_2011_is_found(realdata: Path) -> None:
    """Salmonella Newport in mung bean sprouts: cases rose from the end of October 2011 (Bayer and others 2014)."""
    with (realdata / "salmNewport_weekly_by_state.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    germany = np.array([sum(float(count) for count in row[1:]) for row in rows])
    found = []
    for week in range(5 * WEEKS_A_YEAR + 3, germany.size):
        verdict = judge(germany[: week + 1])
        if verdict is not None and verdict.exceeds:
            found.append(rows[week][0])
    assert {"2011-11-07", "2011-11-14", "2011-11-21"} <= set(found)
    assert len(found) <= 12


@pytest.mark.parametrize("weeks", [60, 145, 264])
def test_first_cases_ever_exceed_with_a_score_that_is_a_number(weeks: int) -> None:
    counts = np.zeros(weeks)
    counts[-1] = 5
    verdict = judge(counts)
    assert verdict is not None
    assert verdict.exceeds
    assert math.isfinite(verdict.threshold.score)
    assert 0 < verdict.expected < 0.05
    assert 0 < verdict.threshold.p_value < 1e-6
    counts[-1] = 0
    counts[-3] = 5
    quiet = judge(counts)
    assert quiet is not None
    assert (quiet.exceeds, quiet.threshold.score <= 0, quiet.threshold.p_value) == (False, True, 1.0)


@given(st.integers(0, 400), st.floats(0, 300), st.integers(0, 400))
def test_score_is_above_one_exactly_where_the_bound_is_exceeded(observed: int, mean: float, upper: int) -> None:
    score = score_of_mean(observed, mean, upper)
    assert math.isfinite(score)
    if abs(upper - mean) > 1e-9:
        assert (score > 1) == (observed > upper)

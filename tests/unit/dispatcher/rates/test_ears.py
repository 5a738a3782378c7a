"""EARS against the bounds that the R package surveillance publishes, and against its own definition."""

import csv
from pathlib import Path

import numpy as np
import pytest

from dispatcher.rates.distributions import normal_quantile
from dispatcher.rates.ears import EarsMethod, history, upper_bounds

# tests/testthat/test-earsC.R of surveillance: Germany, first weeks of 2011, alpha 0.05.
PUBLISHED_C1 = (3.278854, 3.278854, 3.436517, 3.855617)


@pytest.mark.realdata
def test_c1_gives_the_published_bounds_of_the_first_weeks_of_2011(realdata: Path) -> None:
    with (realdata / "salmNewport_weekly_by_state.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    germany = np.array([sum(float(count) for count in row[1:]) for row in rows])
    first = next(number for number, row in enumerate(rows) if row[0] >= "2011-01-03")
    bounds = upper_bounds(germany, EarsMethod.C1, alpha=0.05)[first : first + 4]
    np.testing.assert_allclose(bounds, PUBLISHED_C1, atol=1e-6, rtol=0)


def test_c1_is_mean_and_deviation_of_the_seven_before() -> None:
    counts = np.array([1.0, 2, 3, 4, 5, 6, 7, 100])
    assert upper_bounds(counts, EarsMethod.C1, alpha=0.05)[7] == pytest.approx(
        4 + normal_quantile(0.95) * np.std(np.arange(1, 8), ddof=1)
    )


def test_c2_leaves_two_counts_out() -> None:
    quiet = np.array([1.0, 2, 3, 4, 5, 6, 7, 50, 60, 70])
    c1 = upper_bounds(quiet[:8], EarsMethod.C1)[7]
    assert upper_bounds(quiet, EarsMethod.C2)[9] == pytest.approx(c1)


def test_c3_bound_falls_by_the_last_two_excesses() -> None:
    counts = np.array([2.0, 4, 2, 4, 2, 4, 3, 3, 3, 9, 9, 9])
    c2 = upper_bounds(counts, EarsMethod.C2)
    windows = [counts[i - 9 : i - 2] for i in (9, 10, 11)]
    sd = [float(window.std(ddof=1)) for window in windows]
    excess = [max(0.0, (9 - float(w.mean())) / s - 1) for w, s in zip(windows, sd, strict=True)]
    expected = max(0.0, 9 + sd[2] * (normal_quantile(0.975) - excess[0] - excess[1]))
    assert upper_bounds(counts, EarsMethod.C3)[11] == pytest.approx(expected)
    assert np.isfinite(c2[9])


@pytest.mark.parametrize("method", EarsMethod)
def test_first_bound_comes_after_the_whole_history(method: EarsMethod) -> None:
    bounds = upper_bounds(np.arange(20.0), method)
    assert int(np.flatnonzero(np.isfinite(bounds))[0]) == history(method)
    assert not np.isfinite(upper_bounds(np.arange(float(history(method))), method)).any()


def test_flat_baseline_has_the_least_deviation_that_was_asked_for() -> None:
    assert upper_bounds(np.zeros(8), EarsMethod.C1, sd_min=0.5)[7] == pytest.approx(0.5 * normal_quantile(0.999))


def test_baseline_needs_three_counts() -> None:
    with pytest.raises(ValueError, match="needs 3 counts"):
        upper_bounds(np.zeros(9), EarsMethod.C1, baseline=2)

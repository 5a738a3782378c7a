"""The CUSUM against its definition in plain Python, and on rises that were planted."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rates.cusum import CusumOptions, chart

counts_of_weeks = st.lists(st.integers(0, 30), min_size=1, max_size=400)


def oracle(counts: list[int], phase: int, options: CusumOptions) -> tuple[list[float], list[float]]:
    """Expected count and statistic of each hour, from the text of the rule."""
    expected, statistic = [], []
    last = 0.0
    for hour, count in enumerate(counts):
        before = counts[:hour]
        mean = (sum(before) + 0.5) / (hour + 168 if hour < 168 else hour + 1)
        same = [h for h in range(hour) if (h - hour) % 168 == 0]
        ages = [(hour - h) // 168 - 1 for h in same]
        weights = [options.memory**age for age in ages]
        shape = options.prior_hours * mean + sum(w * counts[h] for w, h in zip(weights, same, strict=True))
        mu = shape / (options.prior_hours + sum(weights))
        ratio = (shape + mu) / (shape + options.factor * mu)
        last = 0.0 if last > options.limit else last
        last = max(0.0, last + count * math.log(options.factor * ratio) + shape * math.log(ratio))
        expected.append(mu)
        statistic.append(last)
    assert 0 <= phase < 168  # the phase only names the hours: no number depends on it
    return expected, statistic


@given(counts_of_weeks, st.integers(0, 167))
def test_chart_equals_the_oracle(counts: list[int], phase: int) -> None:
    drawn = chart(np.array(counts), phase)
    expected, statistic = oracle(counts, phase, CusumOptions())
    np.testing.assert_allclose(drawn.expected, expected, rtol=1e-9)
    np.testing.assert_allclose(drawn.statistic, statistic, rtol=1e-7, atol=1e-9)


def a_town(weeks: int, seed: int = 1) -> np.ndarray:
    hours = np.arange(weeks * 168)
    rate = 1.5 + 1.2 * np.sin(2 * np.pi * (hours % 24) / 24)
    return np.random.default_rng(seed).poisson(np.maximum(rate, 0.05)).astype(float)


def test_doubled_rate_is_found_within_a_day_and_counted_from_its_beginning() -> None:
    counts = a_town(9)
    begin = counts.size - 24
    counts[begin:] += np.random.default_rng(2).poisson(4.0, 24)
    drawn = chart(counts, 0)
    found = np.flatnonzero(drawn.unusual[begin:])
    assert found.size
    assert drawn.began(begin + int(found[0])) >= begin - 12


def test_usual_weeks_are_hardly_ever_unusual() -> None:
    false = sum(int(chart(a_town(9, seed), 0).unusual[5 * 168 :].sum()) for seed in range(20))
    assert false <= 2  # in 20 towns and 4 weeks each


def test_nightly_rhythm_is_no_surprise_but_the_same_count_at_night_is() -> None:
    by_day = np.tile(np.concatenate((np.zeros(12), np.full(12, 10.0))), 7 * 9)
    assert not chart(by_day, 0).unusual[6 * 168 :].any()
    by_day[-24 + 2] = 25
    assert chart(by_day, 0).unusual[-24 + 2]


def test_statistic_starts_again_after_it_was_unusual() -> None:
    counts = a_town(6)
    counts[-6:] = 40
    drawn = chart(counts, 0)
    assert drawn.unusual[-6:].all()
    assert drawn.statistic[-1] < 2 * drawn.statistic[-6] + 200
    assert drawn.began(counts.size - 1) == counts.size - 1


def test_no_counts_have_an_empty_chart() -> None:
    assert chart(np.zeros(0), 0).statistic.size == 0
    assert chart(np.zeros(5), 3).statistic.tolist() == pytest.approx([0] * 5)

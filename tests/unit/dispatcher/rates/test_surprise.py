"""The detector of measured values: records and departures, each said once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rates.surprise import SurpriseOptions, surprise

series = st.lists(st.floats(-1e6, 1e6), max_size=120)


def oracle(values: list[float], options: SurpriseOptions) -> list[float]:
    """Each value against those before it, from the text of the rule."""
    departure, record = [0.0] * len(values), [0.0] * len(values)
    for i in range(max(1, options.warm_up), len(values)):
        near, before = np.array(values[max(0, i - options.window) : i]), np.array(values[:i])
        spread = max(near.std(), 1e-3 * before.std(), 1e-9)
        departure[i] = abs(values[i] - near.mean()) / spread
        if before.max() > before.min():
            outside = max(values[i] - before.max(), before.min() - values[i], 0.0)
            record[i] = outside / (before.max() - before.min())
    scores = []
    for i in range(len(values)):
        near_d = departure[max(0, i - options.quiet_after_deviation) : i]
        near_r = record[max(0, i - options.quiet_after_record) : i]
        d = departure[i] if all(departure[i] > other for other in near_d) else 0.0
        r = record[i] if all(record[i] > other for other in near_r) else 0.0
        strength = max(d / options.deviations, (r / options.excess) ** 0.25)
        scores.append(strength / (1 + strength))
    return scores


@given(st.lists(st.integers(-50, 50), max_size=100))
def test_scores_equal_the_oracle(values: list[int]) -> None:
    floats = [float(value) for value in values]
    options = SurpriseOptions(window=20, warm_up=3, quiet_after_deviation=7, quiet_after_record=3)
    ours, theirs = surprise(np.array(floats), options), np.array(oracle(floats, options))
    both = (ours > 0) & (theirs > 0)  # ties of departures may be broken by the last bit of a sum
    np.testing.assert_allclose(ours[both], theirs[both], rtol=1e-4)


@given(series)
def test_scores_lie_between_nothing_and_certainty(values: list[float]) -> None:
    scores = surprise(np.array(values, np.float64))
    assert ((scores >= 0) & (scores <= 1)).all()


@given(series, st.integers(0, 120))
def test_score_looks_at_nothing_that_comes_later(values: list[float], cut: int) -> None:
    whole = surprise(np.array(values, np.float64))
    np.testing.assert_array_equal(surprise(np.array(values[:cut], np.float64)), whole[:cut])


def test_one_disturbance_is_one_finding() -> None:
    values = np.random.default_rng(3).normal(20, 1, 2000)
    values[1500:1505] = 60
    scores = surprise(values)
    assert np.flatnonzero(scores > 0.75).tolist() == [1500]

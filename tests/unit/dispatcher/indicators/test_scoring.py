"""Schemes in which residents weigh most, and scores that follow from their inputs."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import Better, Figure
from dispatcher.indicators.scoring import INPUTS, RESIDENTS, Input, SchemeFlaw, Score, flaw_of, score_of

figures = st.builds(lambda n, d: Figure(min(n, d), d, d), st.integers(0, 500), st.integers(0, 500))


@pytest.mark.parametrize(
    ("weights", "flaw"),
    [
        pytest.param({"satisfaction": 100}, None, id="callers alone"),
        pytest.param({"satisfaction": 21, "resident_satisfaction": 20, "response": 40, "rework": 19}, None, id="most"),
        pytest.param({"satisfaction": 50, "response": 50}, SchemeFlaw.RESIDENTS_NOT_FIRST, id="a tie"),
        pytest.param({"committee_evaluations": 60, "satisfaction": 40}, SchemeFlaw.RESIDENTS_NOT_FIRST, id="others"),
        pytest.param({"satisfaction": 60, "response": 39}, SchemeFlaw.WEIGHTS_NOT_WHOLE, id="99 percent"),
        pytest.param({"satisfaction": 120, "response": -20}, SchemeFlaw.WEIGHT_OUT_OF_RANGE, id="negative"),
        pytest.param({"satisfaction": 60, "times_over": 40}, SchemeFlaw.UNKNOWN_INPUT, id="no share"),
    ],
)
def test_scheme_is_refused_for_a_reason(weights: dict[str, int], flaw: SchemeFlaw | None) -> None:
    assert flaw_of(weights) is flaw


@given(st.dictionaries(st.sampled_from(sorted(INPUTS)), st.integers(1, 100), min_size=1))
def test_scheme_without_a_flaw_puts_residents_first(weights: dict[str, int]) -> None:
    if flaw_of(weights) is None:
        residents = sum(weights.get(name, 0) for name in RESIDENTS)
        assert sum(weights.values()) == 100
        assert all(residents > weight for name, weight in weights.items() if name not in RESIDENTS)


@given(st.lists(st.tuples(st.sampled_from(sorted(INPUTS)), st.integers(1, 100), figures), min_size=1, max_size=8))
def test_score_is_the_weighted_mean_of_what_was_measured(rows: list[tuple[str, int, Figure]]) -> None:
    inputs = tuple(Input(*row) for row in rows)
    score = score_of(inputs)
    measured = [each for each in inputs if each.figure.denominator]
    if not measured:
        assert score == Score(None, 0)
        return
    whole = Fraction()
    for each in measured:
        share = Fraction(each.figure.numerator, each.figure.denominator)
        lower = each.name in INDICATORS and INDICATORS[each.name].better is Better.LOWER
        whole += each.weight * (1 - share if lower else share)
    assert score.permille is not None
    assert abs(score.permille - 1000 * whole / sum(each.weight for each in measured)) < Fraction(101, 100)
    assert score.measured == sum(each.weight for each in measured)


@given(st.lists(st.tuples(st.sampled_from(sorted(INPUTS)), st.integers(1, 100), figures), min_size=1, max_size=8))
def test_score_follows_from_its_record(rows: list[tuple[str, int, Figure]]) -> None:
    inputs = tuple(Input(*row) for row in rows)
    assert score_of(tuple(Input.of_record(each.as_record()) for each in inputs)) == score_of(inputs)

"""The level of a hazard: exact at its bounds, monotone in every factor, and what would change it."""

import csv
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import registry
from dispatcher.screening.levels import LevelReason, assess, misplaced, what_if
from dispatcher.screening.model import Factors
from dispatcher.tickets.joint_guards import _LEC_LEVELS as LEVELS_OF_ADMISSION
from registry.hazards import HazardKind, HazardScales, LecFactor, LecValue

FOLDER = Path(next(iter(registry.__path__))) / "data"


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SCALES = HazardScales(
    version=1,
    values={
        factor: tuple(
            LecValue(factor, Decimal(row["value"]), "", "", "")
            for row in rows("lec_factors")
            if row["factor"] == factor
        )
        for factor in LecFactor
    },
    bounds=tuple((Decimal(row["product_min"]), int(row["level"])) for row in rows("lec_levels")),
    matrix_version=1,
    matrix={(int(r["consequence"]), int(r["likelihood"])): int(r["grade"]) for r in rows("risk_matrix")},
)
KIND = HazardKind("tree_unsafe", "structure", "", "", "", "", "tree_fall_hazard", 4, 30, "")


def factors(likelihood: str, exposure: str, consequence: str, cell: tuple[int, int] | None = None) -> Factors:
    return Factors(Decimal(likelihood), Decimal(exposure), Decimal(consequence), cell)


scale = {factor: st.sampled_from([each.value for each in SCALES.values[factor]]) for factor in LecFactor}
cells = st.none() | st.tuples(st.integers(1, 5), st.integers(1, 5))
judged = st.builds(Factors, scale[LecFactor.LIKELIHOOD], scale[LecFactor.EXPOSURE], scale[LecFactor.CONSEQUENCE], cells)
kinds = st.integers(1, 4).map(lambda mildest: replace(KIND, mildest_level=mildest))


def level(found: Factors, kind: HazardKind = KIND, *, relapsed: bool = False) -> int:
    return assess(kind, found, SCALES, relapsed=relapsed).level


@pytest.mark.parametrize(
    ("product", "expected"),
    [("320", 1), ("319.9", 2), ("160", 2), ("159.9", 3), ("70", 3), ("69.9", 4), ("0.05", 4), ("10000", 1)],
)
def test_bounds_are_exact(product: str, expected: int) -> None:
    assert level(factors("1", "1", product)) == expected


def test_tenths_multiply_exactly() -> None:
    """0.1 x 7 x 100 is 70, which binary fractions miss."""
    found = assess(KIND, factors("0.1", "7", "100"), SCALES, relapsed=False)
    assert (found.product, found.level) == (Decimal(70), 3)


@given(judged, kinds, st.booleans())
def test_graver_factor_never_gives_a_milder_level(found: Factors, kind: HazardKind, relapsed: bool) -> None:
    now = level(found, kind, relapsed=relapsed)
    for factor in LecFactor:
        name = factor.value
        for each in SCALES.values[factor]:
            changed = level(_changed(found, name, each.value), kind, relapsed=relapsed)
            assert changed <= now if each.value >= getattr(found, name) else changed >= now
    if found.cell is not None:
        consequence, likelihood = found.cell
        for cell in ((min(5, consequence + 1), likelihood), (consequence, min(5, likelihood + 1))):
            assert level(replace(found, cell=cell), kind, relapsed=relapsed) <= now


@given(judged, kinds)
def test_relapse_is_one_level_graver_and_never_below_its_kind(found: Factors, kind: HazardKind) -> None:
    now, back = level(found, kind), level(found, kind, relapsed=True)
    assert back == max(1, now - 1)
    assert now <= kind.mildest_level


@given(judged)
def test_matrix_makes_it_graver_alone(found: Factors) -> None:
    alone = level(replace(found, cell=None))
    asked = assess(KIND, found, SCALES, relapsed=False)
    assert asked.level <= alone
    if found.cell is None:
        assert (asked.reason, asked.matrix_version) == (LevelReason.LEC, None)
    else:
        matrix = SCALES.matrix[found.cell]
        expected = LevelReason.AGREED if matrix == alone else LevelReason.MATRIX if matrix < alone else LevelReason.LEC
        assert (asked.level, asked.reason) == (min(matrix, alone), expected)


@given(judged, kinds, st.booleans())
def test_what_would_change_it_does_and_nothing_nearer(found: Factors, kind: HazardKind, relapsed: bool) -> None:
    now = level(found, kind, relapsed=relapsed)
    told = what_if(kind, found, SCALES, relapsed=relapsed)
    for change in told:
        name = change.factor.value
        assert level(_changed(found, name, change.value), kind, relapsed=relapsed) == change.level != now
        low, high = sorted((getattr(found, name), change.value))
        between = [each.value for each in SCALES.values[change.factor] if low < each.value < high]
        assert all(level(_changed(found, name, value), kind, relapsed=relapsed) == now for value in between)
    silent = set(LecFactor) - {change.factor for change in told}
    for factor in silent:
        assert all(
            level(_changed(found, factor.value, each.value), kind, relapsed=relapsed) == now
            for each in SCALES.values[factor]
        )


def test_value_off_the_scale_is_named() -> None:
    assert misplaced(factors("6", "6", "15"), SCALES) is None
    assert misplaced(factors("5", "6", "15"), SCALES) is LecFactor.LIKELIHOOD
    assert misplaced(factors("6", "6", "16"), SCALES) is LecFactor.CONSEQUENCE


def test_kind_that_endangers_life_is_never_mild() -> None:
    found = assess(replace(KIND, mildest_level=2), factors("0.5", "0.5", "1"), SCALES, relapsed=False)
    assert (found.level, found.reason) == (2, LevelReason.KIND)


def test_bounds_fall_and_equal_those_of_the_admission_of_joint_tickets() -> None:
    assert all(graver > milder for (graver, _), (milder, _) in pairwise(SCALES.bounds))
    assert tuple((int(product), found) for product, found in SCALES.bounds) == LEVELS_OF_ADMISSION


def _changed(found: Factors, name: str, value: Decimal) -> Factors:
    values = {each.value: getattr(found, each.value) for each in LecFactor} | {name: value}
    return Factors(values["likelihood"], values["exposure"], values["consequence"], found.cell)

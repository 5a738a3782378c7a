"""The level of a hazard: the graver of LEC and the matrix, never milder than its kind, graver where it came back. Pure.

Source: LEC cross-walk and matrix of the dispatch practice; the rows in force are versioned data (registry/hazards.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final

from dispatcher.screening.model import GRAVEST, Factors
from registry.hazards import HazardKind, HazardScales, LecFactor


class LevelReason(StrEnum):
    """Why a hazard has its level; stored with the assessment."""

    LEC = "lec"  # The product of the three factors, alone or graver than the matrix.
    MATRIX = "matrix"  # The matrix was graver than the product.
    AGREED = "agreed"  # Product and matrix give the same level.
    KIND = "kind"  # Both were milder than a hazard of this kind may be.
    RELAPSED = "relapsed"  # It came back: one level graver than the factors say.


@dataclass(frozen=True, slots=True)
class Assessed:
    """A level with everything that led to it."""

    level: int
    reason: LevelReason
    product: Decimal
    lec_level: int
    matrix_level: int | None
    rules_version: int
    matrix_version: int | None
    relapsed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One answer to "what would change it": this factor alone at this value gives that level."""

    factor: LecFactor
    value: Decimal
    level: int


def assess(kind: HazardKind, factors: Factors, scales: HazardScales, *, relapsed: bool) -> Assessed:
    """The level of a hazard. Never milder for a graver factor (1 is the gravest).

    The factors must stand on the scales: `misplaced` says which does not.
    """
    lec = next(level for product_min, level in scales.bounds if factors.product >= product_min)
    matrix = None if factors.cell is None else scales.matrix[factors.cell]
    level, reason = _graver(lec, matrix)
    if kind.mildest_level < level:
        level, reason = kind.mildest_level, LevelReason.KIND
    if relapsed and level > GRAVEST:
        level, reason = level - 1, LevelReason.RELAPSED
    return Assessed(
        level=level,
        reason=reason,
        product=factors.product,
        lec_level=lec,
        matrix_level=matrix,
        rules_version=scales.version,
        matrix_version=None if matrix is None else scales.matrix_version,
        relapsed=relapsed,
    )


def misplaced(factors: Factors, scales: HazardScales) -> LecFactor | None:
    """The first factor whose value is not on its scale."""
    return next((factor for factor, value in _values(factors) if not scales.has(factor, value)), None)


def what_if(kind: HazardKind, factors: Factors, scales: HazardScales, *, relapsed: bool) -> tuple[Change, ...]:
    """The nearest values of each factor alone, one up and one down, that would give another level."""
    now = assess(kind, factors, scales, relapsed=relapsed).level
    found: list[Change] = []
    for factor, value in _values(factors):
        scale = [each.value for each in scales.values[factor]]
        for way in (sorted(v for v in scale if v > value), sorted((v for v in scale if v < value), reverse=True)):
            tried = ((v, assess(kind, _with(factors, factor, v), scales, relapsed=relapsed).level) for v in way)
            nearest = next((Change(factor, v, level) for v, level in tried if level != now), None)
            if nearest is not None:
                found.append(nearest)
    return tuple(found)


_FIELDS: Final = {factor: factor.value for factor in LecFactor}


def _values(factors: Factors) -> Iterator[tuple[LecFactor, Decimal]]:
    return ((factor, getattr(factors, name)) for factor, name in _FIELDS.items())


def _with(factors: Factors, factor: LecFactor, value: Decimal) -> Factors:
    match factor:
        case LecFactor.LIKELIHOOD:
            return replace(factors, likelihood=value)
        case LecFactor.EXPOSURE:
            return replace(factors, exposure=value)
        case LecFactor.CONSEQUENCE:
            return replace(factors, consequence=value)


def _graver(lec: int, matrix: int | None) -> tuple[int, LevelReason]:
    if matrix is None or lec < matrix:
        return lec, LevelReason.LEC
    return matrix, LevelReason.AGREED if matrix == lec else LevelReason.MATRIX

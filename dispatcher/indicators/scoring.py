"""What a scheme makes of a unit's figures: a score that follows from its inputs alone. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import Better, Figure, MeasureUnit

CALLERS: Final = "satisfaction"
SAMPLED: Final = "resident_satisfaction"
EVALUATIONS: Final = "committee_evaluations"
HEARINGS: Final = "committee_hearings"
RESIDENTS: Final = frozenset({CALLERS, SAMPLED})
"""The inputs in which residents say whether they are satisfied (Art. 4)."""
INPUTS: Final = frozenset(
    {
        *(each.id for each in INDICATORS.values() if each.unit is MeasureUnit.SHARE),
        EVALUATIONS,  # What residents said in committees' evaluations (Art. 46 para. 2).
        HEARINGS,  # What committees said themselves when an organ was assessed (Art. 46 para. 1).
    }
)
"""What a weight may be given to: shares, each an input of its own; none is averaged into another."""
WHOLE: Final = 100


class SchemeFlaw(StrEnum):
    """Why a scheme is refused."""

    UNKNOWN_INPUT = "unknown_input"  # Not a share that is measured.
    WEIGHT_OUT_OF_RANGE = "weight_out_of_range"  # From 1 to 100 percent.
    WEIGHTS_NOT_WHOLE = "weights_not_whole"  # Together they are 100 percent.
    RESIDENTS_NOT_FIRST = "residents_not_first"  # Art. 4: residents' satisfaction outweighs every other input.


def flaw_of(weights: Mapping[str, int]) -> SchemeFlaw | None:
    """What forbids a scheme of these weights in percent; None where nothing does. Source: Art. 4, ruling A14.

    Callers and sampled residents are inputs of their own and weigh together as residents' satisfaction.
    """
    if not weights.keys() <= INPUTS:
        return SchemeFlaw.UNKNOWN_INPUT
    if not all(1 <= weight <= WHOLE for weight in weights.values()):
        return SchemeFlaw.WEIGHT_OUT_OF_RANGE
    if sum(weights.values()) != WHOLE:
        return SchemeFlaw.WEIGHTS_NOT_WHOLE
    residents = sum(weight for name, weight in weights.items() if name in RESIDENTS)
    others = [weight for name, weight in weights.items() if name not in RESIDENTS]
    return SchemeFlaw.RESIDENTS_NOT_FIRST if residents <= max(others, default=0) else None


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a score as it was counted, with its weight in percent."""

    name: str
    weight: int
    figure: Figure

    def as_record(self) -> dict[str, Any]:
        """As the score keeps it."""
        return {
            "input": self.name,
            "weight": self.weight,
            "numerator": self.figure.numerator,
            "denominator": self.figure.denominator,
            "population": self.figure.population,
            "excluded": self.figure.excluded,
            "small": self.figure.small,
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Input":
        figure = Figure(record["numerator"], record["denominator"], record["population"], record["excluded"])
        return cls(record["input"], record["weight"], figure)


@dataclass(frozen=True, slots=True)
class Score:
    """What came out; `measured` is the weight in percent of the inputs that had anything to measure."""

    permille: int | None
    measured: int


def score_of(inputs: tuple[Input, ...]) -> Score:
    """The weighted mean of the shares that were measured, each turned so that more is better; rounded down.

    What could not be measured weighs nothing, and `measured` says how much that is. Integers throughout: the same
    inputs give the same score on every machine.
    """
    measured = [each for each in inputs if each.figure.denominator > 0]
    weight = sum(each.weight for each in measured)
    if not weight:
        return Score(None, 0)
    total = 0
    for each in measured:
        share = 1_000_000 * each.figure.numerator // each.figure.denominator
        indicator = INDICATORS.get(each.name)
        lower = indicator is not None and indicator.better is Better.LOWER
        good = 1_000_000 - share if lower else share
        total += each.weight * min(1_000_000, max(0, good))
    return Score(total // weight // 1000, weight)

"""What an indicator is made of, what may be asked of it, and what is answered. Pure and frozen."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

SMALL_DENOMINATOR: Final = 30
"""Below so many a share says little and is marked; a project default, the usual bound of the normal approximation."""


class Dimension(StrEnum):
    """What figures are grouped by; equal to the SQL enum `indicator_dimension`; a committee is never a group."""

    AREA = "area"  # 区域: the area itself, or the areas of a level in it.
    ORGANISATION = "organisation"  # 承办单位: who answered for the fact at its time.
    KIND = "kind"  # 事件类型
    GRADE = "grade"  # 等级: the grade that the log named at the time of the fact.
    PROPERTY_AREA = "property_area"  # 物业管理区域 (Art. 26)
    COURTYARD = "courtyard"  # 院落 (Art. 27)


class Period(StrEnum):
    """Lengths of time in China."""

    DAY = "day"
    WEEK = "week"  # From Monday.
    MONTH = "month"
    WHOLE = "whole"  # The whole span that was asked for.


class MeasureUnit(StrEnum):
    """How numerator and denominator become a value."""

    SHARE = "share"  # numerator / denominator
    MULTIPLE = "multiple"  # Thousandths of the limit / runs: how many times the limit was taken on average.
    AVERAGE_DAYS = "average_days"  # Seconds / cases, shown in days.
    COUNT = "count"  # The numerator; the denominator says of how many.


class Subject(StrEnum):
    """What stands behind a figure."""

    TICKET = "ticket"
    DISCLOSURE = "disclosure"
    EVALUATION = "evaluation"
    SURVEY = "survey"


class Better(StrEnum):
    """In which direction a figure is good."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A part of an indicator: rows of a view of 0022_indicators.sql, and what each counts in numerator and denominator.

    All are SQL over the view's columns; `population` is what was to be measured, of which the denominator is what could
    be. `at` and `answers` name the columns of the time and of the unit that answers.
    """

    view: str
    where: str
    numerator: str = "0"
    denominator: str = "0"
    population: str | None = None  # None: the denominator.
    at: str = "at"
    answers: str = "organisation_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator: what it is called, what it counts, and where that comes from."""

    id: str
    zh_name: str
    en_name: str
    zh_formula: str
    en_formula: str
    facts: tuple[Facts, ...]
    source: str
    unit: MeasureUnit = MeasureUnit.SHARE
    better: Better = Better.HIGHER
    subject: Subject = Subject.TICKET


@dataclass(frozen=True, slots=True)
class Figure:
    """Numerator and denominator with what they were taken from."""

    numerator: int = 0
    denominator: int = 0
    population: int = 0
    excluded: int = 0

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(
            self.numerator + other.numerator,
            self.denominator + other.denominator,
            self.population + other.population,
            self.excluded + other.excluded,
        )

    @property
    def share_reached(self) -> float | None:
        """The denominator's part of what was to be measured."""
        return self.denominator / self.population if self.population else None

    @property
    def small(self) -> bool:
        return self.denominator < SMALL_DENOMINATOR


def value_of(unit: MeasureUnit, figure: Figure) -> float | None:
    """What a figure says in its unit; None where there was nothing to measure."""
    if unit is MeasureUnit.COUNT:
        return float(figure.numerator)
    if not figure.denominator:
        return None
    ratio = figure.numerator / figure.denominator
    return ratio / {MeasureUnit.SHARE: 1, MeasureUnit.MULTIPLE: 1000, MeasureUnit.AVERAGE_DAYS: 86_400}[unit]


@dataclass(frozen=True, slots=True)
class CellKey:
    """To what a figure belongs: the indicator, the first day of the period, and the member of the dimension."""

    indicator: str
    period_from: date
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: which indicators over which days of China (`until` excluded), in which area, grouped how."""

    indicators: tuple[str, ...]
    since: date
    until: date
    area_id: str | None = None  # None: everywhere, what lies in no area included.
    dimension: Dimension = Dimension.AREA
    level: str | None = None  # In dimension AREA: one group for each area of this level; None: the area as one.
    period: Period = Period.WHOLE
    organisation_id: str | None = None
    kind: str | None = None
    grade: int | None = None

    @property
    def narrowed(self) -> bool:
        """Whether something beside area and dimension narrows it; no roll-up knows two dimensions at once."""
        return (self.organisation_id, self.kind, self.grade) != (None, None, None)

"""Indicators, their figures and what stands behind them; schemes in which residents weigh most, and scores."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from dispatcher.api.exports.writing import Format
from dispatcher.api.models.wire import (
    Answer,
    AreaId,
    Ask,
    Filter,
    Grade,
    KindId,
    Line,
    OrganisationId,
    Paged,
    Passage,
    RowId,
)
from dispatcher.indicators.model import Better, Dimension, MeasureUnit, Period, Subject
from registry.areas import AreaLevel
from registry.local_areas import LocalAreaKind

IndicatorId = Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")]
SchemeId = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31), description="a day of China")]
# JSON has no dates: a body names them as text.
AskedDay = Annotated[Day, BeforeValidator(lambda value: date.fromisoformat(value) if isinstance(value, str) else value)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class KpiFilter(Filter):
    """Which figures are wanted."""

    format: Annotated[Format | None, Field(description="the whole list as a file; also by Accept")] = None

    indicators: Annotated[
        str | None, Field(pattern=r"^[a-z_]+(,[a-z_]+)*$", max_length=1000, description="ids; all if not given")
    ] = None
    since: Annotated[Day | None, Field(description="the first day; the first of this month if not given")] = None
    until: Annotated[Day | None, Field(description="the day behind the last; tomorrow if not given")] = None
    group_by: Annotated[Dimension | None, Field(description="the area as one if not given")] = None
    level: Annotated[AreaLevel | None, Field(description="one figure for each area of this level")] = None
    period: Annotated[Period | None, Field(description="the whole span if not given")] = None
    area: AreaId | None = None
    organisation: OrganisationId | None = None
    kind: KindId | None = None
    grade: Grade | None = None


class KpiIndicator(Answer):
    id: str
    zh_name: str
    en_name: str
    zh_formula: str
    en_formula: str
    unit: MeasureUnit
    better: Better
    subject: Subject
    source: str


class KpiFigure(Answer):
    """Numerator and denominator always stand beside the value."""

    indicator: str
    period_from: date
    member: str  # of the dimension; empty for the area as one
    numerator: int
    denominator: int
    value: float | None  # in the indicator's unit; null: nothing to measure
    population: int  # what was to be measured
    share_reached: float | None  # the denominator's part of it
    excluded: int  # demands that the supervisor found unreasonable: left out of the figures of units
    small: bool  # the denominator is too small to say much


class KpiFigures(Answer):
    since: date
    until: date
    small_below: int
    indicators: list[KpiIndicator]
    items: list[KpiFigure]


class IndicatorPath(Filter):
    indicator: IndicatorId


class BehindFilter(Paged):
    """Which facts of a figure are wanted."""

    since: Day
    until: Day
    area: AreaId | None = None
    organisation: OrganisationId | None = None
    kind: KindId | None = None
    grade: Grade | None = None
    property_area: AreaId | None = None
    courtyard: AreaId | None = None
    numerator: Annotated[bool, Field(description="only what the numerator counts")] = False


class FactBehind(Answer):
    """One thing that a figure counts."""

    subject: Subject
    subject_id: int
    at: datetime
    organisation_id: str | None
    kind: str | None
    grade: int | None
    numerator: int
    denominator: int
    population: int
    excluded: bool


class FactsBehind(Answer):
    items: list[FactBehind]
    next: str | None


class UnreasonableAsk(Ask):
    ticket_id: RowId
    reason: Passage


class UnreasonableDemand(Answer):
    ticket_id: int
    number: str | None
    kind: str
    decided_at: datetime
    reason: str


class UnreasonableDemands(Answer):
    items: list[UnreasonableDemand]
    next: str | None


class SurveyAsk(Ask):
    """What a sample of residents said."""

    area: AreaId
    organisation: OrganisationId | None = None
    from_day: AskedDay
    to_day: AskedDay
    drawn: Annotated[int, Field(ge=1, le=2**31 - 1, description="residents in the sample")]
    reached: Count
    satisfied: Annotated[Count, Field(description="basically satisfied or better")]
    method: Line
    source: Line


class Survey(Answer):
    id: int


class SchemeAsk(Ask):
    id: SchemeId
    zh_name: Line
    en_name: Line
    effective_from: AskedDay
    source: Line
    weights: Annotated[
        dict[IndicatorId, int],
        Field(min_length=1, max_length=40, description="percent; residents' satisfaction outweighs every other input"),
    ]


class Scheme(Answer):
    id: str
    version: int
    zh_name: str
    en_name: str
    effective_from: date
    source: str
    decided_at: datetime
    weights: dict[str, int]


class Schemes(Answer):
    items: list[Scheme]


class SchemePath(Filter):
    id: SchemeId


class ScoreAsk(Ask):
    since: AskedDay
    until: AskedDay


class ScoreFilter(Paged):
    scheme: SchemeId | None = None
    organisation: OrganisationId | None = None


class Score(Answer):
    """Everything that it follows from stands in `inputs`."""

    id: int
    scheme_id: str
    version: int
    organisation_id: str
    zh_name: str
    en_name: str
    from_day: date
    to_day: date
    score_permille: int | None
    measured: int
    inputs: list[dict[str, Any]]
    computed_at: datetime


class Scores(Answer):
    items: list[Score]
    next: str | None


class Scored(Answer):
    scores: int


class LocalArea(Answer):
    """A property-management area or courtyard."""

    id: str
    kind: LocalAreaKind
    area_id: str
    organisation_id: str | None
    zh_name: str
    en_name: str


class LocalAreas(Answer):
    items: list[LocalArea]

"""What is asked and told of hazards: the register, assessments, what would change a level, decisions."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.api.models.wire import (
    Answer,
    AreaId,
    Ask,
    AskWithPosition,
    ById,
    Grade,
    KindId,
    Line,
    Paged,
    Passage,
    RowId,
)
from dispatcher.screening.levels import LevelReason
from dispatcher.screening.lifecycle import HazardEvent
from dispatcher.screening.model import HazardState
from registry.hazards import LecFactor

Level = Annotated[int, Field(ge=1, le=4, description="1 重大, 2 较大, 3 一般, 4 低风险; no response grade")]
_Fifth = Annotated[int, Field(ge=1, le=5)]
_Value = Annotated[float, Field(gt=0, le=100, description="a value of the scale: GET hazard-kinds")]


class HazardFilter(Paged):
    state: HazardState | None = None
    level: Grade | None = None
    kind: KindId | None = None
    area: AreaId | None = None
    ticket: RowId | None = None


class Cell(Ask):
    """A cell of the matrix, where the inspector asks it beside LEC; the graver of both counts."""

    consequence: _Fifth
    likelihood: _Fifth


class FactorsAsk(Ask):
    likelihood: _Value
    exposure: _Value
    consequence: _Value
    cell: Cell | None = None


class NewHazard(AskWithPosition):
    kind: KindId
    area: AreaId
    place: Line
    subject: Line | None = Field(default=None, description="which lift, riser or shed of the place")
    device_id: RowId | None = None
    plan_id: RowId | None = Field(default=None, description="the inspection plan whose rounds look at it")
    description: Passage
    factors: FactorsAsk
    note: Passage


class NewHazardAssessment(Ask):
    version: RowId
    factors: FactorsAsk
    note: Passage


class HazardActPath(ById):
    event: HazardEvent


class HazardAct(Ask):
    version: RowId
    reason: Passage | None = None
    evidence: Passage | None = None
    accepted_by: Line | None = Field(default=None, description="by whom what is left is accepted")
    days: Annotated[int, Field(ge=1, le=365)] | None = Field(default=None, description="how long it is accepted")
    ticket_id: RowId | None = Field(default=None, description="an open joint rectification to join; none: a new one")


class Hazard(Answer):
    id: int
    number: str
    kind: str
    kind_zh: str
    kind_en: str
    category: str
    category_zh: str
    category_en: str
    area_id: str
    place: str
    lon: float | None
    lat: float | None
    subject: str | None
    device_id: int | None
    description: str
    state: HazardState
    version: int
    level: Level
    residual_level: Level | None = Field(description="what the inspection of its joint ticket left")
    ticket_id: int | None
    ticket_number: str | None
    ticket_state: str | None
    plan_id: int | None
    review_at: datetime | None = Field(description="when an acceptance ends")
    found_at: datetime
    actions: list[HazardEvent] = Field(description="what the caller may do with it now")


class Hazards(Answer):
    items: list[Hazard]
    next: str | None


class HazardAssessment(Answer):
    number: int
    at: datetime
    likelihood: float
    exposure: float
    consequence: float
    product: float
    cell: list[int] | None = Field(description="consequence and likelihood of the matrix")
    relapsed: bool
    level: Level
    reason: LevelReason
    rules_version: int
    matrix_version: int | None
    note: str
    actor_name: str


class HazardLine(Answer):
    version: int
    event: HazardEvent
    from_state: HazardState | None
    to_state: HazardState
    at: datetime
    actor_name: str
    organisation_id: str | None
    reason: str | None
    fields: dict[str, Any]


class HazardFinding(Answer):
    round_id: int
    round_number: str
    item: str
    evidence: str | None
    attachments: list[int]
    at: datetime
    actor_name: str


class HazardDetail(Hazard):
    assessments: list[HazardAssessment]
    records: list[HazardLine]
    findings: list[HazardFinding]


class HazardChange(Answer):
    """One factor alone at this value would give that level."""

    factor: LecFactor
    value: float
    value_zh: str
    value_en: str
    level: Level


class HazardExplanation(Answer):
    """Why a hazard has its level, and what would change it under the same scales."""

    id: int
    number: str
    level: Level
    reason: LevelReason
    lec_level: Level
    matrix_level: Level | None
    mildest_level: Level = Field(description="of the kind: life at risk")
    assessment: HazardAssessment
    what_if: list[HazardChange]


class ScaleValue(Answer):
    factor: LecFactor
    value: float
    zh_name: str
    en_name: str
    source: str


class LevelBound(Answer):
    level: Level
    product_min: float


class HazardKindView(Answer):
    id: str
    category: str
    category_zh: str
    category_en: str
    zh_name: str
    en_name: str
    event_kind: str
    mildest_level: Level
    reach_m: int
    source: str


class HazardKinds(Answer):
    """What a form of a hazard needs: kinds, the scales of the factors, the bounds of the levels."""

    kinds: list[HazardKindView]
    scales: list[ScaleValue]
    bounds: list[LevelBound]
    version: int


class NearbyHazard(Answer):
    id: int
    number: str
    kind: str
    kind_zh: str
    kind_en: str
    place: str
    subject: str | None
    lon: float | None
    lat: float | None
    state: HazardState
    level: Level
    residual_level: Level | None
    ticket_id: int | None
    distance_m: float | None = Field(description="null: at the same place, one of both without a position")


class NearbyHazards(Answer):
    items: list[NearbyHazard]

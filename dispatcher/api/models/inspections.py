"""What is asked and told of inspection plans, rounds and findings."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from dispatcher.api.models.hazards import FactorsAsk, Level
from dispatcher.api.models.wire import (
    Answer,
    AreaId,
    Ask,
    AskWithPosition,
    Grade,
    Instant,
    KindId,
    Line,
    OrganisationId,
    Paged,
    Passage,
    RowId,
)
from dispatcher.screening.model import FindingOutcome, InspectionState


class NewPlan(AskWithPosition):
    list: KindId
    area: AreaId
    place: Line
    organisation: OrganisationId = Field(description="never a residents' committee: Art. 45")
    base_level: Grade = Field(description="without any hazard there: how often it is looked at")
    first_round_at: Instant | None = None


class PlanAssign(Ask):
    version: RowId
    organisation: OrganisationId


class PlanEnd(Ask):
    version: RowId


class Plan(Answer):
    id: int
    list: str
    list_zh: str
    list_en: str
    area_id: str
    place: str
    lon: float | None
    lat: float | None
    base_level: Level
    level: Level = Field(description="the gravest that stands there: it says how often")
    organisation_id: str
    organisation_zh: str
    organisation_en: str
    next_round_at: datetime | None = Field(description="null: ended")
    version: int
    created_at: datetime


class Plans(Answer):
    items: list[Plan]
    next: str | None


class RoundFilter(Paged):
    state: InspectionState | None = None
    organisation: OrganisationId | None = None
    overdue: bool = False


class CheckLine(Answer):
    item: str
    zh_text: str
    en_text: str
    hazard_kind: str
    source: str


class Interval(Answer):
    level: Level
    every_d: int
    within_d: int
    remind_d: int
    proposes: bool
    source: str


class CheckListView(Answer):
    id: str
    version: int
    zh_name: str
    en_name: str
    matter: str
    items: list[CheckLine]


class CheckLists(Answer):
    items: list[CheckListView]
    intervals: list[Interval]


class Inspection(Answer):
    id: int
    number: str
    plan_id: int
    organisation_id: str
    organisation_zh: str
    organisation_en: str
    list: str
    list_version: int
    level: Level
    area_id: str
    place: str
    lon: float | None
    lat: float | None
    opened_at: datetime
    due_at: datetime
    reminded_at: datetime | None
    overdue: bool
    overdue_at: datetime | None
    missed: int = Field(description="rounds that fell due while it was still open")
    state: InspectionState
    version: int
    ended_at: datetime | None
    ended_by_name: str | None
    reason: str | None


class Inspections(Answer):
    items: list[Inspection]
    next: str | None


class InspectionFinding(Answer):
    item: str
    number: int
    outcome: FindingOutcome
    evidence: str | None
    attachments: list[int]
    reason: str | None
    hazard_id: int | None
    hazard_number: str | None
    at: datetime
    actor_name: str


class InspectionDetail(Inspection):
    check_list: CheckListView
    findings: list[InspectionFinding] = Field(description="the newest at each item")


class NewFinding(Ask):
    item: KindId
    outcome: Annotated[FindingOutcome, Field(strict=False)]
    evidence: Passage | None = None
    attachments: Annotated[list[RowId], Field(max_length=20, default_factory=list)]
    reason: Passage | None = Field(default=None, description="why it was skipped")
    hazard_id: RowId | None = Field(default=None, description="a known hazard of the place that was met again")
    kind: KindId | None = Field(default=None, description="of the hazard; none: what the item says")
    subject: Line | None = None
    factors: FactorsAsk | None = Field(default=None, description="of a new hazard, or to assess a known one anew")


class RoundReport(Ask):
    version: RowId


class RoundCancel(Ask):
    version: RowId
    reason: Passage

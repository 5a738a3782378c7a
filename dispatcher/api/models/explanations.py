"""Why an incident is one, why it has its grade, what would change it, and what officers say of it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.api.models.hazards import NearbyHazard
from dispatcher.api.models.incidents import IncidentAlias
from dispatcher.api.models.patterns import IncidentMatch
from dispatcher.api.models.shapes import CaseMate, OverlayView
from dispatcher.api.models.wire import Answer, Ask, Grade, Line
from dispatcher.incidents.grades.grading import GradeCause
from dispatcher.incidents.model import IncidentStatus, Standing
from dispatcher.incidents.views import Explanation, Hex
from dispatcher.risk.model import Verdict
from dispatcher.risk.what_if import WhatIf
from events.model import SourceClass


class OfficersWord(Ask):
    version: Annotated[int, Field(ge=1, lt=2**31, description="of the incident as the caller saw it")]
    reason: Line


class SetGrade(OfficersWord):
    grade: Annotated[Grade | None, Field(description="null gives the grade back to the matrix")]


class Judge(OfficersWord):
    verdict: Verdict


class MemberView(Answer):
    """An event of the incident, with its place in metres from the incident's."""

    uid: Hex
    kind: str
    kind_zh: str
    kind_en: str
    source_class: SourceClass
    subject: str | None  # null for reports of persons
    at: datetime
    place: str | None
    lon: float | None
    lat: float | None
    east_m: float | None
    north_m: float | None
    standing: Standing


class LinkView(Answer):
    """Two events that lie within the radius and time of their group; the nearest such links hold the incident."""

    uid_a: Hex
    uid_b: Hex
    distance_m: float
    dt_s: float
    group: str


class GroupRule(Answer):
    """By which rule events of a group are linked."""

    group: str
    zh_name: str
    en_name: str
    r_m: int
    t_s: int
    g_s: int
    m: int


class ChangeView(Answer):
    """A change that would give another grade."""

    what: WhatIf
    grade: int
    zh: str
    en: str


class GradeChangeView(Answer):
    """A line of the history of its grades."""

    at: datetime
    from_grade: int | None
    to_grade: int
    computed_grade: int
    cause: GradeCause
    rules: list[dict[str, Any]]
    watermark_at: datetime | None


class WordView(Answer):
    """What an officer said, whether it still counts or not."""

    reason: str
    by: str
    role: str
    at: datetime


class OverrideWord(WordView):
    grade: int | None
    computed_grade: int


class JudgementWord(WordView):
    verdict: Verdict


class IncidentExplanation(Answer):
    """The whole answer to: why together, why this grade, and what would change it."""

    id: int
    number: str
    version: int
    status: IncidentStatus
    grade: int
    kind: str
    kind_zh: str
    kind_en: str
    lon: float | None
    lat: float | None
    explanation: Explanation
    rule_names: dict[str, list[str]]  # of each rule of evidence: Chinese, English
    members: list[MemberView]
    members_total: int
    standings: dict[Standing, int]  # how many events stand how
    rules_version: int
    groups: list[GroupRule]
    links: list[LinkView]
    links_complete: bool  # false: too many events to keep their links
    aliases: list[IncidentAlias]
    matches: list[IncidentMatch] = Field(
        description="patterns that hold at its events, or that these witness, as they stand"
    )
    what_if: list[ChangeView]
    history: list[GradeChangeView]
    overrides: list[OverrideWord]
    judgements: list[JudgementWord]
    overlays: list[OverlayView]
    same_case: list[CaseMate]
    hazards: list[NearbyHazard] = Field(description="what stands within reach; shown, it grades nothing")

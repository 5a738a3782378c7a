"""Versions of the rules, what is wrong with one, what changes from one to another."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.api.models.trials import TrialDifference
from dispatcher.api.models.wire import Answer, Ask, Filter, Line, Paged
from dispatcher.rules.document import RuleDocument, RuleSource
from dispatcher.rules.findings import FindingCode, Weight
from dispatcher.rules.versions import RuleState
from registry.grading import Moves

VersionNumber = Annotated[int, Field(ge=1, lt=2**31)]
Content = Annotated[dict[str, Any], Field(description="a document as `GET /rules/{id}` gives it")]


class ByVersion(Filter):
    id: VersionNumber


class Against(Filter):
    against: VersionNumber | None = Field(default=None, description="the version in force where none is named")


class RuleList(Paged):
    pass


class RuleFinding(Answer):
    path: str = Field(description="where in the document, such as `groups.fire.r_m` or `matrix.4[2]`")
    code: FindingCode
    weight: Weight
    zh: str
    en: str


class RuleVersion(Answer):
    id: int
    state: RuleState
    sha256: str
    source: RuleSource
    author: str
    note: str
    created_at: datetime
    activated_at: datetime | None
    activated_seq: int | None = Field(description="position of the record in the clock stream")
    activated_by: str | None
    reason: str | None
    refused: str | None = Field(description="why the dispatcher could not take it over")


class RuleVersions(Answer):
    items: list[RuleVersion]
    next: str | None


class RuleDetail(RuleVersion):
    content: RuleDocument


class RuleAdded(RuleVersion):
    findings: list[RuleFinding]


class NewRules(Ask):
    content: Content
    note: Line


class RulesToCheck(Ask):
    content: Content


class RulesChecked(Answer):
    valid: bool
    sha256: str | None = Field(description="of a document that has the shape of one")
    findings: list[RuleFinding]


class Activation(Ask):
    reason: Line


class RuleChange(Answer):
    path: str
    before: Any
    after: Any


class RuleChanges(Answer):
    before: int
    after: int
    items: list[RuleChange]


class DryRun(Answer):
    """What the takeover would do to the incidents that are open now."""

    version: int
    in_force: int
    open_incidents: int
    difference: TrialDifference


class PointsRow(Answer):
    """What a rule of evidence is worth from a level on."""

    rule: str
    level: int
    axis: Moves
    points: int = Field(description="in thousandths of a step of the matrix")
    waits: bool = Field(description="counts only once the incident is final")
    zh_name: str
    en_name: str
    source: str


class KindRiskRow(Answer):
    """Traits of a kind that are no steps of the matrix."""

    kind: str
    life_at_risk: bool
    takes_colour: bool
    warned_by: dict[str, int] = Field(description="kinds of warnings, with the mildest colour that counts")


class GradePoints(Answer):
    version: int
    points: list[PointsRow]
    parameters: dict[str, int]
    kinds: list[KindRiskRow]

"""Why an incident has its grade, as the api, the stream and the messages show it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from dispatcher.risk.model import Decider, Verdict

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]*$")]
"""Bytes in lower-case hexadecimal."""


class View(BaseModel):
    """What readers get: frozen, nothing beyond what is declared."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_inf_nan="null", json_schema_mode_override="serialization"
    )


class RiskPoint(View):
    likelihood: int
    consequence: int


class Evidence(View):
    rule: str
    rule_version: int
    moves: Literal["likelihood", "consequence"]
    points: int
    witnesses: list[Hex]
    zh: str
    en: str


class JudgementView(View):
    """What a person found who looked."""

    verdict: Verdict
    by: str
    at: datetime


class EarlierView(View):
    """What happened here before, named by its first event."""

    uid: Hex
    at: datetime


class WarningView(View):
    uid: Hex
    kind: str
    colour: int


class PlaceView(View):
    """A sensitive place as it stood when the grade was given; decimetres of the local plane."""

    id: str
    category: str
    zh_name: str
    en_name: str
    x_dm: int
    y_dm: int
    reach_m: int
    hours: list[int] | None


class MatchView(View):
    """A complete pattern with the events that complete it."""

    pattern_id: str
    version: int
    zh: str
    en: str
    witnesses: list[Hex]


class FactsView(View):
    """What the incident's own events do not say."""

    final: bool
    judgement: JudgementView | None
    doubted: list[str]
    earlier: list[EarlierView]
    warnings: list[WarningView]
    matches: list[MatchView]
    places: list[PlaceView]
    cleared: list[Hex]


class OverrideView(View):
    """The grade that an officer set; null gave it back to the matrix."""

    grade: int | None
    computed_grade: int
    reason: str
    by: str
    role: str
    at: datetime


class Explanation(View):
    """Why the evidence gives this grade, and what an officer set over it."""

    kind: str
    kind_version: int
    matrix_version: int
    points_version: int
    base: RiskPoint
    evidence: list[Evidence]
    likelihood: int
    consequence: int
    decided_by: Decider
    grade: int
    facts: FactsView
    override: OverrideView | None

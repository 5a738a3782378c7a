"""Patterns, and the matches that an incident shows."""

from datetime import datetime

from pydantic import Field

from dispatcher.api.models.rules import VersionNumber
from dispatcher.api.models.wire import Answer, Ask, Filter, KindId, Line
from dispatcher.incidents.views import Hex
from dispatcher.patterns.model import StepRole
from dispatcher.rules.document import PatternMode


class PatternStepView(Answer):
    name: str
    role: StepRole
    zh_name: str
    en_name: str
    kinds: list[str]
    source_classes: list[str]  # empty: any
    severity_min: int
    predicate: str | None


class PatternView(Answer):
    """A pattern as the rules in force have it; one that they do not name is shown as inactive."""

    id: str
    version: int
    zh_name: str
    en_name: str
    mode: PatternMode
    r_m: int
    t_s: int
    by_place: bool  # an event without a position may stand for one in the same community
    step_order: list[str]  # earlier<later
    effective_from: datetime | None
    effective_to: datetime | None
    source: str
    steps: list[PatternStepView]
    incidents_day: int  # that it was found in during the last 24 hours
    incidents_month: int  # during the last 30 days
    last_matched_at: datetime | None


class Patterns(Answer):
    items: list[PatternView]


class ByPattern(Filter):
    id: KindId


class PatternState(Ask):
    mode: PatternMode = Field(strict=False)
    version: VersionNumber | None = Field(default=None, description="of the pattern; that which counts now")
    reason: Line


class MatchWitnessView(Answer):
    """The event that fills a step, as seen from the anchor."""

    step: str
    zh_name: str | None
    en_name: str | None
    uid: Hex
    d_m: float | None  # null: it only shares the anchor's community
    dt_s: float
    incident_id: int | None


class IncidentMatch(Answer):
    """A pattern that holds at an event of an incident, or of one that shares a witness with it."""

    incident_id: int
    incident_number: str
    pattern_id: str
    version: int
    zh_name: str
    en_name: str
    mode: PatternMode
    anchor_uid: Hex
    anchor_at: datetime
    matched_at: datetime
    witnesses: list[MatchWitnessView]


class ToldMatch(Answer):
    """Body of incident.matched."""

    incident_id: int
    case_id: int
    pattern_id: str
    version: int
    zh_name: str
    en_name: str
    anchor_uid: Hex
    anchor_at: datetime
    matched_at: datetime
    witnesses: list[dict[str, str | float | None]]

"""Incidents and why they have their grade."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from dispatcher.api.exports.writing import Format
from dispatcher.api.models.events import Event
from dispatcher.api.models.patterns import IncidentMatch
from dispatcher.api.models.shapes import CaseMate, Follower, OverlayView
from dispatcher.api.models.wire import Answer, AreaId, Grade, KindId, Paged
from dispatcher.incidents.model import IncidentStatus
from dispatcher.incidents.views import Explanation, Hex


class IncidentFilter(Paged):
    format: Annotated[Format | None, Field(description="the whole list as a file; also by Accept")] = None
    status: IncidentStatus | None = None
    grade: Grade | None = None
    kind: KindId | None = None
    area: AreaId | None = None


class Incident(Answer):
    id: int
    number: str
    case_id: int
    status: IncidentStatus
    kind: str
    kind_zh: str
    kind_en: str
    grade: int
    area_id: str | None
    place: str | None
    lon: float | None
    lat: float | None
    first_at: datetime
    last_at: datetime
    opened_at: datetime
    final_at: datetime | None
    event_count: int
    source_classes: list[str]
    late: bool
    merged_into: int | None  # of an alias: the incident that goes on
    follows: int | None  # the final incident that it comes back to
    tile: int  # absolute tile of its group: a cluster is cut at fixed times
    ticket_id: int | None
    explanation: Explanation


class Incidents(Answer):
    items: list[Incident]
    next: str | None


class IncidentLink(Answer):
    """Two events of the incident that lie within its radius and time of each other."""

    uid_a: Hex
    uid_b: Hex
    distance_dm: int
    dt_ms: int


class IncidentAlias(Answer):
    """An incident that turned out to be part of this one."""

    id: int
    number: str
    merged_at: datetime | None
    bridge_uid: Hex | None


class IncidentDetail(Incident):
    events: list[Event]
    links: list[IncidentLink]
    aliases: list[IncidentAlias]
    version: int  # moves with the incident's shape: what split and merge ask for
    followed_by: list[Follower]
    same_case: list[CaseMate]
    overlays: list[OverlayView]
    matches: list[IncidentMatch]  # patterns that it completes or witnesses


class IncidentSummary(Answer):
    open: int
    final: int
    merged: int
    components: int  # open and final
    located: int  # of the components, those with a position
    events: int
    late: int

"""What officers make of incidents: splits, merges, and what shows of them."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from dispatcher.api.models.wire import Answer, Ask, Line, RowId
from dispatcher.incidents.overlays import SPLIT_EVENTS_MAX, Act, Outcome
from dispatcher.incidents.views import Hex

Uid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""The uid of an event, in lower-case hexadecimal."""


class Reshape(Ask):
    version: Annotated[int, Field(ge=1, lt=2**31, description="of the incident as the caller saw it")]
    reason: Line


class Split(Reshape):
    event_uids: Annotated[
        list[Uid], Field(min_length=1, max_length=SPLIT_EVENTS_MAX, description="become an incident of their own")
    ]


class Merge(Reshape):
    other_id: Annotated[RowId, Field(description="the incident that proved to be the same")]


class ReshapeAccepted(Answer):
    """The decision stands in the log; what it leads to comes on the stream."""

    seq: int = Field(description="position in the stream `overlays` of the log")
    act: Act
    incident_id: int
    version: int


class OverlayView(Answer):
    """What an officer made of the incident, when and why."""

    seq: int
    act: Act
    incident_id: int
    other_id: int | None
    event_uids: list[Hex]
    actor_name: str
    actor_role: str
    reason: str
    at: datetime
    outcome: Outcome
    result_ids: list[int] = Field(description="incidents in which the events stood after it")


class Follower(Answer):
    """An incident that came after this one was final, at the same place or about the same subject."""

    id: int
    number: str
    first_at: datetime


class CaseMate(Answer):
    """Another incident of the same case: of the same cluster in another tile, or joined by a pattern."""

    id: int
    number: str
    tile: int
    first_at: datetime

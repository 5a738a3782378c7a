"""The log of events as clients see it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import StringConstraints

from dispatcher.api.models.wire import Answer, Instant, KindId, Paged, RowId
from dispatcher.incidents.views import Hex

StreamName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_.-]{1,64}$")]


class EventFilter(Paged):
    stream: StreamName | None = None
    kind: KindId | None = None
    device: RowId | None = None
    since: Instant | None = None


class Event(Answer):
    uid: Hex
    stream: str
    seq: int
    kind: str
    severity: int
    raised: bool
    source: str
    source_class: str
    subject: str
    device_id: int | None
    call_id: int | None
    area_id: str | None
    place: str | None
    lon: float | None
    lat: float | None
    observed_at: datetime | None
    received_at: datetime
    effective_at: datetime
    time_quality: str
    incident_id: int | None
    body: dict[str, Any]


class Events(Answer):
    items: list[Event]
    next: str | None

"""The live stream: what each topic carries."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from dispatcher.api.models.incidents import Incident
from dispatcher.api.models.patterns import ToldMatch
from dispatcher.api.models.wire import INT64_MAX, Answer, Filter
from dispatcher.tickets.views import TicketRow


class StreamFilter(Filter):
    after: Annotated[
        int | None,
        Field(ge=0, le=INT64_MAX, description="replay what follows this id; the header Last-Event-ID does the same"),
    ] = None


class MovedClock(Answer):
    """Body of clock.moved."""

    now: datetime
    tick_seq: int


class StreamItem(BaseModel):
    """The JSON in `data:`; `id:` is `seq`, `event:` is `topic`. Which of the bodies is present depends on the topic."""

    model_config = ConfigDict(frozen=True, extra="allow")

    seq: int
    at: datetime
    topic: str = Field(
        description="incident.opened, incident.changed, incident.merged, incident.matched, incident.final, "
        "ticket.opened, ticket.changed, ticket.reminder, clock.moved, device.presence"
    )
    ticket: TicketRow | None = None
    incident: Incident | None = None
    match: ToldMatch | None = None
    clock: MovedClock | None = None

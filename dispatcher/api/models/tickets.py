"""Tickets: the queue's row, the detail with what the caller may do now, the timeline, and actions."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from dispatcher.api.models.incidents import Explanation
from dispatcher.api.models.wire import Answer, AreaId, Ask, Filter, Grade, OrganisationId, Paged, Passage, RowId
from dispatcher.tickets.model import TicketEvent, TicketState
from dispatcher.tickets.views import TicketRow, Unit

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class TicketFilter(Paged):
    state: TicketState | None = None
    grade: Grade | None = None
    area: AreaId | None = None
    organisation: OrganisationId | None = None
    open: bool | None = None
    overdue: bool | None = None
    q: Annotated[str | None, Field(max_length=100, pattern=r"^[^\x00]*$", description="number, kind or place")] = None


class Tickets(Answer):
    items: list[TicketRow]
    next: str | None


class Assignment(Answer):
    organisation: Unit
    role: Literal["lead", "co"]
    reason: str
    assigned_at: datetime
    signed_at: datetime | None
    ended_at: datetime | None


class TicketClock(Answer):
    clock: str
    organisation_id: str | None
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    stop_reason: str | None
    breached_at: datetime | None
    provisional: bool
    explanation: dict[str, Any]


class TicketReport(Answer):
    """A person's report on the ticket, the caller masked."""

    call_id: int
    text: str
    caller_name: str | None
    caller_phone: str | None
    received_at: datetime
    callback_wanted: bool
    called_back_at: datetime | None
    callback_outcome: str | None


class ActionField(Answer):
    name: str
    type: Literal["text", "organisation", "organisations", "choice", "integer"]
    required: bool
    choices: list[str] | None = None


class Action(Answer):
    """An action that the caller may take now."""

    event: str
    to_state: str | None = Field(description="null where the action does not move the state")
    fields: list[ActionField]
    needs_reason: bool


class TicketDetail(TicketRow):
    model_config = Answer.model_config

    assignments: list[Assignment]
    clocks: list[TicketClock]
    reports: list[TicketReport]
    explanation: Explanation
    actions: list[Action]


class TimelineItem(Answer):
    at: datetime
    entry: str = Field(description="`transition`, or the entry's own word: note, contact, event_joined, reminder ...")
    event: str | None = None
    from_state: str | None = None
    to_state: str | None = None
    version: int | None = None
    actor_name: str
    actor_role: str | None = None
    organisation_id: str | None = None
    reason: str | None = None
    fields: dict[str, Any] | None = None
    body: dict[str, Any] | None = None


class Timeline(Answer):
    items: list[TimelineItem]


class ActionPath(Filter):
    id: RowId
    event: TicketEvent


class ActionAsk(Ask):
    version: Annotated[int, Field(ge=1, le=2**31 - 1, description="the version that the caller saw")]
    reason: Passage | None = None
    fields: dict[FieldName, Any] = Field(default_factory=dict, max_length=20)

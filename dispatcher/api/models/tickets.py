"""What is asked of tickets, and lists of them; a ticket itself is shown as `dispatcher.tickets.views` says."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from dispatcher.api.exports.writing import Format
from dispatcher.api.models.wire import Answer, AreaId, Ask, Filter, Grade, Line, OrganisationId, Paged, Passage, RowId
from dispatcher.tickets.model import TicketEvent, TicketState
from dispatcher.tickets.reading import Workbench
from dispatcher.tickets.views import Subtask, TicketClockExplained, TicketRow, TimelineItem

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]


class TicketFilter(Paged):
    format: Annotated[Format | None, Field(description="the whole list as a file; also by Accept")] = None
    state: TicketState | None = None
    grade: Grade | None = None
    area: AreaId | None = None
    organisation: OrganisationId | None = None
    open: bool | None = None
    overdue: bool | None = None
    view: Annotated[
        Workbench | None,
        Field(description="mine: held by me; of my unit: inbox (unsigned), led, called (by us)"),
    ] = None
    q: Annotated[str | None, Field(max_length=100, pattern=r"^[^\x00]*$", description="number, kind or place")] = None


class Tickets(Answer):
    items: list[TicketRow]
    next: str | None


class Timeline(Answer):
    items: list[TimelineItem]


class TicketClocks(Answer):
    items: list[TicketClockExplained]


class Subtasks(Answer):
    items: list[Subtask]


class HolderAsk(Ask):
    user_id: Annotated[RowId | None, Field(description="a colleague")] = None
    office: Annotated[Line | None, Field(max_length=60, description="an office of the unit, in its own words")] = None


class ProposalAsk(Ask):
    ticket_id: RowId
    level: Annotated[Grade, Field(description="the hazard level that the proposer sees; the admission fixes it")]
    cause: Passage


class TakeUpAsk(Ask):
    level: Annotated[Grade, Field(description="the hazard level that the person sees; the admission fixes it")]
    reason: Passage


class DeclineAsk(Ask):
    reason: Passage


class ActionPath(Filter):
    id: RowId
    event: TicketEvent


class ActionAsk(Ask):
    version: Annotated[int, Field(ge=1, le=2**31 - 1, description="the version that the caller saw")]
    reason: Passage | None = None
    fields: dict[FieldName, Any] = Field(default_factory=dict, max_length=20)

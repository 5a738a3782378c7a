"""Tickets as the api, the stream and the messages show them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from dispatcher.attachments.views import AttachmentUse
from dispatcher.incidents.views import Explanation, View


class Unit(View):
    """An organisation as a ticket names it."""

    id: str
    zh_name: str
    en_name: str


class TicketRow(View):
    id: int
    number: str | None
    ticket_kind: str
    state: str
    version: int
    grade: int
    kind: str
    kind_zh: str
    kind_en: str
    place: str | None
    area_id: str | None
    lon: float | None
    lat: float | None
    lead: Unit | None
    co_signed: int
    co_total: int
    opened_at: datetime
    accepted_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    due_clock: str | None
    overdue: bool
    report_count: int
    event_count: int
    rework_count: int
    incident_id: int | None = Field(description="null: a joint rectification of a hazard")
    case_id: int


class Assignment(View):
    organisation: Unit
    role: Literal["lead", "co"]
    reason: str
    assigned_at: datetime
    signed_at: datetime | None
    ended_at: datetime | None


class Holder(View):
    """Who holds the ticket inside a unit."""

    organisation: Unit
    user_id: int | None
    person: str | None
    office: str | None
    held_at: datetime


class TicketClock(View):
    clock: str
    organisation_id: str | None = Field(description="null where the clock is the ticket's own")
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    stop_reason: str | None
    breached_at: datetime | None
    provisional: bool
    explanation: dict[str, Any]


class ClockStep(View):
    """A step of the ladder that lies ahead, or was taken."""

    action: str
    at: datetime | None = Field(description="when it will be taken; null where it was")


class TicketClockExplained(TicketClock):
    """How a due time came about, and what happens until and after it."""

    run: int
    subtask: int | None = Field(description="the sub-task whose clock it is")
    working: bool = Field(description="counts working time; false: natural time")
    paused_at: datetime | None
    steps: list[ClockStep]


class Subtask(View):
    number: int
    title: str
    organisation: Unit
    mandatory: bool
    state: str
    changed_at: datetime
    after: int | None = Field(description="the sub-task that has to be finished before")
    due_at: datetime | None


class TicketReport(View):
    """A person's report on the ticket, the caller masked."""

    call_id: int
    text: str
    caller_name: str | None
    caller_phone: str | None
    received_at: datetime
    callback_wanted: bool
    called_back_at: datetime | None
    callback_outcome: str | None


class ActionField(View):
    name: str
    type: Literal["text", "organisation", "organisations", "choice", "integer", "decimal", "time", "attachments"]
    required: bool
    choices: list[str] | None = None
    minimum: int | None = Field(default=None, description="of numbers; of attachments: how many new photos it takes")
    maximum: int | None = Field(default=None, description="of numbers")


class Action(View):
    """An action that the reader may take now."""

    event: str
    to_state: str | None = Field(description="null where the action does not move the state")
    fields: list[ActionField]
    needs_reason: bool


class TicketDetail(TicketRow):
    assignments: list[Assignment]
    holders: list[Holder]
    clocks: list[TicketClock]
    reports: list[TicketReport]
    explanation: Explanation | None = Field(description="null where no incident led to it")
    actions: list[Action]


class TimelineItem(View):
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
    id: int | None = Field(default=None, description="of a line that is no transition: by this it can be struck")
    attachments: list[AttachmentUse] = Field(default_factory=list, description="what it names, with what was found")
    struck: bool = Field(default=False, description="no longer counts; only auditors still read what it says")

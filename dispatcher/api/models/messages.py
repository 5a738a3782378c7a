"""What is asked and told of messages, of contact points, and by the gateways that carry them."""

from datetime import datetime, time
from typing import Annotated

from pydantic import Field

from dispatcher.api.models.wire import Answer, Ask, Filter, Line, OrganisationId, Paged, RowId
from dispatcher.channels.model import AttemptState, MessageState
from dispatcher.channels.receipts import ReceiptState
from registry.messages.templates import Language

ChannelName = Annotated[str, Field(pattern=r"^[a-z]{2,16}$")]
# JSON knows no times of day: a strict model takes them as text.
TimeOfDay = Annotated[time, Field(strict=False)]


class MessageFilter(Paged):
    ticket: RowId | None = None
    user: RowId | None = None
    contact: RowId | None = Field(default=None, description="a person of a roster")
    organisation: OrganisationId | None = None
    state: MessageState | None = None


class Message(Answer):
    id: int
    topic: str
    grade: int
    state: MessageState
    reason: str | None = Field(description="why it waits, or why it ended as it did")
    ticket_id: int | None
    ticket_number: str | None
    user_id: int | None
    contact_id: int | None
    organisation_id: str | None
    to_caller: bool = Field(description="to whoever called the hotline; the number is never told")
    to_name: str | None
    created_at: datetime
    next_at: datetime | None
    reached_at: datetime | None
    answered_at: datetime | None
    answered_by: int | None


class Messages(Answer):
    items: list[Message]
    next: str | None


class AttemptStep(Answer):
    state: AttemptState
    at: datetime
    note: str | None


class Attempt(Answer):
    id: int
    channel: str
    address: str = Field(description="masked")
    state: AttemptState
    tries: int
    last_error: str | None
    text: str
    created_at: datetime
    states: list[AttemptStep]


class MessageHold(Answer):
    at: datetime
    until: datetime
    reason: str


class MessageDetail(Message):
    attempts: list[Attempt]
    holds: list[MessageHold]


class ContactPointFilter(Paged):
    user: RowId | None = None
    organisation: OrganisationId | None = None


class ContactPoint(Answer):
    id: int
    user_id: int | None
    contact_id: int | None
    organisation_id: str | None
    channel: str
    address: str = Field(description="masked")
    language: Language
    position: int
    quiet_from: time | None
    quiet_to: time | None
    verified_at: datetime | None
    enabled: bool
    created_at: datetime


class ContactPoints(Answer):
    items: list[ContactPoint]
    next: str | None


class NewContactPoint(Ask):
    organisation: OrganisationId | None = Field(default=None, description="left out: the caller's own")
    channel: ChannelName
    address: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]
    secret: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = None
    language: Annotated[Language, Field(strict=False)] = Language.ZH_CN
    position: Annotated[int, Field(ge=1, le=99)] = 1
    quiet_from: TimeOfDay | None = Field(default=None, description="local time")
    quiet_to: TimeOfDay | None = None


class ContactPointTest(Answer):
    message_id: int


class ContactPointCode(Ask):
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class ContactPointVerdict(Answer):
    verified: bool


class ReceiptPath(Filter):
    channel: ChannelName


class GatewayReceipt(Ask):
    id: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="as we sent it")]
    state: Annotated[ReceiptState, Field(strict=False)]
    note: Line | None = None


class GatewayReceipts(Ask):
    receipts: Annotated[list[GatewayReceipt], Field(min_length=1, max_length=500)]


class ReceiptsTaken(Answer):
    new: int = Field(description="how many were not known before")

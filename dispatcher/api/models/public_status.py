"""What residents ask and are told by number and code, and what partner systems pass on."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from dispatcher.api.models.desk import Satisfaction
from dispatcher.api.models.hotline import PHONE, Demand
from dispatcher.api.models.wire import (
    Answer,
    Ask,
    AskWithPosition,
    Filter,
    Instant,
    KindId,
    Line,
    Passage,
    storable,
)
from dispatcher.desk.callbacks import CallbackResult
from dispatcher.desk.elements import Element, Urgency
from dispatcher.desk.standing import PublicState

TypedCode = Annotated[str, StringConstraints(min_length=1, max_length=32)]


class NumberPath(Filter):
    number: Annotated[str, StringConstraints(pattern=r"^(HR|CR|hr|cr)-[0-9]{8}-[0-9]{5,9}$")]


class CodeQuery(Filter):
    code: TypedCode | None = Field(default=None, description="or the header Ticket-Code, which no proxy writes down")


class PageQuery(Filter):
    number: Annotated[str | None, Field(max_length=32)] = None


class PublicStanding(Answer):
    """How a report stands, for whoever has its code: nothing of who called or what was said."""

    number: str
    received_at: datetime
    state: PublicState
    state_zh: str
    state_en: str
    ticket_number: str | None
    kind_zh: str | None
    kind_en: str | None
    holder_zh: str = Field(description="who has it now")
    holder_en: str
    due_at: datetime | None
    closed_at: datetime | None
    refusal_zh: str | None
    refusal_en: str | None
    answer: str | None
    may_object: bool
    may_rate: bool


class ObjectionAsk(Ask):
    code: TypedCode
    reason: Passage


class RatingAsk(Ask):
    code: TypedCode
    satisfaction: Satisfaction
    result: Annotated[CallbackResult, Field(strict=False, description="solved, partly or unsolved")]
    words: Passage | None = None

    @model_validator(mode="after")
    def _says_how_far(self) -> Self:
        if self.result not in (CallbackResult.SOLVED, CallbackResult.PARTLY, CallbackResult.UNSOLVED):
            raise ValueError("result is solved, partly or unsolved")
        return self


class PartnerPath(Filter):
    partner: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,64}$")]


ExternalNumber = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,48}$")]


class OrderPath(PartnerPath):
    number: ExternalNumber


class ExchangeOrder(AskWithPosition):
    """An order of another system, as its operator typed it once."""

    number: ExternalNumber
    text: Annotated[str, StringConstraints(min_length=1, max_length=8000), AfterValidator(storable)]
    wanted: Passage | None = None
    caller_name: Annotated[Line | None, Field(repr=False)] = None
    caller_phone: Annotated[str | None, Field(repr=False, pattern=PHONE)] = None
    anonymous: bool = False
    confidential: bool = False
    demand: Annotated[Demand | None, Field(strict=False)] = None
    urgency: Annotated[Urgency, Field(strict=False)] = Urgency.ORDINARY
    kind: KindId | None = None
    address: Line | None = None
    occurred_at: Instant | None = None
    due_at: Annotated[Instant | None, Field(description="what your side promised; the earlier limit wins")] = None


class ExchangeReceipt(Answer):
    external_number: str
    number: str | None = Field(description="ours")
    code: str | None = Field(description="for the caller, this once; null on a repeat")
    received_at: datetime
    kind: str
    area_id: str | None
    missing: list[Element]
    duplicate: bool


class ExchangeStanding(PublicStanding):
    external_number: str
    external_due_at: datetime | None

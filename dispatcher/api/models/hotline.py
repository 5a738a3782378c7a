"""Calls of residents."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints

from dispatcher.api.models.wire import (
    Answer,
    AreaId,
    Ask,
    AskWithPosition,
    Instant,
    KindId,
    Line,
    OrganisationId,
    Passage,
    storable,
)
from dispatcher.desk.elements import Element, Urgency
from dispatcher.incidents.views import Hex


class Demand(StrEnum):
    """What a caller wants; the members equal the SQL type `demand_type`."""

    CONSULTATION = "consultation"  # 咨询
    HELP = "help"  # 求助
    SUGGESTION = "suggestion"  # 建议
    COMPLAINT = "complaint"  # 投诉
    REPORT = "report"  # 举报
    PRAISE = "praise"  # 表扬


PHONE: Final = r"^[+0-9][0-9 ()-]{2,31}$"

IdempotencyKey = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
"""Chosen by the client, once a call: 1 to 128 printable ASCII characters."""


class Prompt(Answer):
    """What is still to be asked."""

    element: Element
    zh_text: str
    en_text: str


class NewCall(AskWithPosition):
    text: Annotated[str, StringConstraints(min_length=1, max_length=8000), AfterValidator(storable)]
    caller_name: Annotated[Line | None, Field(repr=False)] = None
    caller_phone: Annotated[str | None, Field(repr=False, pattern=PHONE)] = None
    anonymous: bool = False
    confidential: bool = False
    demand: Annotated[Demand | None, Field(strict=False)] = None
    kind: KindId | None = None
    address: Line | None = None
    area_id: AreaId | None = None
    occurred_at: Instant | None = None
    wanted: Annotated[Passage | None, Field(description="what the caller wants to be done")] = None
    urgency: Annotated[Urgency, Field(strict=False, description="a danger to life is grade II at least")] = (
        Urgency.ORDINARY
    )
    complained_of: OrganisationId | None = Field(
        default=None, description="the unit that the caller complains of: it never leads, checks or calls back"
    )
    idempotency_key: IdempotencyKey | None = Field(
        default=None, description="or the header Idempotency-Key; one of the two is required"
    )


class TakenCall(Answer):
    id: int
    uid: Hex = Field(description="of the event that the call became")
    received_at: datetime
    kind: str
    area_id: str | None
    duplicate: bool = Field(description="true: this key and content were taken before; nothing new was written")
    number: str | None = Field(description="of the receipt; told to the caller")
    code: str | None = Field(description="told to the caller this once; only its hash is kept")
    urgency: Urgency
    missing: list[Element] = Field(description="of the five elements, what the caller left open")
    ask: list[Prompt]


class Supplement(Answer):
    element: Element
    text: str
    at: datetime


class Call(Answer):
    """A call as it may be read later: the caller is masked."""

    id: int
    received_at: datetime
    occurred_at: datetime | None
    text: str
    caller_name: str | None
    caller_phone: str | None
    anonymous: bool
    confidential: bool
    demand: Demand | None
    kind: str
    address: str | None
    lon: float | None
    lat: float | None
    area_id: str | None
    wanted: str | None
    urgency: Urgency
    complained_of: str | None = Field(description="the unit that the caller complains of")
    number: str | None = Field(description="of the receipt")
    missing: list[Element] = Field(description="what is still open, of what was left open")
    supplements: list[Supplement]
    ticket_id: int | None


class SupplementAsk(Ask):
    element: Annotated[Element, Field(strict=False)]
    text: Passage


class OpenElements(Answer):
    missing: list[Element]
    ask: list[Prompt]


class CallReceipt(Answer):
    number: str
    code: str = Field(description="the old one is worth nothing any more")


class HistoryAsk(Ask):
    caller_phone: Annotated[str, Field(repr=False, pattern=PHONE)]
    kind: KindId


class EarlierCall(Answer):
    """An earlier call of the same number about the same matter: nothing of what was said, no label on anybody."""

    id: int
    receipt_number: str | None
    received_at: datetime
    kind: str
    demand: Demand | None
    ticket_id: int | None
    ticket_number: str | None
    state: str | None
    closed_at: datetime | None


class CallHistory(Answer):
    items: list[EarlierCall]

"""Calls of residents."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from dispatcher.api.models.wire import Answer, AreaId, Ask, Instant, KindId, Latitude, Line, Longitude, storable
from dispatcher.incidents.views import Hex


class Demand(StrEnum):
    """What a caller wants; the members equal the SQL type `demand_type`."""

    CONSULTATION = "consultation"  # 咨询
    HELP = "help"  # 求助
    SUGGESTION = "suggestion"  # 建议
    COMPLAINT = "complaint"  # 投诉
    REPORT = "report"  # 举报
    PRAISE = "praise"  # 表扬


IdempotencyKey = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]
"""Chosen by the client, once a call: 1 to 128 printable ASCII characters."""


class NewCall(Ask):
    text: Annotated[str, StringConstraints(min_length=1, max_length=8000), AfterValidator(storable)]
    caller_name: Annotated[Line | None, Field(repr=False)] = None
    caller_phone: Annotated[str | None, Field(repr=False, pattern=r"^[+0-9][0-9 ()-]{2,31}$")] = None
    anonymous: bool = False
    confidential: bool = False
    demand: Annotated[Demand | None, Field(strict=False)] = None
    kind: KindId | None = None
    address: Line | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    area_id: AreaId | None = None
    occurred_at: Instant | None = None
    idempotency_key: IdempotencyKey | None = Field(
        default=None, description="or the header Idempotency-Key; one of the two is required"
    )

    @model_validator(mode="after")
    def _position_is_a_pair(self) -> Self:
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon and lat come together")
        return self


class TakenCall(Answer):
    id: int
    uid: Hex = Field(description="of the event that the call became")
    received_at: datetime
    kind: str
    area_id: str | None
    duplicate: bool = Field(description="true: this key and content were taken before; nothing new was written")


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
    ticket_id: int | None

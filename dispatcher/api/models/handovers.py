"""What is asked and told of emergency services and of reports upward."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.api.models.wire import Answer, Ask, Instant, Line, Paged, RowId
from dispatcher.handovers.words import EmergencyNumber, EmergencyState, UpwardPart, UpwardState


class HandoverFilter(Paged):
    state: EmergencyState | None = None
    ticket: RowId | None = None


class NewHandover(Ask):
    ticket_id: RowId
    service: Annotated[EmergencyNumber, Field(strict=False)]


class Handover(Answer):
    id: int
    number: str
    ticket_id: int
    ticket_number: str | None
    service: EmergencyNumber
    service_zh: str
    organisation_id: str | None = Field(description="of the service at the place; null: by telephone only")
    kind: str
    kind_zh: str
    place: str | None
    grade: int
    state: EmergencyState
    version: int
    opened_at: datetime
    external_no: str | None
    external_status: str | None
    acked_at: datetime | None
    arrived_at: datetime | None
    controlled_at: datetime | None
    closed_at: datetime | None
    steps_taken: int
    next_at: datetime | None = Field(description="when the next step is due; null: acknowledged, or none left")


class HandoverEntry(Answer):
    at: datetime
    event: str
    step: int | None
    actor: str
    actor_name: str
    body: dict[str, Any]


class HandoverDetail(Handover):
    entries: list[HandoverEntry]


class Handovers(Answer):
    items: list[Handover]
    next: str | None


class _Said(Ask):
    state: Annotated[EmergencyState, Field(strict=False)] | None = Field(
        default=None, description="null: words only; whatever is said acknowledges the call"
    )
    external_no: Line | None = Field(default=None, description="the number that the service gave the call")
    status: Line | None = None
    happened_at: Annotated[Instant, Field(strict=False)] | None = None


class HandoverAnswer(_Said):
    """What a service said on the telephone."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1, description="the version that the caller saw")]


class EmergencyReturn(_Said):
    """What a service's own system says; the request is signed."""

    number: Line = Field(description="of the call, as the page named it: EH-YYYYMMDD-nnnnn")


class ReturnTaken(Answer):
    number: str
    state: EmergencyState
    duplicate: bool


class UpwardFilter(Paged):
    state: UpwardState | None = None
    ticket: RowId | None = None
    due: bool = Field(default=False, description="only what is not sent yet, the first due first; no further page")


class UpwardReport(Answer):
    id: int
    number: str
    ticket_id: int
    ticket_number: str | None
    incident_id: int
    part: UpwardPart
    sequence: int
    grade: int
    kind_zh: str
    place: str | None
    unit_organisation_id: str | None
    opened_at: datetime
    phone_due_at: datetime | None
    phoned_at: datetime | None
    due_at: datetime
    late: bool
    state: UpwardState
    version: int
    content: dict[str, str]
    sent_at: datetime | None
    receiver: str | None
    receipt_no: str | None
    received_at: datetime | None
    limits: dict[str, Any] = Field(description="how each due time came about, with the source of its limit")
    actions: list[str]


class UpwardRecord(Answer):
    version: int
    event: str
    from_state: str | None
    to_state: str
    at: datetime
    actor_name: str
    reason: str | None
    fields: dict[str, Any]


class UpwardDetail(UpwardReport):
    records: list[UpwardRecord]


class UpwardReports(Answer):
    items: list[UpwardReport]
    next: str | None

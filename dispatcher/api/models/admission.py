"""What is asked and told of Arts. 45 and 48: lists, verdicts, offers, receipts, applications, orders, cases."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.admission.model import Art45, Form, Means, Support
from dispatcher.admission.procedures import ApplicationState, CorrectionState, OfferRefusal, OfferState
from dispatcher.api.models.tickets import FieldName
from dispatcher.api.models.wire import (
    Answer,
    AreaId,
    Ask,
    Filter,
    Instant,
    KindId,
    Line,
    OrganisationId,
    Paged,
    Passage,
    RowId,
)
from registry.admission import AdmissionList

# JSON knows no days: a strict model takes them as text.
Day = Annotated[date, Field(strict=False, ge=date(1949, 10, 1), le=date(2200, 1, 1))]
_MeansOf = Annotated[Means, Field(strict=False)]


class ListFilter(Paged):
    list: AdmissionList | None = None
    area: AreaId | None = None
    matter: KindId | None = None
    on: date | None = Field(default=None, description="in force on this day; today where it is left out")


class ListItem(Answer):
    id: int
    list: AdmissionList
    matter: str
    zh_text: str
    legal_basis: str
    area_id: str | None = Field(description="of the government whose list it is; null: assumed until one publishes")
    effective_from: date
    effective_to: date | None
    published_on: date
    source: str


class ListItems(Answer):
    items: list[ListItem]
    next: str | None


class NewListItem(Ask):
    list: Annotated[AdmissionList, Field(strict=False)]
    matter: KindId
    zh_text: Line
    legal_basis: Line
    area: AreaId
    effective_from: Day
    source: Line


class ListItemEnd(Ask):
    last_day: Day


class PackageAsk(Ask):
    funds_ref: Line | None = None
    funds_yuan: Annotated[int, Field(gt=0, lt=10**12)] | None = None
    conditions: Passage | None = None
    information_support: Passage | None = None
    guidance_contact: Line | None = None
    period_from: Day | None = None
    period_to: Day | None = None


class WishAsk(Ask):
    committee: OrganisationId
    origin: OrganisationId = Field(description="whose matter it is; kept when a subdistrict passes it on")
    means: _MeansOf = Means.OFFER
    matter: KindId
    request: Passage
    package: PackageAsk = PackageAsk()
    order_id: RowId | None = None
    ticket_id: RowId | None = None


class Judgement(Answer):
    allowed: bool
    form: Form | None
    codes: list[Art45]
    missing: list[Support]
    item: ListItem | None


class RecordLine(Answer):
    version: int
    event: str
    from_state: str | None
    to_state: str
    at: datetime
    actor_name: str
    organisation_id: str | None
    reason: str | None
    fields: dict[str, Any]


class OfferFilter(Paged):
    state: OfferState | None = None


class Offer(Answer):
    id: int
    number: str
    committee_id: str
    issuer_organisation_id: str
    origin_organisation_id: str
    matter: str
    item_id: int | None
    order_id: int | None
    ticket_id: int | None
    request: str
    funds_ref: str | None
    funds_yuan: int | None
    conditions: str | None
    information_support: str | None
    guidance_contact: str | None
    period_from: date | None
    period_to: date | None
    state: OfferState
    version: int
    refusal: OfferRefusal | None
    support_confirmed: bool
    paid_at: datetime | None
    offered_at: datetime
    answered_at: datetime | None
    actions: list[str] = Field(description="what the caller may do with it now")


class OfferDetail(Offer):
    records: list[RecordLine]


class Offers(Answer):
    items: list[Offer]
    next: str | None


class ReceiptFilter(Paged):
    committee: OrganisationId | None = None


class Receipt(Answer):
    id: int
    number: str
    at: datetime
    committee_id: str
    issuer_organisation_id: str
    origin_organisation_id: str
    means: Means
    matter: str
    item_id: int | None
    ticket_id: int | None
    codes: list[Art45]
    missing: list[str]
    request: str


class Receipts(Answer):
    items: list[Receipt]
    next: str | None


class ActPath(Filter):
    id: RowId
    event: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class ActAsk(Ask):
    version: Annotated[int, Field(ge=1, le=2**31 - 1, description="the version that the caller saw")]
    reason: Passage | None = None
    fields: dict[FieldName, Any] = Field(default_factory=dict, max_length=20)


class ApplicationFilter(Paged):
    state: ApplicationState | None = None


class NewApplication(Ask):
    area: AreaId
    matter: KindId
    zh_text: Line
    legal_basis: Line
    support: Passage
    wanted_from: Day


class Application(Answer):
    id: int
    number: str
    applicant_organisation_id: str
    area_id: str
    matter: str
    zh_text: str
    legal_basis: str
    support: str
    wanted_from: date
    state: ApplicationState
    version: int
    opened_at: datetime
    submitted_at: datetime | None
    decide_by: datetime | None
    item_id: int | None
    actions: list[str]


class ApplicationDetail(Application):
    records: list[RecordLine]


class Applications(Answer):
    items: list[Application]
    next: str | None


class CaseFilter(Paged):
    state: CorrectionState | None = None


class NewCase(Ask):
    unit: OrganisationId
    committee: OrganisationId
    matter: KindId
    means: _MeansOf
    facts: Passage


class CorrectionCase(Answer):
    id: int
    number: str
    unit_organisation_id: str
    committee_id: str
    matter: str
    means: Means
    facts: str
    ticket_id: int | None
    offer_id: int | None
    state: CorrectionState
    version: int
    opened_at: datetime
    actions: list[str]


class CorrectionCaseDetail(CorrectionCase):
    records: list[RecordLine]


class CorrectionCases(Answer):
    items: list[CorrectionCase]
    next: str | None


class NewOrder(Ask):
    number: Line
    issuer: OrganisationId
    area: AreaId
    matters: Annotated[list[KindId], Field(min_length=1, max_length=50)]
    scope: Passage
    from_at: Annotated[Instant, Field(strict=False)]
    ends_at: Annotated[Instant, Field(strict=False)]


class Order(Answer):
    id: int
    number: str
    issuer_organisation_id: str
    area_id: str
    matters: list[str]
    scope: str
    from_at: datetime
    ends_at: datetime
    recorded_at: datetime
    recorded_by: str


class Orders(Answer):
    items: list[Order]
    next: str | None


class Load(Answer):
    """What one organisation asks of a committee: facts about the organisation, never a measure of the committee."""

    committee_id: str
    origin_organisation_id: str
    offered: int
    running: int
    refused: int
    ended: int
    unpaid: int
    unpaid_yuan: int
    off_list_attempts: int


class Loads(Answer):
    items: list[Load]

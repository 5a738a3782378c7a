"""What is asked and told of disclosures: drafts to those who make them public, and what residents read."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from dispatcher.api.models.admission import RecordLine
from dispatcher.api.models.wire import Answer, AreaId, Ask, Filter, Line, OrganisationId, Paged, Passage, RowId
from dispatcher.disclosure.duties import DutyState
from dispatcher.disclosure.model import DisclosureState, MatterOutcome
from dispatcher.disclosure.personal import PersonalKind
from registry.disclosures import DisclosureItem, DisclosureLevel, DisclosureMoment, DutyPeriod, NeverReason

Draft = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]
"""A draft's text."""


class DisclosureFilter(Paged):
    state: DisclosureState | None = None
    item: DisclosureItem | None = None
    ticket: RowId | None = None
    late: bool | None = Field(default=None, description="published late, or not yet though it was due")
    withdrawal_proposed: bool | None = Field(
        default=None, description="of a kind that turned out never to be told, and residents still read it"
    )


class Disclosure(Answer):
    """A row of the queue: nothing of the draft."""

    id: int
    number: str
    ticket_id: int | None
    moment: DisclosureMoment
    item: DisclosureItem
    level: DisclosureLevel
    never_reason: NeverReason | None
    publisher_organisation_id: str
    area_id: str
    month: date | None
    title: str
    outcome: MatterOutcome | None
    state: DisclosureState
    version: int
    opened_at: datetime
    due_at: datetime | None = Field(description="our own target; null: nothing is due")
    law_due_at: datetime | None = Field(description="the outer limit of the law")
    breached_at: datetime | None
    law_breached_at: datetime | None
    approved_at: datetime | None
    published_at: datetime | None
    withdrawn_at: datetime | None
    reason: str | None
    replaces: int | None
    withdrawal_proposed_at: datetime | None = Field(description="when the platform asked to take it back")
    actions: list[str] = Field(description="what the caller may do with it now")


class Disclosures(Answer):
    items: list[Disclosure]
    next: str | None


class RedactedStretch(Answer):
    start: int
    end: int


class WaivedStretch(Answer):
    start: int
    end: int
    reason: str = Field(description="why it stays")


class DraftProposal(Answer):
    """A stretch of the draft that has to be blacked out."""

    start: int
    end: int
    kind: PersonalKind
    required: bool = Field(description="a datum of a reporter: no reason takes it back")
    waived: str | None = Field(description="why the editor took it back")


class DisclosureDetail(Disclosure):
    text: str
    redactions: list[RedactedStretch]
    waivers: list[WaivedStretch]
    secret_checked: bool
    commercial_checked: bool
    privacy_checked: bool
    explanation: dict[str, Any] | None = Field(description="how the due time came about")
    proposals: list[DraftProposal]
    preview: dict[str, Any] = Field(description="what residents would read now")
    public_body: dict[str, Any] | None = Field(description="what was approved")
    records: list[RecordLine]


class NewDisclosure(Ask):
    item: Annotated[DisclosureItem, Field(strict=False)]
    title: Line
    text: Draft
    publisher: OrganisationId
    ticket_id: RowId | None = None
    warning: bool = Field(default=False, description="decided by the competent body: also while the ticket is open")
    outcome: Annotated[MatterOutcome, Field(strict=False)] | None = None
    both_consent: bool = False
    minutes: Line | None = None
    duty_id: RowId | None = None


class DutyFilter(Paged):
    area: AreaId | None = None
    committee: OrganisationId | None = None


class CommitteeDuty(Answer):
    """What a residents' committee makes public itself: a calendar, no limit of a handling."""

    id: int
    committee_id: str
    committee_zh: str
    committee_en: str
    item: DisclosureItem
    period: DutyPeriod
    period_name: str
    planned_at: datetime
    state: DutyState
    disclosure_id: int | None
    changed_at: datetime
    finding: str | None


class CommitteeDuties(Answer):
    items: list[CommitteeDuty]
    next: str | None


class NewDuty(Ask):
    item: Annotated[DisclosureItem, Field(strict=False)]
    matter: Annotated[Line, Field(description="what the event is called")]


class DutyFinding(Ask):
    finding: Passage
    settled: bool


class PublicFilter(Paged):
    item: DisclosureItem | None = None
    area: AreaId | None = None


class PublicPath(Filter):
    id: RowId


class PublicName(Answer):
    zh: str
    en: str


class PublicReturn(Answer):
    """A unit that said a matter is not its own, on what basis, and who has it now."""

    unit: PublicName
    basis: str | None
    now_with: PublicName | None


class PublicCount(Answer):
    item: DisclosureItem
    kind_group: PublicName
    tickets: int | None = Field(description="null: fewer than `fewer_than`")
    fewer_than: int | None


class PublicDisclosure(Answer):
    """What residents read; what its level does not name is null or empty."""

    id: int
    number: str
    item: DisclosureItem
    level: DisclosureLevel
    moment: DisclosureMoment
    published_at: datetime
    publisher: PublicName
    street: PublicName
    title: str | None = None
    text: str | None = None
    outcome: MatterOutcome | None = None
    month: str | None = None
    kind: PublicName | None = None
    kind_group: PublicName | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    lead: PublicName | None = None
    co_units: list[PublicName] = Field(default_factory=list)
    returned: list[PublicReturn] = Field(default_factory=list)
    counts: list[PublicCount] = Field(default_factory=list)


class PublicDisclosures(Answer):
    items: list[PublicDisclosure]
    next: str | None

"""What is asked and told of Art. 50: files and their seals, breaches, competent organs, petitions."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.accountability.words import BreachJudgement, FileState, Ground, PetitionKind, PetitionState
from dispatcher.api.models.wire import Answer, Ask, Filter, Line, OrganisationId, Paged, Passage, RowId
from dispatcher.tickets.breaches import BreachType


class AccountabilityFilter(Paged):
    state: FileState | None = None
    type: BreachType | None = None
    unit: OrganisationId | None = None


class AccountabilityFile(Answer):
    id: int
    number: str
    breach_id: int
    type: BreachType
    ground: Ground
    unit_organisation_id: str
    unit_zh: str
    unit_en: str
    ticket_id: int | None
    ticket_number: str | None
    opened_at: datetime
    statement_due_at: datetime = Field(description="until then the unit may say its side")
    review_asked_at: datetime | None = Field(description="when the ladder asked a supervisor to look")
    state: FileState
    version: int
    organ_id: str | None
    actions: list[str] = Field(description="what the caller may do with it now")


class AccountabilityFiles(Answer):
    items: list[AccountabilityFile]
    next: str | None


class Seal(Answer):
    """One step of a file. `content` is what was sealed; auditors read it without names."""

    seq: int
    version: int
    hash: str
    previous_hash: str
    content: dict[str, Any]


class AccountabilityDetail(AccountabilityFile):
    seals: list[Seal]


class NewFile(Ask):
    """A supervisor's decision: on a breach that stands, or on a fact that no clock saw."""

    reason: Passage
    breach_id: RowId | None = None
    type: Annotated[BreachType, Field(strict=False)] | None = None
    unit: OrganisationId | None = None
    ticket_id: RowId | None = None


class Organ(Answer):
    id: str
    zh_name: str
    en_name: str
    source: str


class Organs(Answer):
    items: list[Organ]


class BreachFilter(Paged):
    type: BreachType | None = None
    unit: OrganisationId | None = None


class BreachLine(Answer):
    id: int
    type: BreachType
    ticket_id: int | None
    clock: str
    unit_organisation_id: str | None
    grade: int | None
    happened_at: datetime
    due_at: datetime | None
    actual_at: datetime | None
    judgement: BreachJudgement | None = Field(description="null: not judged yet")
    file_id: int | None


class Breaches(Answer):
    items: list[BreachLine]
    next: str | None


class PetitionFilter(Paged):
    state: PetitionState | None = None


class NewPetition(Ask):
    kind: Annotated[PetitionKind, Field(strict=False)]
    about: OrganisationId
    receiver: OrganisationId = Field(description="decides on it; never who is complained of")
    matter: Passage
    petitioner: Line | None = Field(default=None, description="null: anonymous")
    contact: Line | None = None


class Petition(Answer):
    id: int
    number: str
    kind: PetitionKind
    about_organisation_id: str
    receiver_organisation_id: str
    matter: str
    petitioner: str | None = Field(description="only for who handles it")
    contact: str | None = Field(description="only for who handles it")
    received_at: datetime
    accept_due_at: datetime
    handle_due_at: datetime
    state: PetitionState
    version: int
    extended: bool
    refusal_code: str | None
    legal_basis: str | None
    actions: list[str]


class PetitionRecord(Answer):
    version: int
    event: str
    from_state: str | None
    to_state: str
    at: datetime
    actor_name: str
    organisation_id: str | None
    reason: str | None
    fields: dict[str, Any]


class PetitionDetail(Petition):
    records: list[PetitionRecord]


class Petitions(Answer):
    items: list[Petition]
    next: str | None


class FilePath(Filter):
    id: RowId

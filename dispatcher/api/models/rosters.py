"""What is asked and told of contacts, rosters, gaps and reachability."""

from datetime import datetime, time
from typing import Annotated

from pydantic import AfterValidator, Field

from dispatcher.api.models.wire import Answer, Ask, Filter, Instant, Line, OrganisationId, Paged, RowId
from dispatcher.escalation.model import TestState
from registry.rosters.model import DutyReason, DutyRole, ShiftUnit

_At = Annotated[Instant, Field(strict=False)]


def _on_the_minute(at: time) -> time:
    if at.tzinfo is not None or at.second or at.microsecond:
        raise ValueError("a time of day such as 08:30, on China's clock")
    return at


RotationNumber = Annotated[int, Field(ge=1, le=9)]


class ContactFilter(Paged):
    organisation: OrganisationId | None = None


class Contact(Answer):
    """A person who can be reached; a telephone is shown whole to the person's own organisation alone."""

    id: int
    organisation_id: str
    user_id: int | None
    zh_name: str
    phone: str | None
    enabled: bool


class Contacts(Answer):
    items: list[Contact]
    next: str | None


class NewContact(Ask):
    organisation: OrganisationId
    zh_name: Line
    login: Annotated[str, Field(pattern=r"^[a-z0-9._-]{2,64}$")] | None = Field(
        default=None, description="of a user of the organisation; without one a telephone is needed"
    )
    phone: Annotated[str, Field(pattern=r"^[0-9+-]{3,20}$")] | None = None


class ContactState(Ask):
    enabled: bool = Field(description="false: has left, and is on duty no more")


class RosterFilter(Paged):
    organisation: OrganisationId | None = None
    at: Instant | None = Field(default=None, description="who is on duty then; now where it is left out")


class Person(Answer):
    contact_id: int
    zh_name: str
    reason: DutyReason
    number: int = Field(description="of the rotation")


class OnDuty(Answer):
    at: datetime
    reason: DutyReason = Field(description="why the first is on duty, or that nobody is")
    persons: list[Person] = Field(description="in the order in which they are called")
    vacant: list[int] = Field(description="rotations that have nobody")


class Roster(Answer):
    id: int
    organisation_id: str
    role: DutyRole
    zh_name: str
    en_name: str
    on_duty: OnDuty
    may_change: bool


class Rosters(Answer):
    items: list[Roster]
    next: str | None


class NewRoster(Ask):
    organisation: OrganisationId
    role: Annotated[DutyRole, Field(strict=False)]
    zh_name: Line
    en_name: Line


class Rotation(Answer):
    number: int
    version: int
    participants: list[int]
    handover_weekday: int | None
    handover_time: time
    shift_length: int
    shift_unit: ShiftUnit
    valid_from: datetime
    valid_until: datetime | None
    source: str
    entered_at: datetime
    entered_by: str


class StandIn(Answer):
    id: int
    number: int
    contact_id: int
    from_at: datetime
    until_at: datetime
    reason: str
    swap_id: int | None = Field(description="null: an override, which goes before a swap")


class Swap(Answer):
    id: int
    giver_id: int
    giver_number: int
    giver_from_at: datetime
    giver_until_at: datetime
    taker_id: int
    taker_number: int
    taker_from_at: datetime
    taker_until_at: datetime
    reason: str
    proposed_at: datetime
    proposed_by: str
    giver_agreed_at: datetime | None
    giver_agreed_by: str | None
    taker_agreed_at: datetime | None
    taker_agreed_by: str | None
    ended_at: datetime | None
    ended_by: str | None


class RosterDetail(Roster):
    contacts: list[Contact]
    rotations: list[Rotation]
    stand_ins: list[StandIn]
    swaps: list[Swap]


class NewRotation(Ask):
    number: RotationNumber = 1
    participants: Annotated[list[RowId], Field(max_length=60)] = Field(
        description="contacts in their order; none: the rotation ends with `valid_from`"
    )
    handover_time: Annotated[time, Field(strict=False), AfterValidator(_on_the_minute)] = Field(
        description="on China's clock"
    )
    handover_weekday: Annotated[int, Field(ge=1, le=7)] | None = Field(
        default=None, description="1 is Monday; for shifts of weeks, and only for them"
    )
    shift_length: Annotated[int, Field(ge=1, le=1000)] = 1
    shift_unit: Annotated[ShiftUnit, Field(strict=False)]
    valid_from: _At
    valid_until: _At | None = None
    source: Line


class NewOverride(Ask):
    number: RotationNumber = 1
    contact_id: RowId
    from_at: _At
    until_at: _At
    reason: Line


class SwapSpan(Ask):
    number: RotationNumber = 1
    contact_id: RowId
    from_at: _At
    until_at: _At


class NewSwap(Ask):
    giver: SwapSpan = Field(description="a duty of one person, which the other takes")
    taker: SwapSpan = Field(description="a duty of the other person, which the first takes")
    reason: Line


class Consent(Ask):
    contact_id: RowId | None = Field(
        default=None, description="of a person without a log-in, for whom the roster's keeper records it; else oneself"
    )


class OnDutyFilter(Filter):
    at: Instant | None = None


class SpanFilter(Filter):
    from_at: Instant | None = Field(default=None, description="now where it is left out")
    until_at: Instant | None = Field(default=None, description="a week later where it is left out; at most 92 days")


class Stretch(Answer):
    from_at: datetime
    until_at: datetime
    persons: list[Person]
    vacant: list[int]


class Stretches(Answer):
    items: list[Stretch]


class Gap(Answer):
    from_at: datetime
    until_at: datetime | None = Field(description="null: no end within what was looked at")


class Gaps(Answer):
    items: list[Gap]


class GapFilter(Paged):
    settled: bool = Field(default=False, description="also those that are settled")


class RosterGap(Answer):
    id: int
    roster_id: int
    organisation_id: str
    role: DutyRole
    from_at: datetime
    until_at: datetime | None
    warned_at: datetime
    settled_at: datetime | None


class RosterGaps(Answer):
    items: list[RosterGap]
    next: str | None


class ReachabilityFilter(Paged):
    organisation: OrganisationId | None = None
    concern: bool = Field(default=False, description="only who cannot be reached, or was not tested for too long")


class Reachability(Answer):
    contact_id: int
    organisation_id: str
    zh_name: str
    test_at: datetime
    test_id: int | None
    state: TestState | None
    sent_at: datetime | None
    answer_by: datetime | None
    reached_at: datetime | None
    unreachable: bool
    untested: bool


class Reachabilities(Answer):
    items: list[Reachability]
    untested_after_d: int
    next: str | None

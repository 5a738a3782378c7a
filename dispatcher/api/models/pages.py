"""What is told of pages, of calendars, and of what stands in the way of being reached."""

from datetime import datetime

from pydantic import Field

from dispatcher.api.models.wire import Answer, OrganisationId, Paged
from dispatcher.escalation.model import PageLevel, PageOutcome, PageState


class PageFilter(Paged):
    state: PageState | None = None
    organisation: OrganisationId | None = None
    ticket: int | None = Field(default=None, ge=1, le=2**63 - 1)


class LevelTaken(Answer):
    level: PageLevel
    organisation_id: str
    at: datetime
    outcome: PageOutcome
    persons: list[str] = Field(description="names of those who were told, with the reason")


class Page(Answer):
    id: int
    ticket_id: int
    number: str | None
    organisation_id: str
    cause: str
    action: str | None = Field(description="the step of the ladder; null: an assignment")
    grade: int
    everyone: bool
    ack_s: int | None
    state: PageState
    opened_at: datetime
    next_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    levels: list[LevelTaken]


class Pages(Answer):
    items: list[Page]
    next: str | None


class Acknowledged(Answer):
    page_id: int
    acknowledged_by: str
    first: bool = Field(description="false: somebody had answered before")


class Calendar(Answer):
    year: int
    version: int
    source: str
    worked_days: int
    loaded_at: datetime | None = Field(description="null: it came with the software")
    loaded_by: str | None


class CalendarAlarm(Answer):
    year: int
    raised_at: datetime


class Calendars(Answer):
    items: list[Calendar]
    missing: list[CalendarAlarm] = Field(description="years that due times wait for: they are provisional until then")


class DutyAlarms(Answer):
    """What stays on the screen until somebody mends it."""

    gaps: int
    unreachable: int
    unanswered: int
    calendars_missing: list[int]

"""A page: whom an organisation's matter is brought to, level by level, until somebody answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from dispatcher.tickets.model import ClockRun
from registry.limits import EscalationAction
from registry.rosters.model import DutyRole


class PageLevel(StrEnum):
    """Equal to the SQL enum `page_level`."""

    ON_DUTY = "on_duty"
    BACKUP = "backup"
    LEADER = "leader"
    DESK = "desk"  # 兜底: who is on duty at the desk of the district.


PLANS: Final[Mapping[EscalationAction | None, tuple[PageLevel, ...]]] = {
    None: (PageLevel.ON_DUTY, PageLevel.BACKUP, PageLevel.LEADER, PageLevel.DESK),  # An assignment.
    EscalationAction.REMIND: (PageLevel.ON_DUTY, PageLevel.BACKUP, PageLevel.LEADER),
    EscalationAction.URGE: (PageLevel.LEADER, PageLevel.BACKUP, PageLevel.ON_DUTY, PageLevel.DESK),
    EscalationAction.SUPERVISE: (PageLevel.LEADER, PageLevel.BACKUP, PageLevel.ON_DUTY, PageLevel.DESK),
    EscalationAction.PAGE_DEPUTY: (PageLevel.BACKUP, PageLevel.LEADER, PageLevel.ON_DUTY),  # The desk is the next step.
    EscalationAction.PAGE_DESK: (PageLevel.ON_DUTY, PageLevel.BACKUP, PageLevel.LEADER),  # Of the desk itself.
    EscalationAction.REVIEW: (PageLevel.LEADER, PageLevel.ON_DUTY, PageLevel.BACKUP),  # Of the supervisors' unit.
}
"""The levels of a page in order, by the step of the ladder that it is for; each is taken once."""

ROLE_OF: Final = {
    PageLevel.ON_DUTY: DutyRole.ON_DUTY,
    PageLevel.BACKUP: DutyRole.BACKUP,
    PageLevel.LEADER: DutyRole.LEADER,
    PageLevel.DESK: DutyRole.ON_DUTY,
}
"""Whose roster a level asks; the desk is asked for its own."""


class PageState(StrEnum):
    """Equal to the SQL enum `page_state`."""

    OPEN = "open"  # Told, and waiting for an answer.
    TOLD = "told"  # Told; nobody is pressed.
    ACKNOWLEDGED = "acknowledged"
    UNANSWERED = "unanswered"  # Every level was told or had nobody: an alarm.
    ENDED = "ended"  # The ticket or the assignment ended first.


class PageOutcome(StrEnum):
    """How a level went; equal to the SQL enum `page_outcome`."""

    TOLD = "told"
    SYSTEM = "system"  # Nobody is on duty, but the organisation's own system takes messages.
    NOBODY = "nobody"  # Skipped at once.


class TestState(StrEnum):
    """A test of reachability; equal to the SQL enum `test_state`."""

    __test__ = False  # No test of pytest's.

    SENT = "sent"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person of a level: a contact of a roster, or a user of an organisation that has none."""

    contact_id: int | None
    user_id: int | None
    reason: str  # `rotation <n>`, `override <n>`, `swap <n>`, or `unrostered`


@dataclass(frozen=True, slots=True)
class Page:
    """One matter for one organisation."""

    id: int
    ticket_id: int
    organisation_id: str
    cause: str
    action: EscalationAction | None  # None: an assignment.
    grade: int
    everyone: bool
    ack_s: int | None
    opened_at: datetime


def cause_of(run: ClockRun, action: EscalationAction) -> str:
    """What a page says of the step of the ladder that it is for."""
    return f"{run.clock}-{run.organisation_id or 'ticket'}-{run.run}-{action}"


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom one level comes to."""

    level: PageLevel
    organisation_id: str
    recipients: tuple[Recipient, ...]
    outcome: PageOutcome

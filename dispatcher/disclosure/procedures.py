"""What may be done with a disclosure, by whom: one table of single hops, decided purely. Two persons stand in it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.procedures import Act, Hop, Refused, choose
from dispatcher.disclosure.model import DisclosureState as S


class Subject(StrEnum):
    """What errors and the api call it."""

    DISCLOSURE = "disclosure"
    DUTY = "committee_duty"


class Part(StrEnum):
    """In which part somebody acts."""

    EDITOR = "editor"  # writes, redacts, checks
    APPROVER = "approver"  # sends back, withdraws
    SECOND = "second_person"  # approves: an approver who neither wrote nor checked it
    EITHER = "editor_or_approver"  # publishes what was approved


TABLE: Final = (
    Hop("edit", (S.DRAFT, S.CHECKED), S.DRAFT, Part.EDITOR),
    Hop("check", (S.DRAFT,), S.CHECKED, Part.EDITOR, ("secret", "commercial", "privacy")),
    Hop("drop", (S.DRAFT, S.CHECKED), S.WITHDRAWN, Part.EDITOR, ("reason",)),
    Hop("send_back", (S.CHECKED, S.APPROVED), S.DRAFT, Part.APPROVER, ("reason",)),
    Hop("approve", (S.CHECKED,), S.APPROVED, Part.SECOND),
    Hop("withhold", (S.CHECKED,), S.WITHHELD, Part.SECOND, ("reason",)),
    Hop("publish", (S.APPROVED,), S.PUBLISHED, Part.EITHER),
    Hop("withdraw", (S.PUBLISHED,), S.WITHDRAWN, Part.APPROVER, ("reason", "code")),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose disclosure it is, and who had a hand in it."""

    area_path: tuple[str, ...]
    publisher_id: str
    by_committee: bool  # A residents' committee speaks for itself: its own people edit, another of them approves.
    editors: Collection[str]


def decide(state: str, act: Act, user: User, standing: Standing) -> Hop | Refused:
    """The hop that the act is, or why there is none."""
    return choose(TABLE, state, act, lambda part: stands_as(user, Part(part), standing))


def allowed_events(state: str, user: User, standing: Standing) -> list[str]:
    """What the user could do now."""
    return [hop.event for hop in TABLE if state in hop.from_states and stands_as(user, Part(hop.party), standing)]


def stands_as(user: User, part: Part, standing: Standing) -> bool:
    """Whether the user may act in this part; nobody approves what went through his own hands."""
    match part:
        case Part.EDITOR:
            return _is(user, UserRole.DISCLOSURE_EDITOR, standing)
        case Part.APPROVER:
            return _is(user, UserRole.DISCLOSURE_APPROVER, standing)
        case Part.SECOND:
            return _is(user, UserRole.DISCLOSURE_APPROVER, standing) and user.actor not in standing.editors
        case Part.EITHER:
            return stands_as(user, Part.EDITOR, standing) or stands_as(user, Part.APPROVER, standing)


def _is(user: User, role: UserRole, standing: Standing) -> bool:
    if standing.by_committee:
        return UserRole.COMMITTEE in user.roles and user.organisation_id == standing.publisher_id
    within = user.scope is None or user.scope in standing.area_path
    return role in user.roles and UserRole.COMMITTEE not in user.roles and within

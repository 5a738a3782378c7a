"""Why the desk could not do what was asked; the fields are what the caller shows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DeskRefusal(StrEnum):
    """A rule of the desk that refused; its value is the stable code that the refusal carries."""

    CALL_NOT_WAITING = "call_not_waiting"  # The report waits for no call-back, or not any more.
    CALL_TAKEN = "call_taken"  # Another agent has this call-back.
    CALL_NOT_YOURS = "call_not_yours"  # Only the agent who took it sees the number and says how it went.
    HANDLED_BY_YOUR_UNIT = "actor_of_handling_unit"
    OUTSIDE_CALLING_HOURS = "outside_calling_hours"  # Residents are called from 09:00 to 20:00.
    WORDS_MISSING = "reason_unless_resolved"  # Whatever is not solved says what the reporter said.
    SATISFACTION_OF_NOBODY = "satisfaction_of_nobody"  # Who was not asked cannot be satisfied.
    NOT_DRAWN = "not_drawn"  # This one is not in the sample.
    CHECKED_BEFORE = "checked_before"
    OWN_DECISION = "own_decision"  # Whoever voided or graded down, and their unit, do not re-check it.
    NO_ORGANISATION = "no_organisation"  # Independence is shown by an organisation of one's own.
    NOTHING_TO_OBJECT = "nothing_to_object_to"  # Neither refused nor ended.
    OBJECTED_BEFORE = "objection_already_made"
    NOT_ENDED = "not_ended"  # What is still worked on cannot be rated.
    RATED_BEFORE = "rated_before"


SOMEBODY_WAS_FIRST: Final = frozenset(
    {
        DeskRefusal.CALL_TAKEN,
        DeskRefusal.CHECKED_BEFORE,
        DeskRefusal.OBJECTED_BEFORE,
        DeskRefusal.RATED_BEFORE,
    }
)
"""Refusals of what happens once."""


@dataclass(eq=False)
class DeskRefused(Exception):
    """A rule of the desk says no."""

    refusal: DeskRefusal


@dataclass(eq=False)
class CitationUnknown(Exception):
    """A legal basis or an article that is not in force, or does not fit what it is cited for."""

    field: str
    cited: object
    reason: str


@dataclass(eq=False)
class DeskUnknown(LookupError):
    """No such thing, or none that the asker may see; never said which."""

    what: str


@dataclass(eq=False)
class OrderRefused(Exception):
    """A message of a partner system that is not what it claims: unknown partner, wrong signature, too old."""

    why: str

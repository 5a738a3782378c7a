"""Who sees what of an evaluation: the unit that is assessed never learns who said what (ruling A14). Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from dispatcher.accounts.model import User, UserRole
from dispatcher.evaluations.model import MINIMUM_COMMITTEES, MINIMUM_OPINIONS


class Seat(StrEnum):
    """From where somebody looks."""

    COMMITTEE = "committee"  # the committee that evaluates: also single opinions
    OTHER = "other"  # authority, supervisor, auditor: the committee's words and sums of opinions
    ASSESSED = "assessed"  # the unit that is assessed: neither who nor what, only how far it is


OVERSEERS: Final = frozenset({UserRole.SUPERVISOR, UserRole.AUDITOR})
_WHO: Final = ("committee_id", "area_path", "summary", "form", "submitted_at", "opened_at")
# What somebody wrote to the other side would tell who it was.
_WORDS: Final = ("reason", "actor_name", "organisation_id")


def seat_of(user: User, row: Mapping[str, Any]) -> Seat:
    """The assessed unit's own people sit there whatever else they may do."""
    if user.organisation_id is not None and user.organisation_id == row["subject_organisation_id"]:
        return Seat.ASSESSED
    if UserRole.COMMITTEE in user.roles and user.organisation_id == row["committee_id"]:
        return Seat.COMMITTEE
    return Seat.OTHER


def veiled(row: Mapping[str, Any], seat: Seat) -> dict[str, Any]:
    """The row as it is told from a seat."""
    if seat is not Seat.ASSESSED:
        return dict(row)
    return {name: None if name in _WHO else value for name, value in row.items()}


def veiled_records(lines: list[dict[str, Any]], seat: Seat) -> list[dict[str, Any]]:
    """What was done, without who and why for the assessed unit."""
    if seat is not Seat.ASSESSED:
        return lines
    hidden: dict[str, Any] = {**dict.fromkeys(_WORDS), "actor_name": "", "fields": {}}
    return [line | hidden for line in lines]


def opinion_figures(
    opinions: int, committees: int, score_sum: int | None, satisfied: int, *, assessed: bool
) -> dict[str, Any]:
    """Sums of opinions, or only that there are too few to tell.

    From outside the committee no resident is to be found in a sum; the assessed unit moreover must not learn what
    one committee's residents said.
    """
    few = opinions < MINIMUM_OPINIONS or (assessed and committees < MINIMUM_COMMITTEES)
    if few or score_sum is None:
        return {"too_few": True, "opinions": None, "committees": None, "mean_score": None, "satisfied_share": None}
    return {
        "too_few": False,
        "opinions": opinions,
        "committees": committees,
        "mean_score": round(score_sum / opinions, 1),
        "satisfied_share": round(satisfied / opinions, 2),
    }


def hearing_figures(committees: int, score_sum: int | None, *, assessed: bool) -> dict[str, Any]:
    """What committees said of an organ in numbers; to the organ itself only from several committees on."""
    if (assessed and committees < MINIMUM_COMMITTEES) or not committees or score_sum is None:
        return {"too_few": True, "committees": None, "score_sum": None}
    return {"too_few": False, "committees": committees, "score_sum": score_sum}

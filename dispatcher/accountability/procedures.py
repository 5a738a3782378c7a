"""What may be done with an accountability file and with a petition: two tables of single hops, decided purely.

An empty `to_state` stays where it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dispatcher.accountability.words import FileState, PetitionState
from dispatcher.accounts.model import User, UserRole
from dispatcher.admission.procedures import Act, Hop, Refused, choose


class Subject(StrEnum):
    """What a procedure is about."""

    FILE = "accountability file"
    PETITION = "petition"
    BREACH = "breach"


class Party(StrEnum):
    """In which part somebody acts."""

    SUPERVISOR = "supervisor"  # of the place, and not of the unit
    UNIT = "unit"  # a head of the unit that the file is about
    RECEIVER = "receiver"  # a head of the organ that has to decide on a petition


@dataclass(frozen=True, slots=True)
class Parties:
    """Which organisations stand in which part."""

    area_path: tuple[str, ...]
    unit_id: str
    receiver_id: str | None = None


_F, _P = FileState, PetitionState

TABLES: Final[Mapping[Subject, tuple[Hop, ...]]] = {
    Subject.FILE: (
        Hop("state_side", (_F.FACT, _F.FOR_REVIEW), "", Party.UNIT, ("statement",)),
        Hop("take_up", (_F.FACT,), _F.FOR_REVIEW, Party.SUPERVISOR),
        Hop("excuse", (_F.FOR_REVIEW,), _F.EXCUSED, Party.SUPERVISOR, ("reason",)),
        Hop("forward", (_F.FOR_REVIEW,), _F.FORWARDED, Party.SUPERVISOR, ("reason", "organ")),
        Hop(
            "record_result",
            (_F.FORWARDED,),
            _F.RESULT_RECORDED,
            Party.SUPERVISOR,
            ("organ", "document_no", "decided_on", "outcome"),
        ),
    ),
    Subject.PETITION: (
        Hop("accept", (_P.RECEIVED,), _P.ACCEPTED, Party.RECEIVER),
        Hop("refuse", (_P.RECEIVED,), _P.REFUSED, Party.RECEIVER, ("code", "legal_basis")),
        # A refusal that a supervisor finds without basis is itself a fact (2.8).
        Hop("overturn_refusal", (_P.REFUSED,), _P.RECEIVED, Party.SUPERVISOR, ("reason",)),
        Hop("extend", (_P.ACCEPTED,), "", Party.SUPERVISOR, ("reason",)),
        Hop("conclude", (_P.ACCEPTED,), _P.HANDLED, Party.RECEIVER, ("result",)),
        # Counts only where somebody independent confirms it (ruling A9): who has to decide cannot end its own clocks.
        Hop("withdraw", (_P.RECEIVED, _P.ACCEPTED), _P.WITHDRAWN, Party.SUPERVISOR, ("reason",)),
    ),
}

HEADS: Final = frozenset({UserRole.DEPT_HEAD, UserRole.SHIFT_LEADER})
"""Who speaks for a unit; its other people need not know."""


def decide(subject: Subject, state: str, act: Act, user: User, parties: Parties) -> Hop | Refused:
    """The hop that the act is, or why there is none."""
    return choose(TABLES[subject], state, act, lambda party: stands_as(user, Party(party), parties))


def stands_as(user: User, party: Party, parties: Parties) -> bool:
    """Whether the user may act in this part."""
    match party:
        case Party.SUPERVISOR:
            return supervises(user, parties.area_path) and user.organisation_id not in {
                parties.unit_id,
                parties.receiver_id,
            }
        case Party.UNIT:
            return bool(user.roles & HEADS) and user.organisation_id == parties.unit_id
        case Party.RECEIVER:
            speaks = bool(user.roles & (HEADS | {UserRole.SUPERVISOR}))
            return speaks and user.organisation_id is not None and user.organisation_id == parties.receiver_id


def supervises(user: User, area_path: tuple[str, ...]) -> bool:
    """Whether the user is a supervisor whose area holds the place."""
    return UserRole.SUPERVISOR in user.roles and (user.sees_everything or user.area_id in area_path)


def allowed_events(subject: Subject, state: str, user: User, parties: Parties) -> list[str]:
    """What the user could do now."""
    return [
        hop.event for hop in TABLES[subject] if state in hop.from_states and stands_as(user, Party(hop.party), parties)
    ]

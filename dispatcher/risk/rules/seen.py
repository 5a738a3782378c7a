"""What a rule gets to see and what it may find."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from dispatcher.risk.model import Facts, Witness
from dispatcher.risk.tally import Tally
from registry.event_kinds import EventKind
from registry.grading import GradeTable

WITNESSES_MAX: Final = 8
"""So many events of a rule are named as its witnesses."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The incident as one of its kinds sees it."""

    tally: Tally
    facts: Facts
    kind: EventKind
    table: GradeTable


@dataclass(frozen=True, slots=True)
class Found:
    """A rule applies: up to which level, by which events, and in words."""

    level: int
    witnesses: tuple[bytes, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by the name that its rows of `grade_points` have."""

    name: str
    find: Callable[[Seen], Found | None]


def named(witnesses: Iterable[Witness]) -> tuple[bytes, ...]:
    """The uids of the earliest witnesses, as many as are named."""
    return tuple(witness.uid for witness in sorted(witnesses)[:WITNESSES_MAX])

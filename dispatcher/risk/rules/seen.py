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
class Told:
    """By which events a rule applies, and in words."""

    witnesses: tuple[bytes, ...]
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by the name that its rows of `grade_points` have.

    `reached` says up to which level it applies, 0 for not at all; `told` is asked only of what it applies to.
    """

    name: str
    reached: Callable[[Seen], int]
    told: Callable[[Seen], Told]


def named(witnesses: Iterable[Witness]) -> tuple[bytes, ...]:
    """The uids of the earliest witnesses, as many as are named."""
    return tuple(witness.uid for witness in sorted(witnesses)[:WITNESSES_MAX])

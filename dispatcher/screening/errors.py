"""Why something about hazards and inspection rounds could not be done; the fields are what the caller shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatcher.screening.lifecycle import Refused


@dataclass(eq=False)
class ScreeningNotFound(LookupError):
    """There is no such hazard, plan or round where the reader sees."""

    what: str


@dataclass(eq=False)
class ScreeningOutpaced(Exception):
    """Somebody acted first."""

    what: str
    version: int
    state: str


@dataclass(eq=False)
class HazardRefused(Exception):
    """The table has no such hop for this caller."""

    state: str
    event: str
    refused: Refused


@dataclass(eq=False)
class MilderNeedsDecider(Exception):
    """Only who decides about the present level may give a milder one."""

    level: int


@dataclass(eq=False)
class HazardStands(Exception):
    """A hazard of this kind and subject stands at the place already."""

    number: str


@dataclass(eq=False)
class PlanStands(Exception):
    """The place is inspected by this list already."""


@dataclass(eq=False)
class ScreeningFieldRefused(Exception):
    """A field names what does not exist or cannot be."""

    field: str
    reason: str


@dataclass(eq=False)
class RoundUnfinished(Exception):
    """Items were neither looked at nor skipped with a reason."""

    items: Sequence[str]


@dataclass(eq=False)
class RoundEnded(Exception):
    """The round was reported or cancelled before."""

    state: str


@dataclass(eq=False)
class NotOfTheUnit(Exception):
    """Only somebody of the unit that was given the round may do it."""

    organisation_id: str

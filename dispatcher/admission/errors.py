"""Why something in admissions, or in a procedure built like theirs, could not be done; fields are what is shown."""

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.admission.procedures import Refused


@dataclass(eq=False)
class SubjectNotFound(LookupError):
    subject: StrEnum
    id: int


@dataclass(eq=False)
class ActRefused(Exception):
    """The table has no such hop for this caller."""

    subject: StrEnum
    state: str
    event: str
    refused: Refused


@dataclass(eq=False)
class Outpaced(Exception):
    """Somebody acted first."""

    subject: StrEnum
    version: int
    state: str


@dataclass(eq=False)
class EntryRefused(Exception):
    """A field names what does not exist or cannot be."""

    field: str
    reason: str

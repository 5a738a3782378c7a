"""Why something about admissions could not be done; the fields are what the caller shows."""

from dataclasses import dataclass

from dispatcher.admission.procedures import Refused, Subject


@dataclass(eq=False)
class SubjectNotFound(LookupError):
    subject: Subject
    id: int


@dataclass(eq=False)
class ActRefused(Exception):
    """The table has no such hop for this caller."""

    subject: Subject
    state: str
    event: str
    refused: Refused


@dataclass(eq=False)
class Outpaced(Exception):
    """Somebody acted first."""

    subject: Subject
    version: int
    state: str


@dataclass(eq=False)
class EntryRefused(Exception):
    """A field names what does not exist or cannot be."""

    field: str
    reason: str

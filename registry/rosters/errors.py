"""Why something about rosters could not be done; the fields are what the caller shows."""

from dataclasses import dataclass


@dataclass(eq=False)
class RosterNotFound(LookupError):
    """No such roster, contact, stand-in or swap, or none that the caller may see."""

    what: str
    id: int


@dataclass(eq=False)
class RosterRefused(ValueError):
    """A field names what does not exist or cannot be."""

    field: str
    reason: str


@dataclass(eq=False)
class SwapSettled(Exception):
    """The swap has ended, both have agreed to it, or the duties are over."""

    swap_id: int
    state: str

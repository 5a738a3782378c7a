"""Refusals that arise in the api itself; the errors of the domain come from their own packages."""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatcher.accounts.model import UserRole


class Unauthenticated(Exception):
    """No token, or one that is not valid any more."""


class CrossSite(Exception):
    """A browser sent a cookie with a request that another site made."""


@dataclass(eq=False)
class Forbidden(Exception):
    """The caller is known and may not: which roles would do, or which area it is about."""

    roles: Sequence[UserRole] = ()
    area_id: str | None = None


@dataclass(eq=False)
class NotFound(Exception):
    """No such thing, or none that the caller may see; never said which."""

    what: str


@dataclass(eq=False)
class FieldRefused(Exception):
    """A field is well-formed, but what it names does not exist or cannot be."""

    loc: tuple[str | int, ...]
    reason: str


@dataclass(eq=False)
class AlreadyExists(Exception):
    what: str


@dataclass(eq=False)
class AlreadyDecided(Exception):
    """Somebody decided on it before."""

    what: str
    state: str


@dataclass(eq=False)
class Withdrawn(Exception):
    """It was public and is so no more."""

    reason: str
    replaced_by: int | None


class IdempotencyConflict(Exception):
    """The idempotency key was used with other content."""


class UnsupportedMediaType(Exception):
    """A body that is not plain application/json."""


class ExportsExhausted(Exception):
    """As many lists are being taken out as one process takes out at once."""


class StreamsExhausted(Exception):
    """This process carries as many live streams as it may."""


class ProductionClock(Exception):
    """Somebody tried to simulate the time of a production database."""


@dataclass(eq=False)
class ClockUnconfirmed(Exception):
    """The simulated time was set, but somebody has not reached it within the limit."""

    waited_for: str

"""Why something about handovers could not be done; the fields are what the caller shows."""

from dataclasses import dataclass


@dataclass(eq=False)
class SignatureWrong(Exception):
    """Who says to be a service is not, or speaks of a handover that is not its own; never said which."""


@dataclass(eq=False)
class HandoverStands(Exception):
    """The service was called for the ticket and has not finished."""

    handover_id: int

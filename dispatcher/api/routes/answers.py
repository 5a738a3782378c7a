"""Refusals that several routes share."""

from typing import Final

from dispatcher.api.routing import Refusal

CONFLICT: Final = Refusal(409, "Somebody else was first, or the state has no such action.")
FOUND_NONE: Final = Refusal(404, "No such thing, or none that the caller may see.")

"""What happens together: the patterns that are looked for."""

from typing import Final

from dispatcher.api.handlers import patterns
from dispatcher.api.models import patterns as models
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/patterns",
        Permission.READ_REGISTRY,
        patterns.list_patterns,
        "The patterns with their steps, mode and how often they were found.",
        response=models.Patterns,
    ),
)

"""What happens together: the patterns that are looked for."""

from typing import Final

from dispatcher.api.handlers import patterns
from dispatcher.api.models import patterns as models
from dispatcher.api.models.rules import RuleVersion
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import FOUND_NONE
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/patterns",
        Permission.READ_REGISTRY,
        patterns.list_patterns,
        "The patterns with their steps, mode and how often they were found.",
        response=models.Patterns,
    ),
    Route(
        "POST",
        f"{API}/patterns/{{id}}/draft",
        Permission.CHANGE_RULES,
        patterns.draft_rules_with,
        "Keep the rules in force with this pattern in another mode or version as a version of the rules; the same twice"
        " is one version. It is tried and activated as any other.",
        params=models.ByPattern,
        body=models.PatternState,
        response=RuleVersion,
        status=201,
        refusals=(FOUND_NONE, Refusal(409, "The rules in force have it so already.")),
    ),
)

"""What happens too often and where (源头治理)."""

from typing import Final

from dispatcher.api.handlers import rates
from dispatcher.api.models import rates as models
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/hot-spots",
        Permission.READ_RATES,
        rates.read_hot_spots,
        "The map of the last days: cells with Gi* z-values, living clusters, and the coordinates that are no places.",
        query=models.HotSpotFilter,
        response=models.HotSpots,
    ),
    Route(
        "GET",
        f"{API}/rates/findings",
        Permission.READ_RATES,
        rates.list_findings,
        "What the detectors found, newest first: observed, expected, window, version and witnesses.",
        query=models.FindingFilter,
        response=models.Findings,
    ),
    Route(
        "GET",
        f"{API}/rates/counts",
        Permission.READ_RATES,
        rates.list_counts,
        "Incidents of a kind by hour and area; hours that are not finished are marked provisional.",
        query=models.CountFilter,
        response=models.Counts,
    ),
    Route(
        "GET",
        f"{API}/rates/proposals",
        Permission.READ_RATES,
        rates.list_proposals,
        "Joint rectifications that are proposed, newest first; only a person admits one.",
        query=models.ProposalFilter,
        response=models.Proposals,
    ),
)

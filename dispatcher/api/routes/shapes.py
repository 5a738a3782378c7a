"""What officers make of incidents."""

from typing import Final

from dispatcher.api.handlers import shapes
from dispatcher.api.models import shapes as models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import CONFLICT
from dispatcher.api.routing import API, AnyRoute, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "POST",
        f"{API}/incidents/{{id}}/split",
        Permission.RESHAPE_INCIDENTS,
        shapes.split_incident,
        "Make events of an incident one of their own; its ticket stays with the others.",
        params=ById,
        body=models.Split,
        response=models.ReshapeAccepted,
        status=202,
        refusals=(CONFLICT,),
    ),
    Route(
        "POST",
        f"{API}/incidents/{{id}}/merge",
        Permission.RESHAPE_INCIDENTS,
        shapes.merge_incidents,
        "Make one incident of two; refused where both have accepted tickets.",
        params=ById,
        body=models.Merge,
        response=models.ReshapeAccepted,
        status=202,
        refusals=(CONFLICT,),
    ),
)

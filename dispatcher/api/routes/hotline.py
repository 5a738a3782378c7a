"""Calls to the hotline."""

from typing import Final

from dispatcher.api.handlers import hotline
from dispatcher.api.models import hotline as hotline_models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "POST",
        f"{API}/hotline/calls",
        Permission.TAKE_CALLS,
        hotline.take_call,
        "Enter a call. The header Idempotency-Key (or the field) makes a repeat harmless.",
        body=hotline_models.NewCall,
        response=hotline_models.TakenCall,
        status=201,
        also=(Refusal(200, "The call was taken before."),),
        refusals=(Refusal(409, "The key was used with other content."),),
    ),
    Route(
        "GET",
        f"{API}/hotline/calls/{{id}}",
        Permission.READ_CALLS,
        hotline.read_call,
        "One call, the caller masked.",
        params=ById,
        response=hotline_models.Call,
    ),
)

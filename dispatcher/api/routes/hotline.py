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
        "POST",
        f"{API}/hotline/calls/{{id}}/supplements",
        Permission.TAKE_CALLS,
        hotline.add_supplement,
        "Note down what the caller was asked for later.",
        params=ById,
        body=hotline_models.SupplementAsk,
        response=hotline_models.OpenElements,
    ),
    Route(
        "POST",
        f"{API}/hotline/calls/{{id}}/code",
        Permission.TAKE_CALLS,
        hotline.renew_code,
        "Another code for a caller who lost theirs; who gave it out is recorded.",
        params=ById,
        response=hotline_models.CallReceipt,
    ),
    Route(
        "POST",
        f"{API}/hotline/call-history",
        Permission.TAKE_CALLS,
        hotline.read_caller_history,
        "What a number reported of one matter in 90 days. A number never stands in an address, so this is no GET.",
        body=hotline_models.HistoryAsk,
        response=hotline_models.CallHistory,
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

"""By number and code, without a log-in: how a report stands; and, signed, the orders of other systems."""

from typing import Final

from dispatcher.api.handlers import exchange, public_status
from dispatcher.api.models import public_status as models
from dispatcher.api.permissions import Permission
from dispatcher.api.routing import API, AnyRoute, Refusal, Route

_SLOW: Final = Refusal(429, "Too many wrong codes; see Retry-After.")
_UNSIGNED: Final = Refusal(401, "Unknown partner, wrong signature, or too far from our time.")
_ONCE: Final = Refusal(409, "Done before, or the state allows none.")

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        "/public/tickets",
        Permission.PUBLIC,
        public_status.show_status_form,
        "The page on which a resident types number and code.",
        query=models.PageQuery,
        media_type="text/html",
        opens_transaction=False,
    ),
    Route(
        "POST",
        "/public/tickets",
        Permission.PUBLIC,
        public_status.answer_status_form,
        "What the page's form asks (urlencoded: number, code, act, words, result, satisfaction).",
        media_type="text/html",
        refusals=(
            Refusal(404, "Number or code is wrong."),
            _ONCE,
            Refusal(413, "The body is above 256 KiB."),
            Refusal(415, "The body is no form."),
            Refusal(422, "Something is missing."),
            _SLOW,
        ),
    ),
    Route(
        "GET",
        "/public/tickets/{number}",
        Permission.PUBLIC,
        public_status.read_public_status,
        "How a report stands, by the number of its receipt or ticket and the code (header Ticket-Code, or `code`).",
        params=models.NumberPath,
        query=models.CodeQuery,
        response=models.PublicStanding,
        refusals=(_SLOW,),
    ),
    Route(
        "POST",
        "/public/tickets/{number}/objection",
        Permission.PUBLIC,
        public_status.object_publicly,
        "Object to a refusal or to a result, once each, within the window.",
        params=models.NumberPath,
        body=models.ObjectionAsk,
        response=models.PublicStanding,
        refusals=(_ONCE, _SLOW),
    ),
    Route(
        "POST",
        "/public/tickets/{number}/rating",
        Permission.PUBLIC,
        public_status.rate_publicly,
        "Rate how it ended, once.",
        params=models.NumberPath,
        body=models.RatingAsk,
        response=models.PublicStanding,
        refusals=(_ONCE, _SLOW),
    ),
    Route(
        "POST",
        f"{API}/exchange/{{partner}}/orders",
        Permission.PUBLIC,
        exchange.take_order,
        "Take an order of another system, once by its number; signed as Standard Webhooks say.",
        params=models.PartnerPath,
        body=models.ExchangeOrder,
        response=models.ExchangeReceipt,
        status=201,
        also=(Refusal(200, "The order was taken before."),),
        refusals=(_UNSIGNED, Refusal(409, "The number was used with other content.")),
    ),
    Route(
        "GET",
        f"{API}/exchange/{{partner}}/orders/{{number}}",
        Permission.PUBLIC,
        exchange.read_order,
        "How an order stands; signed over the path.",
        params=models.OrderPath,
        response=models.ExchangeStanding,
        refusals=(_UNSIGNED,),
    ),
)

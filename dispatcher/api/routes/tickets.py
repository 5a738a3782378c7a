"""Tickets, their timelines and actions."""

from typing import Final

from dispatcher.api.handlers import tickets
from dispatcher.api.models import tickets as ticket_models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import CONFLICT
from dispatcher.api.routing import API, AnyRoute, Route
from dispatcher.tickets.views import TicketDetail

ROUTES: Final[tuple[AnyRoute, ...]] = (
    Route(
        "GET",
        f"{API}/tickets",
        Permission.READ_TICKETS,
        tickets.list_tickets,
        "Tickets: with `open=true` the queue, gravest and soonest due first; else the newest first.",
        query=ticket_models.TicketFilter,
        response=ticket_models.Tickets,
    ),
    Route(
        "GET",
        f"{API}/tickets/{{id}}",
        Permission.READ_TICKETS,
        tickets.read_ticket,
        "One ticket, with the actions that the caller may take now.",
        params=ById,
        response=TicketDetail,
    ),
    Route(
        "GET",
        f"{API}/tickets/{{id}}/timeline",
        Permission.READ_TICKETS,
        tickets.read_timeline,
        "Everything that happened to a ticket, oldest first.",
        params=ById,
        response=ticket_models.Timeline,
    ),
    Route(
        "POST",
        f"{API}/tickets/{{id}}/actions/{{event}}",
        Permission.ACT_ON_TICKETS,
        tickets.act_on_ticket,
        "Take an action on a ticket at the version that the caller saw.",
        params=ticket_models.ActionPath,
        body=ticket_models.ActionAsk,
        response=TicketDetail,
        refusals=(CONFLICT,),
    ),
)

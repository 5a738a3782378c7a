"""Tickets, their timelines and actions."""

from typing import Final

from dispatcher.api.handlers import tickets
from dispatcher.api.models import tickets as ticket_models
from dispatcher.api.models.wire import ById
from dispatcher.api.permissions import Permission
from dispatcher.api.routes.answers import CONFLICT, FOUND_NONE
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
        exports=True,
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
        "GET",
        f"{API}/tickets/{{id}}/clocks",
        Permission.READ_TICKETS,
        tickets.read_clocks,
        "Every clock of a ticket: how its due time came about, and what happens when it runs down.",
        params=ById,
        response=ticket_models.TicketClocks,
    ),
    Route(
        "GET",
        f"{API}/tickets/{{id}}/subtasks",
        Permission.READ_TICKETS,
        tickets.read_subtasks,
        "The sub-tasks of a ticket; they are added and moved by actions.",
        params=ById,
        response=ticket_models.Subtasks,
    ),
    Route(
        "POST",
        f"{API}/tickets/{{id}}/holder",
        Permission.HOLD_TICKETS,
        tickets.hold_ticket_inside,
        "Hand a ticket on inside one's own unit, to a colleague or an office: no clock moves.",
        params=ById,
        body=ticket_models.HolderAsk,
        response=TicketDetail,
    ),
    Route(
        "POST",
        f"{API}/tickets/proposals",
        Permission.PROPOSE_RECTIFICATIONS,
        tickets.propose_rectification,
        "Propose a joint rectification of the case of a ticket; a person has to admit it.",
        body=ticket_models.ProposalAsk,
        response=TicketDetail,
        refusals=(CONFLICT, FOUND_NONE),
    ),
    Route(
        "POST",
        f"{API}/rates/proposals/{{id}}/tickets",
        Permission.PROPOSE_RECTIFICATIONS,
        tickets.take_up_proposal,
        "Open what the detectors proposed as a joint rectification, once.",
        params=ById,
        body=ticket_models.TakeUpAsk,
        response=TicketDetail,
        refusals=(CONFLICT,),
    ),
    Route(
        "POST",
        f"{API}/rates/proposals/{{id}}/refusal",
        Permission.PROPOSE_RECTIFICATIONS,
        tickets.decline_proposal,
        "Decline what the detectors proposed, with a reason.",
        params=ById,
        body=ticket_models.DeclineAsk,
        status=204,
        refusals=(CONFLICT,),
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

"""Tickets: the queue, one ticket with what the caller may do now, its timeline, and actions."""

from dispatcher.accounts.model import User
from dispatcher.api.errors import NotFound
from dispatcher.api.models.tickets import ActionAsk, ActionPath, TicketFilter, Tickets, Timeline
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.tickets import reading, store
from dispatcher.tickets.model import Action, Actor
from dispatcher.tickets.views import TicketDetail


async def list_tickets(call: Call[None, TicketFilter, None]) -> Tickets:
    asked = call.query
    wanted = reading.TicketFilter(
        state=asked.state,
        grade=asked.grade,
        area_id=asked.area,
        organisation_id=asked.organisation,
        open=asked.open,
        overdue=asked.overdue,
        text=asked.q,
    )
    list_them = reading.ticket_queue if asked.open else reading.ticket_rows
    page = await list_them(call.conn, wanted, _sight(call.viewer), cursor=asked.cursor, limit=asked.limit)
    return Tickets(items=page.items, next=page.next)


async def read_ticket(call: Call[ById, None, None]) -> TicketDetail:
    await _refuse_unseen(call, call.params.id)
    return await reading.ticket_detail(call.conn, call.params.id, Actor.of_user(call.viewer), call.at)


async def read_timeline(call: Call[ById, None, None]) -> Timeline:
    await _refuse_unseen(call, call.params.id)
    return Timeline(items=await reading.timeline(call.conn, call.params.id))


async def act_on_ticket(call: Call[ActionPath, None, ActionAsk]) -> TicketDetail:
    """Take an action and show the ticket as it stands after it. Tickets that the caller cannot see do not exist."""
    asked = call.body
    await _refuse_unseen(call, call.params.id)
    action = Action(event=call.params.event, version=asked.version, reason=asked.reason, fields=asked.fields)
    actor = Actor.of_user(call.viewer)
    await store.act(call.conn, call.params.id, action, actor, call.at)
    return await reading.ticket_detail(call.conn, call.params.id, actor, call.at)


async def _refuse_unseen(call: Call[ById, None, None] | Call[ActionPath, None, ActionAsk], ticket_id: int) -> None:
    if not await reading.sees_ticket(call.conn, ticket_id, _sight(call.viewer)):
        raise NotFound("ticket")


def _sight(viewer: User) -> reading.Sight:
    return reading.Sight(area_id=viewer.scope, organisation_id=viewer.organisation_id)

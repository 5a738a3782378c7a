"""Tickets: the queue, one ticket with what the caller may do now, its timeline, and actions."""

from collections.abc import Mapping
from typing import Any, Final

import asyncpg
from aiohttp import web

from dispatcher.accounts.model import User
from dispatcher.admission.judging import keep_ticket_receipts
from dispatcher.admission.model import Art45, Means, Support
from dispatcher.admission.offers import Held
from dispatcher.api.errors import AlreadyExists, NotFound
from dispatcher.api.exports import taking
from dispatcher.api.exports.sources import ticket_pages
from dispatcher.api.exports.tables import TICKETS
from dispatcher.api.handlers.admission import held
from dispatcher.api.models.tickets import (
    ActionAsk,
    ActionPath,
    DeclineAsk,
    HolderAsk,
    ProposalAsk,
    Subtasks,
    TakeUpAsk,
    TicketClocks,
    TicketFilter,
    Tickets,
    Timeline,
)
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.desk.citing import check_citation
from dispatcher.tickets import acting, holding, proposals, reading, records
from dispatcher.tickets.errors import ActionRefused
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Action, Actor, TicketEvent
from dispatcher.tickets.views import TicketDetail

# Under what name work would have reached the committee; every other event assigns it.
_MEANS: Final[Mapping[TicketEvent, Means]] = {TicketEvent.ASK_FACT: Means.FACT_CHECK}


async def list_tickets(call: Call[None, TicketFilter, None]) -> Tickets | web.StreamResponse:
    """A page of the list; the whole of it where a file is asked for."""
    asked = call.query
    wanted = reading.TicketFilter(
        state=asked.state,
        grade=asked.grade,
        area_id=asked.area,
        organisation_id=asked.organisation,
        open=asked.open,
        overdue=asked.overdue,
        text=asked.q,
        view=asked.view,
        user_id=call.viewer.id,
        unit_id=call.viewer.organisation_id,
    )
    kind = taking.wished(call.request, asked.format)
    if kind is not None:
        return await taking.take_out(call, TICKETS, kind, ticket_pages(call.conn, wanted, call.viewer))
    list_them = reading.ticket_queue if asked.open else reading.ticket_rows
    page = await list_them(call.conn, wanted, _sight(call.viewer), cursor=asked.cursor, limit=asked.limit)
    return Tickets(items=page.items, next=page.next)


async def read_ticket(call: Call[ById, None, None]) -> TicketDetail:
    await refuse_unseen(call, call.params.id)
    return await reading.ticket_detail(call.conn, call.params.id, Actor.of_user(call.viewer), call.at)


async def read_timeline(call: Call[ById, None, None]) -> Timeline:
    await refuse_unseen(call, call.params.id)
    unstruck = reading.reads_struck(Actor.of_user(call.viewer))
    knows = call.viewer.may_know_reporters
    shown = await reading.timeline(call.conn, call.params.id, unstruck=unstruck, knows_reporters=knows)
    return Timeline(items=shown)


async def read_clocks(call: Call[ById, None, None]) -> TicketClocks:
    await refuse_unseen(call, call.params.id)
    return TicketClocks(items=await reading.explained_clocks(call.conn, call.params.id, call.at))


async def read_subtasks(call: Call[ById, None, None]) -> Subtasks:
    await refuse_unseen(call, call.params.id)
    return Subtasks(items=await reading.subtasks(call.conn, call.params.id))


async def hold_ticket_inside(call: Call[ById, None, HolderAsk]) -> TicketDetail:
    """Hand a ticket on inside the caller's unit; its clocks and its version stay."""
    await refuse_unseen(call, call.params.id)
    actor = Actor.of_user(call.viewer)
    holder = holding.Holder(call.body.user_id, call.body.office)
    await holding.hold_inside(call.conn, call.params.id, holder, actor, call.at)
    return await reading.ticket_detail(call.conn, call.params.id, actor, call.at)


async def propose_rectification(call: Call[None, None, ProposalAsk]) -> TicketDetail:
    """Propose a joint rectification of the case of a ticket; a case has at most one open."""
    asked = call.body
    if not await reading.sees_ticket(call.conn, asked.ticket_id, _sight(call.viewer)):
        raise NotFound("ticket")
    actor = Actor.of_user(call.viewer)
    source = await records.read_ticket(call.conn, asked.ticket_id)
    try:
        async with call.conn.transaction():
            ticket_id = await acting.propose(
                call.conn,
                acting.joint_draft(source, asked.level),
                call.at,
                actor=actor,
                reason=asked.cause,
                origin=source.id,
            )
    except asyncpg.UniqueViolationError:
        raise AlreadyExists("An open joint rectification of this case") from None
    return await reading.ticket_detail(call.conn, ticket_id, actor, call.at)


async def take_up_proposal(call: Call[ById, None, TakeUpAsk]) -> TicketDetail:
    """Open what the detectors proposed as a joint rectification, which then has to be admitted."""
    actor = Actor.of_user(call.viewer)
    try:
        async with call.conn.transaction():
            ticket_id = await proposals.take_up(call.conn, _decision(call, call.body.reason), call.body.level, actor)
    except asyncpg.UniqueViolationError:
        raise AlreadyExists("An open joint rectification of this case") from None
    return await reading.ticket_detail(call.conn, ticket_id, actor, call.at)


async def decline_proposal(call: Call[ById, None, DeclineAsk]) -> None:
    await proposals.decline(call.conn, _decision(call, call.body.reason))


def _decision(call: Call[ById, None, TakeUpAsk] | Call[ById, None, DeclineAsk], reason: str) -> proposals.Decision:
    viewer = call.viewer
    return proposals.Decision(call.params.id, viewer.id, viewer.scope, reason, call.at)


async def act_on_ticket(call: Call[ActionPath, None, ActionAsk]) -> TicketDetail | web.Response:
    """Take an action and show the ticket as it stands after it. Tickets that the caller cannot see do not exist.

    What would have reached a residents' committee leaves its receipt, which is committed (Art. 45).
    """
    asked = call.body
    for ticket_id in (call.params.id, *_tickets_named(asked.fields)):
        await refuse_unseen(call, ticket_id)
    action = Action(event=call.params.event, version=asked.version, reason=asked.reason, fields=asked.fields)
    actor = Actor.of_user(call.viewer)
    await check_citation(call.conn, action.event, action.fields, call.at)
    try:
        async with call.conn.transaction():
            await acting.act(call.conn, call.params.id, action, actor, call.at)
    except ActionRefused as error:
        made = await _kept_from_committees(call, error)
        if made is None:
            raise
        return held(call.request, made)
    return await reading.ticket_detail(call.conn, call.params.id, actor, call.at)


async def _kept_from_committees(call: Call[ActionPath, None, ActionAsk], error: ActionRefused) -> Held | None:
    """The receipts of an order to committees; None for another refusal, or one by somebody of no organisation."""
    issuer_id = call.viewer.organisation_id
    if error.refused.guard is not Guard.ART45 or issuer_id is None:
        return None
    ticket = await records.read_ticket(call.conn, call.params.id)
    kept = await keep_ticket_receipts(
        call.conn,
        _texts(call.body.fields),
        issuer_id=issuer_id,
        means=_MEANS.get(call.params.event, Means.ASSIGNMENT),
        matter=ticket.kind,
        ticket_id=ticket.id,
        request=f"{call.params.event}: {call.body.reason or ''}",
        actor=call.viewer.actor,
        at=call.at,
    )
    if not kept:
        return None
    codes = tuple(code for code in Art45 if any(code in verdict.codes for _, verdict in kept))
    missing = tuple(part for part in Support if any(part in verdict.missing for _, verdict in kept))
    return Held(", ".join(number for number, _ in kept), codes, missing)


def _tickets_named(fields: Mapping[str, Any]) -> list[int]:
    """Other tickets that an action would touch; what is no id at all is refused as a field."""
    named = (fields.get(name) for name in ("survivor", "ticket"))
    return [each for each in named if type(each) is int and 0 < each < 2**63]


def _texts(fields: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for value in fields.values():
        found += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
    return found


async def refuse_unseen(
    call: Call[ById, None, None] | Call[ActionPath, None, ActionAsk] | Call[ById, None, HolderAsk], ticket_id: int
) -> None:
    """Raise NotFound where there is no such ticket, or the caller does not see it."""
    if not await reading.sees_ticket(call.conn, ticket_id, _sight(call.viewer)):
        raise NotFound("ticket")


def _sight(viewer: User) -> reading.Sight:
    return reading.Sight(area_id=viewer.scope, organisation_id=viewer.organisation_id)

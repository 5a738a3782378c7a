"""Orders of other systems: taken once by their number, signed as Standard Webhooks say, and told how they stand."""

from typing import Any

from aiohttp import web

from dispatcher.api.answering import json_response
from dispatcher.api.calls import store
from dispatcher.api.calls.taking import take
from dispatcher.api.errors import NotFound
from dispatcher.api.handlers.public_status import fields_of
from dispatcher.api.models import public_status as models
from dispatcher.api.routing import Call
from dispatcher.desk import exchange, standing


async def take_order(call: Call[models.PartnerPath, None, models.ExchangeOrder]) -> web.Response:
    """Take an order once: a repeat with the same content gets the first answer, other content is a conflict."""
    partner = await _partner(call, call.params.partner)
    asked = call.body
    said = asked.model_dump(mode="python", exclude={"number", "due_at"})
    draft = store.CallDraft(**said, area_id=None, external_due_at=asked.due_at)
    taken, number, code = await take(
        call.request.app,
        call.conn,
        draft,
        key=f"exchange:{partner.id}:{asked.number}",
        taken_by=None,
        home_area_id=partner.area_id,
        at=call.at,
    )
    await exchange.remember(call.conn, partner, asked.number, taken.id, taken.received_at)
    answer = models.ExchangeReceipt(
        external_number=asked.number,
        number=number,
        code=code,
        received_at=taken.received_at,
        kind=taken.kind,
        area_id=taken.area_id,
        missing=list(draft.missing),
        duplicate=taken.duplicate,
    )
    return json_response(answer, status=200 if taken.duplicate else 201)


async def read_order(call: Call[models.OrderPath, None, None]) -> models.ExchangeStanding:
    """How an order of the partner stands; a partner sees its own alone."""
    partner = await _partner(call, call.params.partner)
    order = await exchange.read_order(call.conn, partner, call.params.number)
    if order is None:
        raise NotFound("order")
    found = await standing.read_standing(call.conn, order.call_id)
    return models.ExchangeStanding(
        **fields_of(found), external_number=order.external_number, external_due_at=order.external_due_at
    )


async def _partner(call: Call[Any, Any, Any], partner_id: str) -> exchange.Partner:
    """Who signed the request: over its body, or, where it has none, over its path."""
    request = call.request
    signed = await request.read() if request.method == "POST" else request.rel_url.raw_path.encode()
    return await exchange.authenticate(call.conn, partner_id, request.headers, signed)

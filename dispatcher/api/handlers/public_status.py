"""Residents' own reports by number and code, as JSON for programs and as a plain page for everybody."""

import asyncio
import ipaddress
from typing import Any

from aiohttp import hdrs, web

from dispatcher.accounts.errors import TooManyAttempts
from dispatcher.api import status_page
from dispatcher.api.errors import NotFound, UnsupportedMediaType
from dispatcher.api.keys import PUBLIC_ATTEMPTS, SETTINGS
from dispatcher.api.models import public_status as models
from dispatcher.api.routing import Call
from dispatcher.desk import receipts, standing
from dispatcher.desk.errors import DeskRefused
from dispatcher.tickets.errors import ActionRefused, VersionConflict

CODE_HEADER = "Ticket-Code"
_FORM = "application/x-www-form-urlencoded"


async def read_public_status(call: Call[models.NumberPath, models.CodeQuery, None]) -> models.PublicStanding:
    """How a report stands. A wrong number, a wrong code and none at all are told alike."""
    code = call.request.headers.get(CODE_HEADER) or call.query.code or ""
    return _answer(await standing.read_standing(call.conn, await _call_behind(call, call.params.number, code)))


async def object_publicly(call: Call[models.NumberPath, None, models.ObjectionAsk]) -> models.PublicStanding:
    call_id = await _call_behind(call, call.params.number, call.body.code)
    await standing.object_to(call.conn, call_id, call.body.reason, call.at)
    return _answer(await standing.read_standing(call.conn, call_id))


async def rate_publicly(call: Call[models.NumberPath, None, models.RatingAsk]) -> models.PublicStanding:
    asked = call.body
    call_id = await _call_behind(call, call.params.number, asked.code)
    await standing.rate(call.conn, call_id, asked.satisfaction, asked.result, asked.words, call.at)
    return _answer(await standing.read_standing(call.conn, call_id))


async def show_status_form(call: Call[None, models.PageQuery, None]) -> web.Response:
    """The page on which number and code are typed; neither ever stands in an address."""
    return _page(status_page.form(number=call.query.number or ""))


async def answer_status_form(call: Call[None, None, None]) -> web.Response:
    """What the page's form asks: look, object or rate. The answer is the page again."""
    if call.request.content_type != _FORM or hdrs.CONTENT_ENCODING in call.request.headers:
        raise UnsupportedMediaType
    asked = status_page.Asked.of(await call.request.post())
    try:
        call_id = await _call_behind(call, asked.number, asked.code)
    except NotFound:
        return _page(status_page.form(number=asked.number, notice=status_page.Notice.WRONG), status=404)
    except TooManyAttempts as slowed:
        page = _page(status_page.form(number=asked.number, notice=status_page.Notice.SLOW_DOWN), status=429)
        page.headers["Retry-After"] = str(slowed.retry_after_s)
        return page
    notice, status = await _done(call, call_id, asked)
    found = await standing.read_standing(call.conn, call_id)
    return _page(status_page.result(found, asked, notice), status=status)


async def _done(
    call: Call[None, None, None], call_id: int, asked: status_page.Asked
) -> tuple[status_page.Notice | None, int]:
    """Do what the form asks; what a rule refuses is undone and told in words."""
    if asked.act == status_page.LOOK:
        return None, 200
    try:
        async with call.conn.transaction():
            if asked.act == status_page.OBJECT and asked.words:
                await standing.object_to(call.conn, call_id, asked.words, call.at)
                return status_page.Notice.OBJECTED, 200
            rating = asked.rating
            if asked.act == status_page.RATE and rating is not None:
                await standing.rate(call.conn, call_id, rating.satisfaction, rating.result, asked.words, call.at)
                return status_page.Notice.RATED, 200
    except (DeskRefused, ActionRefused, VersionConflict):
        return status_page.Notice.NOT_NOW, 409
    return status_page.Notice.INCOMPLETE, 422


async def _call_behind(call: Call[Any, Any, Any], number: str, code: str) -> int:
    """The call that number and code open. Raises NotFound, TooManyAttempts.

    An attempt is counted before it is judged, for the number whether it exists or not; one that succeeds is taken back.
    """
    attempts, named, address = call.request.app[PUBLIC_ATTEMPTS], number.strip().upper()[:32], _address(call.request)
    attempts.begin(named, address, asyncio.get_running_loop().time())
    key = call.request.app[SETTINGS].device_key()
    call_id = await receipts.find(call.conn, key, number=named, code=code)
    if call_id is None:
        raise NotFound("report")
    attempts.succeeded(named, address)
    return call_id


def _address(request: web.Request) -> str:
    """Who asks: of IPv6 the network, for whoever has one address there has 2^64."""
    remote = request.remote or ""
    try:
        ip = ipaddress.ip_address(remote)
    except ValueError:
        return remote
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else remote


def _page(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")


def _answer(found: standing.Standing) -> models.PublicStanding:
    return models.PublicStanding(**fields_of(found))


def fields_of(found: standing.Standing) -> dict[str, Any]:
    """A standing in the names of the wire."""
    state_zh, state_en = standing.WORDS[found.state]
    kind_zh, kind_en = found.kind or (None, None)
    refusal_zh, refusal_en = found.refusal or (None, None)
    return {
        "number": found.number,
        "received_at": found.received_at,
        "state": found.state,
        "state_zh": state_zh,
        "state_en": state_en,
        "ticket_number": found.ticket_number,
        "kind_zh": kind_zh,
        "kind_en": kind_en,
        "holder_zh": found.holder[0],
        "holder_en": found.holder[1],
        "due_at": found.due_at,
        "closed_at": found.closed_at,
        "refusal_zh": refusal_zh,
        "refusal_en": refusal_en,
        "answer": found.answer,
        "may_object": found.may_object,
        "may_rate": found.may_rate,
    }

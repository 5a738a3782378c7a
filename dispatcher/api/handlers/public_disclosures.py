"""What residents read without a log-in: disclosures and committees' calendar, as JSON and as plain pages."""

from datetime import datetime
from typing import Any

from aiohttp import web

from dispatcher.api import disclosure_page
from dispatcher.api.answering import json_response
from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import NotFound, Withdrawn
from dispatcher.api.models import disclosures as models
from dispatcher.api.public_access import LISTS_KEPT_S, PAGES_KEPT_S, keep, slow_down, wants_page
from dispatcher.api.routing import Call
from dispatcher.disclosure.model import DisclosureState
from dispatcher.disclosure.personal import black_out, find_personal
from dispatcher.disclosure.reading import LAST_ID, QUERIES


async def list_public_disclosures(call: Call[None, models.PublicFilter, None]) -> web.Response:
    slow_down(call.request)
    asked = call.query
    published_at, last_id = decode(asked.cursor, datetime, int) or (None, None)
    rows = await call.conn.fetch(
        QUERIES.list_public, asked.item, asked.area, published_at, last_id or LAST_ID, asked.limit
    )
    items = [_shown(dict(row)) for row in rows]
    following = encode(rows[-1]["published_at"], rows[-1]["id"]) if len(rows) == asked.limit else None
    if wants_page(call.request):
        return keep(_page(disclosure_page.overview(items, following, asked.item, asked.area)), LISTS_KEPT_S)
    return keep(json_response(models.PublicDisclosures(items=items, next=following)), LISTS_KEPT_S)


async def read_public_disclosure(call: Call[models.PublicPath, None, None]) -> web.Response:
    """One disclosure; what was withdrawn is told as gone, with its reason and what replaced it. Raises NotFound."""
    slow_down(call.request)
    row = await call.conn.fetchrow(QUERIES.read_public, call.params.id)
    if row is None:
        raise NotFound("disclosure")
    if row["state"] == DisclosureState.WITHDRAWN:
        gone = Withdrawn(reason=row["reason"] or "", replaced_by=row["replaced_by"])
        if wants_page(call.request):
            return _page(disclosure_page.withdrawn(row["number"], gone.reason, gone.replaced_by), status=410)
        raise gone
    shown = _shown(dict(row))
    if wants_page(call.request):
        return keep(_page(disclosure_page.single(shown)), PAGES_KEPT_S)
    return keep(json_response(shown), PAGES_KEPT_S)


async def list_public_duties(call: Call[None, models.DutyFilter, None]) -> web.Response:
    slow_down(call.request)
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await call.conn.fetch(
        QUERIES.list_duties, asked.area, asked.committee, key[0] if key and key[0] else LAST_ID, None, asked.limit
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    items = [models.CommitteeDuty(**dict(row) | _without_names(dict(row))) for row in rows]
    return keep(json_response(models.CommitteeDuties(items=items, next=following)), LISTS_KEPT_S)


def _without_names(row: dict[str, Any]) -> dict[str, Any]:
    """A committee's own words, as everybody may read them."""
    words = {name: row[name] for name in ("period_name", "finding") if row[name] is not None}
    return {name: black_out(text, find_personal(text)) for name, text in words.items()}


def _shown(row: dict[str, Any]) -> models.PublicDisclosure:
    body = row["public_body"]
    return models.PublicDisclosure(id=row["id"], number=row["number"], published_at=row["published_at"], **body)


def _page(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")

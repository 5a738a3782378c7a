"""Briefs of a day or a week, and the record of what was taken out."""

import asyncio
from datetime import timedelta
from urllib.parse import quote

from aiohttp import hdrs, web

from dispatcher.api.briefs import document, gathering
from dispatcher.api.briefs.composing import compose
from dispatcher.api.briefs.model import Brief, Grid, Heading
from dispatcher.api.cursors import decode, encode
from dispatcher.api.exports import taking
from dispatcher.api.models.reports import BriefFilter, BriefPart, BriefPath, BriefView, ExportRecord, ExportRecords
from dispatcher.api.models.wire import Paged
from dispatcher.api.routing import Call
from registry.calendar import day_of


async def read_brief(call: Call[BriefPath, BriefFilter, None]) -> BriefView | web.StreamResponse:
    """The brief of the caller's area; as DOCX, which is recorded, where that is asked for."""
    asked = call.query
    day = asked.day or day_of(call.at) - timedelta(days=1)
    figures = await gathering.gather(call.conn, call.params.period, day, call.viewer.scope, call.at)
    brief = compose(figures, taking.language_of(call.request))
    if asked.format is None and document.MEDIA_TYPE not in call.request.headers.get(hdrs.ACCEPT, ""):
        return _view(brief)
    told = {"period": call.params.period, "day": day.isoformat()}
    await taking.record(call.conn, call.viewer, "brief", "docx", told, 1, call.at)
    body = await asyncio.to_thread(document.written, brief)
    name = quote(f"{brief.title}-{day:%Y%m%d}.docx")
    headers = {hdrs.CONTENT_DISPOSITION: f"attachment; filename*=UTF-8''{name}"}
    return web.Response(body=body, content_type=document.MEDIA_TYPE, headers=headers)


async def list_exports(call: Call[None, Paged, None]) -> ExportRecords:
    key = decode(call.query.cursor, int)
    limit = call.query.limit
    rows = await call.conn.fetch(taking.QUERIES.list_exports, key[0] if key else None, limit)
    following = encode(rows[-1]["id"]) if len(rows) == limit else None
    return ExportRecords(items=[ExportRecord(**dict(row)) for row in rows], next=following)


def _view(brief: Brief) -> BriefView:
    parts = []
    for part in brief.parts:
        if isinstance(part, Grid):
            parts.append(BriefPart(kind="grid", head=list(part.head), rows=[list(row) for row in part.rows]))
        else:
            parts.append(BriefPart(kind="heading" if isinstance(part, Heading) else "paragraph", text=part.text))
    return BriefView(title=brief.title, subtitle=brief.subtitle, parts=parts)

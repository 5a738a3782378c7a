"""What is happening: the incidents, one with its events and the links between them, and how many there are."""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from dispatcher.api.cursors import decode, encode
from dispatcher.api.exports import taking
from dispatcher.api.exports.sources import incident_pages
from dispatcher.api.exports.tables import INCIDENTS
from dispatcher.api.handlers.events import event_view
from dispatcher.api.handlers.patterns import matches_of
from dispatcher.api.models.incidents import (
    Incident,
    IncidentAlias,
    IncidentDetail,
    IncidentFilter,
    IncidentLink,
    Incidents,
    IncidentSummary,
)
from dispatcher.api.models.shapes import CaseMate, Follower, OverlayView
from dispatcher.api.models.wire import ById
from dispatcher.api.reading import records
from dispatcher.api.reading.links import Located, links
from dispatcher.api.routing import Call

_EVENTS_SHOWN: Final = 200


async def list_incidents(call: Call[None, IncidentFilter, None]) -> Incidents | web.StreamResponse:
    """A page of the list; the whole of it where a file is asked for."""
    asked = call.query
    kind = taking.wished(call.request, asked.format)
    if kind is not None:
        pages = incident_pages(
            call.conn, call.viewer, status=asked.status, grade=asked.grade, kind=asked.kind, area_id=asked.area
        )
        return await taking.take_out(call, INCIDENTS, kind, pages)
    key = decode(asked.cursor, int)
    rows = await records.list_incidents(
        call.conn,
        call.viewer,
        status=asked.status,
        grade=asked.grade,
        kind=asked.kind,
        area_id=asked.area,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return Incidents(items=[Incident(**row) for row in rows], next=following)


async def summarise_incidents(call: Call[None, None, None]) -> IncidentSummary:
    counts = await records.summarise_incidents(call.conn, call.viewer)
    return IncidentSummary(**counts, components=counts["open"] + counts["final"])


async def read_incident(call: Call[ById, None, None]) -> IncidentDetail:
    """The incident with its oldest events, what links them, and what was merged into it."""
    row = await records.find_incident(call.conn, call.viewer, call.params.id)
    events = await records.events_of_incident(call.conn, call.params.id, _EVENTS_SHOWN)
    reach = await records.reach_of_incident(call.conn, call.params.id)
    aliases = await records.aliases_of_incident(call.conn, call.params.id)
    shape = await records.shape_of_incident(call.conn, call.params.id)
    return IncidentDetail(
        **row,
        events=[event_view(event) for event in events],
        links=_links(events, reach),
        aliases=[IncidentAlias(**alias) for alias in aliases],
        matches=await matches_of(call.conn, call.params.id),
        version=shape["version"],
        followed_by=[Follower(**each) for each in shape["followed_by"]],
        same_case=[CaseMate(**each) for each in shape["same_case"]],
        overlays=[OverlayView(**each) for each in shape["overlays"]],
    )


def _links(events: list[Mapping[str, Any]], reach: tuple[int, int] | None) -> list[IncidentLink]:
    if reach is None:
        return []
    located = [
        Located(row["uid"], row["effective_at"], row["x_dm"], row["y_dm"]) for row in events if row["x_dm"] is not None
    ]
    return [
        IncidentLink(uid_a=link.uid_a.hex(), uid_b=link.uid_b.hex(), distance_dm=link.distance_dm, dt_ms=link.dt_ms)
        for link in links(located, *reach)
    ]

"""Rates and hot spots (源头治理): what the detectors found, what is proposed because of it, and the map."""

from datetime import datetime, timedelta
from typing import Final

from dispatcher.api.cursors import decode, encode
from dispatcher.api.models import rates as models
from dispatcher.api.routing import Call
from dispatcher.rates import reading
from dispatcher.rates.model import Detector

_COUNTS_SPAN: Final = timedelta(days=7)
_CELLS_SHOWN: Final = 200
_CLUSTERS_SHOWN: Final = 50


async def list_findings(call: Call[None, models.FindingFilter, None]) -> models.Findings:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await reading.list_findings(
        call.conn,
        call.viewer.scope,
        detector=asked.detector,
        kind=asked.kind,
        area_id=asked.area,
        since=asked.since,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Findings(items=[models.Finding(**row) for row in rows], next=following)


async def list_proposals(call: Call[None, models.ProposalFilter, None]) -> models.Proposals:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await reading.list_proposals(
        call.conn,
        call.viewer.scope,
        state=asked.state,
        kind=asked.kind,
        area_id=asked.area,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Proposals(items=[models.Proposal(**row) for row in rows], next=following)


async def list_counts(call: Call[None, models.CountFilter, None]) -> models.Counts:
    """Hours without incidents are left out."""
    asked = call.query
    until: datetime = asked.until or call.at
    rows = await reading.list_counts(
        call.conn,
        call.viewer.scope,
        kind=asked.kind,
        area_id=asked.area,
        since=asked.since or until - _COUNTS_SPAN,
        until=until,
        limit=asked.limit,
    )
    return models.Counts(items=[models.Count(**row) for row in rows])


async def read_hot_spots(call: Call[None, models.HotSpotFilter, None]) -> models.HotSpots:
    """The map of the last days, the hottest cells first; what lies on a stack is named and left out."""
    asked = call.query
    since = call.at - timedelta(days=asked.days)
    scope = call.viewer.scope
    drawn = await reading.read_map(call.conn, scope, kind=asked.kind, area_id=asked.area, since=since, until=call.at)
    clusters = await reading.list_findings(
        call.conn,
        scope,
        detector=Detector.SPACE_TIME_SCAN,
        kind=asked.kind,
        area_id=asked.area,
        since=since,
        limit=_CLUSTERS_SHOWN,
    )
    return models.HotSpots(
        since=since,
        until=call.at,
        incidents=drawn.incidents,
        provisional=drawn.provisional,
        cells=[
            models.HotCell(lon=cell.lon, lat=cell.lat, incidents=cell.incidents, z=cell.z)
            for cell in drawn.cells[:_CELLS_SHOWN]
        ],
        clusters=[models.Finding(**row) for row in clusters],
        stacks=[models.Stack(lon=at[0], lat=at[1], incidents=count) for at, count in drawn.stacks],
    )

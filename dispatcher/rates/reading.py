"""Reads findings, proposals, counts and the map for people, each within the area that they may see."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dispatcher.rates.city_map import Cell, cells, mask
from dispatcher.rates.model import Detector, ProposalState
from dispatcher.rates.stacks import Coordinate
from dispatcher.rates.store import QUERIES, as_happened
from registry.deployment import read_deployment
from runtime.pool import Connection

Row = Mapping[str, Any]

# What a map is drawn from at most; with more, the latest.
INCIDENTS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class RateMap:
    """Cells with their z-values, and the stacks that were left out of them."""

    cells: list[Cell]
    stacks: list[tuple[Coordinate, int]]
    incidents: int
    provisional: int  # of the incidents, those that may still change


async def list_findings(
    conn: Connection,
    scope: str | None,
    *,
    detector: Detector | None = None,
    kind: str | None = None,
    area_id: str | None = None,
    since: datetime | None = None,
    before_id: int | None = None,
    limit: int,
) -> list[Row]:
    """Findings, newest first."""
    rows = await conn.fetch(QUERIES.list_findings, scope, detector, kind, area_id, since, before_id, limit)
    return [dict(row) for row in rows]


async def list_proposals(
    conn: Connection,
    scope: str | None,
    *,
    state: ProposalState | None = None,
    kind: str | None = None,
    area_id: str | None = None,
    before_id: int | None = None,
    limit: int,
) -> list[Row]:
    """Proposals of joint rectification, newest first."""
    return [
        dict(row) for row in await conn.fetch(QUERIES.list_proposals, scope, state, kind, area_id, before_id, limit)
    ]


async def list_counts(
    conn: Connection, scope: str | None, *, kind: str, area_id: str | None, since: datetime, until: datetime, limit: int
) -> list[Row]:
    """Hourly counts of a kind, newest first, each marked where it may still change; empty hours are left out."""
    rows = await conn.fetch(QUERIES.list_counts, scope, kind, area_id, since, until, limit)
    return [dict(row) for row in rows]


async def read_map(
    conn: Connection, scope: str | None, *, kind: str | None, area_id: str | None, since: datetime, until: datetime
) -> RateMap:
    """The cells of a span of time. Stacks are searched among all kinds, though one kind may be shown."""
    origin = (await read_deployment(conn)).origin
    rows = [dict(row) for row in await conn.fetch(QUERIES.list_happened, scope, area_id, since, until, INCIDENTS_MAX)]
    every = [as_happened(row, origin) for row in rows]
    masked = mask(every)
    on_stack: dict[Coordinate, int] = dict.fromkeys(sorted(masked), 0)
    for incident in every:
        if not incident.surveyed and incident.coordinate in on_stack:
            on_stack[incident.coordinate] += 1
    shown = [(each, row["final"]) for each, row in zip(every, rows, strict=True) if kind in {None, each.kind}]
    return RateMap(
        cells=cells([incident for incident, _ in shown], masked),
        stacks=sorted(on_stack.items(), key=lambda item: (-item[1], item[0])),
        incidents=len(shown),
        provisional=sum(not final for _, final in shown),
    )

"""Which hazards stand within reach of a live incident: shown beside it, no second scale of its grade (ruling A8)."""

from typing import Any, Final

from dispatcher.screening.records import QUERIES
from runtime.pool import Connection

REACH_MAX_M: Final = 2000
"""No kind of hazard reaches farther: a constraint of `hazard_kinds.reach_m`; it bounds the look into the index."""


async def hazards_near(conn: Connection, incident_id: int, scope: str | None) -> list[dict[str, Any]]:
    """Hazards that are not closed, within the reach of their kind or at the very place; the gravest first, up to 50."""
    return [dict(row) for row in await conn.fetch(QUERIES.near_incident, incident_id, scope, float(REACH_MAX_M))]

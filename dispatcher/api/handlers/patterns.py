"""The patterns that are looked for, and what they found in an incident."""

from collections.abc import Mapping
from typing import Any

from dispatcher.api.models.patterns import IncidentMatch, Patterns, PatternView
from dispatcher.api.reading import patterns
from dispatcher.api.routing import Call
from runtime.pool import Connection


async def list_patterns(call: Call[None, None, None]) -> Patterns:
    rows = await patterns.list_patterns(call.conn, call.at)
    return Patterns(items=[PatternView(**row) for row in rows])


async def matches_of(conn: Connection, incident_id: int) -> list[IncidentMatch]:
    """What an incident's page shows."""
    return [_match(row) for row in await patterns.matches_of_incident(conn, incident_id)]


def _match(row: Mapping[str, Any]) -> IncidentMatch:
    return IncidentMatch(**{**row, "anchor_uid": row["anchor_uid"].hex()})

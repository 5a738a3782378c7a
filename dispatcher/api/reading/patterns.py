"""Patterns with their counts, and the matches of an incident, as the api shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatcher.api.reading.records import QUERIES
from dispatcher.rules.versions import read_patterns_in_force
from runtime.pool import Connection

Row = Mapping[str, Any]


async def list_patterns(conn: Connection, at: datetime) -> list[Row]:
    """Each pattern as the rules in force have it, with its steps and how often it was found until `at`."""
    ruled = await read_patterns_in_force(conn)
    columns = list(ruled), [rules.version for rules in ruled.values()], [rules.mode for rules in ruled.values()]
    return [dict(row) for row in await conn.fetch(QUERIES.list_patterns, at, *columns)]


async def matches_of_incident(conn: Connection, incident_id: int) -> list[Row]:
    """One an incident and pattern: the incident's own, and those of others that it witnesses."""
    return [dict(row) for row in await conn.fetch(QUERIES.matches_of_incident, incident_id)]

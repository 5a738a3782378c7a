"""Patterns with their counts, and the matches of an incident, as the api shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatcher.api.reading.records import QUERIES
from runtime.pool import Connection

Row = Mapping[str, Any]


async def list_patterns(conn: Connection, at: datetime) -> list[Row]:
    """The newest version of each pattern that has begun at `at`, with its steps and how often it was found."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_patterns, at)]


async def matches_of_incident(conn: Connection, incident_id: int) -> list[Row]:
    """One an incident and pattern: the incident's own, and those of others that it witnesses."""
    return [dict(row) for row in await conn.fetch(QUERIES.matches_of_incident, incident_id)]

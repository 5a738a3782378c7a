"""Master data whose rows are shown as they stand."""

from typing import Any

from registry.event_kinds import QUERIES
from runtime.pool import Connection


async def departments(conn: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(QUERIES.list_departments)]


async def event_kinds(conn: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(QUERIES.list_event_kinds)]

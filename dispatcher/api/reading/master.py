"""Master data whose rows are shown as they stand."""

from dataclasses import asdict
from typing import Any

from dispatcher.rules.rulebook import read_ruled_taxonomy
from registry.event_kinds import QUERIES
from runtime.pool import Connection


async def departments(conn: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(QUERIES.list_departments)]


async def event_kinds(conn: Connection) -> list[dict[str, Any]]:
    """As the rules in force have them."""
    return [asdict(kind) for kind in (await read_ruled_taxonomy(conn)).kinds.values()]

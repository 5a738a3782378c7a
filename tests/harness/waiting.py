"""Waits for what PostgreSQL tells nobody: that a backend waits for a lock, that a row is as expected."""

import asyncio
from typing import Final

from runtime.pool import Connection

FAILURE_S: Final = 30.0  # a failure, not a pace

_BLOCKED: Final = """
SELECT count(*) >= $1 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND ($2::text IS NULL OR application_name = $2)"""


async def until_true(conn: Connection, query: str, *arguments: object, limit_s: float = FAILURE_S) -> None:
    """Return when a query gives true; `conn` must be in no transaction, or it would see the same for ever."""
    async with asyncio.timeout(limit_s):
        while not await conn.fetchval(query, *arguments):
            await conn.execute("SELECT pg_sleep(0.01)")


async def until_blocked(conn: Connection, backends: int = 1, *, application_name: str | None = None) -> None:
    """Return when so many backends of this database wait for a lock."""
    await until_true(conn, _BLOCKED, backends, application_name)

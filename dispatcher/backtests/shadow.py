"""A session in which the dispatcher's stages run for trial: their tables are temporary, and the record is read only.

Temporary tables stand before the real ones in a session's search path, so a stage's own SQL finds them unchanged; and
every transaction is READ ONLY, in which PostgreSQL itself refuses to write anything but temporary tables.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from runtime.pool import Connection, connect
from runtime.queries import load

QUERIES = load(__package__)

# What a stage reads as it stands: the record, the city and its rules. All else that it could write begins empty.
INPUTS: Final = frozenset(
    {
        "areas",
        "backtests",
        "delivery_keys",
        "deployment",
        "device_state",
        "devices",
        "events",
        "hotline_calls",
        "organisations",
        "products",
        "readings",
        "rule_activations",
        "rule_versions",
        "sensitive_places",
        "users",
    }
)
_TEMPORARY_MIB: Final = 64

_BESIDE: Final = "WHERE t.incident_id IN (SELECT id FROM public.incidents WHERE final_at IS NULL)"
_OPEN: Final = {
    "incidents": "WHERE t.final_at IS NULL",
    "incident_events": f"{_BESIDE} OR t.incident_id IS NULL AND t.standing = 'noise' AND t.settled_with IS NULL",
    "cases": "WHERE t.id IN (SELECT case_id FROM public.incidents WHERE final_at IS NULL)",
    "tickets": "WHERE t.case_id IN (SELECT case_id FROM public.incidents WHERE final_at IS NULL)",
}


@asynccontextmanager
async def shadow_session(dsn: str) -> AsyncIterator[Connection]:
    """A connection whose stages write into tables of its own that end with it."""
    conn = await connect(dsn, application_name="rongan-backtest")
    try:
        await conn.execute(f"SET temp_buffers = '{_TEMPORARY_MIB}MB'")
        async with conn.transaction():
            tables = [row["name"] for row in await conn.fetch(QUERIES.writable_tables) if row["name"] not in INPUTS]
            # As they are written before the tables of the session hide the real ones.
            views = await conn.fetch(QUERIES.views_over, tables)
            for table in tables:
                name = _quoted(table)
                await conn.execute(f"CREATE TEMPORARY TABLE {name} (LIKE public.{name} INCLUDING ALL)")
            for view in views:
                await conn.execute(f"CREATE TEMPORARY VIEW {_quoted(view['name'])} AS {view['definition']}")
        await conn.execute("SET default_transaction_read_only = on")
        yield conn
    finally:
        conn.terminate()


async def copy_open_incidents(conn: Connection) -> None:
    """Into the session's own tables: the open incidents with all that stands beside them, and the watermarks."""
    async with conn.transaction():
        rows = await conn.fetch(QUERIES.tables_beside_incidents)
        for row in rows:
            if row["name"] in INPUTS:
                continue
            name = _quoted(row["name"])
            which = _OPEN.get(row["name"]) or (_BESIDE if row["by_incident"] else "")
            await conn.execute(
                f"INSERT INTO pg_temp.{name} OVERRIDING SYSTEM VALUE SELECT t.* FROM public.{name} t {which}"  # noqa: S608
            )
            if row["numbered_by"] is not None:  # what is added must not meet what was copied
                column = row["numbered_by"]
                await conn.execute(
                    f"SELECT setval(pg_get_serial_sequence('pg_temp.{name}', '{column}'), max({_quoted(column)}))"  # noqa: S608
                    f" FROM public.{name}"
                )


async def count_tables(conn: Connection) -> None:
    """Have the planner look at the session's tables: nobody else ever does, and it would think them empty."""
    await conn.execute("ANALYZE pg_temp.incidents, pg_temp.incident_events, pg_temp.cases")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'

"""The database: reachable, of this version, keeping what it commits, and on which clock it runs."""

from importlib import resources
from typing import Final

import asyncpg

from cli.checks.finding import Finding, fine, note, wrong
from dispatcher.rules.percolation import LARGEST_OF_EVENTS, LARGEST_SHARE_MAX
from registry.deployment import read_deployment
from runtime.errors import Explained
from runtime.migrations import MigrationRefused, plan_for
from runtime.pool import DATABASE_FAULTS, connect
from runtime.settings import DatabaseNotRunning, Settings

_DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")
_VERSION_MIN: Final = 150_000
_CORRUPT: Final = "SELECT coalesce(sum(checksum_failures), 0)::bigint FROM pg_stat_database"
_LARGEST: Final = """
SELECT sum(event_count) OVER ()::bigint, event_count, number FROM incidents WHERE status = 'open'
ORDER BY event_count DESC, id LIMIT 1"""
_SETTINGS: Final = "SELECT name, setting FROM pg_settings WHERE name = ANY($1)"


async def check_database(settings: Settings) -> list[Finding]:
    """Nothing but a note where the embedded server is not running: it is checked again at each of its starts."""
    try:
        conn = await connect(settings.owner_dsn(), application_name="rongan-doctor")
    except DatabaseNotRunning:
        return [note("database", "the embedded PostgreSQL is not running", "`rongan run` starts and checks it")]
    except (Explained, *DATABASE_FAULTS) as refusal:
        remedy = "check RONGAN_DATABASE_URL, or stop and start `rongan run`; its log is in RONGAN_HOME/logs"
        return [wrong("database", f"does not answer: {refusal}", remedy)]
    try:
        return [
            await _version(conn),
            await _durable(conn),
            await _checksums(conn),
            await _migrations(conn),
            await _clock(conn),
            await _clusters(conn),
            await _app_role(settings),
        ]
    finally:
        await conn.close()


async def _version(conn: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    number = int(await conn.fetchval("SELECT current_setting('server_version_num')"))
    found = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < _VERSION_MIN:
        return wrong("database", found, "use PostgreSQL 15 or newer")
    return fine("database", found)


async def _durable(conn: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    rows = await conn.fetch(_SETTINGS, list(_DURABLE))
    # `local` and the remote modes of synchronous_commit wait for the disk as well.
    lax = [f"{row['name']}={row['setting']}" for row in rows if row["setting"] == "off"]
    if lax:
        return wrong("durability", ", ".join(lax), "set it to `on`: an acknowledgement promises that the row is kept")
    return fine("durability", "commits reach the disk")


async def _checksums(conn: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    failures = await conn.fetchval(_CORRUPT)
    if failures:
        return wrong(
            "checksums", f"{failures} damaged pages were read", "restore from a backup; look at the disk first"
        )
    if await conn.fetchval("SELECT current_setting('data_checksums')") != "on":
        return note("checksums", "off: damage of the disk would go unseen", "stop the server, `pg_checksums --enable`")
    return fine("checksums", "on, no damaged page seen")


async def _migrations(conn: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    try:
        plan = await plan_for(conn, resources.files("deploy.migrations"))
    except MigrationRefused as refusal:
        return wrong("migrations", str(refusal), "install the version that this database was last migrated with")
    if plan.pending:
        return wrong("migrations", f"{len(plan.pending)} are missing", "run `rongan migrate`")
    return fine("migrations", f"all {len(plan.applied)} are applied")


async def _clock(conn: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    try:
        deployment = await read_deployment(conn)
    except (LookupError, asyncpg.UndefinedTableError):
        return wrong("clock", "the database has no master data", "run `rongan migrate`")
    if deployment.simulated_at is not None:
        return note("clock", f"exercise: simulated time {deployment.simulated_at.isoformat()}")
    return fine("clock", f"{deployment.mode}: real time")


async def _clusters(conn: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    try:
        live, largest, number = await conn.fetchrow(_LARGEST) or (0, 0, "")
    except asyncpg.UndefinedTableError:
        return note("clusters", "no incidents yet")
    found = f"the largest open incident holds {largest:,} of {live:,} live events"
    if live >= LARGEST_OF_EVENTS and largest > LARGEST_SHARE_MAX * live:
        remedy = "a distance or time is too wide for the traffic: `rongan rules validate` names the group"
        return note("clusters", f"{found}: {number}", remedy)
    return fine("clusters", found)


async def _app_role(settings: Settings) -> Finding:
    try:
        conn = await connect(settings.app_dsn(), application_name="rongan-doctor")
    except (Explained, *DATABASE_FAULTS) as refusal:
        return wrong("role of the processes", str(refusal), "run `rongan migrate`, which creates the role")
    try:
        owned = "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        if await conn.fetchval(owned):
            return wrong(
                "role of the processes", "it owns tables", "give them to the owner; processes must own nothing"
            )
        return fine("role of the processes", "logs in and owns nothing")
    finally:
        await conn.close()

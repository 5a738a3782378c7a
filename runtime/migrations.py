"""Brings a database to the newest schema: numbered SQL files, each in one transaction, never edited afterwards."""

import hashlib
import itertools
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from runtime.errors import Explained
from runtime.pool import Connection, connect

log = structlog.get_logger(__name__)

_FILE: Final = re.compile(r"^(?P<number>\d{4})_(?P<name>[a-z0-9_]+(?P<timescale>\.timescale)?)\.sql$")
# Any two runners on one database meet at this key; the number itself means nothing.
_LOCK_KEY: Final = 0x726F6E67616E

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer NOT NULL,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (number, name)
)"""
_HAS_TIMESCALE: Final = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
    OR (EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        AND current_setting('shared_preload_libraries') LIKE '%timescaledb%')"""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    text: str
    sha256: str
    needs_timescale: bool


@dataclass(frozen=True, slots=True)
class Applied:
    number: int
    name: str
    sha256: str
    applied_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What a database has, what it lacks, and what it will never get because TimescaleDB came later or not at all."""

    applied: tuple[Applied, ...]
    pending: tuple[Migration, ...]
    left_out: tuple[Migration, ...]


class MigrationRefused(Explained):
    """The folder and the database do not belong together; nothing was changed by the refused file."""

    def __init__(self, number: int, name: str, reason: str) -> None:
        super().__init__(f"migration {number:04d}_{name}: {reason}")
        self.number = number
        self.name = name
        self.reason = reason


class MigrationMisnamed(MigrationRefused):
    """A file that is no `NNNN_name.sql`, or two plain files of one number."""


class MigrationEdited(MigrationRefused):
    """The file differs from what was applied."""


class MigrationMissing(MigrationRefused):
    """The database has a migration that the folder lacks: the program is older than its database."""


class MigrationOutOfOrder(MigrationRefused):
    """A new file sorts before one that is already applied."""


class MigrationFailed(MigrationRefused):
    """PostgreSQL refused a statement; the transaction of this one file was rolled back."""


def read_folder(folder: Path | Traversable) -> tuple[Migration, ...]:
    """Read all migrations in order of number, plain before Timescale. Raises MigrationMisnamed."""
    found: list[Migration] = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if not entry.name.endswith(".sql"):
            continue
        match = _FILE.match(entry.name)
        if match is None:
            raise MigrationMisnamed(0, entry.name, "a migration is named NNNN_lower_snake.sql")
        content = entry.read_bytes()
        found.append(
            Migration(
                number=int(match["number"]),
                name=match["name"],
                text=content.decode("utf-8"),
                sha256=hashlib.sha256(content).hexdigest(),
                needs_timescale=match["timescale"] is not None,
            )
        )
    found.sort(key=lambda migration: (migration.number, migration.needs_timescale))
    for before, after in itertools.pairwise(found):
        if before.number == after.number and before.needs_timescale == after.needs_timescale:
            raise MigrationMisnamed(after.number, after.name, f"has the number of {before.name}")
    return tuple(found)


async def migrate(dsn_owner: str, folder: Path | Traversable) -> list[Applied]:
    """Apply what is missing and return it, oldest first; a second runner waits and then finds nothing to do.

    Raises a MigrationRefused before anything is changed where the folder contradicts the database, and
    MigrationFailed where a statement fails (earlier files of the same call stay applied).
    """
    migrations = read_folder(folder)
    async with _locked(dsn_owner) as conn:
        await conn.execute(_TABLE)
        plan = compare(migrations, await _applied(conn), has_timescale=await _has_timescale(conn))
        for migration in plan.left_out:
            log.info("migration_left_out", number=migration.number, name=migration.name)
        return [await _apply(conn, migration) for migration in plan.pending]


async def plan_for(conn: Connection, folder: Path | Traversable) -> Plan:
    """Say what `migrate` would do, changing nothing. Raises the same refusals."""
    migrations = read_folder(folder)
    exists = await conn.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
    applied = await _applied(conn) if exists else ()
    return compare(migrations, applied, has_timescale=await _has_timescale(conn))


def compare(migrations: Sequence[Migration], applied: Sequence[Applied], *, has_timescale: bool) -> Plan:
    """Decide what is pending. Raises MigrationEdited, MigrationMissing or MigrationOutOfOrder.

    A Timescale file that was passed over stays out for ever: its plain neighbours moved on without it.
    """
    by_key = {(migration.number, migration.name): migration for migration in migrations}
    done = {(row.number, row.name) for row in applied}
    newest = max((row.number for row in applied), default=0)
    for row in applied:
        migration = by_key.get((row.number, row.name))
        if migration is None:
            raise MigrationMissing(row.number, row.name, "is in the database but not in the folder")
        if migration.sha256 != row.sha256:
            raise MigrationEdited(row.number, row.name, "was edited after it was applied; add a new file instead")
    pending: list[Migration] = []
    left_out: list[Migration] = []
    for migration in migrations:
        if (migration.number, migration.name) in done:
            continue
        if migration.needs_timescale and (not has_timescale or migration.number < newest):
            left_out.append(migration)
        elif migration.number <= newest and not migration.needs_timescale:
            raise MigrationOutOfOrder(migration.number, migration.name, f"{newest:04d} is already applied")
        else:
            pending.append(migration)
    return Plan(tuple(applied), tuple(pending), tuple(left_out))


@asynccontextmanager
async def _locked(dsn: str) -> AsyncIterator[Connection]:
    conn = await connect(dsn, application_name="rongan-migrate")
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", _LOCK_KEY)
        yield conn
    finally:
        await conn.close()  # ends the session and with it the lock


async def _applied(conn: Connection) -> tuple[Applied, ...]:
    rows = await conn.fetch("SELECT number, name, sha256, applied_at FROM schema_migrations ORDER BY number, name")
    return tuple(Applied(row["number"], row["name"], row["sha256"], row["applied_at"]) for row in rows)


async def _has_timescale(conn: Connection) -> bool:
    return bool(await conn.fetchval(_HAS_TIMESCALE))


async def _apply(conn: Connection, migration: Migration) -> Applied:
    try:
        async with conn.transaction():
            await conn.execute(migration.text)
            applied_at = await conn.fetchval(
                "INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3) RETURNING applied_at",
                migration.number,
                migration.name,
                migration.sha256,
            )
    except asyncpg.PostgresError as refusal:
        raise MigrationFailed(migration.number, migration.name, str(refusal)) from refusal
    log.info("migration_applied", number=migration.number, name=migration.name)
    return Applied(migration.number, migration.name, migration.sha256, applied_at)

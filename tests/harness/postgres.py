"""A real PostgreSQL for a test run, one template with the whole schema, and a fresh database a test."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from dispatcher.rules.seeding import seed_rules
from registry.deployment import DeploymentMode
from registry.seed import seed
from runtime.migrations import migrate
from runtime.pool import connect
from runtime.settings import APP_ROLE, OWNER_ROLE, with_database
from runtime.supervisor.postgres import EmbeddedPostgres, PostgresOptions

TEMPLATE = "rongan_template"
TEST_OPTIONS = PostgresOptions(shared_buffers_mib=64, max_wal_mib=512)
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; the connection strings name the maintenance database `postgres`."""

    home: Path
    owner_dsn: str
    app_dsn: str


@dataclass(frozen=True, slots=True)
class Database:
    """One database: `owner_dsn` for what migrations may do, `app_dsn` for what the processes may do."""

    name: str
    owner_dsn: str
    app_dsn: str


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server in a temporary home and remove both at the end."""
    home = Path(tempfile.mkdtemp(prefix="rongan-test-"))
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        postgres = EmbeddedPostgres(home, TEST_OPTIONS)
        runner.run(postgres.start())
        try:
            yield Server(home, postgres.dsn("postgres", OWNER_ROLE), postgres.dsn("postgres", APP_ROLE))
        finally:
            runner.run(postgres.stop())
            shutil.rmtree(home)


def prepare_template(server: Server) -> Database:
    """Create the template: every migration, then the seed data of the registry."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(_prepare_template(server))


@asynccontextmanager
async def fresh_database(server: Server, *, template: str = "template0") -> AsyncIterator[Database]:
    """Create a copy of the template under a new name and drop it at the end."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    await _execute(server.owner_dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _database(server, name)
    finally:
        await _execute(server.owner_dsn, f"DROP DATABASE {name} WITH (FORCE)")


async def _prepare_template(server: Server) -> Database:
    await _execute(server.owner_dsn, f"CREATE DATABASE {TEMPLATE}")
    database = _database(server, TEMPLATE)
    await migrate(database.owner_dsn, resources.files("deploy.migrations"))
    conn = await connect(database.owner_dsn, application_name="rongan-test-seed")
    try:
        await seed(conn, mode=DeploymentMode.EXERCISE)
        await seed_rules(conn)
    finally:
        await conn.close()
    return database


def _database(server: Server, name: str) -> Database:
    return Database(name, with_database(server.owner_dsn, name), with_database(server.app_dsn, name))


async def _execute(dsn: str, statement: str) -> None:
    conn = await connect(dsn, application_name="rongan-test")
    try:
        await conn.execute(statement)
    finally:
        await conn.close()

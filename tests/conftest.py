"""Fixtures of every test: one PostgreSQL a run, one database a test, and programs or data that may be missing."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from runtime.pool import Connection, Pool, connect, open_pool
from tests.harness.postgres import Database, Server, fresh_database, prepare_template, running_server
from tests.harness.programs import require_program, skip_or_fail

# Time limits of hypothesis measure the machine, not the code; a function fixture is reused by design here.
settings.register_profile(
    "rongan",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("thorough", settings.get_profile("rongan"), max_examples=2000)
settings.load_profile(os.environ.get("RONGAN_HYPOTHESIS", "rongan"))

# The programs without which a test of this marker cannot run.
_PROGRAMS = {"mosquitto": ("mosquitto", "mosquitto_pub", "mosquitto_sub"), "browser": ("browser",)}

# Every test has a database of its own, and each is flushed: on a busy disk most of a run is waiting for it.
_MEMORY = Path("/dev/shm")
_ROOM_GIB = 8


def pytest_configure() -> None:
    """Keep what a run writes in memory where there is room; `TMPDIR` says otherwise."""
    if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_GIB << 30:
        tempfile.tempdir = str(_MEMORY)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, programs in _PROGRAMS.items():
        if item.get_closest_marker(marker) is not None:
            for program in programs:
                require_program(program)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL in a temporary home."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def template_database(postgres_server: Server) -> Database:
    """The database that tests are copied from: all migrations and seed data. Never connect to it."""
    return prepare_template(postgres_server)


@pytest.fixture
async def database(postgres_server: Server, template_database: Database) -> AsyncIterator[Database]:
    """A database of this test alone, with schema and seed data."""
    async with fresh_database(postgres_server, template=template_database.name) as database:
        yield database


@pytest.fixture
async def empty_database(postgres_server: Server) -> AsyncIterator[Database]:
    """A database of this test alone, with nothing in it."""
    async with fresh_database(postgres_server) as database:
        yield database


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    """A pool of the role that the processes have."""
    pool = await open_pool(database.app_dsn, application_name="rongan-test", max_size=4)
    try:
        yield pool
    finally:
        pool.terminate()


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[Connection]:
    """A connection of the owner, who may do what processes may not."""
    conn: asyncpg.Connection[asyncpg.Record] = await connect(database.owner_dsn, application_name="rongan-test-owner")
    try:
        yield conn
    finally:
        await conn.close()


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real data sets that `RONGAN_DATA` names."""
    folder = os.environ.get("RONGAN_DATA")
    if folder is None or not Path(folder).is_dir():
        skip_or_fail("realdata", "RONGAN_DATA names no folder of real data sets")
    assert folder is not None
    return Path(folder)

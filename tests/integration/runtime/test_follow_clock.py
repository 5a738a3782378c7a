"""Every process reads the simulated time of an exercise from one row; production keeps real time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from runtime.clock import (
    CONFIRMED_CHANNEL,
    Clock,
    ExerciseClock,
    RealClock,
    SimulatedClock,
    follow_clock,
    open_clock,
    processes_behind,
)
from runtime.pool import Connection, connect
from tests.harness.postgres import Database, Server, fresh_database

START = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
DEPLOYMENT = """
INSERT INTO deployment (mode, rule_set, origin_lon, origin_lat) VALUES ('exercise', 'default', 104.06, 30.66)"""
MOVE = "UPDATE deployment SET simulated_at = $1"


@pytest.fixture
async def exercise(postgres_server: Server, template_database: Database) -> AsyncIterator[tuple[Database, Connection]]:
    """A database created for exercises, and a connection of its owner."""
    async with fresh_database(postgres_server, template=template_database.name) as database:
        conn = await connect(database.owner_dsn, application_name="rongan-test")
        await conn.execute("DELETE FROM deployment")
        await conn.execute(DEPLOYMENT)
        yield database, conn
        await conn.close()


async def reaches(clock: Clock, at: datetime) -> None:
    assert isinstance(clock, ExerciseClock)
    async with asyncio.timeout(30):
        while clock.now() != at:
            await clock.wait_moved()


async def test_clock_follows_the_row(exercise: tuple[Database, Connection]) -> None:
    database, conn = exercise
    async with follow_clock(database.app_dsn) as clock:
        assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=30)
        await conn.execute(MOVE, START)
        await reaches(clock, START)
        await conn.execute(MOVE, START + timedelta(minutes=30))
        await conn.execute("SELECT pg_notify('rongan_clock', '')")
        await reaches(clock, START + timedelta(minutes=30))


async def test_clock_goes_on_after_a_lost_connection(exercise: tuple[Database, Connection]) -> None:
    database, conn = exercise
    await conn.execute(MOVE, START)
    async with follow_clock(database.app_dsn) as clock:
        await reaches(clock, START)
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rongan-clock'"
        )
        await conn.execute(MOVE, START + timedelta(hours=1))
        await reaches(clock, START + timedelta(hours=1))


async def test_process_confirms_the_time_that_it_reached_and_leaves(exercise: tuple[Database, Connection]) -> None:
    database, conn = exercise
    confirmed = asyncio.Event()
    await conn.add_listener(CONFIRMED_CHANNEL, lambda *_: confirmed.set())

    async def behind(at: datetime) -> list[str]:
        return [process.split()[0] for process in await processes_behind(conn, at)]

    async with asyncio.timeout(30), follow_clock(database.app_dsn, process="gateway-0"):
        await confirmed.wait()
        assert await behind(START) == ["gateway-0"]  # It lives in real time, whatever that is.
        for at in (START, START + timedelta(hours=1)):
            confirmed.clear()
            await conn.execute(MOVE, at)
            await conn.execute("SELECT pg_notify('rongan_clock', '')")
            await confirmed.wait()
            assert await behind(at) == []
        assert await behind(START + timedelta(hours=2)) == ["gateway-0"]
    assert await conn.fetchval("SELECT count(*) FROM clock_confirmations") == 0


async def test_row_refuses_to_go_back(exercise: tuple[Database, Connection]) -> None:
    _, conn = exercise
    await conn.execute(MOVE, START)
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute(MOVE, START - timedelta(seconds=1))


async def test_open_clock_says_what_the_database_runs_on(exercise: tuple[Database, Connection]) -> None:
    _, conn = exercise
    assert isinstance(await open_clock(conn), RealClock)
    await conn.execute(MOVE, START)
    clock = await open_clock(conn)
    assert isinstance(clock, SimulatedClock)
    assert clock.now() == START


async def test_production_keeps_real_time(database: Database, owner: Connection) -> None:
    await owner.execute("DELETE FROM deployment")
    await owner.execute(DEPLOYMENT.replace("exercise", "production"))
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(MOVE, START)
    async with follow_clock(database.app_dsn) as clock:
        assert isinstance(clock, RealClock)

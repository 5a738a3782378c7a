"""The clock is advanced beside running gateways: an event stands on the side of the tick on which it was committed."""

import asyncio

import pytest

from events import log as event_log
from events.ticks import append_tick
from runtime.pool import Connection, Pool
from tests.harness.log import GATEWAY, LogUnderTest, draft, incidents
from tests.harness.waiting import until_blocked
from tests.integration.dispatcher.engine.conftest import Leader, step_through

pytestmark = pytest.mark.usefixtures("simulated")

FAILURE_S = 20.0
HOUR_S = 3600


async def named(owner: Connection) -> int:
    body = await owner.fetchval("SELECT body FROM events WHERE stream = 'clock'")
    seq: int = body["heads"][GATEWAY]
    return seq


async def test_a_tick_waits_for_an_event_that_is_being_committed_and_stands_behind_it(
    log: LogUnderTest, leader: Leader, pool: Pool, owner: Connection
) -> None:
    await log.write(draft("first", 0, 0))
    stepper = leader()
    await step_through(stepper)
    async with asyncio.timeout(FAILURE_S), asyncio.TaskGroup() as tasks, pool.acquire() as gateway:
        writing = gateway.transaction()
        await writing.start()
        await event_log.append(gateway, GATEWAY, [draft("in that instant", 0, 9000)])
        ticking = tasks.create_task(log.tick(4 * HOUR_S))
        await until_blocked(owner)
        assert not ticking.done()
        await writing.commit()
        await ticking
    assert await named(owner) == 2
    await step_through(stepper)
    assert [(row["status"], row["late"]) for row in await incidents(owner)] == [("final", False), ("final", False)]


async def test_an_event_that_comes_while_the_clock_is_advanced_waits_and_stands_behind_the_tick(
    log: LogUnderTest, leader: Leader, pool: Pool, owner: Connection
) -> None:
    await log.write(draft("first", 0, 0))
    stepper = leader()
    async with asyncio.timeout(FAILURE_S), asyncio.TaskGroup() as tasks, pool.acquire() as api:
        advancing = api.transaction()
        await advancing.start()
        await append_tick(api, draft("tick", 4 * HOUR_S, None).effective_at)
        writing = tasks.create_task(log.write(draft("in that instant", 0, 9000)))
        await until_blocked(owner)
        # Nothing of it can be read before the tick can be.
        await step_through(stepper)
        assert await owner.fetchval("SELECT seq FROM cursors WHERE stream = $1", GATEWAY) == 1
        await advancing.commit()
        await writing
    assert await named(owner) == 1
    await step_through(stepper)
    assert [(row["status"], row["late"]) for row in await incidents(owner)] == [("final", False), ("final", True)]

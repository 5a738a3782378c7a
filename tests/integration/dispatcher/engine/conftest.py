"""A leader on a real database, in an exercise whose clock nobody moves unless the test does."""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dispatcher.engine import leadership
from dispatcher.engine.steps import Stepper
from events.feed import Feed
from runtime.clock import SimulatedClock
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest

Leader = Callable[..., Stepper]


@pytest.fixture
async def simulated(owner: Connection) -> None:
    await owner.execute("UPDATE deployment SET simulated_at = $1", START)


@pytest.fixture
async def epoch(pool: Pool) -> int:
    async with pool.acquire() as conn:
        epoch = await leadership.take(conn, "first")
    assert epoch is not None
    return epoch


@pytest.fixture
async def log(pool: Pool) -> AsyncIterator[LogUnderTest]:
    with LogUnderTest(pool) as log:
        yield log


@pytest.fixture
async def leader(pool: Pool, epoch: int) -> AsyncIterator[Leader]:
    """Makes a process's loop; one that is made anew knows nothing but the database."""
    with ThreadPoolExecutor(1, thread_name_prefix="kernels") as kernels:

        def make(epoch: int = epoch, **options: Any) -> Stepper:
            return Stepper(pool, SimulatedClock(START), Feed(pool), kernels, epoch, **options)

        yield make


async def step_through(stepper: Stepper) -> None:
    """Step until everything was taken."""
    while await stepper.step():
        pass

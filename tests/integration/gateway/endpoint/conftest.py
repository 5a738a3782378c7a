"""The front door of each test, on the event loop of production and on asyncio's own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack

import pytest
import uvloop

from tests.harness.doors import FrontDoor, ManualTimers, Open


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def front() -> AsyncIterator[FrontDoor]:
    """An endpoint with its ordinary limits, on real timers."""
    async with FrontDoor() as door:
        yield door


@pytest.fixture
async def timed() -> AsyncIterator[FrontDoor]:
    """An endpoint whose timers run when the test lets time pass."""
    async with FrontDoor(timers=ManualTimers()) as door:
        yield door


@pytest.fixture
async def open_front() -> AsyncIterator[Open]:
    """Opens an endpoint with limits of the test's own."""
    async with AsyncExitStack() as doors:

        async def opened(**options: object) -> FrontDoor:
            return await doors.enter_async_context(FrontDoor(**options))  # type: ignore[arg-type]

        yield opened

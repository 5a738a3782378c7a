"""The sender running over real connections, and what its tests wait for."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from dispatcher.channels.sender import Sender
from dispatcher.channels.ways import ChannelSettings, Provider
from runtime.pool import Connection, Pool
from tests.harness.waiting import until_true
from tests.integration.dispatcher.channels.addressees import AT, attempts

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes ...").decode()


@asynccontextmanager
async def sending(pool: Pool, settings: ChannelSettings) -> AsyncIterator[Sender]:
    running = Sender(pool, settings, now=lambda: AT, open_s=0.0)
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        assert not task.done(), task
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def sms(url: str) -> ChannelSettings:
    return ChannelSettings(sms=Provider(url, SECRET))


async def until_attempt(owner: Connection, condition: str) -> dict[str, Any]:
    await until_true(owner, f"SELECT bool_and({condition}) FROM outbox")  # noqa: S608
    return (await attempts(owner))[0]


async def make_due(owner: Connection) -> None:
    await owner.execute("UPDATE outbox SET next_at = clock_timestamp() WHERE state = 'ready'")

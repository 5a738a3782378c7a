"""The real application on a real port over a real database."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.pool import Connection
from tests.harness.postgres import Database
from tests.integration.dispatcher.api import committees, community
from tests.integration.dispatcher.api.running import Api, Client, EventStream, running_api


@pytest.fixture
async def api(database: Database, owner: Connection, tmp_path: Path) -> AsyncIterator[Api]:
    await community.build(owner)
    async with running_api(database, tmp_path / "home") as api:
        yield api


@pytest.fixture
async def exercise_api(database: Database, owner: Connection, tmp_path: Path) -> AsyncIterator[Api]:
    """As `api`, in a database made for exercises that stands at NOON."""
    await owner.execute("DELETE FROM deployment")
    await owner.execute(
        "INSERT INTO deployment (mode, simulated_at, rule_set, origin_lon, origin_lat)"
        " VALUES ('exercise', $1, 'default', 104.0657, 30.6598)",
        community.NOON,
    )
    await community.build(owner)
    async with running_api(database, tmp_path / "home") as api:
        yield api


@pytest.fixture
async def open_stream(request: pytest.FixtureRequest) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:

        async def open_stream(client: Client, *, last_id: int | None = None) -> EventStream:
            headers = client.headers() | ({} if last_id is None else {"Last-Event-ID": str(last_id)})
            response = await stack.enter_async_context(
                client.session.get("/api/v1/stream", headers=headers, timeout=aiohttp.ClientTimeout(120))
            )
            assert response.status == 200, await response.text()
            assert response.content_type == "text/event-stream"
            return EventStream(response)

        yield open_stream


@pytest.fixture
async def east(api: Api, owner: Connection) -> Api:
    """The community `east` with its committee, subdistrict, government and somebody in each."""
    await committees.settle(owner)
    return api

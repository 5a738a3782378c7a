"""The real application on a real port over a real database, and clients of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from dispatcher.accounts import sessions, store
from dispatcher.api.app import build_app
from dispatcher.api.keys import POOL
from runtime.pool import SYSTEM, Pool, transaction
from runtime.settings import DEVICE_KEY, Settings
from tests.harness.postgres import Database
from tests.integration.dispatcher.api import community


class Client:
    """A program with a token, as simulators and other systems are."""

    def __init__(self, session: aiohttp.ClientSession, token: str | None) -> None:
        self.session = session
        self.token = token

    async def get(self, path: str, **params: Any) -> tuple[int, Any]:
        return await self._send("GET", path, params={k: str(v) for k, v in params.items()})

    async def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return await self._send("POST", path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    async def delete(self, path: str) -> tuple[int, Any]:
        return await self._send("DELETE", path)

    def headers(self) -> dict[str, str]:
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    async def _send(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **kw: Any
    ) -> tuple[int, Any]:
        path = path if path.startswith("/") else f"/api/v1/{path}"
        async with self.session.request(method, path, headers={**self.headers(), **(headers or {})}, **kw) as answer:
            return answer.status, await answer.json(content_type=None) if answer.status != 204 else None


class Api:
    """The running application; `as_user` logs in without the slow hash, as the login handler does after it."""

    def __init__(self, url: str, pool: Pool, http: aiohttp.ClientSession, app: web.Application) -> None:
        self.url = url
        self.pool = pool
        self.http = http
        self.app = app
        self.nobody = Client(http, None)

    async def as_user(self, login: str) -> Client:
        async with transaction(self.pool, scope=SYSTEM) as conn:
            found = await store.find_user(conn, login)
            assert found is not None, f"no user {login}"
            opened = await sessions.open_session(conn, *found, browser=False)
        return Client(self.http, opened.token)


@asynccontextmanager
async def running_api(database: Database, home: Path, **more: Any) -> AsyncIterator[Api]:
    settings = Settings(home=home, database_url=database.owner_dsn, database_app_url=database.app_dsn, **more)
    settings.layout.create()
    settings.layout.ensure_secret(DEVICE_KEY)
    app = build_app(settings, database.app_dsn)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2.0, auto_decompress=False, handler_cancellation=True)
    await runner.setup()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        url = f"http://{host}:{port}"
        http = await stack.enter_async_context(
            aiohttp.ClientSession(url, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(60))
        )
        yield Api(url, app[POOL], http, app)


class EventStream:
    """A client of the live stream that remembers the last id."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.last_id: int | None = None

    async def next(self) -> dict[str, Any] | None:
        """The next event as {id, event, data}; None when the server ended the stream."""
        fields: dict[str, Any] = {}
        async with asyncio.timeout(community.FAILURE_S):
            async for raw in self.response.content:
                line = raw.decode().rstrip("\n")
                if line == "" and "data" in fields:
                    self.last_id = int(fields["id"])
                    return fields
                if line == "":
                    fields = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
        return None

"""The receiver of webhooks under test: an HTTP server that answers, hangs, breaks off or floods as the test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web

FAILURE_S = 20.0

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Receiver:
    """A department's system. What it does with a request is the test's choice; it keeps every request."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.answers: dict[str, Answer] = {}
        self.release = asyncio.Event()
        self._changed = asyncio.Condition()
        self.url = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        async with self._changed:
            self.requests.append((request.path, dict(request.headers), body))
            self._changed.notify_all()
        return await self.answers[request.path](request)

    async def until(self, count: int, path: str | None = None) -> None:
        async with asyncio.timeout(FAILURE_S), self._changed:
            await self._changed.wait_for(lambda: len(self.of(path)) >= count)

    def of(self, path: str | None) -> list[tuple[str, dict[str, str], bytes]]:
        return [request for request in self.requests if path in (None, request[0])]

    def keys(self, path: str | None = None) -> list[str]:
        return [headers["Idempotency-Key"] for _, headers, _ in self.of(path)]

    async def hang(self, _request: web.Request) -> web.Response:
        await self.release.wait()
        return web.Response()


def answer(status: int, **options: Any) -> Answer:
    async def give(_request: web.Request) -> web.Response:
        return web.Response(status=status, **options)

    return give


async def close_at_once(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def ten_megabytes(_request: web.Request) -> web.Response:
    return web.Response(body=bytes(10 * 1024 * 1024))


async def break_off_after_the_status(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    assert request.transport is not None
    request.transport.abort()
    return response


@asynccontextmanager
async def running_receiver() -> AsyncIterator[Receiver]:
    """Listen on a free port while the block lasts."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        receiver.release.set()
        await runner.cleanup()


Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def half_an_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes the request whole and breaks off within the status line."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 2")
    await writer.drain()


async def no_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Speaks something else."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"\x15\x03\x03\x00\x02\x02\x28 this is no HTTP\r\n\r\n")
    await writer.drain()


async def endless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers a header after the other and never comes to an end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: more\r\n" * 5000)
        await writer.drain()


@asynccontextmanager
async def running_raw(serve: Raw) -> AsyncIterator[str]:
    """A server that speaks TCP as `serve` says; yields its url."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()

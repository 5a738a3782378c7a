"""The api process: the application of the route table, what it holds, and its life from start to stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import structlog
from aiohttp import web

from dispatcher.accounts.attempts import AttemptLimiter
from dispatcher.api import middleware
from dispatcher.api.answering import answer_with
from dispatcher.api.console_files import ConsolePath, serve_console
from dispatcher.api.keys import ATTEMPTS, BROADCAST, CLOCK, DSN, METRICS, PLACES, POOL, SETTINGS
from dispatcher.api.live.broadcast import Broadcast
from dispatcher.api.metrics import Metrics
from dispatcher.api.permissions import Permission
from dispatcher.api.places import Places
from dispatcher.api.routes import ROUTES
from dispatcher.api.routing import AnyRoute, Route, check_table
from dispatcher.backtests.runner import BacktestRunner
from runtime.clock import follow_clock
from runtime.pool import open_pool
from runtime.readiness import announce
from runtime.settings import Settings

log = structlog.get_logger(__name__)

BODY_MAX_BYTES: Final = 256 * 1024
_SHUTDOWN_S: Final = 5.0
_POOL_MAX: Final = 12

CONSOLE: Final[AnyRoute] = Route(
    "GET",
    "/{path:(?!api/).*}",
    Permission.PUBLIC,
    serve_console,
    "The console.",
    params=ConsolePath,
    opens_transaction=False,
)
"""Last in the table: whatever no other route answers."""

TABLE: Final[tuple[AnyRoute, ...]] = (*ROUTES, CONSOLE)

_BROADCASTING: Final = web.AppKey("broadcasting", asyncio.Task[None])


def build_app(settings: Settings, dsn: str, routes: tuple[AnyRoute, ...] = TABLE) -> web.Application:
    """The application over a database. Raises RouteTableInvalid where a route declares no permission."""
    check_table(routes)
    app = web.Application(client_max_size=BODY_MAX_BYTES, middlewares=[middleware.identify, middleware.explain])
    app[SETTINGS] = settings
    app[DSN] = dsn
    app[METRICS] = Metrics()
    app[ATTEMPTS] = AttemptLimiter()
    app[PLACES] = Places()
    app.on_response_prepare.append(middleware.set_headers)
    app.cleanup_ctx.extend([_hold_pool, _hold_clock, _hold_backtests, _hold_broadcast])
    app.on_shutdown.append(_end_streams)
    for route in routes:
        app.router.add_route(route.method, route.path, answer_with(route))
    return app


async def main(settings: Settings) -> None:
    """Serve until cancelled; then streams end, requests in hand are answered, and the pool closes."""
    app = build_app(settings, settings.app_dsn())
    runner = web.AppRunner(
        app, access_log=None, shutdown_timeout=_SHUTDOWN_S, auto_decompress=False, handler_cancellation=True
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.http_host, settings.http_port)
        await site.start()
        log.info("api_listening", address=str(runner.addresses))
        announce()
        # The broadcast never returns by itself: if it fails, so does the process, and the supervisor starts it again.
        await asyncio.shield(app[_BROADCASTING])
    finally:
        await runner.cleanup()


async def _hold_pool(app: web.Application) -> AsyncIterator[None]:
    pool = await open_pool(app[DSN], application_name="rongan-api", min_size=1, max_size=_POOL_MAX)
    app[POOL] = pool
    yield
    pool.terminate()


async def _hold_clock(app: web.Application) -> AsyncIterator[None]:
    async with follow_clock(app[DSN], process="api") as clock:
        app[CLOCK] = clock
        yield


async def _hold_backtests(app: web.Application) -> AsyncIterator[None]:
    runner = BacktestRunner(app[POOL], app[DSN])
    task = asyncio.create_task(runner.run(), name="backtests")
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _hold_broadcast(app: web.Application) -> AsyncIterator[None]:
    app[BROADCAST] = Broadcast(app[POOL], app[DSN], app[METRICS])
    task = asyncio.create_task(app[BROADCAST].run(), name="broadcast")
    app[_BROADCASTING] = task
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _end_streams(app: web.Application) -> None:
    app[BROADCAST].end_all()

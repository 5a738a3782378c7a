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
from dispatcher.api.keys import (
    ATTEMPTS,
    BROADCAST,
    CLOCK,
    DSN,
    EXPORTS,
    METRICS,
    PLACES,
    POOL,
    PUBLIC_ATTEMPTS,
    PUBLIC_READS,
    RECEPTION,
    SETTINGS,
)
from dispatcher.api.live.broadcast import Broadcast
from dispatcher.api.metrics import Metrics
from dispatcher.api.permissions import Permission
from dispatcher.api.places import Places
from dispatcher.api.public_access import READS_PER_NETWORK
from dispatcher.api.routes import ROUTES
from dispatcher.api.routing import AnyRoute, Route, check_table
from dispatcher.attachments.folder import Folder
from dispatcher.attachments.receiving import Reception
from dispatcher.attachments.store import remove_given_up
from dispatcher.backtests.runner import BacktestRunner
from dispatcher.incidents.grades.compilation import compile_explanations
from dispatcher.rates.compilation import compile_surprise
from runtime.clock import follow_clock
from runtime.pool import DATABASE_FAULTS, SYSTEM, Pool, open_pool, transaction
from runtime.readiness import announce
from runtime.settings import Settings

log = structlog.get_logger(__name__)

BODY_MAX_BYTES: Final = 256 * 1024
CODES_PER_NUMBER: Final = 30
CODES_PER_ADDRESS: Final = 10
"""Wrong codes a minute: few for one who guesses, and enough that nobody locks a resident out of their own report."""

_SHUTDOWN_S: Final = 5.0
_POOL_MAX: Final = 12
_EXPORTS_AT_ONCE: Final = 2  # Each holds a connection of the pool until its last row.
_REMOVAL_EVERY_S: Final = 60.0

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
    app[PUBLIC_ATTEMPTS] = AttemptLimiter(per_account=CODES_PER_NUMBER, per_address=CODES_PER_ADDRESS)
    app[PUBLIC_READS] = AttemptLimiter(per_account=READS_PER_NETWORK, per_address=READS_PER_NETWORK)
    app[PLACES] = Places()
    app.on_response_prepare.append(middleware.set_headers)
    app.on_startup.append(_compile)
    app.cleanup_ctx.extend([_hold_pool, _hold_clock, _hold_backtests, _hold_broadcast, _hold_attachments])
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


async def _compile(_app: web.Application) -> None:
    """Never within a request: it would hold up every other one, and the row of an incident that an officer grades."""
    await asyncio.to_thread(compile_explanations)
    await asyncio.to_thread(compile_surprise)


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


async def _hold_attachments(app: web.Application) -> AsyncIterator[None]:
    """Files come in through the reception and go again when the dispatcher has given them up."""
    folder = Folder(app[SETTINGS].attachments)
    await asyncio.to_thread(folder.create)
    await asyncio.to_thread(folder.clear_drafts)
    app[RECEPTION] = Reception(folder)
    app[EXPORTS] = asyncio.Semaphore(_EXPORTS_AT_ONCE)
    task = asyncio.create_task(_remove_given_up(app[POOL], folder), name="attachments")
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _remove_given_up(pool: Pool, folder: Folder) -> None:
    while True:
        try:
            async with transaction(pool, scope=SYSTEM) as conn:
                removed = await remove_given_up(conn, folder)
        except DATABASE_FAULTS as fault:  # also of the folder; what is left waits for the next time
            log.warning("attachments_not_removed", fault=type(fault).__name__)
            removed = 0
        if removed == 0:
            await asyncio.sleep(_REMOVAL_EVERY_S)


async def _end_streams(app: web.Application) -> None:
    app[BROADCAST].end_all()

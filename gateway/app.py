"""The gateway process: both doors, one intake, from settings to a clean stop."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gateway.auth.devices import DeviceAuthority
from gateway.auth.model import Violation
from gateway.endpoint.metrics import EndpointCollector
from gateway.endpoint.options import EndpointOptions, Listener
from gateway.endpoint.server import Endpoint
from gateway.intake import store
from gateway.intake.arrivals import Decoder
from gateway.intake.crash_guard import CrashGuard
from gateway.intake.failpoints import Failpoints
from gateway.intake.intake import Intake, IntakeOptions
from gateway.intake.metrics import IntakeMetrics
from gateway.intake.model import PresenceCause
from gateway.intake.outage_alarm import OutageAlarm
from gateway.intake.writer import Writer
from gateway.session.metrics import SessionCollector
from gateway.session.options import SessionOptions
from gateway.session.session import BrokerSession
from registry.deployment import read_deployment
from registry.devices import DeviceDirectory
from runtime import readiness
from runtime.clock import Clock, follow_clock
from runtime.pool import connect
from runtime.settings import Settings

log = structlog.get_logger(__name__)

READINGS_KEPT: Final = timedelta(days=400)
"""How far back a time on `history/post` is believed."""

_GC_THRESHOLDS: Final = (50_000, 20, 100)
_DRAIN_S: Final = 8.0
_STRANGER: Final = "(unauthenticated)"


async def main(settings: Settings) -> None:
    """Serve until cancelled; then stop reading, commit and acknowledge what was taken, and close.

    Raises OSError where the database or an address cannot be had, and what is a bug of ours.
    """
    # A message makes dozens of containers that die by themselves; walking the whole heap for them costs much.
    gc.set_threshold(*_GC_THRESHOLDS)
    dsn = settings.app_dsn()
    async with follow_clock(dsn, process=settings.gateway_slot) as clock:
        with CrashGuard(settings.layout.run / f"{settings.gateway_slot}.decoding") as guard:
            await _serve(settings, dsn, clock, guard)


async def _serve(settings: Settings, dsn: str, clock: Clock, guard: CrashGuard) -> None:
    metrics = IntakeMetrics(CollectorRegistry())
    directory, intake = await _build_intake(settings, dsn, clock, guard, metrics)

    def count(violation: Violation) -> None:
        intake.count_violation(violation.client or _STRANGER, violation.reason)

    endpoint = Endpoint(
        intake=intake,
        authority=DeviceAuthority(directory, settings.device_key()),
        clock=clock,
        on_violation=count,
        options=EndpointOptions(
            listeners=(Listener(settings.mqtt_host, settings.mqtt_port),),
            payload_bytes_max=settings.mqtt_max_payload_bytes,
        ),
    )
    directory.on_change(endpoint.refresh_device)
    metrics.registry.register(EndpointCollector(lambda: endpoint.counts))
    session = _session(settings, intake, directory, clock)
    if session is not None:
        metrics.registry.register(SessionCollector(lambda: session.counts))
    async with _metrics_door(settings, metrics), asyncio.TaskGroup() as group:
        followed = group.create_task(directory.follow(dsn), name="device-directory")
        running = group.create_task(intake.run(), name="intake")
        reading = None if session is None else group.create_task(session.run(), name="back-door")
        try:
            await endpoint.start()
            readiness.announce()
            log.info("gateway_started", slot=settings.gateway_slot, devices=len(directory), ports=endpoint.ports)
            await asyncio.Event().wait()
        finally:
            await _stop(endpoint, session, intake, running)
            for task in (reading, running, followed):
                if task is not None:
                    task.cancel()


async def _build_intake(
    settings: Settings, dsn: str, clock: Clock, guard: CrashGuard, metrics: IntakeMetrics
) -> tuple[DeviceDirectory, Intake]:
    slot = settings.gateway_slot
    conn = await connect(dsn, application_name=f"rongan-{slot}")
    try:
        deployment = await read_deployment(conn)
        directory = DeviceDirectory(deployment.origin)
        await directory.load(conn)
        kinds = await store.list_kinds_that_open_tickets(conn)
        lost = await store.forget_connections(conn, slot, PresenceCause.GATEWAY_LOST, clock.now())
    finally:
        await conn.close()
    if lost:
        log.warning("connections_of_dead_gateway_forgotten", slot=slot, devices=lost)
    failpoints = Failpoints.from_environment()
    intake = Intake(
        decoder=Decoder(directory, deployment.origin, READINGS_KEPT),
        writer=Writer(dsn, slot, metrics=metrics, failpoints=failpoints),
        clock=clock,
        metrics=metrics,
        alarm=OutageAlarm(kinds, metrics, settings.life_safety_webhook, private_allowed=settings.webhook_allow_private),
        failpoints=failpoints,
        guard=guard,
        options=IntakeOptions(
            batch_messages=settings.batch_messages,
            batch_bytes=settings.batch_bytes,
            batch_wait_s=settings.batch_wait_ms / 1000,
        ),
    )
    return directory, intake


def _session(settings: Settings, intake: Intake, directory: DeviceDirectory, clock: Clock) -> BrokerSession | None:
    if settings.broker_url is None:
        return None
    options = SessionOptions.of_url(settings.broker_url, client_id=f"rongan-{settings.gateway_slot}")
    return BrokerSession(intake=intake, devices=directory, clock=clock, options=options)


async def _stop(
    endpoint: Endpoint, session: BrokerSession | None, intake: Intake, running: "asyncio.Task[None]"
) -> None:
    """Stop in the order that loses nothing: read no more, commit, acknowledge, close."""
    endpoint.stop_reading()
    if session is not None:
        session.stop_reading()
    if not running.done():
        try:
            async with asyncio.timeout(_DRAIN_S):
                await intake.drain()
        except TimeoutError:
            # Nothing of it was acknowledged: devices and broker send it again.
            log.warning("gateway_stopped_undrained")
    await endpoint.close()
    if session is not None:
        await session.close()
    log.info("gateway_stopped")


@asynccontextmanager
async def _metrics_door(settings: Settings, metrics: IntakeMetrics) -> AsyncIterator[None]:
    """Serve `/metrics` while the block lasts, where a port is set."""
    if settings.gateway_metrics_port is None:
        yield
        return

    async def expose(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/metrics", expose)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.http_host, settings.gateway_metrics_port).start()
        yield
    finally:
        await runner.cleanup()

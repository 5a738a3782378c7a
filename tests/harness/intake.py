"""A running intake on a real database, registered devices, and a source that shows what was acknowledged."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from events.feed import Feed
from events.model import Event
from gateway.intake import store
from gateway.intake.arrivals import Decoder
from gateway.intake.crash_guard import CrashGuard
from gateway.intake.failpoints import Failpoints
from gateway.intake.intake import Intake, IntakeOptions
from gateway.intake.metrics import IntakeMetrics
from gateway.intake.model import Delivery
from gateway.intake.outage_alarm import OutageAlarm
from gateway.intake.writer import Writer, WriterOptions
from registry.deployment import read_deployment
from registry.devices import Device, DeviceDirectory, register_device
from runtime.clock import SimulatedClock
from runtime.pool import Connection, Pool, connect
from tests.harness.postgres import Database

FAILURE_S = 30.0
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SLOT = "gateway-0"
SECRET_KEY = b"k" * 32
QUICK = WriterOptions(attempt_s=5.0, pause_max_s=0.2)


class RecordingSource:
    """A connection that only remembers: tokens acknowledged, messages sent down."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.published: list[tuple[str, Any]] = []
        self.is_closed = False
        self._told = asyncio.Event()

    def committed(self, tokens: Sequence[int]) -> None:
        self.acknowledged.extend(tokens)
        self._told.set()

    def publish(self, topic: str, payload: bytes) -> None:
        self.published.append((topic, json.loads(payload)))
        self._told.set()

    def closed(self) -> bool:
        return self.is_closed

    async def until_acknowledged(self, count: int) -> None:
        async with asyncio.timeout(FAILURE_S):
            while len(self.acknowledged) < count:
                self._told.clear()
                await self._told.wait()


@dataclass
class IntakeUnderTest:
    """The intake with everything around it; `send` is what a door would offer."""

    database: Database
    pool: Pool
    directory: DeviceDirectory
    intake: Intake
    clock: SimulatedClock
    metrics: IntakeMetrics
    source: RecordingSource = field(default_factory=RecordingSource)
    _tokens: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def device(self, product: str, name: str) -> Device:
        device = self.directory.get(product, name)
        assert device is not None
        return device

    def send(
        self,
        topic: str,
        payload: bytes | dict[str, Any],
        *,
        device: Device | None = None,
        at: datetime | None = None,
        source: RecordingSource | None = None,
    ) -> int:
        """Offer one message of QoS 1; gives its token."""
        token = next(self._tokens)
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.intake.offer(
            Delivery(
                topic=topic,
                payload=raw,
                qos=1,
                retain=False,
                dup=False,
                device=device,
                source=source or self.source,
                token=token,
                received_at=at or self.clock.now(),
            )
        )
        return token

    def post(self, name: str, values: dict[str, Any], *, product: str = "waste_bin", **envelope: Any) -> int:
        """Offer a property post of a device at the front door."""
        at = envelope.pop("at", None)
        body = {"params": values, **envelope}
        topic = f"/sys/{product}/{name}/thing/event/property/post"
        return self.send(topic, body, device=self.device(product, name), at=at)

    def report(self, name: str, event: str, value: dict[str, Any], *, product: str, **envelope: Any) -> int:
        """Offer an event post of a device at the front door."""
        at, time = envelope.pop("at", None), envelope.pop("time", None)
        params = {"value": value} | ({} if time is None else {"time": time})
        topic = f"/sys/{product}/{name}/thing/event/{event}/post"
        return self.send(topic, {"params": params, **envelope}, device=self.device(product, name), at=at)

    async def committed(self) -> None:
        """Wait until everything offered is committed and acknowledged."""
        async with asyncio.timeout(FAILURE_S):
            await self.intake.drain()

    async def events(self) -> list[Event]:
        async with self.pool.acquire() as conn:
            return await Feed(self.pool).read(conn, {}, 10_000)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        async with self.pool.acquire() as conn:
            return [dict(row) for row in await conn.fetch(query, *arguments)]

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.pool.acquire() as conn:
            return await conn.fetchval(query, *arguments)

    async def conservation(self) -> dict[str, tuple[int, int, int, int]]:
        """Received, stored, duplicate and quarantined by product."""
        rows = await self.rows(
            "SELECT product, sum(received)::int AS received, sum(stored)::int AS stored, "
            "sum(duplicate)::int AS duplicate, sum(quarantined)::int AS quarantined FROM intake_counts GROUP BY product"
        )
        return {row["product"]: (row["received"], row["stored"], row["duplicate"], row["quarantined"]) for row in rows}

    async def quarantined(self) -> list[tuple[str, str]]:
        """Reason and payload of what is in quarantine, in order."""
        rows = await self.rows("SELECT reason::text, payload FROM quarantine ORDER BY id")
        return [(row["reason"], row["payload"].decode("utf-8", "replace")) for row in rows]


@asynccontextmanager
async def owner_of(bench: IntakeUnderTest) -> AsyncIterator[Connection]:
    """A connection of the owner of the database."""
    conn = await connect(bench.database.owner_dsn, application_name="rongan-test-owner")
    try:
        yield conn
    finally:
        await conn.close()


async def register_fleet(conn: Connection, fleet: dict[str, Sequence[str]], *, area: str = "test") -> None:
    """One area and the devices of each product, which is named as its device type."""
    await conn.execute(
        "INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ($1, 'city', '测试', 'Test', ARRAY[$1]) "
        "ON CONFLICT DO NOTHING",
        area,
    )
    for product, names in fleet.items():
        for name in names:
            await register_device(
                conn,
                SECRET_KEY,
                product=product,
                name=name,
                area_id=area,
                at=NOON,
                lon=104.06,
                lat=30.66,
                place="gate 3",
            )


FLEET: dict[str, Sequence[str]] = {
    "waste_bin": ("bin-1", "bin-2", "bin-3"),
    "smart_security_camera": ("cam-1",),
    "access_gate": ("gate-1",),
    "dispatch_feed": ("feed-1",),
}


@asynccontextmanager
async def running_intake(
    database: Database,
    pool: Pool,
    *,
    options: IntakeOptions | None = None,
    writer_options: WriterOptions = QUICK,
    guard: CrashGuard | None = None,
    webhook: str | None = None,
    start: bool = True,
    writer_dsn: str | None = None,
    slot: str = SLOT,
) -> AsyncIterator[IntakeUnderTest]:
    """Register the fleet, run the intake while the block lasts."""
    conn = await connect(database.owner_dsn, application_name="rongan-test-fleet")
    try:
        if not await conn.fetchval("SELECT EXISTS (SELECT FROM devices)"):
            await register_fleet(conn, FLEET)
        deployment = await read_deployment(conn)
        directory = DeviceDirectory(deployment.origin)
        await directory.load(conn)
        kinds = await store.list_kinds_that_open_tickets(conn)
    finally:
        await conn.close()
    metrics = IntakeMetrics()
    clock = SimulatedClock(NOON)
    failpoints = Failpoints()
    intake = Intake(
        decoder=Decoder(directory, deployment.origin, timedelta(days=400)),
        writer=Writer(
            writer_dsn or database.app_dsn, slot, metrics=metrics, failpoints=failpoints, options=writer_options
        ),
        clock=clock,
        metrics=metrics,
        alarm=OutageAlarm(kinds, metrics, webhook, private_allowed=True),
        failpoints=failpoints,
        guard=guard,
        options=options or IntakeOptions(batch_wait_s=0.001),
    )
    running = IntakeUnderTest(database, pool, directory, intake, clock, metrics)
    task = asyncio.create_task(intake.run(), name="intake-under-test") if start else None
    try:
        yield running
    finally:
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

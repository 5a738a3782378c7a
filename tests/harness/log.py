"""Writes events into the log as a gateway or the hotline would, and runs stages over what was written."""

import math
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from dispatcher.incidents.memory import Memory
from dispatcher.incidents.step import Advanced, Step
from dispatcher.rules.rulebook import read_rulebook
from events import log
from events.feed import Feed
from events.model import EventDraft, EventSource, SourceClass, TimeQuality, content_hash, event_uid
from events.ticks import append_tick, in_log_order
from registry.projection import CHENGDU, EARTH_RADIUS_M, project
from runtime.pool import Connection, Pool

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # 10:00 in Chengdu, a Sunday
GATEWAY = "gateway-0"


def place(east_m: float, north_m: float = 0.0) -> dict[str, Any]:
    """A position so many metres from the origin, as the columns of an event."""
    lon = CHENGDU.lon + math.degrees(east_m / EARTH_RADIUS_M / math.cos(math.radians(CHENGDU.lat)))
    lat = CHENGDU.lat + math.degrees(north_m / EARTH_RADIUS_M)
    x_dm, y_dm = project(lon, lat, CHENGDU)
    return {"lon": lon, "lat": lat, "x_dm": x_dm, "y_dm": y_dm}


def draft(name: str, after_s: float, east_m: float | None, **changes: Any) -> EventDraft:
    """An event called `name`, so many seconds after START and metres east of the origin."""
    at = START + timedelta(seconds=after_s)
    columns: dict[str, Any] = {
        "uid": event_uid("test", name),
        "content_hash": content_hash([name, after_s, east_m]),
        "source": EventSource.DEVICE_EVENT,
        "source_class": SourceClass.SENSOR,
        "kind": "outdoor_fire",
        "severity": 3,
        "subject": name,
        "received_at": at,
        "effective_at": at,
        "time_quality": TimeQuality.DEVICE,
        "body": {},
    }
    if east_m is not None:
        columns |= place(east_m)
    return EventDraft(**(columns | changes))


class LogUnderTest:
    """A log with one reader that runs the given stages, one transaction a step, as the engine does."""

    def __init__(self, pool: Pool, *stages: Callable[[Step], Awaitable[Advanced]]) -> None:
        self.pool = pool
        self._stages = stages
        self._feed = Feed(pool)
        self._positions: dict[str, int] = {}
        self.memory: Memory | None = None
        self.steps: list[Step] = []
        self.kernels = ThreadPoolExecutor(1, thread_name_prefix="kernels")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kernels.shutdown()

    async def write(self, *drafts: EventDraft, stream: str = GATEWAY) -> None:
        async with self.pool.acquire() as conn, conn.transaction():
            await log.append(conn, stream, drafts)

    async def tick(self, after_s: float) -> None:
        async with self.pool.acquire() as conn, conn.transaction():
            await append_tick(conn, START + timedelta(seconds=after_s))

    def restart(self) -> None:
        """Forget everything but what is in the database."""
        self.memory = None

    async def step(self, at: datetime = START) -> Step:
        """Read all there is and run the stages over it."""
        async with self.pool.acquire() as conn, conn.transaction():
            return await self._step(conn, at)

    async def _step(self, conn: Connection, at: datetime) -> Step:
        rulebook = await read_rulebook(conn)
        self.memory = self.memory or await Memory.rebuild(conn, rulebook)
        events, reached = in_log_order(await self._feed.read(conn, self._positions, 10_000), self._positions)
        step = Step(
            conn=conn, at=at, epoch=1, rulebook=rulebook, events=events, kernels=self.kernels, memory=self.memory
        )
        for stage in self._stages:
            await stage(step)
        self._positions = reached
        self.steps.append(step)
        return step


async def incidents(conn: Connection, status: str | None = None) -> Sequence[dict[str, Any]]:
    rows = await conn.fetch("SELECT * FROM incidents WHERE $1::text IS NULL OR status::text = $1 ORDER BY id", status)
    return [dict(row) for row in rows]

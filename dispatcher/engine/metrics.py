"""What the leader tells Prometheus of its steps, of what it holds in memory, and of what it could not take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from dispatcher.incidents.memory import Memory
from dispatcher.rules.percolation import LARGEST_OF_EVENTS, LARGEST_SHARE_MAX

LOG = structlog.get_logger(__name__)

STEPS = Counter("dispatcher_steps_total", "Committed steps")
EVENTS = Counter("dispatcher_events_total", "Events taken from the log")
FAILED = Counter("dispatcher_failed_steps_total", "Steps rolled back and tried again", ["error"])
SET_ASIDE = Counter("dispatcher_events_set_aside_total", "Events that made steps fail for good; alarm on any", ["kind"])
STEP_SECONDS = Histogram("dispatcher_step_seconds", "Length of a step", buckets=(0.005, 0.02, 0.05, 0.1, 0.5, 1, 5))
LAG = Gauge("dispatcher_lag_events", "Events of the last read that wait for a tick or a later step")
REBUILD_SECONDS = Gauge("dispatcher_rebuild_seconds", "How long the last building of the memory took")

LIVE_EVENTS = Gauge("dispatcher_live_events", "Events of incidents that may still change")
OPEN_INCIDENTS = Gauge("dispatcher_open_incidents", "Incidents that may still change")
STATE_BYTES = Gauge("dispatcher_correlation_state_bytes", "Bytes of the correlator's arrays, spare room included")
WALKED = Gauge("dispatcher_correlation_walked", "Members of near blocks looked at in vain since the memory was built")
LEFT_OUT = Gauge(
    "dispatcher_correlation_left_out_events",
    "Events beyond a hard cap since the memory was built: of live events, of one block; alarm on any",
    ["cap"],
)
LARGEST_SHARE = Gauge("dispatcher_largest_incident_share", "Share of the live events in one incident; alarm above 0.01")

# Each incident is looked at for the largest: not after every step.
LARGEST_EVERY_S: Final = 5.0


class MemoryGauges:
    """Shows a memory after each step; what costs a look at every incident only now and then."""

    def __init__(self) -> None:
        self._looked_at_s = -LARGEST_EVERY_S
        self._too_large = False

    def show(self, memory: Memory) -> None:
        live = memory.correlator.live_events
        LIVE_EVENTS.set(live)
        OPEN_INCIDENTS.set(len(memory.incidents))
        STATE_BYTES.set(memory.correlator.state_bytes)
        WALKED.set(memory.correlator.walked)
        LEFT_OUT.labels("live").set(memory.correlator.capped_events)
        LEFT_OUT.labels("block").set(memory.correlator.crowded_events)
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_at_s >= LARGEST_EVERY_S:
            self._looked_at_s = now_s
            self.judge(memory.largest, live)

    def judge(self, largest: int, live: int) -> None:
        """Show the share of the largest incident among the live events, and say once that it grew too large."""
        LARGEST_SHARE.set(largest / live if live else 0.0)
        too_large = live >= LARGEST_OF_EVENTS and largest > LARGEST_SHARE_MAX * live
        if too_large and not self._too_large:
            LOG.warning("incident_grew_too_large", events=largest, live_events=live)
        self._too_large = too_large


@asynccontextmanager
async def metrics_door(host: str, port: int | None) -> AsyncIterator[None]:
    """Serve `/metrics` while the block lasts, where a port is set."""
    if port is None:
        yield
        return

    async def expose(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/metrics", expose)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()

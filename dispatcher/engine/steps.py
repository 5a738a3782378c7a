"""Takes the dispatcher from one position of the log to the next: read, run the stages, move the cursor, commit."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, Histogram

from dispatcher.engine import leadership
from dispatcher.engine.stages import STAGES, Stage
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.step import Step
from dispatcher.rules.rulebook import Rulebook, read_rulebook
from events.feed import Feed
from events.model import CLOCK_STREAM, Event, EventSource
from events.ticks import append_tick, in_log_order, read_heads
from runtime.clock import Clock
from runtime.pool import DATABASE_FAULTS, SYSTEM, Connection, Pool, transaction
from runtime.queries import load

QUERIES = load(__package__)
LOG = structlog.get_logger(__name__)

CONSUMER: Final = "dispatcher"
# A step takes so many events at most; fewer when steps last too long for the lease, for users and for whoever waits.
BATCH_EVENTS: Final = 4000
BATCH_EVENTS_MIN: Final = 100
BATCH_EVENTS_AT_FIRST: Final = 500
STEP_AIM_S: Final = 0.5
# How often the leader of a real-time deployment records that time has passed.
TICK_S: Final = 5.0
RULEBOOK_S: Final = 30.0
PARTITIONS_AHEAD: Final = timedelta(days=3)
# A leader that froze within a step must not hold the row of the leadership for ever.
FROZEN_S: Final = 60
_BEGINNING: Final = datetime.fromisoformat("0001-01-01T00:00:00+00:00")

STEPS = Counter("dispatcher_steps_total", "Committed steps")
EVENTS = Counter("dispatcher_events_total", "Events taken from the log")
FAILED = Counter("dispatcher_failed_steps_total", "Steps rolled back and tried again", ["error"])
STEP_SECONDS = Histogram("dispatcher_step_seconds", "Length of a step", buckets=(0.005, 0.02, 0.05, 0.1, 0.5, 1, 5))
LAG = Gauge("dispatcher_lag_events", "Events of the last read that wait for a tick or a later step")


@dataclass(frozen=True, slots=True)
class _DueTick:
    """A time to be recorded as soon as all that was in the log by then has been taken."""

    at: datetime
    heads: dict[str, int]


class Stepper:
    """The leader's loop. Memory is a cache of the database: after a rollback it is built anew."""

    def __init__(
        self,
        pool: Pool,
        clock: Clock,
        feed: Feed,
        kernels: Executor,
        epoch: int,
        *,
        on_message: Callable[[], None] = lambda: None,
        stages: Sequence[tuple[str, Stage]] = STAGES,
        batch_events: int = BATCH_EVENTS,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._feed = feed
        self._kernels = kernels
        self._epoch = epoch
        self._on_message = on_message
        self._stages = stages
        self._batch_max = batch_events
        self._batch = min(BATCH_EVENTS_AT_FIRST, batch_events)
        self._rulebook: Rulebook | None = None
        self._rulebook_at_s = 0.0
        self._memory: Memory | None = None
        self._positions: dict[str, int] = {}
        self._received_at: dict[str, datetime] = {}
        self._at = _BEGINNING
        self._renewed_at_s = 0.0
        self._ticked_at_s = 0.0
        self._due_tick: _DueTick | None = None
        self._partitions_to: datetime | None = None

    async def run(self) -> None:
        """Step until cancelled. Raises Fenced when another process leads."""
        wait_s = 0.1
        while True:
            try:
                await self._keep_lease()
                await self._keep_partitions()
                busy = await self.step()
                wait_s = 0.1
            except DATABASE_FAULTS as error:
                FAILED.labels(type(error).__name__).inc()
                LOG.warning("step_failed", error=type(error).__name__, detail=str(error)[:300])
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 5.0)
                continue
            if not busy:
                await self._feed.wait(1.0)

    async def step(self) -> bool:
        """One transaction. True when there may be more to read at once."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        try:
            async with transaction(self._pool, scope=SYSTEM) as conn:
                await leadership.fence(conn, self._epoch)
                rulebook, memory = await self._prepare(conn)
                await conn.execute(QUERIES.end_when_frozen, f"{FROZEN_S}s")  # only now: to rebuild takes its time
                await self._note_due_tick(conn, rulebook, started_s)
                read = await self._feed.read(conn, self._positions, self._batch, received_at=self._received_at)
                events, reached = in_log_order(read, self._positions)
                step = Step(
                    conn=conn,
                    at=self._time_of(events),
                    epoch=self._epoch,
                    rulebook=rulebook,
                    events=events,
                    kernels=self._kernels,
                    memory=memory,
                )
                for name, advance in self._stages:
                    advanced = await advance(step)
                    if advanced.written:
                        LOG.debug("stage_advanced", stage=name, taken=advanced.taken, written=advanced.written)
                received_at = await self._move_cursor(conn, events, reached)
                ticked = await self._tick(conn, reached)
                if loop.time() - started_s > leadership.RENEW_S:
                    # A standby that waited for the row must find the lease running when this commits.
                    await leadership.renew(conn, self._epoch)
        except BaseException:
            # The transaction is gone, so what memory learnt from it must go too.
            self._memory = self._due_tick = None
            raise
        self._positions = reached
        self._received_at |= received_at
        self._at = step.at
        if ticked:
            self._due_tick, self._ticked_at_s = None, started_s
        if step.incidents:
            self._on_message()
        more = len(read) >= self._batch or len(events) < len(read) or ticked
        self._fit_batch(len(read), loop.time() - started_s)
        STEPS.inc()
        EVENTS.inc(len(events))
        LAG.set(len(read) - len(events))
        STEP_SECONDS.observe(loop.time() - started_s)
        return more

    def _time_of(self, events: Sequence[Event]) -> datetime:
        """The domain's time of the step: never before the last step's, nor before a tick that it applies."""
        ticks = (event.effective_at for event in events if event.source is EventSource.TICK)
        return max(self._clock.now(), self._at, *ticks)

    def _fit_batch(self, taken: int, lasted_s: float) -> None:
        """Any batch gives the same result, so its size may follow what the last one cost."""
        least = min(BATCH_EVENTS_MIN, self._batch_max)
        if lasted_s > 2 * STEP_AIM_S:
            self._batch = max(least, min(self._batch, taken) // 2)
        elif lasted_s < STEP_AIM_S and taken >= self._batch:
            self._batch = min(self._batch_max, self._batch * 2)

    async def _prepare(self, conn: Connection) -> tuple[Rulebook, Memory]:
        """The rules, and the memory of the open incidents, rebuilt from the database where there is none."""
        now_s = asyncio.get_running_loop().time()
        if self._rulebook is None or now_s - self._rulebook_at_s > RULEBOOK_S:
            fresh = await read_rulebook(conn)
            if self._rulebook is not None and fresh.taxonomy != self._rulebook.taxonomy:
                self._memory = None
            self._rulebook, self._rulebook_at_s = fresh, now_s
        if self._memory is None:
            rows = await conn.fetch(QUERIES.read_cursor, CONSUMER)
            self._positions = {row["stream"]: row["seq"] for row in rows}
            self._received_at = {row["stream"]: row["received_at"] for row in rows}
            self._memory = await Memory.rebuild(conn, self._rulebook)
            LOG.info("memory_rebuilt", incidents=len(self._memory.incidents), positions=self._positions)
        return self._rulebook, self._memory

    async def _move_cursor(
        self, conn: Connection, events: Sequence[Event], reached: dict[str, int]
    ) -> dict[str, datetime]:
        received_at: dict[str, datetime] = {}
        for event in events:
            received_at[event.stream] = max(event.received_at, received_at.get(event.stream, _BEGINNING))
        for stream, seq in sorted(reached.items()):
            if seq == self._positions.get(stream, 0):
                continue
            if await conn.fetchval(QUERIES.put_cursor, CONSUMER, stream, seq, received_at[stream], self._epoch) is None:
                raise leadership.Fenced(self._epoch)
        if CLOCK_STREAM in received_at:
            await conn.execute(QUERIES.tell_cursor, str(reached[CLOCK_STREAM]))
        return received_at

    async def _note_due_tick(self, conn: Connection, rulebook: Rulebook, now_s: float) -> None:
        """In real time the leader ticks; in a simulated exercise only whoever advances the clock does."""
        if self._due_tick is None and now_s - self._ticked_at_s >= TICK_S and rulebook.deployment.simulated_at is None:
            self._due_tick = _DueTick(max(self._clock.now(), self._at), await read_heads(conn))

    async def _tick(self, conn: Connection, reached: dict[str, int]) -> bool:
        """Record the time once all that came before it was taken; behind exactly what was taken, so that no event
        that was read can ever be found on the tick's other side.
        """
        due = self._due_tick
        if due is None or any(reached.get(stream, 0) < seq for stream, seq in due.heads.items()):
            return False
        if await conn.fetchval(QUERIES.is_simulated):
            self._due_tick = None
            return False
        await append_tick(conn, due.at, behind=reached)
        return True

    async def _keep_lease(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._renewed_at_s < leadership.RENEW_S:
            return
        async with self._pool.acquire() as conn:
            await leadership.renew(conn, self._epoch)
        self._renewed_at_s = now_s

    async def _keep_partitions(self) -> None:
        """Partitions follow the domain's clock, some days ahead of it; delivery keys older than yesterday go."""
        now = self._clock.now()
        if self._partitions_to is not None and now + PARTITIONS_AHEAD / 2 < self._partitions_to:
            return
        async with self._pool.acquire() as conn:
            last = now + PARTITIONS_AHEAD
            await conn.fetchval(QUERIES.ensure_partitions, (now - timedelta(days=2)).date(), last.date())
            await conn.fetchval(QUERIES.drop_delivery_keys, (now - timedelta(days=1)).date())
        self._partitions_to = last


async def give_up(pool: Pool, epoch: int) -> None:
    """Let the standby take over at once, if the database still answers."""
    with suppress(*DATABASE_FAULTS):
        async with pool.acquire() as conn:
            await leadership.resign(conn, epoch)

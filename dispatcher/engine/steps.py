"""Takes the dispatcher from one position of the log to the next: read, run the stages, move the cursor, commit."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from dispatcher.engine import leadership, metrics
from dispatcher.engine.failpoints import Failpoint, Failpoints
from dispatcher.engine.looking import Lookout
from dispatcher.engine.poison import Suspicion, Verdict, is_for_good, places, told
from dispatcher.engine.stages import STAGES, Stage
from dispatcher.engine.takeover import record_waiting
from dispatcher.engine.upkeep import Upkeep
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.step import Step
from dispatcher.rules.activation import activates, next_stretch
from dispatcher.rules.rulebook import Rulebook, read_rulebook
from events.feed import Feed
from events.model import CLOCK_STREAM, Event, EventSource
from events.set_aside import set_aside
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
# A leader that froze within a step must not hold the row of the leadership for ever.
FROZEN_S: Final = 60
_BEGINNING: Final = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class _DueTick:
    """A time to be recorded as soon as all that was in the log by then has been taken."""

    at: datetime
    heads: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a step takes of the log."""

    events: list[Event]
    reached: dict[str, int]
    more: bool  # There may be more to read at once.


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
        failpoints: Failpoints | None = None,
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
        self._failpoints = failpoints or Failpoints()
        self._upkeep = Upkeep(pool, clock, epoch)
        self._gauges = metrics.MemoryGauges()
        self._suspicion = Suspicion()
        self._lookout = Lookout()
        self._taken: Sequence[Event] = ()  # of the step that runs, or failed last
        self._rulebook: Rulebook | None = None
        self._rulebook_at_s = 0.0
        self._memory: Memory | None = None
        self._positions: dict[str, int] = {}
        self._received_at: dict[str, datetime] = {}
        self._at = _BEGINNING
        self._ticked_at_s = 0.0
        self._due_tick: _DueTick | None = None

    async def run(self) -> None:
        """Step until cancelled. Raises Fenced when another process leads, and what is no event's fault."""
        wait_s = 0.1
        while True:
            try:
                await self._upkeep.keep()
                busy = await self.go_on()
                wait_s = 0.1
            except DATABASE_FAULTS as error:
                metrics.FAILED.labels(type(error).__name__).inc()
                LOG.warning("step_failed", error=type(error).__name__, detail=str(error)[:300])
                await asyncio.sleep(wait_s)
                wait_s = min(wait_s * 2, 5.0)
                continue
            if not busy:
                await self._feed.wait(1.0)

    async def go_on(self) -> bool:
        """A step; where one fails for good, the next takes fewer, until the event that it fails for is set aside.

        Raises what would happen without any event too.
        """
        try:
            return await self.step()
        except leadership.Fenced:
            raise
        except Exception as error:
            verdict = self._suspicion.failed(len(self._taken)) if is_for_good(error) else Verdict.UNRELATED
            if verdict is Verdict.UNRELATED:
                raise
            metrics.FAILED.labels(type(error).__name__).inc()
            LOG.warning("step_failed_for_good", error=told(error), events=len(self._taken), verdict=verdict.value)
            if verdict is Verdict.GUILTY:
                await self._set_aside(self._taken[0], error)
            return True

    async def step(self) -> bool:
        """One transaction. True when there may be more to read at once."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        self._taken = ()
        try:
            async with transaction(self._pool, scope=SYSTEM) as conn:
                await leadership.fence(conn, self._epoch)
                rulebook, memory = await self._prepare(conn)
                await conn.execute(QUERIES.end_when_frozen, f"{FROZEN_S}s")  # only now: to rebuild takes its time
                await self._note_due_tick(conn, rulebook, started_s)
                taken = await self._read(conn)
                self._taken = taken.events
                takeover = activates(taken.events[0]) if taken.events else None
                replaced = None
                if takeover is not None:
                    replaced = rulebook
                    rulebook, memory = await self._take_over(conn, takeover)
                step = Step(
                    conn=conn,
                    at=self._time_of(taken.events),
                    epoch=self._epoch,
                    rulebook=rulebook,
                    events=taken.events,
                    kernels=self._kernels,
                    memory=memory,
                    replaced=replaced,
                )
                await self._run_stages(step, sum(taken.reached.values()))
                received_at = await self._move_cursor(conn, taken.events, taken.reached)
                ticked = await self._tick(conn, taken.reached)
                ticked = await record_waiting(conn, rulebook, step.at, behind=taken.reached) or ticked
                if loop.time() - started_s > leadership.RENEW_S:
                    # A standby that waited for the row must find the lease running when this commits.
                    await leadership.renew(conn, self._epoch)
                self._failpoints.reach(Failpoint.COMMITTING, sum(taken.reached.values()))
        except BaseException:
            # The transaction is gone, so what memory learnt from it must go too.
            self._memory = self._due_tick = None
            raise
        self._failpoints.reach(Failpoint.COMMITTED, sum(taken.reached.values()))
        self._lookout.end()
        self._positions = taken.reached
        self._received_at |= received_at
        self._at = step.at
        if ticked:
            self._due_tick, self._ticked_at_s = None, started_s
        if step.incidents:
            self._on_message()
        self._suspicion.passed(len(taken.events))
        metrics.STEPS.inc()
        metrics.EVENTS.inc(len(taken.events))
        metrics.STEP_SECONDS.observe(loop.time() - started_s)
        self._gauges.show(memory)
        self._fit_batch(len(taken.events), loop.time() - started_s)
        return taken.more or ticked

    async def _read(self, conn: Connection) -> _Taken:
        """The next events in the order of the log; fewer where one of them is suspected."""
        limit = self._suspicion.limit
        if limit == 0:
            return _Taken([], dict(self._positions), more=True)
        size = self._batch if limit is None else min(self._batch, limit)
        read = await self._feed.read(conn, self._positions, size, received_at=self._received_at)
        events, _ = in_log_order(read, self._positions)
        events, reached = next_stretch(events[:limit], self._positions)  # ticks came on top of the limit
        metrics.LAG.set(len(read) - len(events))
        return _Taken(events, reached, more=limit is not None or len(read) >= size or len(events) < len(read))

    async def _run_stages(self, step: Step, position: int) -> None:
        self._failpoints.reach(Failpoint.READ, position)
        self._lookout.begin(step, asyncio.get_running_loop().time())
        for name, advance in self._stages:
            if self._lookout.skips(name):
                continue
            advanced = await advance(step)
            self._lookout.note(name, advanced)
            if advanced.written:
                self._failpoints.reach(Failpoint.APPLIED, position)
                LOG.debug("stage_advanced", stage=name, taken=advanced.taken, written=advanced.written)
        self._failpoints.reach(Failpoint.APPLIED, position)  # where nothing was written
        self._failpoints.reach(Failpoint.WRITTEN, position)

    async def _set_aside(self, event: Event, error: Exception) -> None:
        """Move the cursor past one event that no stage could take, and say so where people look."""
        async with transaction(self._pool, scope=SYSTEM) as conn:
            await leadership.fence(conn, self._epoch)
            noted = await set_aside(conn, event, told(error))
            await self._move_cursor(conn, [event], self._positions | {event.stream: event.seq})
        self._suspicion.passed(1)
        metrics.SET_ASIDE.labels(event.kind).inc()
        trace = places(error)  # never the error's text or its variables: they quote rows
        LOG.error("event_set_aside", stream=event.stream, seq=event.seq, kind=event.kind, noted=noted, trace=trace)

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
        if self._memory is None:
            rows = await conn.fetch(QUERIES.read_cursor, CONSUMER)
            self._positions = {row["stream"]: row["seq"] for row in rows}
            self._received_at = {row["stream"]: row["received_at"] for row in rows}
            # A tick is received at its own time: behind it no step goes, whatever process applied it.
            self._at = max(self._at, self._received_at.get(CLOCK_STREAM, _BEGINNING))
            self._rulebook = None
        if self._rulebook is None or now_s - self._rulebook_at_s > RULEBOOK_S:
            # Areas, organisations and names may be newer; the rules are those in force at this place of the log.
            self._rulebook = await read_rulebook(conn, clock_seq=self._positions.get(CLOCK_STREAM, 0))
            self._rulebook_at_s = now_s
        if self._memory is None:
            self._memory = await Memory.rebuild(conn, self._rulebook)
            lasted_s = asyncio.get_running_loop().time() - now_s
            metrics.REBUILD_SECONDS.set(lasted_s)
            live = self._memory.correlator.live_events
            LOG.info("memory_rebuilt", incidents=len(self._memory.incidents), events=live, lasted_s=round(lasted_s, 3))
        return self._rulebook, self._memory

    async def _take_over(self, conn: Connection, version: int) -> tuple[Rulebook, Memory]:
        """The rules that begin here, and a memory built by them from what every earlier step has committed.

        Where its components are not the incidents of the database, the incidents stage settles that first.
        """
        self._rulebook = await read_rulebook(conn, version=version)
        self._memory = await Memory.rebuild(conn, self._rulebook)
        LOG.info("rules_taken_over", version=version, disputed=len(self._memory.disputed))
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


async def give_up(pool: Pool, epoch: int) -> None:
    """Let the standby take over at once, if the database still answers."""
    with suppress(*DATABASE_FAULTS):
        async with pool.acquire() as conn:
            await leadership.resign(conn, epoch)

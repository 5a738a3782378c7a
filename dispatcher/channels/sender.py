"""Takes what is due from the outbox, sends it outside any transaction and records what became of each."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

import prometheus_client
import structlog

from dispatcher.channels import announcing, outbox, settling
from dispatcher.channels.breaker import OPEN_S, Breaker
from dispatcher.channels.model import AttemptState
from dispatcher.channels.outbox import Parcel
from dispatcher.channels.registry import CHANNELS
from dispatcher.channels.ways import IN_FLIGHT_MAX, ChannelSettings, Outcome, Verdict, Ways, open_ways
from runtime.pool import DATABASE_FAULTS, SYSTEM, Pool, transaction

LOG = structlog.get_logger(__name__)

# Attempts at once over one lane, so that receivers that hang leave room for the others.
EACH_MAX: Final = 4
# No try outlives the lease of its parcel.
TRY_MAX_S: Final = 25
# Without a wake the outbox is looked at this often; a step that put a message wakes it at once.
POLL_S: Final = 0.5

ATTEMPTS = prometheus_client.Counter("dispatcher_attempts_total", "Tries to send", ["channel", "outcome"])
DEAD = prometheus_client.Counter("dispatcher_attempts_dead_total", "Attempts given up after the last try", ["channel"])
OPENED = prometheus_client.Counter("dispatcher_lanes_opened_total", "Receivers left alone for a while", ["channel"])
IN_FLIGHT = prometheus_client.Gauge("dispatcher_attempts_in_flight", "Tries under way")


class Sender:
    """One loop, many tries at once. A process that dies leaves leases that end; another sends with the same keys."""

    def __init__(
        self,
        pool: Pool,
        settings: ChannelSettings,
        *,
        now: Callable[[], datetime],
        open_s: float = OPEN_S,
    ) -> None:
        self._pool = pool
        self._settings = settings
        self._now = now  # Domain time, for the record.
        self._breaker = Breaker(open_s=open_s)
        self._wake = asyncio.Event()
        self._in_flight: Counter[str] = Counter()  # by lane

    def wake(self) -> None:
        """Look at the outbox now: a step has just put something."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled. A database that is away is waited for."""
        async with open_ways(self._settings) as ways, asyncio.TaskGroup() as tries:
            while True:
                self._wake.clear()
                parcels = await self._claim()
                for parcel in parcels:
                    self._in_flight[parcel.lane] += 1
                    IN_FLIGHT.set(self._in_flight.total())
                    tries.create_task(self._deliver(ways, parcel), name=f"try-{parcel.id}")
                if not parcels:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(POLL_S):
                            await self._wake.wait()

    async def _claim(self) -> list[Parcel]:
        free = IN_FLIGHT_MAX - self._in_flight.total()
        if free <= 0:
            return []
        now_s = asyncio.get_running_loop().time()
        known = self._breaker.troubled | self._in_flight.keys()
        room = {lane: max(0, self._breaker.room(lane, EACH_MAX, now_s) - self._in_flight[lane]) for lane in known}
        try:
            async with self._pool.acquire() as conn:
                return await outbox.claim(conn, free, each=EACH_MAX, room=room)
        except DATABASE_FAULTS as error:
            LOG.warning("outbox_unreachable", error=type(error).__name__)
            return []

    async def _deliver(self, ways: Ways, parcel: Parcel) -> None:
        try:
            verdict = await self._try(ways, parcel)
            ATTEMPTS.labels(parcel.channel, verdict.outcome.value).inc()
            self._learn(parcel, verdict)
            await self._record(parcel, verdict)
        finally:
            self._in_flight[parcel.lane] -= 1
            self._in_flight += Counter()  # drops what is zero
            IN_FLIGHT.set(self._in_flight.total())
            self._wake.set()

    async def _try(self, ways: Ways, parcel: Parcel) -> Verdict:
        channel = CHANNELS.get(parcel.channel)
        if channel is None:
            return Verdict(Outcome.IMPOSSIBLE, f"no channel {parcel.channel}")
        try:
            async with asyncio.timeout(TRY_MAX_S):
                return await channel.deliver(ways, parcel)
        except TimeoutError:
            return Verdict(Outcome.UNREACHABLE, f"TimeoutError: no answer within {TRY_MAX_S} s", overloaded=True)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one attempt never ends the sending of all others
            # The text of the error could hold a number or an address.
            LOG.error("try_failed", message_id=parcel.id, error=type(error).__name__)  # noqa: TRY400
            return Verdict(Outcome.UNREACHABLE, f"{type(error).__name__}: a fault of the platform's own")

    def _learn(self, parcel: Parcel, verdict: Verdict) -> None:
        if not verdict.overloaded:
            # Even a refusal shows that somebody is there.
            if verdict.outcome is not Outcome.UNREACHABLE:
                self._breaker.worked(parcel.lane)
            return
        now_s = asyncio.get_running_loop().time()
        if self._breaker.failed(parcel.lane, now_s, retry_after_s=verdict.retry_after_s):
            OPENED.labels(parcel.channel).inc()
            LOG.warning("lane_opened", lane=parcel.lane)

    async def _record(self, parcel: Parcel, verdict: Verdict) -> None:
        """Where the database is away the lease runs out and it is sent again, with the same key."""
        at = self._now()
        try:
            async with transaction(self._pool, scope=SYSTEM) as conn:
                await settling.hold_messages(conn, [parcel.id])
                if verdict.taken:
                    state = AttemptState.DELIVERED if verdict.outcome is Outcome.DELIVERED else AttemptState.SENT
                    done, dead = await outbox.finish(conn, parcel, state, at), False
                else:
                    dead = await outbox.postpone(
                        conn,
                        parcel,
                        verdict.error,
                        at,
                        wait_s=verdict.retry_after_s,
                        for_good=verdict.outcome is Outcome.IMPOSSIBLE,
                    )
                    done = dead
                if done:
                    await settling.settle(conn, parcel.id, at)
                if dead:
                    await announcing.announce_dead(conn, parcel.id, at)
        except DATABASE_FAULTS as fault:
            LOG.warning("outcome_not_recorded", message_id=parcel.id, error=type(fault).__name__)
            return
        if dead:
            DEAD.labels(parcel.channel).inc()
            LOG.error("message_dead", message_id=parcel.id, topic=parcel.topic, attempts=parcel.attempts)

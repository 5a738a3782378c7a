"""Takes deliveries from the doors, bounded; decodes, commits in batches, and only then lets the doors acknowledge."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

import structlog

from events.quarantine import storable
from gateway.intake.acknowledge import acknowledge
from gateway.intake.arrivals import Arrival, Decoder
from gateway.intake.batch import Batch
from gateway.intake.crash_guard import CRASHES_MAX, CrashGuard, fingerprint
from gateway.intake.failpoints import Failpoint, Failpoints
from gateway.intake.metrics import IntakeMetrics
from gateway.intake.model import Delivery, PresenceChange
from gateway.intake.outage_alarm import UNACKNOWLEDGED_S, OutageAlarm
from gateway.intake.store import ViolationKey
from gateway.intake.writer import Writer
from runtime.clock import Clock

log = structlog.get_logger(__name__)

_DECODED_AT_ONCE: Final = 200
_VIOLATION_KEYS_MAX: Final = 1000
_CLIENT_MAX: Final = 200
_MANY: Final = "(many)"
_TICK_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """Bounds and pace. Counts and bytes include what is in flight."""

    waiting_messages: int = 5000
    waiting_bytes: int = 32 * 1024 * 1024
    batch_messages: int = 500
    batch_bytes: int = 4 * 1024 * 1024
    batch_wait_s: float = 0.02


@dataclass(slots=True)
class _Taken:
    delivery: Delivery
    taken_s: float


class Intake:
    """Everything offered is taken and, unless the process dies, committed. `full` asks the doors to stop offering."""

    def __init__(
        self,
        *,
        decoder: Decoder,
        writer: Writer,
        clock: Clock,
        metrics: IntakeMetrics,
        alarm: OutageAlarm,
        failpoints: Failpoints,
        guard: CrashGuard | None = None,
        options: IntakeOptions | None = None,
    ) -> None:
        self._decoder = decoder
        self._writer = writer
        self._clock = clock
        self._metrics = metrics
        self._alarm = alarm
        self._failpoints = failpoints
        self._guard = guard
        self._options = options or IntakeOptions()
        self._loop = asyncio.get_running_loop()
        self._offered: deque[_Taken | PresenceChange] = deque()
        self._decoded: deque[Arrival | PresenceChange] = deque()
        self._in_flight: list[Arrival] = []
        self._violations: dict[ViolationKey, int] = {}
        self._count = 0  # Messages taken and not acknowledged.
        self._bytes = 0
        self._was_full = False
        self._room_listeners: list[Callable[[], None]] = []
        self._offer_came = asyncio.Event()
        self._decoded_came = asyncio.Event()
        self._batch_ready = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        metrics.watch(lambda: self._count, self._oldest_s)

    @property
    def full(self) -> bool:
        return self._count >= self._options.waiting_messages or self._bytes >= self._options.waiting_bytes

    def offer(self, delivery: Delivery) -> None:
        """Take a message. Never waits."""
        self._offered.append(_Taken(delivery, self._loop.time()))
        self._count += 1
        self._bytes += len(delivery.payload)
        self._offer_came.set()
        self._empty.clear()
        if self.full:
            self._was_full = True

    def offer_presence(self, change: PresenceChange) -> None:
        """Take a presence change; it keeps its place among the messages."""
        self._offered.append(change)
        self._offer_came.set()
        self._empty.clear()

    def count_violation(self, client: str, reason: str) -> None:
        """Count what a door refused; written within a second. Strangers' invented names share one row."""
        minute = self._clock.now().replace(second=0, microsecond=0)
        key = ViolationKey(minute, storable(client, _CLIENT_MAX), reason)
        if key not in self._violations and len(self._violations) >= _VIOLATION_KEYS_MAX:
            key = ViolationKey(minute, _MANY, reason)
        self._violations[key] = self._violations.get(key, 0) + 1

    def add_room_listener(self, listener: Callable[[], None]) -> None:
        """Call `listener` on the event loop whenever a full intake has room again."""
        self._room_listeners.append(listener)

    async def run(self) -> None:
        """Decode and commit until cancelled. Raises what is a bug of ours."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._decode_for_ever(), name="intake-decode")
                group.create_task(self._commit_for_ever(), name="intake-commit")
                group.create_task(self._tick_for_ever(), name="intake-tick")
                group.create_task(self._alarm.run(), name="intake-outage-alarm")
        finally:
            self._writer.close()

    async def drain(self) -> None:
        """Return when everything offered so far, violations included, is committed; the doors have stopped offering."""
        if self._violations:
            self._empty.clear()
            self._decoded_came.set()
        self._batch_ready.set()
        await self._empty.wait()

    async def _decode_for_ever(self) -> None:
        while True:
            await self._offer_came.wait()
            self._offer_came.clear()
            while self._offered:
                self._decode_some()
                self._decoded_came.set()
                await asyncio.sleep(0)  # Sockets are served between two slices.

    def _decode_some(self) -> None:
        taken: list[_Taken] = []
        while self._offered and len(taken) < _DECODED_AT_ONCE:
            item = self._offered.popleft()
            if isinstance(item, PresenceChange):
                self._decode_taken(taken)
                taken = []
                self._decoded.append(item)
            else:
                taken.append(item)
        self._decode_taken(taken)
        if len(self._decoded) >= self._options.batch_messages:
            self._batch_ready.set()

    def _decode_taken(self, taken: list[_Taken]) -> None:
        if not taken:
            return
        guard = self._guard
        if guard is None:
            self._decoded.extend(self._decode(item) for item in taken)
            return
        fingerprints = [fingerprint(item.delivery) for item in taken]
        if not guard.suspects or guard.suspects.keys().isdisjoint(fingerprints):
            guard.note(fingerprints)
            self._decoded.extend(self._decode(item) for item in taken)
            guard.clear()
            return
        for item, mark in zip(taken, fingerprints, strict=True):
            if guard.suspects.get(mark, 0) >= CRASHES_MAX:
                self._decoded.append(self._suspect(item, "the gateway died twice with it in hand"))
                continue
            guard.note([mark])
            self._decoded.append(self._decode(item))
            guard.clear()
            guard.suspects.pop(mark, None)  # It was not the one.

    def _decode(self, taken: _Taken) -> Arrival:
        try:
            arrival = self._decoder.decode(taken.delivery)
        except Exception as fault:  # noqa: BLE001 - one message must not stop the others; it is kept and shown
            # Without a traceback: its frames hold what the device sent.
            log.critical("decoder_failed", topic=taken.delivery.topic, fault=type(fault).__name__)
            return self._suspect(taken, f"the decoder failed: {type(fault).__name__}")
        arrival.taken_s = taken.taken_s
        if arrival.events:
            self._batch_ready.set()  # An event does not wait for company.
        return arrival

    def _suspect(self, taken: _Taken, detail: str) -> Arrival:
        arrival = self._decoder.suspect(taken.delivery, detail)
        arrival.taken_s = taken.taken_s
        return arrival

    async def _commit_for_ever(self) -> None:
        while True:
            await self._decoded_came.wait()
            self._decoded_came.clear()
            while self._decoded or self._violations:
                await self._wait_for_company()
                batch = self._next_batch()
                self._failpoints.reach(Failpoint.DECODED)
                await self._writer.commit(batch, self._committed)
            if not self._offered:
                self._empty.set()

    async def _wait_for_company(self) -> None:
        """Wait a moment for a fuller batch, unless there is an event, a full batch, or enough to keep busy."""
        if len(self._decoded) >= self._options.batch_messages // 4:
            self._batch_ready.clear()
            return
        try:
            async with asyncio.timeout(self._options.batch_wait_s):
                await self._batch_ready.wait()
        except TimeoutError:
            pass
        self._batch_ready.clear()

    def _next_batch(self) -> Batch:
        batch = Batch([], [], self._violations)
        self._violations = {}
        size = 0
        while self._decoded and len(batch.arrivals) < self._options.batch_messages and size < self._options.batch_bytes:
            item = self._decoded.popleft()
            if isinstance(item, PresenceChange):
                batch.presence.append((len(batch.arrivals), item))
            else:
                batch.arrivals.append(item)
                size += len(item.delivery.payload)
        self._in_flight = batch.arrivals
        return batch

    def _committed(self, part: Batch) -> None:
        self._failpoints.reach(Failpoint.COMMITTED)
        acknowledge(part.arrivals, self._failpoints)
        self._in_flight = self._in_flight[len(part.arrivals) :]
        self._count -= len(part.arrivals)
        self._bytes -= sum(len(arrival.delivery.payload) for arrival in part.arrivals)
        self._measure(part)
        if self._was_full and not self.full:
            self._was_full = False
            for listener in self._room_listeners:
                listener()

    def _measure(self, part: Batch) -> None:
        if not part.arrivals:
            return
        self._metrics.batch_messages.observe(len(part.arrivals))
        for (_, product), (received, stored, duplicate, quarantined) in part.counts.items():
            self._metrics.received.labels(product).inc(received)
            self._metrics.messages.labels(product, "stored").inc(stored)
            self._metrics.messages.labels(product, "duplicate").inc(duplicate)
            self._metrics.messages.labels(product, "quarantined").inc(quarantined)

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            if self._violations:
                self._decoded_came.set()
            if self._oldest_s() >= UNACKNOWLEDGED_S:
                self._alarm.sound_for(self._waiting(), self._loop.time())

    def _waiting(self) -> Iterator[Arrival]:
        decoded = (item for item in self._decoded if isinstance(item, Arrival))
        return chain(self._in_flight, decoded)

    def _oldest_s(self) -> float:
        oldest = next(self._waiting(), None)
        return 0.0 if oldest is None else self._loop.time() - oldest.taken_s

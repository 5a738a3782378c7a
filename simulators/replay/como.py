"""Replays another dispatch system's log through a feed device, at its own order of arrival, on the exercise clock."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

from simulators import alink, wire
from simulators.api import Api
from simulators.credentials import Credential
from simulators.line import Line, Tag
from simulators.replay.files import Arrival, arrivals
from simulators.replay.report import ReplayReport, report, sums

CLOCK_STEP_S: Final = 3600
_CONNECT_WAIT_S: Final = 30.0


class ClockTooLate(ValueError):
    """The exercise clock already stands behind the first arrival; it moves only forwards."""

    def __init__(self, now: datetime, first: datetime) -> None:
        super().__init__(f"the clock reads {now.isoformat()}, the first record arrived {first.isoformat()}")
        self.now: Final = now
        self.first: Final = first


class NotAcknowledged(TimeoutError):
    """The gateway acknowledged nothing for a while, with messages in flight."""


@dataclass(frozen=True, slots=True)
class ComoReplay:
    """How to replay: `speed` is seconds of arrival a real second, None as fast as acknowledgements come."""

    path: Path
    feed: Credential
    host: str
    port: int
    speed: float | None = None
    window: int = 1000
    limit: int | None = None  # Only the first so many deliveries.
    move_clock: bool = True
    stall_s: float = 60.0


class _Sender:
    """Offers deliveries to one line, never more than the window's worth beyond the acknowledgements."""

    def __init__(self, replay: ComoReplay, on_acked: Callable[[int], None]) -> None:
        self._replay = replay
        self._acked = 0
        self._sent = 0
        self._moved = asyncio.Event()
        self._on_acked = on_acked
        self.line: Final = Line(
            replay.feed, replay.host, replay.port, window=replay.window, on_acked=self._note, rng=Random(1)
        )

    @property
    def acked(self) -> int:
        return self._acked

    async def send(self, arrival: Arrival) -> None:
        feed = self._replay.feed
        message = alink.history(
            feed.product,
            feed.device,
            arrival.incident,
            "record",
            arrival.as_record(),
            time_ms=arrival.occurred_s * 1000,
            revision=arrival.arrived_s * 1000,
        )
        await self._until(self._replay.window - 1)
        self._sent += 1
        self.line.offer(wire.publish_head(message.topic, len(message.payload)), message.payload, (0, self._sent, 0.0))

    async def settled(self) -> None:
        """Wait until everything sent was acknowledged. Raises NotAcknowledged."""
        await self._until(0)

    async def _until(self, outstanding: int) -> None:
        while self._sent - self._acked > outstanding:
            self._moved.clear()
            try:
                async with asyncio.timeout(self._replay.stall_s):
                    await self._moved.wait()
            except TimeoutError:
                raise NotAcknowledged(f"{self._sent - self._acked} messages without acknowledgement") from None

    def _note(self, _tag: Tag) -> None:
        self._acked += 1
        self._moved.set()
        self._on_acked(self._acked)


async def replay_como(
    replay: ComoReplay, api: Api, on_acked: Callable[[int], None] = lambda _count: None
) -> ReplayReport:
    """Send the whole file and report. Raises ClockTooLate, FeedUnreadable, NotAcknowledged, LineRefused, ApiRefused."""
    loop = asyncio.get_running_loop()
    product = replay.feed.product
    rows = islice(arrivals(replay.path), replay.limit)
    first = next(rows, None)
    if first is None:
        return await report(api, await sums(api, product), product=product, sent=0, refused=0, seconds=0.0)
    if replay.move_clock:
        now, _simulated = await api.clock()
        if now > _time(first.arrived_s):
            raise ClockTooLate(now, _time(first.arrived_s))
    before = await sums(api, product)
    sender = _Sender(replay, on_acked)
    started = loop.time()
    running = asyncio.create_task(sender.line.run(), name="dispatch feed")
    try:
        await _connected(sender.line, running)
        last_s = await _send_all(replay, api, sender, first, rows)
        if replay.move_clock:
            # One more step, so that every stage has passed the last record before the sums are read.
            await api.move_clock(_time(last_s) + timedelta(seconds=CLOCK_STEP_S))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return await report(api, before, product=product, sent=sender.acked, refused=0, seconds=loop.time() - started)


async def _send_all(replay: ComoReplay, api: Api, sender: _Sender, first: Arrival, rows: Iterator[Arrival]) -> int:
    """Send in order of arrival; before the clock moves, everything earlier is committed. Returns the last arrival."""
    arrival: Arrival | None = first
    clock_s, last_s = None, first.arrived_s
    while arrival is not None:
        if replay.move_clock and (clock_s is None or arrival.arrived_s - clock_s >= CLOCK_STEP_S):
            await sender.settled()
            await api.move_clock(_time(arrival.arrived_s))
            clock_s = arrival.arrived_s
        if replay.speed is not None and arrival.arrived_s > last_s:
            await asyncio.sleep((arrival.arrived_s - last_s) / replay.speed)
        last_s = max(last_s, arrival.arrived_s)
        await sender.send(arrival)
        arrival = next(rows, None)
    await sender.settled()
    return last_s


async def _connected(line: Line, running: asyncio.Task[None]) -> None:
    waiting = asyncio.create_task(line.connected.wait(), name="first connection")
    done, _ = await asyncio.wait({waiting, running}, timeout=_CONNECT_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if running in done:
        await running
    if waiting not in done:
        raise NotAcknowledged("no connection to the gateway")


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

"""Open-loop load: messages are due by the clock, not by the last acknowledgement: a slow server slows no test."""

import asyncio
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final

from simulators.credentials import Credential
from simulators.line import Line, Tag
from simulators.load.ledger import Entry, Ledger
from simulators.load.messages import Messages

_TICK_S: Final = 0.005
_HOUSEKEEPING_S: Final = 1.0
_CONNECTS_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send: `rate` messages a second over all devices for `duration_s`, then wait `drain_s` for the rest."""

    host: str
    port: int
    rate: float
    duration_s: float
    drain_s: float
    window: int  # QoS 1 messages in flight a device.
    seed: int
    sid: int
    warm_up_s: float = 0.0  # Latencies of this first part are not counted.


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How it went. Latency is from the scheduled moment of sending to the PUBACK, over every message."""

    devices: int
    sent: int
    acked: int
    unacked: int
    reconnects: int
    connect_s: float
    send_s: float
    messages_per_s: float
    points_per_s: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Generator:
    """Runs a plan once."""

    def __init__(self, credentials: Sequence[Credential], plan: Plan, ledger: Ledger) -> None:
        self._plan = plan
        self._ledger = ledger
        self._latencies_s = array("d")
        self._counted_from = 0.0
        self._acked = 0
        self._expected: int | None = None
        self._all_acked = asyncio.Event()
        self._messages = [Messages(c, plan.sid, Random(f"{plan.seed} {c.client_id}")) for c in credentials]
        self._lines = [
            Line(
                credential,
                plan.host,
                plan.port,
                window=plan.window,
                on_acked=self._note,
                rng=Random(f"{plan.seed} line {credential.client_id}"),
            )
            for credential in credentials
        ]

    async def run(self, connect_timeout_s: float = 60.0) -> LoadReport:
        """Connect all, send, drain, report. Raises a group with TimeoutError or LineRefused if one cannot connect."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as tasks:
            running = []
            async with asyncio.timeout(connect_timeout_s):
                for start in range(0, len(self._lines), _CONNECTS_AT_ONCE):
                    batch = self._lines[start : start + _CONNECTS_AT_ONCE]
                    running += [tasks.create_task(line.run(), name=line.credential.client_id) for line in batch]
                    for line in batch:
                        await line.connected.wait()
            connected = loop.time()
            running.append(tasks.create_task(self._keep_house(), name="housekeeping"))
            sent = await self._send(loop)
            ended = loop.time()
            self._expected = sent
            await self._drain(loop.time() + self._plan.drain_s)
            self._ledger.flush()
            for task in running:
                task.cancel()
        return self._report(sent, connected - begun, ended - connected)

    async def _send(self, loop: asyncio.AbstractEventLoop) -> int:
        rate, lines, messages = self._plan.rate, self._lines, self._messages
        count = len(lines)
        total = round(rate * self._plan.duration_s)
        started = loop.time()
        self._counted_from = started + self._plan.warm_up_s
        sent = 0
        while sent < total:
            due = min(total, int((loop.time() - started) * rate))
            time_ms = time.time_ns() // 1_000_000
            while sent < due:
                index = sent % count
                seq, payload = messages[index].following(time_ms)
                lines[index].offer(messages[index].head, payload, (index, seq, started + sent / rate))
                sent += 1
            await asyncio.sleep(_TICK_S)
        return sent

    async def _drain(self, until: float) -> None:
        if not any(line.unacknowledged for line in self._lines):
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._all_acked.wait()

    async def _keep_house(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            self._ledger.flush()
            now = loop.time()
            for line in self._lines:
                line.ping_if_idle(now)

    def _note(self, tag: Tag) -> None:
        index, seq, scheduled = tag
        credential = self._lines[index].credential
        self._acked += 1
        if self._acked == self._expected:
            self._all_acked.set()
        self._ledger.write(Entry(credential.product, credential.device, self._plan.sid, seq))
        if scheduled >= self._counted_from:
            self._latencies_s.append(asyncio.get_running_loop().time() - scheduled)

    def _report(self, sent: int, connect_s: float, send_s: float) -> LoadReport:
        ordered = sorted(self._latencies_s)

        def quantile_ms(share: float) -> float:
            return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3) if ordered else 0.0

        per_s = sent / send_s if send_s else 0.0
        return LoadReport(
            devices=len(self._lines),
            sent=sent,
            acked=self._acked,
            unacked=sum(line.unacknowledged for line in self._lines),
            reconnects=sum(line.reconnects for line in self._lines),
            connect_s=round(connect_s, 3),
            send_s=round(send_s, 3),
            messages_per_s=round(per_s, 1),
            points_per_s=round(3 * per_s, 1),
            p50_ms=quantile_ms(0.5),
            p99_ms=quantile_ms(0.99),
            p999_ms=quantile_ms(0.999),
            max_ms=quantile_ms(1.0),
        )

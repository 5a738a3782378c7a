"""Mail and the robots of instant messengers, spoken through apprise in processes of their own.

apprise blocks, and a receiver that answers a byte at a time blocks it for ever: a process that takes too long is ended,
which a thread cannot be, and the loop never waits for it.
"""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Final, Self

import orjson

WORKERS_MAX: Final = 2
ANSWER_S: Final = 20.0
_START_S: Final = 30.0
_LINE_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Errand:
    """What a worker is asked: one message to one address of apprise."""

    url: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it."""

    done: bool
    status: int | None = None  # Of HTTP, where the channel speaks it.
    code: int | None = None  # The vendor's own: 0 is good, also in an answer of status 200.
    retry_after: str | None = None
    fault: str | None = None  # The class of what went wrong, never its text: it may quote the address.


@dataclass(eq=False)
class WorkerLost(OSError):
    """The process ended or took too long."""

    reason: str

    def __str__(self) -> str:
        return self.reason


class Relay:
    """At most two worker processes, started when there is work, used one errand at a time."""

    def __init__(self, robots: Mapping[str, str]) -> None:
        self._robots = dict(robots)
        self._free = asyncio.Semaphore(WORKERS_MAX)
        self._idle: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._idle:
            await _end(worker)
        self._idle.clear()

    async def run(self, errand: Errand) -> Answered:
        """Raises WorkerLost (an OSError) when no answer comes in time; the worker is gone then."""
        async with self._free:
            worker = self._living() or await self._start()
            try:
                answered = await _ask(worker, asdict(errand), ANSWER_S)
            except BaseException:
                await asyncio.shield(_end(worker))
                raise
            self._idle.append(worker)
            return answered

    def _living(self) -> asyncio.subprocess.Process | None:
        """An idle worker that nothing has ended meanwhile."""
        while self._idle:
            worker = self._idle.pop()
            if worker.returncode is None:
                return worker
        return None

    async def _start(self) -> asyncio.subprocess.Process:
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dispatcher.channels.relay_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # apprise writes addresses there, which hold tokens
            limit=_LINE_MAX,
        )
        try:
            await _ask(worker, {"robots": self._robots}, _START_S)
        except BaseException:
            await asyncio.shield(_end(worker))
            raise
        return worker


async def _ask(worker: asyncio.subprocess.Process, asked: object, within_s: float) -> Answered:
    stdin, stdout = worker.stdin, worker.stdout
    if stdin is None or stdout is None:
        raise WorkerLost("the worker has no pipes")
    try:
        async with asyncio.timeout(within_s):
            stdin.write(orjson.dumps(asked) + b"\n")
            await stdin.drain()
            line = await stdout.readline()
    except TimeoutError:
        raise WorkerLost(f"no answer within {within_s:g} s") from None
    except ConnectionError:
        raise WorkerLost("the worker ended") from None
    if not line:
        raise WorkerLost("the worker ended")
    try:
        return Answered(**orjson.loads(line))
    except (ValueError, TypeError):
        raise WorkerLost("what it said is no answer") from None


async def _end(worker: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()

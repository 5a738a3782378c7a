"""Keeps a list of processes running: starts them in order, waits until each is ready, restarts what ends, stops all."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from runtime import readiness
from runtime.supervisor.process import Child

log = structlog.get_logger(__name__)

_PAUSE_MIN_S: Final = 0.1
_PAUSE_MAX_S: Final = 5.0
# A process that served this long did not fail at its start: its next restart is prompt again.
_SETTLED_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to keep: it must call `runtime.readiness.announce` within `ready_timeout_s` (None: it need not)."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)  # over our own environment
    ready_timeout_s: float | None = 60.0
    stop_timeout_s: float = 20.0
    starts_after: tuple[str, ...] = ()  # names that must be ready first


@dataclass(slots=True)
class _Kept:
    spec: ProcessSpec
    child: Child | None = None
    starts: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Runs `specs`, and when it is cancelled ends them in the reverse of their order. It never gives up on one."""

    def __init__(self, specs: Sequence[ProcessSpec], *, logs: Path) -> None:
        self._logs = logs
        self._changed = asyncio.Condition()
        self._kept = {spec.name: _Kept(spec) for spec in specs}

    async def run(self) -> None:
        """Keep the processes running until this is cancelled; when it is left none of them runs."""
        try:
            async with asyncio.TaskGroup() as group:
                for kept in self._kept.values():
                    group.create_task(self._keep(kept), name=f"keeper-{kept.spec.name}")
        finally:
            await to_the_end(self._stop_all())

    async def wait_ready(self, *names: str) -> None:
        """Wait until each of these processes serves; until every one does where none is named."""
        for name in names or self._kept:
            await self._kept[name].ready.wait()

    async def wait_started(self, name: str, *, restarts: int = 0) -> None:
        """Wait until the process has been started, and started again at least so often."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._kept[name].starts > restarts)

    def pid(self, name: str) -> int | None:
        """The number of the process as it runs now."""
        child = self._kept[name].child
        return None if child is None else child.pid

    def restarts(self, name: str) -> int:
        """How often the process had to be started again."""
        return max(0, self._kept[name].starts - 1)

    async def _keep(self, kept: _Kept) -> None:
        for name in kept.spec.starts_after:
            await self._kept[name].ready.wait()
        pause_s = _PAUSE_MIN_S
        while True:
            served_s = await self._run_once(kept)
            if served_s > _SETTLED_S:
                pause_s = _PAUSE_MIN_S
            await asyncio.sleep(pause_s)
            pause_s = min(_PAUSE_MAX_S, 2 * pause_s)

    async def _run_once(self, kept: _Kept) -> float:
        """Start the process and wait for its end; returns for how many seconds it was ready."""
        loop = asyncio.get_running_loop()
        spec = kept.spec
        ready_fd, child_fd = os.pipe()
        try:
            kept.child = child = Child.start(
                spec.name,
                spec.argv,
                log_path=self._logs / f"{spec.name}.log",
                env={**os.environ, **spec.env, readiness.VARIABLE: str(child_fd)},
                pass_fds=(child_fd,),
            )
        except BaseException:
            os.close(ready_fd)
            raise
        finally:
            os.close(child_fd)
        async with self._changed:
            kept.starts += 1
            self._changed.notify_all()
        log.info("process_started", name=spec.name, pid=child.pid)
        is_ready = await _reads_ready(ready_fd, spec.ready_timeout_s)
        ready_at = loop.time()
        if is_ready:
            kept.ready.set()
            log.info("process_ready", name=spec.name, pid=child.pid)
            code = await child.wait()
        else:
            code = await child.stop((signal.SIGTERM, spec.stop_timeout_s))
        kept.ready.clear()
        # The pipe of its output may still hold the reason.
        await asyncio.to_thread(child.log.join)
        log.error(
            "process_ended",
            name=spec.name,
            exit_code=code,
            was_ready=is_ready,
            starts=kept.starts,
            last_words=child.log.tail().rpartition("\n")[2],
            log=str(self._logs / f"{spec.name}.log"),
        )
        return loop.time() - ready_at if is_ready else 0.0

    async def _stop_all(self) -> None:
        for kept in reversed(self._kept.values()):
            if kept.child is None:
                continue
            code = await kept.child.stop((signal.SIGTERM, kept.spec.stop_timeout_s))
            log.info("process_stopped", name=kept.spec.name, exit_code=code)
            kept.child = None


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await `work` although the caller is cancelled meanwhile; the cancellation follows once it is done."""
    task = asyncio.create_task(work, name="to-the-end")
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as cancellation:
            if task.cancelled():
                raise
            cancelled = cancellation
    task.result()
    if cancelled is not None:
        raise cancelled


def python_argv(*arguments: str) -> tuple[str, ...]:
    """The command that runs one of our own modules with this interpreter, e.g. `python_argv("-m", "cli", "api")`."""
    return (sys.executable, *arguments)


async def _reads_ready(descriptor: int, timeout_s: float | None) -> bool:
    """Read the pipe until the ready line (true), or its end or the time limit (false); closes the descriptor."""
    if timeout_s is None:
        os.close(descriptor)
        return True
    loop = asyncio.get_running_loop()
    os.set_blocking(descriptor, False)
    readable = asyncio.Event()
    received = b""
    loop.add_reader(descriptor, readable.set)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while readiness.LINE not in received:
                    await readable.wait()
                    readable.clear()
                    with suppress(BlockingIOError):
                        chunk = os.read(descriptor, 64)
                        if not chunk:
                            break
                        received += chunk
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return readiness.LINE in received

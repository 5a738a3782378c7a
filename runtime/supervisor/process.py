"""One child process: its own session, its output in a log file, dead when its parent is dead, waited for by pidfd."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.errors import Explained
from runtime.supervisor import trampoline
from runtime.supervisor.logfile import LogFile

_KILL_WAIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a child runs as."""

    name: str
    uid: int
    gid: int


class ChildStuck(Explained):
    """A child that not even SIGKILL ends: it hangs in the kernel."""

    def __init__(self, name: str, pid: int) -> None:
        super().__init__(f"{name} (process {pid}) does not end")
        self.name = name
        self.pid = pid


class Child:
    """A running process. Start it from a thread that lives as long as this process: the child dies with it."""

    def __init__(self, name: str, popen: "subprocess.Popen[bytes]", log: LogFile) -> None:
        self.name = name
        self.log = log
        self._popen = popen

    @classmethod
    def start(
        cls,
        name: str,
        argv: Sequence[str],
        *,
        log_path: Path,
        death_signal: signal.Signals = signal.SIGKILL,
        account: Account | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> "Child":
        """Execute `argv` (absolute path first) through the trampoline. Raises OSError where it cannot be started."""
        uid, gid = (account.uid, account.gid) if account is not None else (-1, -1)
        popen = subprocess.Popen(  # noqa: S603
            [
                *(sys.executable, "-I", "-S", str(Path(trampoline.__file__))),
                *(str(int(death_signal)), str(os.getpid()), str(uid), str(gid)),
                *argv,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            pass_fds=tuple(pass_fds),
            start_new_session=True,
        )
        log = LogFile(log_path)
        assert popen.stdout is not None  # noqa: S101
        log.copy_from(popen.stdout)  # type: ignore[arg-type]
        return cls(name, popen, log)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where a signal ended it."""
        return self._popen.poll()

    def send(self, number: signal.Signals) -> None:
        """Signal the child alone; one that has ended is left in peace."""
        with suppress(ProcessLookupError):
            self._popen.send_signal(number)

    async def wait(self) -> int:
        """Wait for the end and return the exit code."""
        await self._ended()
        return self._popen.wait()

    async def stop(self, *steps: tuple[signal.Signals, float]) -> int:
        """Ask with each signal in turn, waiting so many seconds, then kill the whole session. Returns the exit code.

        Raises ChildStuck where SIGKILL does not help within 10 s.
        """
        for number, patience_s in steps:
            if self._popen.returncode is None:
                self.send(number)
            if await self._ended_within(patience_s):
                break
        if self._popen.returncode is None:  # not reaped: its number is still its own, and what it started goes with it
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        if not await self._ended_within(_KILL_WAIT_S):
            raise ChildStuck(self.name, self.pid)
        code = self._popen.wait()
        self.log.join()
        return code

    async def _ended_within(self, patience_s: float) -> bool:
        try:
            async with asyncio.timeout(patience_s):
                await self._ended()
        except TimeoutError:
            return False
        return True

    async def _ended(self) -> None:
        """Wait for the end without reaping."""
        if self._popen.returncode is not None:
            return
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        pidfd = os.pidfd_open(self._popen.pid)
        loop.add_reader(pidfd, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(pidfd)
            os.close(pidfd)

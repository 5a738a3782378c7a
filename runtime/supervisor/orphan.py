"""Ends a PostgreSQL that outlived the process which started it, and only if it is certainly that one."""

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import psutil
import structlog

from runtime.errors import Explained

log = structlog.get_logger(__name__)

_FAST_STOP_S: Final = 20.0
_KILL_WAIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Birth:
    """What identifies a process beyond its number, which the kernel gives away again."""

    pid: int
    boot_id: str
    start_ticks: int  # since boot; unlike a time of day it never shifts
    argv: tuple[str, ...]
    parent_pid: int  # as long as this is its parent it is no orphan


class ClusterBusy(Explained):
    """A live server holds the data directory, and it is not ours to end."""

    def __init__(self, cluster: Path, pid: int) -> None:
        super().__init__(f"process {pid} uses {cluster} and is no orphan of this home; stop what started it first")
        self.cluster = cluster
        self.pid = pid


def note_birth(note: Path, pid: int, argv: Sequence[str]) -> None:
    """Remember a server that was just started."""
    birth = Birth(pid=pid, boot_id=_boot_id(), start_ticks=_start_ticks(pid), argv=tuple(argv), parent_pid=os.getpid())
    note.write_bytes(orjson.dumps(asdict(birth)))


async def end_orphan(note: Path, cluster: Path) -> bool:
    """End the server that an earlier supervisor left behind; true where there was one.

    Nothing is killed unless the pid file of the cluster, our note of the start and the command line of the live process
    agree. Raises ClusterBusy where a live postgres holds the cluster and they do not, or its supervisor still lives.
    """
    pid = _postmaster_pid(cluster)
    if pid is None or not psutil.pid_exists(pid):
        return False
    if _is_zombie(pid):
        # Ended, but its new parent does not collect it; PostgreSQL would take it for alive.
        (cluster / "postmaster.pid").unlink()
        return False
    birth = _read_birth(note)
    if birth is None or not _is_alive(birth, pid):
        if _is_postgres_in(pid, cluster):
            raise ClusterBusy(cluster, pid)
        return False  # the number belongs to somebody else by now; PostgreSQL finds that out by itself
    if _parent_of(pid) == birth.parent_pid:
        raise ClusterBusy(cluster, pid)
    log.warning("orphan_found", pid=pid)
    await _end(pid)
    return True


async def _end(pid: int) -> None:
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        for number, patience_s in ((signal.SIGINT, _FAST_STOP_S), (signal.SIGKILL, _KILL_WAIT_S)):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, number)
                signal.pidfd_send_signal(pidfd, signal.SIGCONT)  # a stopped process hears nothing but this and SIGKILL
            if await _gone(pidfd, patience_s):
                return
    finally:
        os.close(pidfd)


async def _gone(pidfd: int, patience_s: float) -> bool:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    try:
        async with asyncio.timeout(patience_s):
            await ended.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(pidfd)
    return True


def _postmaster_pid(cluster: Path) -> int | None:
    try:
        first_line = (cluster / "postmaster.pid").read_text(encoding="utf-8").partition("\n")[0]
    except FileNotFoundError:
        return None
    return int(first_line) if first_line.isdigit() else None


def _read_birth(note: Path) -> Birth | None:
    try:
        fields: dict[str, Any] = orjson.loads(note.read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return Birth(**{**fields, "argv": tuple(fields["argv"])})


def _is_alive(birth: Birth, pid: int) -> bool:
    if birth.pid != pid or birth.boot_id != _boot_id():
        return False
    try:
        return _start_ticks(pid) == birth.start_ticks and tuple(psutil.Process(pid).cmdline()) == birth.argv
    except (ProcessLookupError, FileNotFoundError, psutil.NoSuchProcess):
        return False


def _parent_of(pid: int) -> int | None:
    try:
        return psutil.Process(pid).ppid()
    except psutil.NoSuchProcess:
        return None


def _is_zombie(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_postgres_in(pid: int, cluster: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.name() == "postgres" and Path(process.cwd()) == cluster.resolve()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # it may be; better to ask a person than to start a second server on one directory


def _start_ticks(pid: int) -> int:
    # Field 22 of stat(5); the command in parentheses before it may hold spaces.
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

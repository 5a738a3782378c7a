"""A whole Rongan in processes of its own, started by the command as an operator would."""

import os
import queue
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

REPOSITORY = Path(__file__).parents[2]
START_S = 180.0


@dataclass(slots=True)
class RunningRongan:
    """`lines` are what the command printed until it was ready."""

    process: "subprocess.Popen[str]"
    home: Path
    http_port: int
    mqtt_port: int
    lines: list[str] = field(default_factory=list)

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def family(self) -> list[psutil.Process]:
        """The command and every process below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def children(self) -> dict[str, psutil.Process]:
        """The processes it supervises, by name: `gateway`, `dispatcher`, `api`, `postgres` and so on."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            words = child.cmdline()
            name = words[words.index("cli") + 1] if "cli" in words else Path(words[0]).name
            found[name] = child
        return found

    def password_of(self, login: str) -> str:
        """The password that a demo printed."""
        match = re.search(rf"^  {re.escape(login)} +(\S+)", "\n".join(self.lines), re.MULTILINE)
        assert match is not None, f"no log-in {login} was printed"
        return match[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def still_running(processes: list[psutil.Process], timeout_s: float = 60.0) -> list[psutil.Process]:
    """Which of them outlive the time limit; one that ended but was not collected by its new parent has ended."""
    _, alive = psutil.wait_procs(processes, timeout=timeout_s)
    return [process for process in alive if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def running_rongan(home: Path, *arguments: str, **env: str) -> Iterator[RunningRongan]:
    """Start `rongan ARGUMENTS`, wait until it is ready, and at the end stop it, leaving nothing running."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RONGAN_")}
    http_port, mqtt_port = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        cwd=REPOSITORY,
        env={
            **clean,
            "RONGAN_HOME": str(home),
            "RONGAN_HTTP_PORT": str(http_port),
            "RONGAN_MQTT_PORT": str(mqtt_port),
            "RONGAN_POSTGRES_SHARED_BUFFERS_MIB": "64",
            "RONGAN_POSTGRES_MAX_WAL_MIB": "512",
            "PYTHONUNBUFFERED": "1",
            **env,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    family: list[psutil.Process] = []
    spoken: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process.stdout, spoken), daemon=True)
    reader.start()
    try:
        rongan = RunningRongan(process, home, http_port, mqtt_port)
        rongan.lines = _until_ready(spoken)
        family = rongan.family()
        yield rongan
        if process.poll() is None:
            family = rongan.family()
            process.terminate()
        left = still_running(family)
        assert left == [], f"still running: {left}"
    finally:
        for member in family:
            if member.is_running():
                member.kill()
        process.kill()
        process.wait()
        reader.join(30)


def _read(pipe: IO[str], spoken: "queue.Queue[str | None]") -> None:
    with pipe:
        for line in pipe:
            spoken.put(line)
    spoken.put(None)


def _until_ready(spoken: "queue.Queue[str | None]") -> list[str]:
    lines: list[str] = []
    while True:
        line = spoken.get(timeout=START_S)
        assert line is not None, "the command ended:\n" + "".join(lines)
        lines.append(line.rstrip("\n"))
        if "Stop with Ctrl-C" in line:
            return lines

"""The machine and the home: interpreter, programs of PostgreSQL, disk, lock, ports, the console's files."""

import os
import platform
import shutil
import sys
from importlib import resources
from pathlib import Path
from typing import Final

from cli.checks.finding import Finding, fine, note, wrong
from cli.ports import is_free
from runtime.settings import Settings
from runtime.supervisor import binaries
from runtime.supervisor.home import HomeInUse

_FREE_BYTES_MIN: Final = 2 * 1024**3


def check_machine(settings: Settings) -> list[Finding]:
    is_held, lock = _lock(settings)
    return [
        _python(),
        *([] if settings.database_url is not None else [_programs(settings)]),
        _home(settings),
        _disk(settings),
        lock,
        _port("mqtt port", "RONGAN_MQTT_PORT", settings.mqtt_host, settings.mqtt_port, is_held=is_held),
        _port("http port", "RONGAN_HTTP_PORT", settings.http_host, settings.http_port, is_held=is_held),
        _console(),
    ]


def _python() -> Finding:
    found = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
    if sys.version_info < (3, 11):  # noqa: UP036  # an installation can be carried to an older interpreter
        return wrong("python", found, "install Python 3.11 or newer and run `make install`")
    if sys.platform != "linux":
        return wrong("python", found, "run Rongan on Linux: children are tied to their parent by the Linux kernel")
    return fine("python", found)


def _programs(settings: Settings) -> Finding:
    try:
        installation = binaries.find_installation()
        account = binaries.account_for(settings.layout.pg / str(installation.major) / "data")
    except (binaries.PostgresNotInstalled, binaries.NoOrdinaryUser) as problem:
        return wrong("postgresql programs", type(problem).__name__, str(problem))
    runs_as = f", runs as {account.name}" if account is not None else ""
    return fine("postgresql programs", f"PostgreSQL {installation.version}{runs_as}")


def _home(settings: Settings) -> Finding:
    place = _existing(settings.home)
    if not os.access(place, os.W_OK | os.X_OK):
        return wrong("home", f"{settings.home} cannot be written", "set RONGAN_HOME to a folder of yours")
    return fine("home", str(settings.home) if settings.home.exists() else f"{settings.home}, made at the first start")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(_existing(settings.home)).free
    found = f"{free / 1024**3:.1f} GiB free"
    if free < _FREE_BYTES_MIN:
        return wrong("disk", found, "free at least 2 GiB, or set RONGAN_HOME to a larger disk")
    return fine("disk", found)


def _lock(settings: Settings) -> tuple[bool, Finding]:
    if not (settings.layout.run / "lock").exists():
        return False, fine("lock", "nobody uses this home")
    try:
        with settings.layout.locked():
            return False, fine("lock", "nobody uses this home")
    except HomeInUse as held:
        return True, note("lock", f"process {held.pid} runs in this home")
    except PermissionError:
        return False, wrong("lock", "the lock belongs to another user", "run as the user that started Rongan first")


def _port(check: str, setting: str, host: str, port: int, *, is_held: bool) -> Finding:
    if port == 0 or is_free(host, port):
        return fine(check, f"{host}:{port} is free")
    if is_held:
        return fine(check, f"{host}:{port} is served")
    return wrong(check, f"{host}:{port} is taken", f"stop what listens there or set {setting}")


def _console() -> Finding:
    if resources.files("dispatcher").joinpath("console", "dist", "index.html").is_file():
        return fine("console", "built")
    return note("console", "not built: the API serves no pages", "run `make install` with Node 20 or newer")


def _existing(path: Path) -> Path:
    """The path, or its nearest parent that exists."""
    return next(place for place in (path, *path.parents) if place.exists())

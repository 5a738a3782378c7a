"""A dry run that somebody waits for: in a process of its own, so that whoever asks never loads the kernels."""

import asyncio
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

TIMEOUT_S: Final = 60.0  # the kernels may have to compile
AT_ONCE: Final = 1
_GATE: Final = asyncio.Semaphore(AT_ONCE)


@dataclass(eq=False)
class DryRunFailed(Exception):
    """The process ended without an answer."""

    code: int | None


async def dry_run(dsn: str, version: int, at: datetime) -> dict[str, Any]:
    """What taking over this version at `at` would do now. Raises TimeoutError or DryRunFailed."""
    order = orjson.dumps({"dsn": dsn, "version": version, "at": at.isoformat()}) + b"\n"
    async with _GATE, asyncio.timeout(TIMEOUT_S):
        argv = (sys.executable, "-m", "dispatcher.backtests.job")
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
        try:
            told, _ = await child.communicate(order)
        finally:
            if child.returncode is None:
                child.kill()
                await asyncio.shield(child.wait())
    if child.returncode != 0:
        raise DryRunFailed(child.returncode)
    report: dict[str, Any] = orjson.loads(told)
    return report

"""Starts a process for each queued backtest, one at a time in the whole system; lives in every api process."""

import asyncio
import sys
from contextlib import suppress
from typing import Any, Final

import orjson
import structlog

from dispatcher.backtests import jobs
from runtime.pool import DATABASE_FAULTS, Pool, connect

LOG = structlog.get_logger(__name__)

POLL_S: Final = 5.0
_STOP_S: Final = 5.0


class BacktestRunner:
    """Whoever claims a job runs it; a process that dies leaves it to the next one after the lease."""

    def __init__(self, pool: Pool, dsn: str) -> None:
        self._pool = pool
        self._dsn = dsn
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; the process of a running job then ends with us."""
        while True:
            try:
                await self._follow()
            except DATABASE_FAULTS as fault:
                LOG.warning("backtests_waiting", fault=type(fault).__name__)
                await asyncio.sleep(POLL_S)

    async def _follow(self) -> None:
        listening = await connect(self._dsn, application_name="rongan-backtests")
        try:
            await listening.add_listener(jobs.CHANNEL, self._wake)
            while True:
                self._woken.clear()
                job_id = await self._claim()
                if job_id is not None:
                    await self._run(job_id)
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._woken.wait()
        finally:
            listening.terminate()

    async def _claim(self) -> int | None:
        async with self._pool.acquire() as conn, conn.transaction():
            return await jobs.claim(conn)

    async def _run(self, job_id: int) -> None:
        LOG.info("backtest_started", job=job_id)
        argv = (sys.executable, "-m", "dispatcher.backtests.job")
        child = await asyncio.create_subprocess_exec(*argv, stdin=asyncio.subprocess.PIPE)
        try:
            await child.communicate(orjson.dumps({"dsn": self._dsn, "job": job_id}) + b"\n")
        finally:
            if child.returncode is None:
                await asyncio.shield(_stop(child))
        LOG.info("backtest_ended", job=job_id, code=child.returncode)
        async with self._pool.acquire() as conn:
            # Where the process said how it ended this changes nothing.
            failure = f"the process ended with code {child.returncode}"
            await jobs.end(conn, job_id, jobs.BacktestState.FAILED, result=None, failure=failure)

    def _wake(self, *_: Any) -> None:
        self._woken.set()


async def _stop(child: asyncio.subprocess.Process) -> None:
    child.terminate()
    with suppress(TimeoutError):
        async with asyncio.timeout(_STOP_S):
            await child.wait()
            return
    child.kill()
    await child.wait()

"""The process of one queued backtest or dry run: `python -m dispatcher.backtests.job`, the order on standard input."""

import asyncio
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

import orjson

from dispatcher.backtests import jobs
from dispatcher.backtests.dry_run import dry_run
from dispatcher.backtests.trial import Report, Ruled, backtest
from dispatcher.engine.process import compile_all
from dispatcher.rules.versions import read_document
from registry.deployment import read_deployment
from runtime.pool import Connection, connect

# Beside intake and dispatcher a trial is of no urgency.
NICENESS: Final = 10
TOLD_EVERY_S: Final = 0.5
_FAILURE_MAX: Final = 2000


class Cancelled(Exception):
    """Somebody stopped the job."""


async def run_job(dsn: str, job_id: int) -> None:
    """Run a claimed job to its end and keep the result, or why there is none."""
    conn = await connect(dsn, application_name="rongan-backtest-job")
    try:
        try:
            result = await _result(conn, dsn, job_id)
        except Cancelled:
            await jobs.end(conn, job_id, jobs.BacktestState.CANCELLED, result=None, failure=None)
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"[:_FAILURE_MAX]
            await jobs.end(conn, job_id, jobs.BacktestState.FAILED, result=None, failure=failure)
            raise
        else:
            await jobs.end(conn, job_id, jobs.BacktestState.DONE, result=result, failure=None)
    finally:
        await conn.close()


async def run_dry(dsn: str, version: int, at: datetime) -> dict[str, Any]:
    """What taking over a version would do to the incidents that are open now."""
    conn = await connect(dsn, application_name="rongan-dry-run")
    try:
        rule_set = (await read_deployment(conn)).rule_set
        rules = Ruled(await read_document(conn, rule_set, version), version)
    finally:
        await conn.close()
    with ThreadPoolExecutor(1, thread_name_prefix="kernels") as kernels:
        return await dry_run(dsn, rules, kernels, at=at)


async def _result(conn: Connection, dsn: str, job_id: int) -> Report:
    order = await jobs.read_order(conn, job_id)
    if order is None or order.cancelling:
        raise Cancelled
    after = Ruled(await read_document(conn, order.rule_set, order.version), order.version)
    before = Ruled(await read_document(conn, order.rule_set, order.against), order.against)
    loop = asyncio.get_running_loop()
    told_at_s = 0.0

    async def tell(taken: int, total: int) -> None:
        nonlocal told_at_s
        if loop.time() - told_at_s < TOLD_EVERY_S and 0 < taken < total:
            return
        told_at_s = loop.time()
        if not await jobs.note_progress(conn, job_id, taken, total):
            raise Cancelled

    with ThreadPoolExecutor(1, thread_name_prefix="kernels") as kernels:
        await loop.run_in_executor(kernels, compile_all)
        return await backtest(dsn, before, after, kernels, from_at=order.from_at, to_at=order.to_at, on_progress=tell)


def main() -> None:
    """Read {"dsn", "job"} from standard input, which unlike arguments no other process can see."""
    os.nice(NICENESS)
    order = orjson.loads(sys.stdin.buffer.readline())
    if "job" in order:
        asyncio.run(run_job(order["dsn"], order["job"]))
    else:
        report = asyncio.run(run_dry(order["dsn"], order["version"], datetime.fromisoformat(order["at"])))
        sys.stdout.buffer.write(orjson.dumps(report))


if __name__ == "__main__":
    main()

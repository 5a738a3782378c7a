"""Backtests that somebody asked for: queued in the database, run by one process at a time, followed and cancelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from dispatcher.backtests.shadow import QUERIES
from dispatcher.rules.versions import find_version
from runtime.pool import Connection

CHANNEL: Final = "rongan_backtests"
# A job whose process was not seen for so long is taken by another; real time of the database.
LEASE_S: Final = 120.0


class BacktestState(StrEnum):
    """Equal to the SQL enum `backtest_state`."""

    QUEUED = "queued"  # Waits for a process that runs it.
    RUNNING = "running"  # See taken and total.
    DONE = "done"  # The result stands.
    FAILED = "failed"  # See failure.
    CANCELLED = "cancelled"  # Somebody stopped it.


@dataclass(frozen=True, slots=True)
class Backtest:
    """One job; `result` is None in lists and until it is done."""

    id: int
    version: int
    against: int
    from_at: datetime
    to_at: datetime
    requested_at: datetime
    requested_by: str
    state: BacktestState
    taken: int
    total: int | None
    failure: str | None
    result: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Order:
    """What a process needs to run a job."""

    rule_set: str
    version: int
    against: int
    from_at: datetime
    to_at: datetime
    cancelling: bool


async def add(
    conn: Connection,
    rule_set: str,
    *,
    version: int,
    against: int,
    from_at: datetime,
    to_at: datetime,
    at: datetime,
    by: str,
) -> int:
    """Queue a backtest. Raises RulesUnknown."""
    for wanted in (version, against):
        await find_version(conn, rule_set, wanted)
    job_id: int = await conn.fetchval(QUERIES.insert_job, rule_set, version, against, from_at, to_at, at, by)
    await conn.execute(QUERIES.tell_runners)
    return job_id


async def page(
    conn: Connection, rule_set: str, *, only_id: int | None = None, before_id: int | None = None, limit: int = 50
) -> list[Backtest]:
    """The newest first."""
    return [_job(dict(row)) for row in await conn.fetch(QUERIES.list_jobs, rule_set, only_id, before_id, limit)]


async def cancel(conn: Connection, rule_set: str, job_id: int) -> bool:
    """False where it has ended already."""
    return await conn.fetchval(QUERIES.cancel_job, job_id, rule_set) is not None


async def claim(conn: Connection) -> int | None:
    """Take the next job for this process, while no other one runs."""
    job_id: int | None = await conn.fetchval(QUERIES.claim_job, LEASE_S)
    return job_id


async def read_order(conn: Connection, job_id: int) -> Order | None:
    """None where it is not running any more."""
    row = await conn.fetchrow(QUERIES.read_job, job_id)
    return None if row is None else Order(**dict(row))


async def note_progress(conn: Connection, job_id: int, taken: int, total: int) -> bool:
    """Say how far it is and that its process lives; False where it should stop."""
    return await conn.fetchval(QUERIES.note_progress, job_id, taken, total) is False


async def end(
    conn: Connection, job_id: int, state: BacktestState, *, result: Mapping[str, Any] | None, failure: str | None
) -> None:
    """Nothing changes where it has ended already."""
    await conn.execute(QUERIES.end_job, job_id, state, result, failure)


def _job(row: dict[str, Any]) -> Backtest:
    return Backtest(**{**row, "state": BacktestState(row["state"])})

"""What time it is for the rules: real time, or in an exercise the simulated time that one database row holds."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import structlog

from runtime.errors import Explained
from runtime.pool import DATABASE_FAULTS, Connection, Pool, connect

log = structlog.get_logger(__name__)

CHANNEL: Final = "rongan_clock"
CONFIRMED_CHANNEL: Final = "rongan_clock_confirmed"
_POLL_S: Final = 1.0
# A process that has not been seen for so long is gone: nobody waits for it.
_GONE_S: Final = 4
_SIMULATED_AT: Final = "SELECT simulated_at FROM deployment"
_MODE: Final = "SELECT mode::text FROM deployment"
_CONFIRM: Final = """
WITH known AS (SELECT at FROM clock_confirmations WHERE process = $1),
confirmed AS (
    INSERT INTO clock_confirmations (process, at, seen_at)
    VALUES ($1, COALESCE($2::timestamptz, '-infinity'), clock_timestamp())
    ON CONFLICT (process) DO UPDATE SET at = excluded.at, seen_at = excluded.seen_at
    RETURNING at
)
SELECT pg_notify($3, '') FROM confirmed WHERE at IS DISTINCT FROM (SELECT at FROM known)"""
_LEAVE: Final = "DELETE FROM clock_confirmations WHERE process = $1 OR seen_at < clock_timestamp() - interval '1 hour'"
_BEHIND: Final = """
SELECT process FROM clock_confirmations
WHERE at < $1 AND seen_at > clock_timestamp() - make_interval(secs => $2) ORDER BY process"""


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class ClockMovedBackwards(Explained):
    """A simulated clock was asked to return to an earlier time."""

    def __init__(self, at: datetime, asked: datetime) -> None:
        super().__init__(f"the clock stands at {at.isoformat()} and moves only forwards, not to {asked.isoformat()}")
        self.at = at
        self.asked = asked


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that stands still until it is told the next time."""

    def __init__(self, at: datetime) -> None:
        self._at = _utc(at)

    def now(self) -> datetime:
        return self._at

    def advance_to(self, at: datetime) -> None:
        """Move to `at`; the present time again changes nothing. Raises ClockMovedBackwards."""
        at = _utc(at)
        if at < self._at:
            raise ClockMovedBackwards(self._at, at)
        self._at = at


class ExerciseClock:
    """The clock of an exercise: real until the database sets a simulated time, and that time from then on."""

    def __init__(self, simulated: SimulatedClock | None = None) -> None:
        self._simulated = simulated
        self._moved = asyncio.Event()

    @property
    def is_simulated(self) -> bool:
        return self._simulated is not None

    def now(self) -> datetime:
        return datetime.now(UTC) if self._simulated is None else self._simulated.now()

    def follow(self, simulated_at: datetime | None) -> None:
        """Take the database's time; None or an earlier time changes nothing, since rows may be read out of order."""
        if simulated_at is None:
            return
        if self._simulated is None:
            self._simulated = SimulatedClock(simulated_at)
        elif simulated_at > self._simulated.now():
            self._simulated.advance_to(simulated_at)
        else:
            return
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait_moved(self) -> datetime:
        """Wait for the next move of the simulated time and return it."""
        await self._moved.wait()
        return self.now()


async def open_clock(source: Connection | Pool) -> Clock:
    """Read once which clock this database runs on; a simulated one then stays where it is."""
    simulated_at = await source.fetchval(_SIMULATED_AT)
    return RealClock() if simulated_at is None else SimulatedClock(simulated_at)


async def processes_behind(conn: Connection, at: datetime) -> list[str]:
    """The living processes that have not confirmed that they reached the simulated time `at`."""
    return [row["process"] for row in await conn.fetch(_BEHIND, at, _GONE_S)]


@asynccontextmanager
async def follow_clock(dsn: str, *, process: str | None = None) -> AsyncIterator[RealClock | ExerciseClock]:
    """Give the clock of this database and, in an exercise, keep it at the database's time while the block runs.

    A NOTIFY moves it at once; a poll each second is the guarantee. When the connection is lost a simulated clock stands
    still until the database answers again. A production database always gives the real clock. `process` names who
    lives by the clock and confirms each time it reached, so that whoever moves it may wait (`processes_behind`); None
    only looks.
    """
    conn = await connect(dsn, application_name="rongan-clock")
    try:
        mode = await conn.fetchval(_MODE)
        clock = ExerciseClock()
        clock.follow(await conn.fetchval(_SIMULATED_AT))
    finally:
        await conn.close()
    if mode != "exercise":
        yield RealClock()
        return
    name = None if process is None else f"{process} {secrets.token_hex(4)}"
    follower = asyncio.create_task(_follow(dsn, clock, name), name="clock-follower")
    try:
        yield clock
    finally:
        follower.cancel()
        with suppress(asyncio.CancelledError):
            await follower


async def _follow(dsn: str, clock: ExerciseClock, name: str | None) -> None:
    while True:
        try:
            await _follow_connected(dsn, clock, name)
        except DATABASE_FAULTS as fault:
            log.warning("clock_connection_lost", fault=type(fault).__name__)
            await asyncio.sleep(_POLL_S)


async def _follow_connected(dsn: str, clock: ExerciseClock, name: str | None) -> None:
    woken = asyncio.Event()

    def wake(*_: Any) -> None:
        woken.set()

    conn = await connect(dsn, application_name="rongan-clock")
    try:
        await conn.add_listener(CHANNEL, wake)
        while True:
            woken.clear()
            clock.follow(await conn.fetchval(_SIMULATED_AT))
            if name is not None:
                await conn.execute(_CONFIRM, name, clock.now() if clock.is_simulated else None, CONFIRMED_CHANNEL)
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await woken.wait()
    except asyncio.CancelledError:
        # The process stops in order: nobody shall wait for it. A connection that is gone leaves the row to its age.
        if name is not None:
            with suppress(*DATABASE_FAULTS):
                async with asyncio.timeout(_POLL_S):
                    await conn.execute(_LEAVE, name)
        raise
    finally:
        conn.terminate()


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a clock takes aware times")
    return at.astimezone(UTC)

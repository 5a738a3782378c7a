"""Reads the event log forwards: after a position in each stream, nothing skipped, nothing twice."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self

import asyncpg
import structlog

from events.log import CHANNEL
from events.model import CLOCK_STREAM, LIVE_STREAM, Event
from runtime import queries
from runtime.pool import DATABASE_FAULTS, Connection, Pool

log = structlog.get_logger(__name__)

POLL_S: Final = 1.0
"""A lost NOTIFY costs at most this much."""

TICKS_AT_ONCE: Final = 8
"""Who was away for a while finds many ticks: read at each step, all of them would cost the square of their number."""

_SQL: Final = queries.load(__package__)
_BEGINNING: Final = datetime(1, 1, 1, tzinfo=UTC)
# Within one stream `received_at` follows `seq` but for the spread of a batch and of an outage's held messages.
_SPREAD: Final = timedelta(days=1)


class Feed:
    """The log as a consumer sees it. Holds one connection of the pool for LISTEN from the first `wait` to `close`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._woken = asyncio.Event()
        self._listening: Any = None

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    async def read(
        self,
        conn: Connection,
        after: Mapping[str, int],
        limit: int,
        *,
        received_at: Mapping[str, datetime] | None = None,
    ) -> list[Event]:
        """The next events of every stream, at most `limit`, and the next few ticks, in (stream, seq) order.

        Nothing that stands behind the last of these ticks is read where there are more. A stream that `after` does not
        name is read from its start. What stands before a tick is read before what stands behind it; beside each other
        the streams share the limit fairly, so none starves behind a busier one. `received_at` is that of the last event
        read in each stream and only saves work: positions are gapless, so a hole shows that it cut too deep, and the
        stream is read again without it.
        """
        return await read_log(conn, after, limit, received_at=received_at)

    async def wait(self, timeout_s: float = POLL_S) -> None:
        """Return when something was committed to the log, or after `timeout_s`, or after `POLL_S`: then read again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(min(timeout_s, POLL_S)):
                await self._listen()
                await self._woken.wait()
        self._woken.clear()

    async def close(self) -> None:
        """Give the listening connection back."""
        conn, self._listening = self._listening, None
        if conn is None:
            return
        with suppress(*DATABASE_FAULTS):
            await conn.remove_listener(CHANNEL, self._wake)
        await self._pool.release(conn)

    async def _listen(self) -> None:
        """Listen, again if the connection was lost. Where that fails the poll stands in."""
        if _is_open(self._listening):
            return
        await self.close()
        conn = None
        try:
            conn = await self._pool.acquire()
            await conn.add_listener(CHANNEL, self._wake)
        except DATABASE_FAULTS as fault:
            log.warning("feed_listen_failed", fault=type(fault).__name__)
            if conn is not None:
                await self._pool.release(conn)
            return
        except BaseException:
            if conn is not None:
                await self._pool.release(conn)
            raise
        self._listening = conn
        self._woken.set()  # Something may have come while nobody listened.

    def _wake(self, *_: Any) -> None:
        self._woken.set()


async def read_log(
    conn: Connection, after: Mapping[str, int], limit: int, *, received_at: Mapping[str, datetime] | None = None
) -> list[Event]:
    """What `Feed.read` gives, for who follows nothing."""
    heads = {row["stream"]: row["seq"] for row in await conn.fetch(_SQL.read_heads, LIVE_STREAM)}
    seen_at = received_at or {}
    first, last = after.get(CLOCK_STREAM, 0), heads.pop(CLOCK_STREAM, 0)
    next_few = min(last, first + TICKS_AT_ONCE)
    ticks = await _read_stream(conn, CLOCK_STREAM, first, next_few, seen_at.get(CLOCK_STREAM)) if last > first else []
    found = {CLOCK_STREAM: ticks}
    # Behind a tick that is not read yet nobody knows what to read.
    behind = heads if next_few >= last else {}
    for stream, until in plan_reading(after, behind, [tick.body["heads"] for tick in ticks], limit).items():
        found[stream] = await _read_stream(conn, stream, after.get(stream, 0), until, seen_at.get(stream))
    return [event for stream in sorted(found) for event in found[stream]]


def _is_open(conn: Any) -> bool:
    try:
        return conn is not None and not conn.is_closed()
    except asyncpg.InterfaceError:  # The pool took a broken connection back by itself.
        return False


def share_limit(pending: Mapping[str, int], limit: int) -> dict[str, int]:
    """How many events to read of each stream: the least waiting first get all they have, the rest share equally.

    Streams with nothing to read are left out; the order is that of the stream names.
    """
    shares: dict[str, int] = {}
    waiting = sorted((count, stream) for stream, count in pending.items() if count > 0)
    left = limit
    for place, (count, stream) in enumerate(waiting):
        share = min(count, -(-left // (len(waiting) - place)))
        if share > 0:
            shares[stream] = share
            left -= share
    return dict(sorted(shares.items()))


def plan_reading(
    after: Mapping[str, int], heads: Mapping[str, int], ticks: Iterable[Mapping[str, int]], limit: int
) -> dict[str, int]:
    """Up to which position to read each stream, at most `limit` events in all; streams with nothing are left out.

    `ticks` are the positions that each tick names, in order: what a tick names is wanted before anything behind it.
    """
    until: dict[str, int] = {}
    left = limit
    for wanted in [*ticks, heads]:
        pending = {stream: seq - until.get(stream, after.get(stream, 0)) for stream, seq in wanted.items()}
        shares = share_limit(pending, left)
        for stream, share in shares.items():
            until[stream] = until.get(stream, after.get(stream, 0)) + share
        left -= sum(shares.values())
        if sum(count for count in pending.values() if count > 0) > sum(shares.values()):
            break
    return dict(sorted(until.items()))


async def _read_stream(conn: Connection, stream: str, after: int, until: int, seen_at: datetime | None) -> list[Event]:
    if seen_at is not None:
        rows = await conn.fetch(_SQL.read_stream, stream, after, until, seen_at - _SPREAD)
        if len(rows) == until - after:
            return [Event.of_columns(dict(row)) for row in rows]
        log.warning("feed_pruning_missed", stream=stream, after=after, until=until, found=len(rows))
    rows = await conn.fetch(_SQL.read_stream, stream, after, until, _BEGINNING)
    return [Event.of_columns(dict(row)) for row in rows]

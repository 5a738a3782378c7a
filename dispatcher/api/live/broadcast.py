"""Reads the stream log once a process and hands each row to every open live stream, in order and without a gap."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog

from dispatcher.accounts import sessions
from dispatcher.accounts.sessions import Watcher
from dispatcher.api.errors import StreamsExhausted
from dispatcher.api.live.visibility import StreamRow
from dispatcher.api.metrics import Metrics
from runtime.pool import DATABASE_FAULTS, Connection, Pool, connect
from runtime.queries import load

log = structlog.get_logger(__name__)

QUERIES = load(__package__)
CHANNEL: Final = "rongan_stream"
PAGE_ROWS: Final = 500
_POLL_S: Final = 1.0
_RETRY_S: Final = 0.5
_QUEUE_ROWS: Final = 1000
_SUBSCRIBERS_MAX: Final = 1000


class Subscription:
    """One open stream: what it may see, and the rows that wait for it."""

    def __init__(self, token_hash: bytes, watcher: Watcher, position: int) -> None:
        self.token_hash = token_hash
        self.watcher = watcher
        self.position = position  # Rows after it come through the queue; earlier ones are the replay's.
        self._rows: asyncio.Queue[StreamRow | None] = asyncio.Queue(_QUEUE_ROWS)
        self._ended = asyncio.Event()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def offer(self, row: StreamRow) -> bool:
        """Queue a row; False where the watcher is too slow, who must then resume after what it has."""
        if self._rows.full():
            return False
        self._rows.put_nowait(row)
        return True

    def end(self) -> None:
        """Close the stream now; what is still queued is not sent."""
        self._ended.set()
        with suppress(asyncio.QueueFull):
            self._rows.put_nowait(None)

    async def next(self) -> StreamRow | None:
        """The next row; None when the stream ended."""
        if self.ended:
            return None
        row = await self._rows.get()
        return None if self.ended else row


class Broadcast:
    """The process's reader and its subscribers."""

    def __init__(self, pool: Pool, dsn: str, metrics: Metrics) -> None:
        self._pool = pool
        self._dsn = dsn
        self._metrics = metrics
        self._position = 0
        self._subscriptions: set[Subscription] = set()
        self._started = asyncio.Event()

    async def run(self) -> None:
        """Read and fan out until cancelled; then every stream ends."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(), name="stream-reader")
                tasks.create_task(self._keep_checking(), name="stream-watchers")
        finally:
            for subscription in self._subscriptions:
                subscription.end()

    @asynccontextmanager
    async def subscribed(self, token_hash: bytes) -> AsyncIterator[Subscription]:
        """A subscription from the present position on. Raises StreamsExhausted, and TimeoutError without a database."""
        if len(self._subscriptions) >= _SUBSCRIBERS_MAX:
            raise StreamsExhausted
        async with asyncio.timeout(5):
            await self._started.wait()
        async with self._pool.acquire() as conn:
            watcher = (await sessions.read_watchers(conn, [token_hash])).get(token_hash)
        subscription = Subscription(token_hash, watcher or _NOBODY, self._position)
        if watcher is None:
            subscription.end()
        self._subscriptions.add(subscription)
        self._metrics.watchers.set(len(self._subscriptions))
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
            self._metrics.watchers.set(len(self._subscriptions))

    async def replay(self, after: int, subscription: Subscription) -> AsyncIterator[StreamRow]:
        """The rows after a position up to where the subscription's own rows begin."""
        while after < subscription.position and not subscription.ended:
            async with self._pool.acquire() as conn:
                page = await _page(conn, after)
            for row in page:
                if row.seq > subscription.position:
                    return
                yield row
            if len(page) < PAGE_ROWS:
                return
            after = page[-1].seq

    def end_all(self) -> None:
        """Close every stream: the process is going down and clients shall resume elsewhere."""
        for subscription in self._subscriptions:
            subscription.end()

    async def _read(self) -> None:
        while True:
            try:
                await self._read_connected()
            except DATABASE_FAULTS as fault:
                log.warning("stream_connection_lost", fault=type(fault).__name__)
                await asyncio.sleep(_RETRY_S)

    async def _read_connected(self) -> None:
        woken = asyncio.Event()

        def wake(*_: Any) -> None:
            woken.set()

        conn = await connect(self._dsn, application_name="rongan-api-stream")
        try:
            conn.add_termination_listener(wake)
            await conn.add_listener(CHANNEL, wake)
            if not self._started.is_set():
                self._position = await conn.fetchval(QUERIES.stream_head)
                self._started.set()
            while True:
                woken.clear()
                while page := await _page(conn, self._position):
                    self._fan_out(page)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_S):
                        await woken.wait()
        finally:
            conn.terminate()

    def _fan_out(self, page: list[StreamRow]) -> None:
        # No await between the rows and the position: a subscription made meanwhile would miss or double some.
        for row in page:
            for subscription in [one for one in self._subscriptions if not one.offer(row)]:
                subscription.end()
                self._subscriptions.discard(subscription)
                self._metrics.watchers_dropped.labels("slow").inc()
        self._position = page[-1].seq
        self._metrics.stream_position.set(self._position)

    async def check_watchers(self) -> None:
        """End the streams whose session ended, and narrow or widen what the others see."""
        hashes = list({subscription.token_hash for subscription in self._subscriptions})
        if not hashes:
            return
        async with self._pool.acquire() as conn:
            watchers = await sessions.read_watchers(conn, hashes)
        for subscription in list(self._subscriptions):
            watcher = watchers.get(subscription.token_hash)
            if watcher is not None:
                subscription.watcher = watcher
            elif subscription.token_hash in hashes:
                subscription.end()
                self._subscriptions.discard(subscription)
                self._metrics.watchers_dropped.labels("session_ended").inc()

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(_POLL_S)
            try:
                await self.check_watchers()
            except DATABASE_FAULTS as fault:
                # No row can come while the database is away.
                log.warning("watchers_unchecked", fault=type(fault).__name__)


_NOBODY: Final = Watcher(roles=frozenset(), organisation_id=None, scope="")


async def _page(conn: Connection, after: int) -> list[StreamRow]:
    rows = await conn.fetch(QUERIES.read_after, after, PAGE_ROWS)
    return [
        StreamRow(
            seq=row["seq"],
            at=row["at"],
            topic=row["topic"],
            area_path=tuple(row["area_path"]),
            organisation_ids=tuple(row["organisation_ids"]),
            body=row["body"],
        )
        for row in rows
    ]

"""Commits batches: holds one while the database is away, bisects one that it refuses, settles a lost COMMIT."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg
import structlog

from events.model import QuarantineReason
from gateway.intake import batch as batches
from gateway.intake import store
from gateway.intake.batch import Batch
from gateway.intake.failpoints import Failpoint, Failpoints
from gateway.intake.metrics import IntakeMetrics
from gateway.intake.refusals import Failure, judge_failure
from gateway.intake.state import StateCache
from runtime.pool import DATABASE_FAULTS, connect

if TYPE_CHECKING:
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
else:
    Connection: TypeAlias = asyncpg.Connection

log = structlog.get_logger(__name__)

ROW_BY_ROW_S: Final = 600.0
"""How long a device whose row PostgreSQL refused is written in transactions of its own."""

_BEGIN: Final = "BEGIN; SET LOCAL rongan.actor = 'system'; SET LOCAL rongan.areas = ''"
_OUR_XID: Final = "SELECT pg_current_xact_id()::text"
_XID_STATUS: Final = "SELECT pg_xact_status($1::text::xid8)"
_PAUSE_MIN_S: Final = 0.1
_DAY: Final = timedelta(days=1)
# A row shows the lower half of its transaction's number.
_XMIN_MODULUS: Final = 2**32
# Whatever the intake joins, it looks up by key; a scan of a whole table, once chosen, would be chosen for ever.
_LOOK_UPS_ONLY: Final = (
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; SET enable_seqscan = off; "
    "SET enable_bitmapscan = off"
)


@dataclass(frozen=True, slots=True)
class WriterOptions:
    attempt_s: float = 20.0  # A server that answers nothing for so long is taken for gone.
    pause_max_s: float = 5.0  # Between two attempts while the database is away.


class Writer:
    """Owns the one connection on which this gateway writes. Reconnects by itself; never gives a batch up."""

    def __init__(
        self,
        dsn: str,
        gateway: str,
        *,
        metrics: IntakeMetrics,
        failpoints: Failpoints,
        options: WriterOptions | None = None,
    ) -> None:
        self._dsn = dsn
        self._gateway = gateway
        self._metrics = metrics
        self._failpoints = failpoints
        self._options = options or WriterOptions()
        self._conn: Connection | None = None
        self._days: set[date] = set()
        self._row_by_row: dict[int, float] = {}  # device id -> loop time until when
        self._states = StateCache()
        self._xid: str | None = None  # Of a COMMIT whose answer has not come.

    async def commit(self, batch: Batch, committed: Callable[[Batch], None]) -> None:
        """Return when every part of the batch is committed; `committed` is called for each part right after it.

        Raises only what is a bug of ours. Cancelling it acknowledges nothing that was not committed.
        """
        for part in self._parts(batch):
            await self._commit_part(part, committed)

    def close(self) -> None:
        """Drop the connection; an open transaction rolls back."""
        conn, self._conn = self._conn, None
        if conn is not None:
            conn.terminate()

    def _parts(self, batch: Batch) -> list[Batch]:
        """Messages of devices that are written row by row apart from the others, in the same order."""
        now = asyncio.get_running_loop().time()
        self._row_by_row = {device: until for device, until in self._row_by_row.items() if until > now}
        if not self._row_by_row:
            return [batch]
        parts: list[Batch] = []
        rest, place = batch, 0
        while place < len(rest.arrivals):
            device = rest.arrivals[place].device
            if device is None or device.id not in self._row_by_row:
                place += 1
                continue
            early, rest = rest.split(place)
            alone, rest = rest.split(1)
            parts += [early, alone] if early.arrivals else [alone]
            place = 0
        return [*parts, rest] if rest.arrivals or rest.presence or rest.violations else parts

    async def _commit_part(self, part: Batch, committed: Callable[[Batch], None]) -> None:
        refusal = await self._persist(part)
        if refusal is None:
            committed(part)
            return
        if len(part.arrivals) > 1:
            for half in part.split(len(part.arrivals) // 2):
                await self._commit_part(half, committed)
            return
        self._refuse(part, refusal)
        await self._commit_part(part, committed)

    def _refuse(self, part: Batch, refusal: BaseException) -> None:
        """Turn the one message of a refused part into a quarantine row. Raises the refusal if there is none to turn."""
        if not part.arrivals or part.arrivals[0].quarantine is not None:
            raise refusal
        (arrival,) = part.arrivals
        # The type and the state, not the message of the server: that one repeats the device's values.
        state = getattr(refusal, "sqlstate", None)
        arrival.refuse(QuarantineReason.DATABASE_REFUSED, f"{type(refusal).__name__} {state or ''}".strip())
        log.error("row_refused_by_database", topic=arrival.delivery.topic, fault=type(refusal).__name__, state=state)
        if arrival.device is not None:
            self._row_by_row[arrival.device.id] = asyncio.get_running_loop().time() + ROW_BY_ROW_S

    async def _persist(self, part: Batch) -> BaseException | None:
        """Try until the part is committed, which gives None, or its content is refused, which gives the refusal."""
        pause_s = _PAUSE_MIN_S
        while True:
            try:
                async with asyncio.timeout(self._options.attempt_s):
                    await self._attempt(part)
            except Exception as fault:
                failure = judge_failure(fault)
                if failure is None:
                    self.close()
                    raise
                self._metrics.failures.labels(failure).inc()
                await self._clean_up(failure)
                if failure is Failure.REFUSED:
                    return fault
                if failure is Failure.HOLD:
                    self._metrics.holding.set(1)
                    log.warning("batch_held", fault=type(fault).__name__, state=getattr(fault, "sqlstate", None))
                    await asyncio.sleep(pause_s * (0.5 + secrets.randbelow(1000) / 2000))
                    pause_s = min(self._options.pause_max_s, 2 * pause_s)
            except BaseException:
                self.close()
                raise
            else:
                self._metrics.holding.set(0)
                return None

    async def _attempt(self, part: Batch) -> None:
        conn = await self._connected()
        if await self._was_committed(conn):
            return
        await self._make_partitions(conn, part)
        with self._metrics.commit_s.time():
            await conn.execute(_BEGIN)
            states = await batches.write(conn, self._gateway, part, self._states)
            xid: str = await conn.fetchval(_OUR_XID)
            self._failpoints.reach(Failpoint.COPIED)
            self._xid = xid
            await conn.execute("COMMIT")
            self._xid = None
        self._states.keep(states, int(xid) % _XMIN_MODULUS)

    async def _connected(self) -> Connection:
        if self._conn is None or self._conn.is_closed():
            self._conn = await connect(self._dsn, application_name=f"rongan-{self._gateway}")
            await self._conn.execute(_LOOK_UPS_ONLY)
        return self._conn

    async def _was_committed(self, conn: Connection) -> bool:
        """Whether the transaction whose COMMIT went unanswered took effect. Raises TimeoutError while it is open."""
        if self._xid is None:
            return False
        status = await conn.fetchval(_XID_STATUS, self._xid)
        if status == "in progress":
            raise TimeoutError
        self._xid = None
        log.info("lost_commit_settled", status=status)
        return bool(status == "committed")

    async def _make_partitions(self, conn: Connection, part: Batch) -> None:
        """Two days back for honest backlog, one ahead so that midnight waits for nobody; older days share a default."""
        for day in sorted(part.days() - self._days):
            await store.ensure_partitions(conn, day - 2 * _DAY, day + _DAY)
            await store.drop_delivery_keys_before(conn, day - _DAY)
            self._days.add(day)

    async def _clean_up(self, failure: Failure) -> None:
        """Roll back, or drop the connection where even that cannot be trusted."""
        self._states.forget()  # The failed attempt has moved them.
        conn = self._conn
        if conn is None:
            return
        if failure is not Failure.HOLD and not conn.is_closed():
            self._xid = None  # The server answered: it did not commit.
            with suppress(TimeoutError, *DATABASE_FAULTS):
                async with asyncio.timeout(self._options.attempt_s):
                    await conn.execute("ROLLBACK")
                    return
        self.close()

"""What the leader does beside its steps: prolongs its lease, and lets partitions stand ready ahead of the clock."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from dispatcher.engine import leadership
from runtime.clock import Clock
from runtime.pool import Pool
from runtime.queries import load

QUERIES = load(__package__)

PARTITIONS_AHEAD: Final = timedelta(days=3)


class Upkeep:
    """Called between steps; does what is due."""

    def __init__(self, pool: Pool, clock: Clock, epoch: int) -> None:
        self._pool = pool
        self._clock = clock
        self._epoch = epoch
        self._renewed_at_s = 0.0
        self._partitions_to: datetime | None = None

    async def keep(self) -> None:
        """Raises leadership.Fenced when another process leads."""
        await self._keep_lease()
        await self._keep_partitions()

    async def _keep_lease(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._renewed_at_s < leadership.RENEW_S:
            return
        async with self._pool.acquire() as conn:
            await leadership.renew(conn, self._epoch)
        self._renewed_at_s = now_s

    async def _keep_partitions(self) -> None:
        """Partitions follow the domain's clock, some days ahead of it; delivery keys older than yesterday go."""
        now = self._clock.now()
        if self._partitions_to is not None and now + PARTITIONS_AHEAD / 2 < self._partitions_to:
            return
        async with self._pool.acquire() as conn:
            last = now + PARTITIONS_AHEAD
            await conn.fetchval(QUERIES.ensure_partitions, (now - timedelta(days=2)).date(), last.date())
            await conn.fetchval(QUERIES.drop_delivery_keys, (now - timedelta(days=1)).date())
        self._partitions_to = last

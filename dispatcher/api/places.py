"""The areas in memory, read again once a minute: which one a position lies in, and each one's path."""

import asyncio
from typing import Final

from registry.areas import AreaIndex, read_areas
from registry.deployment import read_deployment
from registry.projection import Origin
from runtime.pool import Connection

_FRESH_S: Final = 60.0


class Places:
    """Areas and the origin of the local plane."""

    def __init__(self) -> None:
        self._areas: AreaIndex | None = None
        self._origin: Origin | None = None
        self._read_at_s = 0.0

    async def areas(self, conn: Connection) -> AreaIndex:
        now_s = asyncio.get_running_loop().time()
        if self._areas is None or now_s - self._read_at_s > _FRESH_S:
            self._areas = AreaIndex(await read_areas(conn))
            self._read_at_s = now_s
        return self._areas

    async def origin(self, conn: Connection) -> Origin:
        if self._origin is None:
            self._origin = (await read_deployment(conn)).origin
        return self._origin

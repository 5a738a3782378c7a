"""The city's time as a simulated device knows it: read from the api now and then, kept by its own clock in between."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp

from simulators.api import Api, ApiRefused


class CityClock:
    """Follows `GET /clock`. A simulated clock stands still between two readings, a real one runs on."""

    def __init__(self, machine: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._machine = machine
        self._read_at = self._served = machine()
        self._simulated = False

    def now(self) -> datetime:
        if self._simulated:
            return self._served
        return self._served + (self._machine() - self._read_at)

    def set(self, served: datetime, *, simulated: bool) -> None:
        """Take over a time that the api has told."""
        self._served = served
        self._simulated = simulated
        self._read_at = self._machine()

    async def follow(self, api: Api, every_s: float = 5.0) -> None:
        """Read the clock again and again; while the api is away the last reading runs on."""
        while True:
            await self.read(api)
            await asyncio.sleep(every_s)

    async def read(self, api: Api) -> bool:
        """Read the clock once; False if the api did not tell."""
        try:
            served, simulated = await api.clock()
        except (ApiRefused, aiohttp.ClientError, TimeoutError):
            return False
        self.set(served, simulated=simulated)
        return True

"""Places hotline calls: one at a time, at random moments, each with its own idempotency key."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final
from uuid import UUID

import aiohttp

from sensors.profile import local_hour
from simulators.api import Api, ApiRefused
from simulators.credentials import Credential
from simulators.hotline.texts import PLACES, SCRIPTS
from simulators.reconnect import pause_s

_ATTEMPTS: Final = 6


@dataclass(slots=True)
class CallTally:
    """How the calls went."""

    placed: int = 0
    known: int = 0  # The api had the call already: a repeated request.
    refused: int = 0
    lost: int = 0  # Every attempt failed.


class Caller:
    """Residents near the given devices. `per_hour` is the rate at noon; nights are quieter."""

    def __init__(self, api: Api, near: Sequence[Credential], now: Callable[[], datetime], *, seed: int) -> None:
        self.tally: Final = CallTally()
        self._api = api
        self._near = [credential for credential in near if credential.lon is not None and credential.lat is not None]
        self._now = now
        self._rng = Random(f"{seed} callers")

    async def run(self, per_hour: float, duration_s: float) -> CallTally:
        """Call for `duration_s` seconds of real time."""
        try:
            async with asyncio.timeout(duration_s):
                while True:
                    rate = per_hour * _wakefulness(local_hour(self._now()))
                    await asyncio.sleep(self._rng.expovariate(rate / 3600))
                    await self.place(self.invent())
        except TimeoutError:
            return self.tally

    def invent(self) -> dict[str, object]:
        """The body of a plausible call; most have a position near a device, some have none."""
        script = self._rng.choice(SCRIPTS)
        place = self._rng.choice(PLACES)
        body: dict[str, object] = {
            "text": script.text.format(place=place),
            "demand": script.demand,
            "anonymous": self._rng.random() < 0.2,
            "address": place,
        }
        if script.kind is not None:
            body["kind"] = script.kind
        if self._near and self._rng.random() < 0.85:
            near = self._rng.choice(self._near)
            body["lon"] = round((near.lon or 0) + self._rng.gauss(0, 0.0005), 7)
            body["lat"] = round((near.lat or 0) + self._rng.gauss(0, 0.0005), 7)
        return body

    async def place(self, body: dict[str, object]) -> int | None:
        """Post one call, again with the same key while the api is away; its id, or None if it was refused or lost."""
        key = str(UUID(int=self._rng.getrandbits(128), version=4))
        for attempt in range(_ATTEMPTS):
            try:
                call_id, known = await self._api.call(key, body)
            except ApiRefused as refusal:
                if refusal.status < 500:
                    self.tally.refused += 1
                    return None
            except (aiohttp.ClientError, TimeoutError):
                pass  # The api is away: the call is placed again below, with the same key.
            else:
                self.tally.placed += 1
                self.tally.known += known
                return call_id
            await asyncio.sleep(pause_s(self._rng, attempt))
        self.tally.lost += 1
        return None


def _wakefulness(hour: float) -> float:
    """1 by day, a tenth in the small hours."""
    return 0.1 if hour < 6 else 1.0 if 8 <= hour < 22 else 0.5

"""Many devices at once, each posting in the rhythm of its type until told to stop."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from random import Random
from typing import Final

from sensors.access_gate.profile import PROFILE as GATE
from sensors.charging_shed.profile import PROFILE as SHED
from sensors.profile import Profile
from sensors.smart_security_camera.profile import PROFILE as CAMERA
from sensors.waste_bin.profile import PROFILE as BIN
from simulators.credentials import Credential
from simulators.fleet.device import Broker, SimulatedDevice, Tally

PROFILES: Final[Mapping[str, Profile]] = {
    "smart_security_camera": CAMERA,
    "access_gate": GATE,
    "waste_bin": BIN,
    "charging_shed": SHED,
}
"""Types that live by themselves; the others are skipped."""


class Fleet:
    """The devices of a credentials file. `pace` 2 posts twice as often as in life."""

    def __init__(
        self,
        credentials: Iterable[Credential],
        broker: Broker,
        now: Callable[[], datetime],
        *,
        seed: int,
        sid: int,
        pace: float = 1.0,
    ) -> None:
        self.tally: Final = Tally()
        self._now = now
        self._pace = pace
        self._seed = seed
        self._pinned: dict[str, dict[str, float]] = {}
        self.devices: Final[Mapping[str, SimulatedDevice]] = {
            credential.device: SimulatedDevice(
                credential, broker, now, sid=sid, rng=Random(f"{seed} {credential.client_id}"), tally=self.tally
            )
            for credential in credentials
            if credential.device_type in PROFILES
        }

    def pin(self, device: str, values: Mapping[str, float]) -> None:
        """Let a device report these values instead of its rhythm's, and once at once."""
        self._pinned[device] = dict(values)
        self.devices[device].post_properties(values)

    def unpin(self, device: str) -> None:
        """Give a device back to its rhythm."""
        self._pinned.pop(device, None)

    async def run(self, duration_s: float) -> Tally:
        """Run every device for `duration_s` seconds of real time."""
        try:
            async with asyncio.timeout(duration_s), asyncio.TaskGroup() as tasks:
                for name, device in self.devices.items():
                    tasks.create_task(device.run(), name=f"connection of {name}")
                    tasks.create_task(self._live(device), name=f"rhythm of {name}")
        except TimeoutError:
            pass
        return self.tally

    async def _live(self, device: SimulatedDevice) -> None:
        profile = PROFILES[device.credential.device_type]
        rng = Random(f"{self._seed} life of {device.credential.client_id}")
        at = self._now()
        values = profile.first(rng, at)
        # Spread over the first interval: a real fleet was not switched on in one second.
        await asyncio.sleep(rng.uniform(0, profile.interval_s / self._pace))
        while True:
            pinned = self._pinned.get(device.credential.device, {})
            device.post_properties({**values, **pinned})
            for name, said in profile.spoken(rng, at, profile.interval_s):
                device.post_event(name, said)
            await asyncio.sleep(profile.interval_s / self._pace * rng.uniform(0.9, 1.1))
            # A standing exercise clock must not stop the rhythm, a leap of it must not fill every bin at once.
            moved_s = (self._now() - at).total_seconds()
            elapsed_s = min(max(moved_s, profile.interval_s), 3600.0)
            at = self._now()
            values = profile.following(rng, at, elapsed_s, values)

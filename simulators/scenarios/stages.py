"""Where the fire case is played: on three devices of its own."""

from datetime import datetime
from typing import Final

from simulators.credentials import Credential
from simulators.fleet.device import SimulatedDevice
from simulators.hotline.caller import Caller

_ORDINARY: Final = {"fill_pct": 46.0, "tilt_deg": 1.0, "battery_pct": 91.0}


class OwnStage:
    """Three devices that do nothing else."""

    def __init__(self, devices: dict[str, SimulatedDevice], caller: Caller) -> None:
        self._devices = devices
        self._caller = caller

    def heat(self, device: Credential, temperature_c: float, at: datetime) -> None:
        self._devices[device.device].post_properties({**_ORDINARY, "temperature_c": temperature_c}, at)

    def see_smoke(self, device: Credential, scene: dict[str, object], at: datetime) -> None:
        self._devices[device.device].post_event("smoke", scene, at)

    async def call(self, body: dict[str, object]) -> None:
        await self._caller.place(body)

"""The yardstick of the front door: the same endpoint with nothing behind it, acknowledging without storing."""

import asyncio
import sys
from collections.abc import Callable, Sequence

import uvloop

from gateway.auth.devices import DeviceAuthority
from gateway.endpoint.options import EndpointOptions, Listener
from gateway.endpoint.server import Endpoint
from gateway.intake.model import Delivery, PresenceChange, Source
from registry.deployment import read_deployment
from registry.devices import DeviceDirectory
from runtime import readiness
from runtime.clock import RealClock
from runtime.pool import connect
from runtime.settings import Settings


class NullIntake:
    """An intake that commits nothing and says so at the end of each turn of the loop."""

    full = False

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._tokens: dict[Source, list[int]] = {}

    def offer(self, delivery: Delivery) -> None:
        if not self._tokens:
            self._loop.call_soon(self._acknowledge)
        self._tokens.setdefault(delivery.source, []).append(delivery.token)

    def offer_presence(self, change: PresenceChange) -> None:
        """Nobody is told."""

    def add_room_listener(self, listener: Callable[[], None]) -> None:
        """Never full, so nobody waits for room."""

    def _acknowledge(self) -> None:
        tokens: dict[Source, list[int]] = self._tokens
        self._tokens = {}
        for source, committed in tokens.items():
            told: Sequence[int] = committed
            source.committed(told)


async def _serve(settings: Settings) -> None:
    conn = await connect(settings.app_dsn(), application_name="rongan-null-endpoint")
    directory = DeviceDirectory((await read_deployment(conn)).origin)
    await directory.load(conn)
    await conn.close()
    endpoint = Endpoint(
        intake=NullIntake(),
        authority=DeviceAuthority(directory, settings.device_key()),
        clock=RealClock(),
        on_violation=lambda _violation: None,
        options=EndpointOptions(listeners=(Listener(settings.mqtt_host, settings.mqtt_port),)),
    )
    await endpoint.start()
    readiness.announce()
    await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(uvloop.run(_serve(Settings())))

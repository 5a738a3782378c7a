"""The front door itself: listens, and is asked to send to, close or refresh a device by its id."""

import asyncio
from collections.abc import Callable

import structlog

from gateway.auth.model import Authority, Violation
from gateway.endpoint.connection import Connection
from gateway.endpoint.door import Door, Pause
from gateway.endpoint.downlink import Outcome
from gateway.endpoint.metrics import EndpointCounts
from gateway.endpoint.options import EndpointOptions, Timers
from gateway.intake.model import IntakePort, PresenceCause
from registry.devices import Device
from runtime.clock import Clock

log = structlog.get_logger(__name__)


class Endpoint:
    """A PUBACK from here means: committed. What is refused is never acknowledged and told to `on_violation`.

    Stop in this order: `stop_reading`, drain the intake (its acknowledgements still go out), `close`.
    Closing gives neither wills nor presence, just as a kill would: whoever starts next finds the
    presence of the old process and settles it.
    """

    def __init__(
        self,
        *,
        intake: IntakePort,
        authority: Authority,
        clock: Clock,
        on_violation: Callable[[Violation], None],
        options: EndpointOptions | None = None,
        timers: Timers | None = None,
    ) -> None:
        self._options = options or EndpointOptions()
        self._servers: list[asyncio.Server] = []
        self._door = Door(
            intake=intake,
            authority=authority,
            clock=clock,
            timers=timers or asyncio.get_running_loop(),
            options=self._options,
            on_violation=on_violation,
        )

    @property
    def counts(self) -> EndpointCounts:
        return self._door.counts

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports listened on, in the order of the listeners; known after `start`."""
        return tuple(server.sockets[0].getsockname()[1] for server in self._servers)

    async def start(self) -> None:
        """Listen. Raises OSError if an address is taken."""
        loop = asyncio.get_running_loop()
        for listener in self._options.listeners:
            server = await loop.create_server(
                lambda: Connection(self._door),
                listener.host,
                listener.port,
                ssl=listener.tls,
                backlog=self._options.backlog,
            )
            self._servers.append(server)
        log.info("endpoint_started", ports=self.ports)

    def connected(self, device_id: int) -> bool:
        return device_id in self._door.seats

    def send(self, device_id: int, topic: str, payload: bytes) -> Outcome:
        """Send a message to a connected device that subscribed to the topic."""
        seat = self._door.seats.get(device_id)
        if seat is None:
            self._door.counts.downlinks[Outcome.OFFLINE] += 1
            return Outcome.OFFLINE
        return seat.send(topic, payload)

    def close_device(self, device_id: int, cause: PresenceCause = PresenceCause.REVOKED) -> bool:
        """Close the device's connection at once; whether it had one. What it sent before is still committed."""
        seat = self._door.seats.get(device_id)
        if seat is None:
            return False
        seat.end(cause)
        return True

    def refresh_device(self, device_id: int, device: Device | None) -> None:
        """A listener for the device directory: revoked devices are closed, others carry on as what they are now."""
        seat = self._door.seats.get(device_id)
        if seat is None or seat.device is None:
            return
        if device is None or not device.enabled or device.secret_hmac != seat.device.secret_hmac:
            seat.end(PresenceCause.REVOKED)
        else:
            seat.device = device

    def stop_reading(self) -> None:
        """Take no new connection and no further message; acknowledgements go out until `close`."""
        for server in self._servers:
            server.close()
        self._door.pause_all(Pause.STOPPING)

    async def close(self) -> None:
        self.stop_reading()
        for member in tuple(self._door.members):
            member.end(None)
        for server in self._servers:
            await server.wait_closed()
        log.info("endpoint_stopped")

"""What stands around a door under test: an intake that commits on command, devices with secrets, a bare MQTT client."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

from gateway.auth.devices import DeviceAuthority
from gateway.auth.model import Violation, ViolationReason
from gateway.endpoint.options import EndpointOptions, Listener
from gateway.endpoint.server import Endpoint
from gateway.intake.model import Delivery, PresenceCause, PresenceChange, Source
from gateway.mqtt.decoder import Decoder, Limits
from gateway.mqtt.encoder import encode
from gateway.mqtt.packets import ConnAck, Connect, ConnectCode, Disconnect, Packet, PingReq, PingResp, Will
from registry.credentials import Credential, new_credential, secret_hmac
from registry.devices import Device
from runtime.clock import SimulatedClock
from sensors.registry import DEVICE_TYPES

FAILURE_S = 30.0  # how long a test waits for what must happen; a failure, not a pace
START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SECRET_KEY = b"k" * 32

P = TypeVar("P")


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until a condition of what runs in it holds; for counts, which tell nobody that they changed."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(FAILURE_S):
        while not condition():
            turned = asyncio.Event()
            loop.call_later(0.001, turned.set)
            await turned.wait()


class Told:
    """Lets a test wait until a condition on what was told holds."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def tell(self) -> None:
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(FAILURE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


class RecordingIntake:
    """An `IntakePort` that keeps everything and commits when the test says so, or at once with `commits = True`.

    It is full when the test says so, or when `room` more messages came.
    """

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.presence: list[PresenceChange] = []
        self.commits = False
        self.full = False
        self.room: int | None = None
        self.told = Told()
        self._uncommitted: list[Delivery] = []
        self._listeners: list[Callable[[], None]] = []

    def offer(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self._uncommitted.append(delivery)
        if self.room is not None:
            self.room -= 1
            self.full = self.room <= 0
        if self.commits:
            asyncio.get_running_loop().call_soon(self.commit)
        self.told.tell()

    def offer_presence(self, change: PresenceChange) -> None:
        self.presence.append(change)
        self.told.tell()

    def add_room_listener(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    def make_room(self) -> None:
        self.full = False
        for listener in self._listeners:
            listener()

    def commit(self, count: int | None = None) -> int:
        """Acknowledge the oldest `count` messages, or all; how many they were."""
        batch = self._uncommitted[:count]
        del self._uncommitted[: len(batch)]
        tokens: dict[Source, list[int]] = {}
        for delivery in batch:
            if delivery.token:
                tokens.setdefault(delivery.source, []).append(delivery.token)
        for source, received in tokens.items():
            source.committed(received)
        return len(batch)

    async def received(self, count: int) -> list[Delivery]:
        """Wait for so many messages in all."""
        await self.told.until(lambda: len(self.deliveries) >= count)
        return self.deliveries

    async def heard_presence(self, *causes: PresenceCause) -> list[PresenceChange]:
        """Wait until the presence changes are these, in this order."""
        await self.told.until(lambda: [change.cause for change in self.presence] == list(causes))
        return self.presence


class ManualTimers:
    """Timers that run when the test lets time pass."""

    @dataclass(eq=False)
    class Waiting:
        due: float
        callback: Callable[..., Any]
        cancelled: bool = False

        def cancel(self) -> None:
            self.cancelled = True

    def __init__(self) -> None:
        self._now = 1000.0
        self._waiting: list[ManualTimers.Waiting] = []

    def time(self) -> float:
        return self._now

    def call_later(self, delay: float, callback: Callable[..., Any], /, *args: Any) -> Waiting:
        waiting = self.Waiting(self._now + delay, lambda: callback(*args))
        self._waiting.append(waiting)
        return waiting

    def advance(self, seconds: float) -> None:
        """Let time pass and run what becomes due, in order."""
        until = self._now + seconds
        while due := [waiting for waiting in self._waiting if not waiting.cancelled and waiting.due <= until]:
            first = min(due, key=lambda waiting: waiting.due)
            self._waiting.remove(first)
            self._now = max(self._now, first.due)
            first.callback()
        self._now = until


class Registry:
    """Devices in memory, each with its credential."""

    def __init__(self) -> None:
        self._devices: dict[tuple[str, str], Device] = {}
        self.credentials: dict[str, Credential] = {}

    def get(self, product: str, name: str) -> Device | None:
        return self._devices.get((product, name))

    def add(self, name: str, *, product: str = "bin3", enabled: bool = True) -> Device:
        credential = new_credential(product, name)
        device = Device(
            id=len(self._devices) + 1,
            product=product,
            name=name,
            type=DEVICE_TYPES["waste_bin"],
            area_id="demo",
            area_path=("demo",),
            lon=None,
            lat=None,
            x_dm=None,
            y_dm=None,
            place=None,
            secret_hmac=secret_hmac(SECRET_KEY, credential.password),
            enabled=enabled,
        )
        self._devices[product, name] = device
        self.credentials[name] = credential
        return device


class Peer:
    """A bare MQTT client: sends packets or any bytes, and shows every packet that comes back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder(Limits())
        self._heard: list[Packet] = []

    @classmethod
    async def open(cls, port: int, **options: Any) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port, **options))

    def send(self, *packets: Packet | bytes) -> None:
        self._writer.write(b"".join(packet if isinstance(packet, bytes) else encode(packet) for packet in packets))

    async def hear(self) -> Packet | None:
        """The next packet, None when the connection is closed."""
        async with asyncio.timeout(FAILURE_S):
            while not self._heard:
                try:
                    raw = await self._reader.read(65536)
                except ConnectionError:
                    raw = b""
                if not raw:
                    return None
                self._heard.extend(self._decoder.packets(raw))
        return self._heard.pop(0)

    async def expect(self, *packets: Packet) -> None:
        """The next packets are these."""
        for packet in packets:
            heard = await self.hear()
            assert heard == packet
            assert type(heard) is type(packet)

    async def expect_close(self, *last: Packet) -> None:
        """Nothing comes but these packets and the end of the connection."""
        await self.expect(*last)
        assert await self.hear() is None

    async def expect_silence(self) -> None:
        """Nothing was sent to us up to now: a ping overtakes nothing, and its answer is the next packet."""
        self.send(PingReq())
        await self.expect(PingResp())

    async def raw(self) -> bytes:
        """All bytes up to the end of the connection."""
        async with asyncio.timeout(FAILURE_S):
            return await self._reader.read()

    def reset(self) -> None:
        """Break the connection without DISCONNECT."""
        self._writer.transport.abort()

    async def drained(self) -> None:
        await self._writer.drain()

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError, TimeoutError):
            await self._writer.wait_closed()


class FrontDoor:
    """An endpoint on a free port with a recording intake behind it."""

    def __init__(self, *, options: EndpointOptions | None = None, timers: ManualTimers | None = None) -> None:
        self.intake = RecordingIntake()
        self.registry = Registry()
        self.clock = SimulatedClock(START)
        self.violations: list[Violation] = []
        self.told = Told()
        self.timers = timers
        self.endpoint = Endpoint(
            intake=self.intake,
            authority=DeviceAuthority(self.registry, SECRET_KEY),
            clock=self.clock,
            on_violation=self._violated,
            options=options or EndpointOptions(listeners=(Listener(port=0),)),
            timers=timers,
        )
        self._peers = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.endpoint.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._peers.aclose()
        await self.endpoint.close()

    @property
    def port(self) -> int:
        return self.endpoint.ports[0]

    def pass_time(self, seconds: float) -> None:
        assert self.timers is not None
        self.timers.advance(seconds)
        self.clock.advance_to(self.clock.now() + timedelta(seconds=seconds))

    async def stranger(self) -> Peer:
        """A connection that has said nothing yet."""
        peer = await Peer.open(self.port)
        self._peers.push_async_callback(peer.close)
        return peer

    def hello(self, name: str, **changes: Any) -> Connect:
        """The right CONNECT of a registered device, with changes."""
        credential = self.registry.credentials[name]
        fields: dict[str, Any] = {
            "client_id": credential.client_id,
            "keep_alive_s": 60,
            "clean_session": True,
            "will": None,
            "user_name": credential.user_name,
            "password": credential.password.encode(),
        }
        return Connect(**(fields | changes))

    async def device(self, name: str, *, will: Will | None = None, keep_alive_s: int = 60) -> Peer:
        """A connected device, registered if it is not yet."""
        if name not in self.registry.credentials:
            self.registry.add(name)
        peer = await self.stranger()
        peer.send(self.hello(name, will=will, keep_alive_s=keep_alive_s))
        await peer.expect(ConnAck(ConnectCode.ACCEPTED))
        return peer

    async def settled(self) -> None:
        """Wait until all connections opened before are accepted: a later one is accepted after them."""
        probe = await self.device("probe")
        probe.send(Disconnect())
        await probe.expect_close()

    async def violated(self, *reasons: ViolationReason) -> Sequence[Violation]:
        """Wait until the violations are these, in this order."""
        await self.told.until(lambda: [violation.reason for violation in self.violations] == list(reasons))
        return self.violations

    def _violated(self, violation: Violation) -> None:
        self.violations.append(violation)
        self.told.tell()


Open = Callable[..., Awaitable[FrontDoor]]

"""One device's MQTT connection that sends as fast as acknowledgements come and loses nothing when it breaks.

A message leaves the line only by its PUBACK. After a reconnect everything unacknowledged is sent again in order, with
DUP set; what waits behind the window follows. Raw bytes, so that a generator of thousands of lines costs little.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Final

from simulators import wire
from simulators.credentials import Credential
from simulators.reconnect import pause_s

KEEP_ALIVE_S: Final = 60
_CONNECT_WAIT_S: Final = 30.0
_SERVER_UNAVAILABLE: Final = 3

Tag = tuple[int, int, float]
"""What the owner wants back with the acknowledgement: (line index, seq, scheduled at)."""


class LineRefused(ConnectionError):
    """The server answered CONNECT with this return code; trying again would not help."""

    def __init__(self, client_id: str, code: int) -> None:
        super().__init__(f"{client_id}: CONNECT refused with code {code}")
        self.client_id: Final = client_id
        self.code: Final = code


class Line(asyncio.Protocol):
    """`offer` never blocks; `on_acked(tag)` is called on the loop for each PUBACK."""

    def __init__(
        self,
        credential: Credential,
        host: str,
        port: int,
        *,
        window: int,
        on_acked: Callable[[Tag], None],
        rng: Random,
        reconnect_first_s: float = 0.2,
        reconnect_longest_s: float = 5.0,
    ) -> None:
        self.credential: Final = credential
        self.reconnects = 0
        self.connected = asyncio.Event()
        self._address = (host, port)
        self._window = window
        self._on_acked = on_acked
        self._rng = rng
        self._pauses = (reconnect_first_s, reconnect_longest_s)
        self._connect = wire.connect(credential.client_id, credential.user_name, credential.password, KEEP_ALIVE_S)
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._in_flight: dict[int, tuple[bytes, Tag]] = {}
        self._waiting: deque[tuple[bytes, bytes, Tag]] = deque()
        self._packet_id = 0
        self._lost: asyncio.Future[None] | None = None
        self._accepted: asyncio.Future[int] | None = None
        self._last_written = 0.0

    @property
    def unacknowledged(self) -> int:
        """Messages in flight or waiting."""
        return len(self._in_flight) + len(self._waiting)

    def offer(self, head: bytes, payload: bytes, tag: Tag) -> None:
        """Send a message (`head` from `wire.publish_head`) or let it wait for a place in the window."""
        if self._transport is not None and len(self._in_flight) < self._window:
            self._write(head, payload, tag)
        else:
            self._waiting.append((head, payload, tag))

    async def run(self) -> None:
        """Stay connected until cancelled. Raises LineRefused if the server does not want this device."""
        failures = 0
        while True:
            try:
                await self._session()
            except LineRefused:
                raise
            except (OSError, TimeoutError, wire.MalformedPacket):
                failures += 1
            else:
                failures = 0
            self.reconnects += 1
            await asyncio.sleep(pause_s(self._rng, failures, first_s=self._pauses[0], longest_s=self._pauses[1]))

    def ping_if_idle(self, now: float) -> None:
        """Keep the connection alive; the owner calls this now and then for all its lines."""
        if self._transport is not None and now - self._last_written > KEEP_ALIVE_S / 2:
            self._last_written = now
            self._transport.write(wire.PINGREQ)

    async def _session(self) -> None:
        loop = asyncio.get_running_loop()
        self._lost = loop.create_future()
        self._accepted = loop.create_future()
        self._buffer.clear()
        transport, _ = await loop.create_connection(lambda: self, *self._address)
        try:
            transport.write(self._connect)
            async with asyncio.timeout(_CONNECT_WAIT_S):
                code = await self._accepted
            if code == _SERVER_UNAVAILABLE:
                raise ConnectionRefusedError("server unavailable")
            if code:
                raise LineRefused(self.credential.client_id, code)
            self._open(transport, loop.time())
            await self._lost
        finally:
            self._transport = None
            self.connected.clear()
            transport.close()

    def _open(self, transport: asyncio.Transport, now: float) -> None:
        self._transport = transport
        self._last_written = now
        transport.writelines([wire.again(packet) for packet, _ in self._in_flight.values()])
        self._fill_window()
        self.connected.set()

    def _fill_window(self) -> None:
        while self._waiting and len(self._in_flight) < self._window:
            self._write(*self._waiting.popleft())

    def _write(self, head: bytes, payload: bytes, tag: Tag) -> None:
        packet_id = self._packet_id % 65_535 + 1
        while packet_id in self._in_flight:
            packet_id = packet_id % 65_535 + 1
        self._packet_id = packet_id
        packet = head + packet_id.to_bytes(2, "big") + payload
        self._in_flight[packet_id] = (packet, tag)
        if self._transport is not None:
            self._transport.write(packet)

    def data_received(self, data: bytes) -> None:
        """Called by the loop with what came in."""
        self._buffer += data
        while (packet := wire.take_packet(self._buffer)) is not None:
            kind, body = packet
            if kind == wire.PUBACK:
                known = self._in_flight.pop(int.from_bytes(body[:2], "big"), None)
                if known is not None:
                    self._on_acked(known[1])
            elif kind == wire.CONNACK and self._accepted is not None and not self._accepted.done():
                self._accepted.set_result(body[1])
        if self._waiting and self._transport is not None:
            self._fill_window()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop when the connection is gone, whoever closed it."""
        self._transport = None
        gone = ConnectionResetError("connection lost") if exc is None else exc
        if self._accepted is not None and not self._accepted.done():
            self._accepted.set_exception(gone)
        elif self._lost is not None and not self._lost.done():
            self._lost.set_result(None)

"""One connection to a broker as a source of deliveries: a packet id is acknowledged once, on its own connection."""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from gateway.auth.model import Devices
from gateway.intake.model import Delivery, IntakePort
from gateway.mqtt.acks import AckOrder
from gateway.mqtt.packets import Publish
from gateway.session.metrics import SessionCounts
from gateway.session.options import SessionOptions
from registry.devices import Device
from runtime.clock import Clock


class Outlet(Protocol):
    """What a reader needs of the connection it reads."""

    def acknowledge(self, packet_ids: Sequence[int]) -> None: ...

    def publish(self, topic: str, payload: bytes) -> bool: ...

    def stop_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Reader:
    """A `gateway.intake.model.Source` of one epoch.

    Packet ids mean something on one connection alone: after a reconnect the same id may be another message, and
    acknowledging it for the sake of the old one would lose it. So each connection has a reader of its own, and a
    commit that comes when it is over acknowledges nothing; the broker sends those messages again.
    """

    def __init__(
        self, *, intake: IntakePort, devices: Devices, clock: Clock, options: SessionOptions, counts: SessionCounts
    ) -> None:
        self._intake = intake
        self._devices = devices
        self._clock = clock
        self._options = options
        self._counts = counts
        self._outlet: Outlet | None = None
        self._stopped = False
        self._acks = AckOrder()
        self._unacknowledged: dict[int, int] = {}  # packet id -> how many messages hold it
        self._acknowledged: dict[int, int] = {}  # packet id -> hash of the message that it last was
        self._hashes: dict[int, int] = {}
        self._held: deque[Delivery] = deque()
        self._held_bytes = 0

    def attach(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def detach(self) -> None:
        """The connection is over: what is held or not acknowledged will come again."""
        self._outlet = None
        self._forget_held()

    def stop(self) -> None:
        """Take nothing more; commits are still acknowledged."""
        self._stopped = True
        self._forget_held()

    def closed(self) -> bool:
        return self._outlet is None

    def received(self, message: Publish) -> None:
        """Take a message from the broker, unless it repeats one of this connection (ruling D7)."""
        if self._outlet is None or self._stopped:
            return
        topic, payload, qos, retain, dup, packet_id, properties = message
        token = 0
        if qos:
            content = hash((topic, payload))
            if dup and self._repeats(packet_id, content):
                self._counts.repeated += 1
                return
            token = self._acks.take(packet_id)
            self._unacknowledged[packet_id] = self._unacknowledged.get(packet_id, 0) + 1
            self._hashes[packet_id] = content
        else:
            self._counts.received_qos0 += 1
        self._counts.received += 1
        self._counts.redelivered += dup
        device = device_of(topic, self._devices)
        delivery = Delivery(topic, payload, qos, retain, dup, device, self, token, self._clock.now(), properties)
        if self._held or self._intake.full:
            self._hold(delivery)
        else:
            self._intake.offer(delivery)

    def committed(self, tokens: Sequence[int]) -> None:
        due = self._acks.release(tokens)
        if self._outlet is None:
            self._counts.stale += len(due)
            return
        for packet_id in due:
            self._settle(packet_id)
        self._outlet.acknowledge(due)
        self._counts.acknowledged += len(due)

    def publish(self, topic: str, payload: bytes) -> None:
        if self._outlet is not None and self._outlet.publish(topic, payload):
            self._counts.receipts += 1
        else:
            self._counts.receipts_dropped += 1

    def offer_held(self) -> None:
        """The intake has room."""
        while self._held and not self._intake.full:
            delivery = self._held.popleft()
            self._held_bytes -= len(delivery.payload)
            self._counts.held -= 1
            self._intake.offer(delivery)
        if not self._held and self._outlet is not None:
            self._outlet.resume_reading()

    def _forget_held(self) -> None:
        self._counts.held -= len(self._held)
        self._held.clear()
        self._held_bytes = 0

    def _repeats(self, packet_id: int, content: int) -> bool:
        return packet_id in self._unacknowledged or self._acknowledged.get(packet_id) == content

    def _settle(self, packet_id: int) -> None:
        left = self._unacknowledged[packet_id] - 1
        if left:
            self._unacknowledged[packet_id] = left
            return
        del self._unacknowledged[packet_id]
        self._acknowledged[packet_id] = self._hashes.pop(packet_id)

    def _hold(self, delivery: Delivery) -> None:
        self._held.append(delivery)
        self._held_bytes += len(delivery.payload)
        self._counts.held += 1
        over = len(self._held) > self._options.held_messages or self._held_bytes > self._options.held_bytes
        if over and self._outlet is not None:
            self._outlet.stop_reading()


def device_of(topic: str, devices: Devices) -> Device | None:
    """Whose topic it is: `/sys/{product}/{device}/...`, with or without the leading slash."""
    levels = topic.removeprefix("/").split("/", 3)
    if len(levels) < 4 or levels[0] != "sys":
        return None
    return devices.get(levels[1], levels[2])

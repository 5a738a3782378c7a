"""Messages to one device: what it subscribed to, and the window of those it has not acknowledged."""

from collections import deque
from collections.abc import Callable
from enum import StrEnum

from gateway.mqtt import encoder
from gateway.mqtt.packets import Publish
from gateway.mqtt.topics import has_wildcard, matches


class Outcome(StrEnum):
    """What became of a message to a device."""

    SENT = "sent"  # written to the connection
    QUEUED = "queued"  # waits for the window
    UNSUBSCRIBED = "unsubscribed"  # the device did not subscribe to the topic
    DROPPED = "dropped"  # QoS 0 to a device that does not read just now
    OVERFLOW = "overflow"  # the queue is full: the device does not read what it is sent
    OFFLINE = "offline"  # the device is not connected here


class Downlink:
    """Delivers at QoS 1 in order, at most `window` at a time.

    Sessions are clean: what a device has not acknowledged when its connection ends is forgotten,
    and whoever sent it learns that from the missing answer, not from a later re-send.
    """

    def __init__(self, write: Callable[[bytes], None], *, window: int, queue_max: int, subscriptions_max: int) -> None:
        self._write = write
        self._window = window
        self._queue_max = queue_max
        self._subscriptions_max = subscriptions_max
        self._exact: dict[str, int] = {}
        self._patterns: dict[str, int] = {}
        self._in_flight: set[int] = set()
        self._queue: deque[tuple[str, bytes]] = deque()
        self._last_packet_id = 0
        self.blocked = False  # the connection's write buffer is above its limit

    def subscribe(self, topic_filter: str, qos: int) -> int | None:
        """Add or replace a subscription; the granted QoS, or None when the device has too many."""
        granted = min(qos, 1)
        subscriptions = self._patterns if has_wildcard(topic_filter) else self._exact
        full = len(self._exact) + len(self._patterns) >= self._subscriptions_max
        if full and topic_filter not in subscriptions:
            return None
        subscriptions[topic_filter] = granted
        return granted

    def unsubscribe(self, topic_filter: str) -> None:
        self._exact.pop(topic_filter, None)
        self._patterns.pop(topic_filter, None)

    def send(self, topic: str, payload: bytes) -> Outcome:
        """Send on the topic as the device subscribed to it, with the leading slash or without."""
        qos = self._qos_of(topic)
        if qos is None:
            topic = topic[1:] if topic.startswith("/") else f"/{topic}"
            qos = self._qos_of(topic)
        if qos is None:
            return Outcome.UNSUBSCRIBED
        if qos == 0:
            if self.blocked:
                return Outcome.DROPPED
            self._write(encoder.publish(Publish(topic, payload)))
            return Outcome.SENT
        if self.blocked or len(self._in_flight) >= self._window:
            if len(self._queue) >= self._queue_max:
                return Outcome.OVERFLOW
            self._queue.append((topic, payload))
            return Outcome.QUEUED
        self._send_now(topic, payload)
        return Outcome.SENT

    def acknowledged(self, packet_id: int) -> None:
        """The device has a message; an unknown packet id changes nothing."""
        self._in_flight.discard(packet_id)
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as window and write buffer allow."""
        while self._queue and not self.blocked and len(self._in_flight) < self._window:
            self._send_now(*self._queue.popleft())

    def _send_now(self, topic: str, payload: bytes) -> None:
        packet_id = self._free_packet_id()
        self._in_flight.add(packet_id)
        self._write(encoder.publish(Publish(topic, payload, 1, packet_id=packet_id)))

    def _free_packet_id(self) -> int:
        packet_id = self._last_packet_id
        while True:
            packet_id = packet_id % 0xFFFF + 1
            if packet_id not in self._in_flight:
                self._last_packet_id = packet_id
                return packet_id

    def _qos_of(self, topic: str) -> int | None:
        """The highest QoS granted for a topic, None if no subscription matches."""
        qos = self._exact.get(topic)
        for pattern, granted in self._patterns.items():
            if (qos is None or granted > qos) and matches(pattern, topic):
                qos = granted
        return qos

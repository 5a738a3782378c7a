"""Bytes in, packets out: an incremental decoder that never buffers what it will refuse.

MQTT 5 is one more level: where a level carries properties, `properties` reads them at the
places marked in `_publish` and `bodies`; for 3.1.1 there is no such reader.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.mqtt import wire
from gateway.mqtt.bodies import FLAGS, READERS
from gateway.mqtt.errors import Malformation, ProtocolViolation
from gateway.mqtt.packets import Packet, Publish, PublishProperties
from gateway.mqtt.topics import require_topic

TOPICS_REMEMBERED: Final = 64  # a device repeats a handful of topics; decoding and checking them once is enough
LENGTH_BYTES_MAX: Final = 4

PropertyReader = Callable[[bytes, int, int], tuple[PublishProperties, int]]


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest packet (its body) and the largest payload of a message that are accepted, in bytes."""

    packet_bytes: int = wire.REMAINING_LENGTH_MAX
    payload_bytes: int = wire.REMAINING_LENGTH_MAX


class Decoder:
    """Turns the bytes of one connection into packets, however the bytes were cut.

    Iterate over `packets(chunk)` to its end before giving it the next chunk. It yields every
    packet that is complete, then raises ProtocolViolation if what follows is not MQTT; after
    that the decoder must not be used again.
    """

    __slots__ = ("_missing_until", "_properties", "_tail", "_topics", "limits")

    def __init__(self, limits: Limits, *, properties: PropertyReader | None = None) -> None:
        self.limits = limits
        self._properties = properties
        self._tail = bytearray()
        self._missing_until = 0
        self._topics: dict[bytes, str] = {}

    def buffered(self) -> int:
        """How many bytes wait for the rest of their packet."""
        return len(self._tail)

    def packets(self, chunk: bytes) -> Iterator[Packet]:
        data = chunk
        tail = self._tail
        if tail:
            tail += chunk
            if len(tail) < self._missing_until:
                return
            data = bytes(tail)
            tail.clear()
        size = len(data)
        at = 0
        while True:
            if size - at < 2:
                self._missing_until = 2
                break
            first = data[at]
            length = data[at + 1]
            body = at + 2
            if first & 0xF0 != wire.PUBLISH and FLAGS.get(first & 0xF0, -1) != first & 0x0F:
                self._refuse_header(first)
            if length >= 0x80:
                length, body = self._long_length(data, at + 1)
                if length < 0:
                    self._missing_until = body - at
                    break
            if length > self.limits.packet_bytes:
                raise ProtocolViolation(Malformation.PACKET_TOO_LARGE)
            end = body + length
            if end > size:
                self._missing_until = end - at
                break
            if first & 0xF0 == wire.PUBLISH:
                yield self._publish(data, first, body, end)
            else:
                yield READERS[first & 0xF0](wire.Reader(data, body, end))
            at = end
        if at < size:
            tail += data[at:] if at else data

    def _publish(self, data: bytes, first: int, at: int, end: int) -> Publish:
        if end - at < 2:
            raise ProtocolViolation(Malformation.TRUNCATED)
        stop = at + 2 + (data[at] << 8 | data[at + 1])
        if stop > end:
            raise ProtocolViolation(Malformation.TRUNCATED)
        raw = data[at + 2 : stop]
        topic = self._topics.get(raw) or self._new_topic(raw)
        packet_id = 0
        flags = first & 0x0F
        qos = flags >> 1 & 3
        if qos:
            if qos == 3:
                raise ProtocolViolation(Malformation.QOS)
            if end - stop < 2:
                raise ProtocolViolation(Malformation.TRUNCATED)
            packet_id = data[stop] << 8 | data[stop + 1]
            if packet_id == 0:
                raise ProtocolViolation(Malformation.PACKET_ID_ZERO)
            stop += 2
        elif flags & 8:
            raise ProtocolViolation(Malformation.QOS)
        properties = None
        if self._properties is not None:
            properties, stop = self._properties(data, stop, end)
        if end - stop > self.limits.payload_bytes:
            raise ProtocolViolation(Malformation.PACKET_TOO_LARGE)
        return Publish(topic, data[stop:end], qos, flags & 1 == 1, flags & 8 == 8, packet_id, properties)

    def _new_topic(self, raw: bytes) -> str:
        topic = require_topic(wire.text(raw))
        if len(self._topics) >= TOPICS_REMEMBERED:
            self._topics.clear()
        self._topics[raw] = topic
        return topic

    @staticmethod
    def _long_length(data: bytes, at: int) -> tuple[int, int]:
        """Read a length of two to four bytes: (length, start of the body), or (-1, end that is needed)."""
        length = 0
        for position in range(LENGTH_BYTES_MAX):
            if at + position >= len(data):
                return -1, at + position + 1
            byte = data[at + position]
            length |= (byte & 0x7F) << 7 * position
            if byte < 0x80:
                return length, at + position + 1
        raise ProtocolViolation(Malformation.REMAINING_LENGTH)

    @staticmethod
    def _refuse_header(first: int) -> None:
        known = first & 0xF0 in FLAGS
        raise ProtocolViolation(Malformation.RESERVED_FLAGS if known else Malformation.PACKET_TYPE)

"""The primitive fields of MQTT: integers, strings and binary, read from a packet with its bounds checked."""

from typing import Final

from gateway.mqtt.errors import Malformation, ProtocolViolation

CONNECT: Final = 0x10
CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
PUBREC: Final = 0x50
PUBREL: Final = 0x60
PUBCOMP: Final = 0x70
SUBSCRIBE: Final = 0x80
SUBACK: Final = 0x90
UNSUBSCRIBE: Final = 0xA0
UNSUBACK: Final = 0xB0
PINGREQ: Final = 0xC0
PINGRESP: Final = 0xD0
DISCONNECT: Final = 0xE0

STRING_BYTES_MAX: Final = 0xFFFF
REMAINING_LENGTH_MAX: Final = 268_435_455  # four bytes of seven bits


def text(raw: bytes) -> str:
    """Decode a UTF-8 string; raises ProtocolViolation for anything the specification forbids in one."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        raise ProtocolViolation(Malformation.UTF8) from None
    if "\0" in decoded:
        raise ProtocolViolation(Malformation.NUL_CHARACTER)
    return decoded


class Reader:
    """A cursor over the body of one packet; every read raises ProtocolViolation rather than pass its end."""

    __slots__ = ("_at", "_data", "_end")

    def __init__(self, data: bytes, at: int, end: int) -> None:
        self._data = data
        self._at = at
        self._end = end

    def more(self) -> bool:
        return self._at < self._end

    def byte(self) -> int:
        return self._take(1)[0]

    def uint16(self) -> int:
        return int.from_bytes(self._take(2), "big")

    def packet_id(self) -> int:
        packet_id = self.uint16()
        if packet_id == 0:
            raise ProtocolViolation(Malformation.PACKET_ID_ZERO)
        return packet_id

    def binary(self) -> bytes:
        return self._take(self.uint16())

    def string(self) -> str:
        return text(self.binary())

    def finish(self) -> None:
        if self._at != self._end:
            raise ProtocolViolation(Malformation.TRAILING_BYTES)

    def _take(self, count: int) -> bytes:
        stop = self._at + count
        if stop > self._end:
            raise ProtocolViolation(Malformation.TRUNCATED)
        taken = self._data[self._at : stop]
        self._at = stop
        return taken


def remaining_length(length: int) -> bytes:
    """Encode the length of a packet's body; ValueError above the limit of the protocol."""
    if not 0 <= length <= REMAINING_LENGTH_MAX:
        raise ValueError(length)
    encoded = bytearray()
    while True:
        length, low = divmod(length, 0x80)
        encoded.append(low | 0x80 if length else low)
        if not length:
            return bytes(encoded)


def binary_field(raw: bytes) -> bytes:
    if len(raw) > STRING_BYTES_MAX:
        raise ValueError(len(raw))
    return len(raw).to_bytes(2, "big") + raw


def string_field(value: str) -> bytes:
    return binary_field(value.encode())

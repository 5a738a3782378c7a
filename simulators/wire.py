"""The few MQTT 3.1.1 bytes that a sending device needs, built once and patched: CONNECT, PUBLISH at QoS 1, PINGREQ."""

from typing import Final

PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"
CONNACK: Final = 0x20
PUBACK: Final = 0x40
PINGRESP: Final = 0xD0
_PUBLISH_QOS1: Final = 0x32
DUP: Final = 0x08


class MalformedPacket(ValueError):
    """The peer sent what no MQTT server sends."""


def connect(client_id: str, user_name: str, password: str, keep_alive_s: int) -> bytes:
    """A CONNECT with clean session and without a will."""
    body = _text("MQTT") + b"\x04\xc2" + keep_alive_s.to_bytes(2, "big")
    body += _text(client_id) + _text(user_name) + _text(password)
    return b"\x10" + _length(len(body)) + body


def publish_head(topic: str, payload_bytes: int) -> bytes:
    """Everything of a PUBLISH before the packet id, for payloads of this length."""
    name = _text(topic)
    return bytes([_PUBLISH_QOS1]) + _length(len(name) + 2 + payload_bytes) + name


def again(packet: bytes) -> bytes:
    """The same PUBLISH with its DUP flag set."""
    return bytes([packet[0] | DUP]) + packet[1:]


def take_packet(buffer: bytearray) -> tuple[int, bytes] | None:
    """Cut the first whole packet off the buffer: its type byte and body; None while it is not whole."""
    length = shift = 0
    for index in range(1, 5):
        if index >= len(buffer):
            return None
        length |= (buffer[index] & 0x7F) << shift
        if not buffer[index] & 0x80:
            end = index + 1 + length
            if len(buffer) < end:
                return None
            packet = buffer[0], bytes(buffer[index + 1 : end])
            del buffer[:end]
            return packet
        shift += 7
    raise MalformedPacket("remaining length of more than four bytes")


def _text(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(2, "big") + raw


def _length(length: int) -> bytes:
    encoded = bytearray()
    while True:
        length, low = divmod(length, 128)
        encoded.append(low | 0x80 if length else low)
        if not length:
            return bytes(encoded)

"""Packets in, bytes out. A packet that the protocol cannot carry raises ValueError."""

from struct import Struct
from typing import Final

from gateway.mqtt import bodies, wire
from gateway.mqtt.packets import (
    LEVEL_3_1_1,
    ConnAck,
    Connect,
    Disconnect,
    Packet,
    PingReq,
    PingResp,
    PubAck,
    PubComp,
    Publish,
    PubRec,
    PubRel,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
)

_HEADER_AND_ID = Struct(">BBH").pack

PINGREQ: Final = bytes((wire.PINGREQ, 0))
PINGRESP: Final = bytes((wire.PINGRESP, 0))
DISCONNECT: Final = bytes((wire.DISCONNECT, 0))
# An MQTT 5 client that knocks on a 3.1.1 door is told so in its own version: reason 0x84, no properties.
CONNACK_5_UNSUPPORTED: Final = bytes((wire.CONNACK, 3, 0, 0x84, 0))


def encode(packet: Packet) -> bytes:  # noqa: PLR0911, PLR0912 - one line a packet type
    match packet:
        case Publish():
            return publish(packet)
        case PubAck(packet_id):
            return puback(packet_id)
        case PubRec(packet_id):
            return _identified(wire.PUBREC, packet_id)
        case PubRel(packet_id):
            return _identified(wire.PUBREL | 2, packet_id)
        case PubComp(packet_id):
            return _identified(wire.PUBCOMP, packet_id)
        case UnsubAck(packet_id):
            return _identified(wire.UNSUBACK, packet_id)
        case Connect():
            return _framed(wire.CONNECT, _connect_body(packet))
        case ConnAck(code, session_present):
            return bytes((wire.CONNACK, 2, session_present, code))
        case Subscribe(packet_id, filters):
            asked = b"".join(wire.string_field(name) + bytes((qos,)) for name, qos in filters)
            return _framed(wire.SUBSCRIBE | 2, _packet_id(packet_id) + asked)
        case SubAck(packet_id, codes):
            return _framed(wire.SUBACK, _packet_id(packet_id) + bytes(codes))
        case Unsubscribe(packet_id, names):
            named = b"".join(wire.string_field(name) for name in names)
            return _framed(wire.UNSUBSCRIBE | 2, _packet_id(packet_id) + named)
        case PingReq():
            return PINGREQ
        case PingResp():
            return PINGRESP
        case Disconnect():
            return DISCONNECT


def puback(packet_id: int) -> bytes:
    return _identified(wire.PUBACK, packet_id)


def publish(packet: Publish) -> bytes:
    """Encode a message of 3.1.1; its properties, which only MQTT 5 can carry, are left out."""
    first = wire.PUBLISH | packet.dup << 3 | packet.qos << 1 | packet.retain
    packet_id = _packet_id(packet.packet_id) if packet.qos else b""
    return _framed(first, wire.string_field(packet.topic) + packet_id + packet.payload)


def _packet_id(packet_id: int) -> bytes:
    if not 0 < packet_id <= 0xFFFF:
        raise ValueError(packet_id)
    return packet_id.to_bytes(2, "big")


def _identified(first: int, packet_id: int) -> bytes:
    if not 0 < packet_id <= 0xFFFF:
        raise ValueError(packet_id)
    return _HEADER_AND_ID(first, 2, packet_id)


def _framed(first: int, body: bytes) -> bytes:
    return bytes((first,)) + wire.remaining_length(len(body)) + body


def _connect_body(packet: Connect) -> bytes:
    flags = bodies.CLEAN_SESSION if packet.clean_session else 0
    fields = [wire.string_field(packet.client_id)]
    if packet.will is not None:
        flags |= bodies.WILL | packet.will.qos << bodies.WILL_QOS_SHIFT
        flags |= bodies.WILL_RETAIN if packet.will.retain else 0
        fields += wire.string_field(packet.will.topic), wire.binary_field(packet.will.payload)
    if packet.user_name is not None:
        flags |= bodies.USER_NAME
        fields.append(wire.string_field(packet.user_name))
    if packet.password is not None:
        if packet.user_name is None:
            raise ValueError("a password needs a user name")
        flags |= bodies.PASSWORD
        fields.append(wire.binary_field(packet.password))
    head = wire.binary_field(bodies.PROTOCOL_NAME) + bytes((LEVEL_3_1_1, flags))
    return head + packet.keep_alive_s.to_bytes(2, "big") + b"".join(fields)

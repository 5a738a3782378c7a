"""The bodies of all packets but PUBLISH: one reader a packet type, and the flags its header must have."""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.mqtt import wire
from gateway.mqtt.errors import Malformation, ProtocolViolation
from gateway.mqtt.packets import (
    LEVEL_3_1_1,
    SUBSCRIPTION_REFUSED,
    ConnAck,
    Connect,
    ConnectCode,
    Disconnect,
    Packet,
    PingReq,
    PingResp,
    PubAck,
    PubComp,
    PubRec,
    PubRel,
    SubAck,
    Subscribe,
    UnsubAck,
    Unsubscribe,
    Will,
)
from gateway.mqtt.topics import require_filter, require_topic
from gateway.mqtt.wire import Reader

PROTOCOL_NAME: Final = b"MQTT"
PROTOCOL_NAME_3_1: Final = b"MQIsdp"

CLEAN_SESSION: Final = 0x02
WILL: Final = 0x04
WILL_QOS_SHIFT: Final = 3
WILL_QOS: Final = 0x18
WILL_RETAIN: Final = 0x20
PASSWORD: Final = 0x40
USER_NAME: Final = 0x80


def connect(reader: Reader) -> Connect:
    """Read a CONNECT of 3.1.1; another level raises ProtocolViolation with that level."""
    name = reader.binary()
    if name not in {PROTOCOL_NAME, PROTOCOL_NAME_3_1}:
        raise ProtocolViolation(Malformation.PROTOCOL_NAME)
    level = reader.byte()
    if level != LEVEL_3_1_1 or name != PROTOCOL_NAME:
        raise ProtocolViolation(Malformation.PROTOCOL_LEVEL, level=level)
    flags = reader.byte()
    _check_connect_flags(flags)
    keep_alive_s = reader.uint16()
    client_id = reader.string()
    will = None
    if flags & WILL:
        will_topic = require_topic(reader.string())
        will_qos = (flags & WILL_QOS) >> WILL_QOS_SHIFT
        will = Will(will_topic, reader.binary(), will_qos, bool(flags & WILL_RETAIN))
    user_name = reader.string() if flags & USER_NAME else None
    password = reader.binary() if flags & PASSWORD else None
    reader.finish()
    return Connect(client_id, keep_alive_s, bool(flags & CLEAN_SESSION), will, user_name, password)


def _check_connect_flags(flags: int) -> None:
    if flags & 0x01:
        raise ProtocolViolation(Malformation.RESERVED_FLAGS)
    if flags & WILL_QOS == WILL_QOS:
        raise ProtocolViolation(Malformation.QOS)
    if not flags & WILL and flags & (WILL_QOS | WILL_RETAIN):
        raise ProtocolViolation(Malformation.RESERVED_FLAGS)
    if flags & PASSWORD and not flags & USER_NAME:
        raise ProtocolViolation(Malformation.RESERVED_FLAGS)


def connack(reader: Reader) -> ConnAck:
    flags = reader.byte()
    if flags > 1:
        raise ProtocolViolation(Malformation.RESERVED_FLAGS)
    code = reader.byte()
    if code > ConnectCode.NOT_AUTHORISED:
        raise ProtocolViolation(Malformation.RETURN_CODE)
    reader.finish()
    return ConnAck(ConnectCode(code), session_present=flags == 1)


def subscribe(reader: Reader) -> Subscribe:
    packet_id = reader.packet_id()
    filters: list[tuple[str, int]] = []
    while reader.more():
        topic_filter = require_filter(reader.string())
        qos = reader.byte()
        if qos > 2:
            raise ProtocolViolation(Malformation.QOS)
        filters.append((topic_filter, qos))
    if not filters:
        raise ProtocolViolation(Malformation.NO_FILTERS)
    return Subscribe(packet_id, tuple(filters))


def suback(reader: Reader) -> SubAck:
    packet_id = reader.packet_id()
    codes: list[int] = []
    while reader.more():
        code = reader.byte()
        if code > 2 and code != SUBSCRIPTION_REFUSED:
            raise ProtocolViolation(Malformation.RETURN_CODE)
        codes.append(code)
    if not codes:
        raise ProtocolViolation(Malformation.NO_FILTERS)
    return SubAck(packet_id, tuple(codes))


def unsubscribe(reader: Reader) -> Unsubscribe:
    packet_id = reader.packet_id()
    filters: list[str] = []
    while reader.more():
        filters.append(require_filter(reader.string()))
    if not filters:
        raise ProtocolViolation(Malformation.NO_FILTERS)
    return Unsubscribe(packet_id, tuple(filters))


def _identified(packet: Callable[[int], Packet]) -> Callable[[Reader], Packet]:
    """A reader of a packet whose body is its packet id."""

    def read(reader: Reader) -> Packet:
        packet_id = reader.packet_id()
        reader.finish()
        return packet(packet_id)

    return read


def _empty(packet: Packet) -> Callable[[Reader], Packet]:
    """A reader of a packet that has no body."""

    def read(reader: Reader) -> Packet:
        reader.finish()
        return packet

    return read


READERS: Final[Mapping[int, Callable[[Reader], Packet]]] = {
    wire.CONNECT: connect,
    wire.CONNACK: connack,
    wire.PUBACK: _identified(PubAck),
    wire.PUBREC: _identified(PubRec),
    wire.PUBREL: _identified(PubRel),
    wire.PUBCOMP: _identified(PubComp),
    wire.SUBSCRIBE: subscribe,
    wire.SUBACK: suback,
    wire.UNSUBSCRIBE: unsubscribe,
    wire.UNSUBACK: _identified(UnsubAck),
    wire.PINGREQ: _empty(PingReq()),
    wire.PINGRESP: _empty(PingResp()),
    wire.DISCONNECT: _empty(Disconnect()),
}

# What the low half of the first byte must be; PUBLISH alone uses it freely.
FLAGS: Final[Mapping[int, int]] = {
    packet_type: 2 if packet_type in {wire.PUBREL, wire.SUBSCRIBE, wire.UNSUBSCRIBE} else 0 for packet_type in READERS
}

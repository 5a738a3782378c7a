"""Which messages a device may send: pure decisions, each with its reason."""

from collections.abc import Mapping
from typing import Final

from gateway.auth.model import Permissions, ViolationReason
from gateway.mqtt.errors import Malformation
from gateway.mqtt.packets import ConnectCode, Publish, Will

CONNECT_CODES: Final[Mapping[ViolationReason, ConnectCode]] = {
    ViolationReason.NO_CREDENTIALS: ConnectCode.NOT_AUTHORISED,
    ViolationReason.UNKNOWN_DEVICE: ConnectCode.BAD_USER_NAME_OR_PASSWORD,
    ViolationReason.WRONG_PASSWORD: ConnectCode.BAD_USER_NAME_OR_PASSWORD,
    ViolationReason.CLIENT_ID: ConnectCode.IDENTIFIER_REJECTED,
    ViolationReason.DISABLED_DEVICE: ConnectCode.NOT_AUTHORISED,
    ViolationReason.FOREIGN_WILL: ConnectCode.NOT_AUTHORISED,
}

_MALFORMATIONS: Final[Mapping[Malformation, ViolationReason]] = {
    Malformation.PACKET_TOO_LARGE: ViolationReason.OVERSIZE,
    Malformation.TOPIC_WILDCARD: ViolationReason.WILDCARD_TOPIC,
    Malformation.PROTOCOL_LEVEL: ViolationReason.PROTOCOL_VERSION,
}


def refusal_of_bytes(malformation: Malformation) -> ViolationReason:
    return _MALFORMATIONS.get(malformation, ViolationReason.MALFORMED)


def refusal_of_message(message: Publish, permissions: Permissions | None) -> ViolationReason | None:
    """Why a message is refused, None if it is not; `permissions` is None before CONNECT."""
    if permissions is None:
        return ViolationReason.UNEXPECTED_PACKET
    if not permissions.may_publish(message.topic):
        return ViolationReason.FOREIGN_TOPIC
    if message.qos == 2:
        return ViolationReason.QOS_2
    if message.retain and not permissions.may_retain(message.topic):
        return ViolationReason.RETAINED
    return None


def refusal_of_will(will: Will | None, permissions: Permissions) -> ViolationReason | None:
    """A will may say what the device itself may say; its QoS is ours, since it goes no further than the intake."""
    if will is None:
        return None
    if not permissions.may_publish(will.topic) or (will.retain and not permissions.may_retain(will.topic)):
        return ViolationReason.FOREIGN_WILL
    return None

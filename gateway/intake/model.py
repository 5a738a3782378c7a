"""What the doors hand to the intake, and what the intake promises them in return."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.mqtt.packets import PublishProperties
from registry.devices import Device


class Source(Protocol):
    """Where a delivery came from: a connection at the front door, a session at the back door."""

    def committed(self, tokens: Sequence[int]) -> None:
        """Acknowledge these deliveries; called on the event loop after COMMIT, tokens in order of receipt."""
        ...

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message down, best effort; it is dropped where nobody subscribed."""
        ...

    def closed(self) -> bool:
        """Whether acknowledgements and messages can no longer reach the other side."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it arrived; `token` is 0 where there is nothing to acknowledge (QoS 0, a will)."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    device: Device | None
    source: Source
    token: int
    received_at: datetime
    properties: PublishProperties | None = None


class PresenceCause(StrEnum):
    """Why a device is believed to be there or gone."""

    CONNECTED = "connected"  # its CONNECT was accepted
    DISCONNECTED = "disconnected"  # it said DISCONNECT
    WILL = "will"  # its connection ended without DISCONNECT; its will speaks, if it left one
    TAKEN_OVER = "taken_over"  # a new connection of the same device replaced the old one: it is online
    KEEP_ALIVE = "keep_alive"  # it was silent for one and a half keep-alive periods
    STATE_TOPIC = "state_topic"  # its retained state message says so
    GATEWAY_LOST = "gateway_lost"  # the gateway that held its connection died; the next one settles it at its start
    REVOKED = "revoked"  # its credential was withdrawn and the connection closed


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A device came or went; `session_id` is the session number the device itself told, if it told one."""

    device: Device
    online: bool
    cause: PresenceCause
    session_id: int | None
    at: datetime


class IntakePort(Protocol):
    """The intake as the doors see it. Everything offered is taken; `full` asks them to stop reading."""

    @property
    def full(self) -> bool: ...

    def offer(self, delivery: Delivery) -> None: ...

    def offer_presence(self, change: PresenceChange) -> None: ...

    def add_room_listener(self, listener: Callable[[], None]) -> None:
        """Call `listener` on the event loop whenever a full intake has room again."""
        ...

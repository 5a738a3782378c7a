"""Who may connect, and the topics that belong to a device: nothing but its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from registry.devices import Device


class ViolationReason(StrEnum):
    """What a door refused. None of it was acknowledged."""

    NO_CREDENTIALS = "no_credentials"  # CONNECT without user name or password
    UNKNOWN_DEVICE = "unknown_device"  # the user name is no registered device
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a reason
    CLIENT_ID = "client_id"  # the client id is not `{product}-{device}` of the user name
    DISABLED_DEVICE = "disabled_device"  # right password of a device that was revoked
    PROTOCOL_VERSION = "protocol_version"  # a version of MQTT that is not spoken here
    CONNECT_TIMEOUT = "connect_timeout"  # no CONNECT in time
    CONNECTION_LIMIT = "connection_limit"  # the endpoint holds as many connections as it may
    MALFORMED = "malformed"  # bytes that are not MQTT; the detail names the rule
    OVERSIZE = "oversize"  # a packet or payload above the limit
    UNEXPECTED_PACKET = (
        "unexpected_packet"  # a packet that has no place here (second CONNECT, PUBLISH before CONNECT ...)
    )
    FOREIGN_TOPIC = "foreign_topic"  # PUBLISH outside the device's own topics
    WILDCARD_TOPIC = "wildcard_topic"  # PUBLISH to a topic with `+` or `#`
    QOS_2 = "qos_2"  # QoS 2 is not spoken: QoS 1 with keys of our own is exactly once already
    RETAINED = "retained"  # a retained message on another topic than the device's state
    FOREIGN_WILL = "foreign_will"  # a will outside the device's own topics, or retained outside its state
    FOREIGN_SUBSCRIPTION = "foreign_subscription"  # SUBSCRIBE outside the device's own topics; the connection stays
    SUBSCRIPTION_LIMIT = "subscription_limit"  # more filters than a device may have; the connection stays
    SLOW_READER = "slow_reader"  # the device does not read what it is sent


@dataclass(frozen=True, slots=True)
class Violation:
    """One refusal. `client` is the client id of a device that proved who it is, else None; `peer` is its address."""

    reason: ViolationReason
    device: Device | None
    client: str | None
    peer: str
    detail: str
    at: datetime


ViolationListener = Callable[[Violation], None]


@dataclass(frozen=True, slots=True)
class Permissions:
    """The topics of one device, with and without the leading slash."""

    own: tuple[str, ...]  # prefixes, each with its closing slash
    state: frozenset[str]
    ntp_request: frozenset[str]

    @classmethod
    def of(cls, product: str, device: str) -> Self:
        return cls(
            own=tuple(f"{slash}{root}/{product}/{device}/" for slash in ("/", "") for root in ("sys", "ext/ntp")),
            state=frozenset({f"/sys/{product}/{device}/state", f"sys/{product}/{device}/state"}),
            ntp_request=frozenset({f"/ext/ntp/{product}/{device}/request", f"ext/ntp/{product}/{device}/request"}),
        )

    def may_publish(self, topic: str) -> bool:
        return topic.startswith(self.own)

    def may_retain(self, topic: str) -> bool:
        return topic in self.state

    def may_subscribe(self, topic_filter: str) -> bool:
        """Whether all that a valid filter can match is the device's own: wildcards stand behind an own prefix only."""
        return topic_filter.startswith(self.own)


@dataclass(frozen=True, slots=True)
class Granted:
    device: Device
    permissions: Permissions


@dataclass(frozen=True, slots=True)
class Refused:
    """`device` is known only where the password was right: nobody is counted against a device he merely names."""

    reason: ViolationReason
    device: Device | None = None


class Devices(Protocol):
    """Where a door looks a device up; the device directory is one."""

    def get(self, product: str, name: str) -> Device | None: ...


class Authority(Protocol):
    def authenticate(self, user_name: str | None, password: bytes | None, client_id: str) -> Granted | Refused:
        """Decide on a CONNECT; never waits."""
        ...

"""What an operator may set about the front door, and the limits that keep one device from harming another."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

TOPIC_BYTES_MAX: Final = 512  # ours are about 60 bytes; the payload limit is exact whatever the topic


@dataclass(frozen=True, slots=True)
class Listener:
    """One address to listen on; port 0 takes a free one. With `tls` the bytes are MQTT over TLS."""

    host: str = "127.0.0.1"
    port: int = 1883
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    listeners: tuple[Listener, ...] = (Listener(),)
    payload_bytes_max: int = 64 * 1024
    connect_bytes_max: int = 8 * 1024  # what a stranger may make us buffer
    connect_timeout_s: float = 10.0
    keep_alive_factor: float = 1.5  # of the specification
    connections_max: int = 50_000
    unacknowledged_max: int = 1024  # a connection's messages between receipt and PUBACK; then it is not read
    held_connection_bytes: int = 16 * 1024  # kept of a connection while the intake is full; then it is not read
    held_bytes: int = 32 * 1024 * 1024  # kept of all connections while the intake is full; then none is read
    subscriptions_max: int = 32
    downlink_window: int = 16  # QoS 1 messages on their way to a device
    downlink_queue_max: int = 64  # behind the window; one more and the device is a slow reader
    write_buffer_bytes: int = 64 * 1024
    write_stall_s: float = 30.0  # a device that reads nothing for so long is a slow reader
    linger_s: float = 5.0  # for the last bytes of a closing connection
    backlog: int = 4096

    @property
    def packet_bytes_max(self) -> int:
        return self.payload_bytes_max + TOPIC_BYTES_MAX + 4


class Timer(Protocol):
    def cancel(self) -> None: ...


class Timers(Protocol):
    """Real time, as an event loop gives it: `asyncio.AbstractEventLoop` is one."""

    def time(self) -> float: ...

    def call_later(self, delay: float, callback: Callable[..., Any], /, *args: Any) -> Timer: ...

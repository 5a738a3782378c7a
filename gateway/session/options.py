"""Which broker the back door reads, as whom, and how patiently."""

import ssl
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote, urlsplit

# One level each: `thing/event/#` would match our own `_reply` messages as well.
EVENT_FILTERS: Final = ("/sys/+/+/thing/event/+/post", "/sys/+/+/thing/event/+/+/post")
# By itself even where events are shared: a broker sends no retained message to a shared subscription.
STATE_FILTER: Final = "/sys/+/+/state"


class BrokerUrlInvalid(ValueError):
    """The url of a broker is not `mqtt://user:password@host:port` or `mqtts://...`; the url itself is not repeated."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"broker url: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SessionOptions:
    host: str
    port: int = 1883
    user_name: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    client_id: str = "rongan-gateway-0"  # the broker's session hangs on it: one for each gateway process, never changed
    version_5: bool = False  # MQTT 5 brings the window; nats-server speaks 3.1.1 alone
    share: str | None = None  # MQTT 5: the group that reads the events together
    window: int = 5000  # MQTT 5: messages in flight to us; in 3.1.1 the broker's own setting bounds them
    session_expiry_s: int = 86_400  # MQTT 5: how long the broker keeps the session while we are away
    keep_alive_s: int = 30
    connect_timeout_s: float = 10.0
    backoff_first_s: float = 0.5
    backoff_max_s: float = 30.0
    held_messages: int = 5000  # kept while the intake is full; then the broker is not read
    held_bytes: int = 32 * 1024 * 1024
    downlink_queue_max: int = 1000  # receipts on their way to the broker

    def __post_init__(self) -> None:
        if self.share is not None and not self.version_5:
            raise ValueError("a shared subscription needs MQTT 5")

    @property
    def filters(self) -> tuple[str, ...]:
        shared = "" if self.share is None else f"$share/{self.share}/"
        return (*(f"{shared}{event_filter}" for event_filter in EVENT_FILTERS), STATE_FILTER)

    @classmethod
    def of_url(cls, url: str, *, client_id: str, version_5: bool = False, share: str | None = None) -> Self:
        """Read `mqtt[s]://user:password@host:port`; raises BrokerUrlInvalid."""
        parts = urlsplit(url)
        if parts.scheme not in {"mqtt", "mqtts"}:
            raise BrokerUrlInvalid("begins with mqtt:// or mqtts://")
        try:
            port = parts.port
        except ValueError:
            raise BrokerUrlInvalid("the port is no number up to 65535") from None
        if not parts.hostname or parts.path.strip("/") or parts.query:
            raise BrokerUrlInvalid("needs a host, and nothing behind the port")
        secured = parts.scheme == "mqtts"
        return cls(
            host=parts.hostname,
            port=port or (8883 if secured else 1883),
            user_name=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=ssl.create_default_context() if secured else None,
            client_id=client_id,
            version_5=version_5,
            share=share,
        )

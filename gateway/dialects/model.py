"""What a dialect makes of one message: readings, events and state in the terms of the device's type."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from events.model import QuarantineReason
from sensors.model import DeviceEvent, DeviceType, Payload

PAYLOAD_MAX_BYTES: Final = 65_536
PROPERTIES_MAX: Final = 200
EVENTS_MAX: Final = 20
HISTORY_READINGS_MAX: Final = 1_000
MESSAGE_ID_MAX: Final = 128


class Reading(NamedTuple):
    """Property values that share one time; `values` in the order of the type's properties."""

    observed_ms: int | None
    values: list[float | None]
    extra: dict[str, Any] | None  # Properties that are not numbers.


class EventReport(NamedTuple):
    """An event that the device itself judged, validated."""

    event: DeviceEvent
    payload: Payload
    body: dict[str, Any]  # The payload as JSON, in the names of the wire.
    observed_ms: int | None


class StateReport(NamedTuple):
    """The device says that it is there, or its will says that it is gone."""

    online: bool
    session_id: int | None
    firmware: str | None


class Message(NamedTuple):
    """One decoded message."""

    message_id: str | None
    wants_receipt: bool
    session_id: int | None
    seq: int | None
    revision: int
    history: bool  # Late backlog: its times are believed as far back as readings are kept.
    readings: list[Reading]
    events: list[EventReport]
    state: StateReport | None
    content: Any  # What is hashed to tell a redelivery from a correction.


class Route(NamedTuple):
    """What a topic says: whose message it is, how to read it and where its receipt goes."""

    product: str
    device: str
    reply_topic: str | None
    decode: Callable[["Route", Any, DeviceType], Message]
    event: str | None = None  # The event that the topic names.


def without_revision(body: dict[str, Any]) -> dict[str, Any]:
    """What an event says, without the number that orders its versions."""
    return {name: value for name, value in body.items() if name != "revision"} if "revision" in body else body


class RefusedError(Exception):
    """A message that cannot be stored as what it claims to be; it goes to quarantine with this reason.

    `message_id` is None and `wants_receipt` False where the message was not understood so far.
    """

    def __init__(self, reason: QuarantineReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason: Final = reason
        self.detail: Final = detail
        self.message_id: str | None = None
        self.wants_receipt = False

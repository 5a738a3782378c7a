"""What an event is: one judged occurrence from one source, as it stands in the log for ever."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, Self

import orjson

LIVE_STREAM: Final = "stream"
"""The head row that numbers the console's live stream; every other head row numbers events."""

HOTLINE_STREAM: Final = "hotline"
CLOCK_STREAM: Final = "clock"
RELEASE_STREAM: Final = "release"
SIGNALS_STREAM: Final = "signals"
"""Signals that were raised because time passed, not because a reading came."""
OVERLAYS_STREAM: Final = "overlays"
"""What officers made of incidents."""


class EventSource(StrEnum):
    """Who judged that something happened."""

    DEVICE_EVENT = "device_event"  # The device itself.
    SIGNAL = "signal"  # A property crossed a threshold of its sensor type.
    HOTLINE = "hotline"  # A person called.
    TICK = "tick"  # Time passed; written by the dispatcher's leader.
    OVERLAY = "overlay"  # An officer split or merged incidents; written by the api.


PLATFORM_SOURCES: Final = frozenset({EventSource.TICK, EventSource.OVERLAY})
"""Records of the platform's own: no events of the city."""


class SourceClass(StrEnum):
    """Which sort of witness; corroboration counts distinct classes."""

    SENSOR = "sensor"  # Measures a quantity.
    CAMERA = "camera"  # Sees and classifies.
    GATE = "gate"  # Guards a passage.
    FEED = "feed"  # Relays records of another dispatch system.
    HOTLINE = "hotline"  # A person's report.
    CLOCK = "clock"  # The platform's own tick.


class TimeQuality(StrEnum):
    """Whose time `effective_at` is."""

    DEVICE = "device"  # The device's time is believed.
    RECEIVED = "received"  # The device gave no time; the gateway's time stands.
    BAD = "bad"  # The device's time is not believable; the gateway's time stands.


class QuarantineReason(StrEnum):
    """Why a message could not be stored as what it claims to be."""

    BAD_JSON = "bad_json"  # Not JSON, or not an object.
    BAD_ENCODING = "bad_encoding"  # Not UTF-8, or a lone surrogate.
    TOO_DEEP = "too_deep"  # Nested beyond the limit; never parsed.
    TOO_LARGE = "too_large"  # Longer than the limit, or more members than a batch may hold.
    NUL_CHAR = "nul_char"  # Holds U+0000, which PostgreSQL cannot store.
    NUMBER_RANGE = "number_range"  # NaN, infinity, or a whole number beyond int64.
    DUPLICATE_KEY = "duplicate_key"  # One object says a name twice: readers would disagree.
    SCHEMA = "schema"  # Well-formed, but not what the device type declares.
    UNKNOWN_DEVICE = "unknown_device"  # Nobody registered it.
    DISABLED_DEVICE = "disabled_device"  # Its credential was withdrawn.
    UNKNOWN_PRODUCT = "unknown_product"  # No product of this key.
    PRODUCT_MISMATCH = "product_mismatch"  # The product names a device type that this version does not know.
    UNKNOWN_TOPIC = "unknown_topic"  # No dialect speaks this topic.
    UNKNOWN_EVENT = "unknown_event"  # The device type has no such event.
    ID_MISMATCH = "id_mismatch"  # The payload claims another device than the topic.
    DATABASE_REFUSED = "database_refused"  # PostgreSQL refused the row; a validator has a hole.
    CRASH_SUSPECT = "crash_suspect"  # The gateway died twice with this message in hand.
    STEP_FAILED = "step_failed"  # An event in the log with which the dispatcher's step failed for good.


class QuarantineState(StrEnum):
    """What became of a quarantined message."""

    HELD = "held"  # Waits for a person.
    RELEASED = "released"  # Was taken in again.
    DISCARDED = "discarded"  # A person threw it away.


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDraft:
    """An event without its position; the column order of the log."""

    uid: bytes  # 16 bytes, the same for every version of one event.
    revision: int = 0  # The greatest (revision, content_hash) of a uid stands.
    content_hash: bytes  # 8 bytes over what the event says, without its revision.
    source: EventSource
    source_class: SourceClass
    kind: str
    severity: int  # 1..5
    raised: bool = True  # False: the condition returned to normal.
    subject: str  # Repeats about one subject are one occurrence.
    device_id: int | None = None
    call_id: int | None = None
    product: str | None = None
    area_id: str | None = None
    area_path: tuple[str, ...] = ()
    place: str | None = None
    lon: float | None = None  # WGS-84 degrees
    lat: float | None = None
    x_dm: int | None = None  # Decimetres east of the deployment's origin.
    y_dm: int | None = None
    observed_at: datetime | None = None  # The source's clock.
    received_at: datetime  # The platform's clock.
    effective_at: datetime  # What every rule uses.
    time_quality: TimeQuality
    body: Mapping[str, Any]

    @classmethod
    def of_columns(cls, columns: Mapping[str, Any]) -> Self:
        """From the columns of the log as the database gives them."""
        typed = dict(columns)
        typed["source"] = EventSource(columns["source"])
        typed["source_class"] = SourceClass(columns["source_class"])
        typed["time_quality"] = TimeQuality(columns["time_quality"])
        typed["area_path"] = tuple(columns["area_path"])
        return cls(**typed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(EventDraft):
    """An event at its position: (stream, seq), gapless in commit order."""

    stream: str
    seq: int


def event_uid(source: str, *parts: str | int | bytes) -> bytes:
    """16 bytes that name one event for ever: a digest of who reported it and the reporter's own name for it.

    Parts are length-prefixed, so ("a", "bc") and ("ab", "c") differ. Never feed a sequence number of ours into it.
    """
    digest = sha256()
    for part in (source, *parts):
        raw = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(4, "big"))
        digest.update(raw)
    return digest.digest()[:16]


def content_hash(content: object) -> bytes:
    """8 bytes over JSON-able content; the order of an object's names does not matter."""
    return sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()[:8]

"""Which time counts: the device's while believable, else the gateway's. No message is refused for its time."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from events.model import TimeQuality

AHEAD_MAX: Final = timedelta(seconds=300)
LIVE_BELIEF: Final = timedelta(hours=48)
"""How far back a device's clock is believed on a live topic: our own spool delays honest messages."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLIS_MAX: Final = 253_402_300_799_999  # The last millisecond of the year 9999.


class TimeReason(StrEnum):
    """Why this time counts."""

    NOT_GIVEN = "not_given"  # The device said no time.
    BELIEVED = "believed"  # The device's time lies within what its topic allows.
    AHEAD = "ahead"  # More than `AHEAD_MAX` in the future.
    TOO_OLD = "too_old"  # Further back than its topic allows.
    NO_DATE = "no_date"  # A number that no calendar holds.


class JudgedTime(NamedTuple):
    """What the device said, what counts, and why."""

    observed_at: datetime | None
    effective_at: datetime
    quality: TimeQuality
    reason: TimeReason


def judge_time(observed_ms: int | None, received_at: datetime, believed_for: timedelta) -> JudgedTime:
    """Judge a device's UTC milliseconds; both bounds are believed themselves."""
    if observed_ms is None:
        return JudgedTime(None, received_at, TimeQuality.RECEIVED, TimeReason.NOT_GIVEN)
    if not 0 <= observed_ms <= _MILLIS_MAX:
        return JudgedTime(None, received_at, TimeQuality.BAD, TimeReason.NO_DATE)
    observed_at = _EPOCH + timedelta(milliseconds=observed_ms)
    age = received_at - observed_at
    if age > believed_for:
        return JudgedTime(observed_at, received_at, TimeQuality.BAD, TimeReason.TOO_OLD)
    if age < -AHEAD_MAX:
        return JudgedTime(observed_at, received_at, TimeQuality.BAD, TimeReason.AHEAD)
    return JudgedTime(observed_at, observed_at, TimeQuality.DEVICE, TimeReason.BELIEVED)

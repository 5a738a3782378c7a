"""Which time counts, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from events.model import TimeQuality
from gateway.intake.times import LIVE_BELIEF, TimeReason, judge_time

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
YEAR = timedelta(days=365)


@pytest.mark.parametrize(
    ("seconds", "believed_for", "quality", "reason"),
    [
        (0, LIVE_BELIEF, TimeQuality.DEVICE, TimeReason.BELIEVED),
        (300, LIVE_BELIEF, TimeQuality.DEVICE, TimeReason.BELIEVED),
        (300.001, LIVE_BELIEF, TimeQuality.BAD, TimeReason.AHEAD),
        (10 * 365 * 86400, LIVE_BELIEF, TimeQuality.BAD, TimeReason.AHEAD),
        (-48 * 3600, LIVE_BELIEF, TimeQuality.DEVICE, TimeReason.BELIEVED),
        (-48 * 3600 - 0.001, LIVE_BELIEF, TimeQuality.BAD, TimeReason.TOO_OLD),
        (-48 * 3600 - 0.001, YEAR, TimeQuality.DEVICE, TimeReason.BELIEVED),
        (-365 * 86400, YEAR, TimeQuality.DEVICE, TimeReason.BELIEVED),
        (-366 * 86400, YEAR, TimeQuality.BAD, TimeReason.TOO_OLD),
    ],
)
def test_time_of_a_device_is_believed_within_bounds(
    seconds: float, believed_for: timedelta, quality: TimeQuality, reason: TimeReason
) -> None:
    observed_at = NOON + timedelta(seconds=seconds)
    judged = judge_time(round(observed_at.timestamp() * 1000), NOON, believed_for)
    assert (judged.quality, judged.reason, judged.observed_at) == (quality, reason, observed_at)
    assert judged.effective_at == (observed_at if quality is TimeQuality.DEVICE else NOON)


def test_missing_time_is_the_time_of_receipt() -> None:
    assert judge_time(None, NOON, LIVE_BELIEF) == (None, NOON, TimeQuality.RECEIVED, TimeReason.NOT_GIVEN)


@pytest.mark.parametrize("observed_ms", [-1, -(2**63), 2**63 - 1, 253_402_300_800_000])
def test_number_without_a_date_is_the_time_of_receipt(observed_ms: int) -> None:
    assert judge_time(observed_ms, NOON, YEAR) == (None, NOON, TimeQuality.BAD, TimeReason.NO_DATE)


@pytest.mark.parametrize("observed_ms", [0, 1_795_373_614, 4_294_967_295_000, 253_402_300_799_999])
def test_time_in_seconds_or_of_1970_or_2106_is_kept_but_not_believed(observed_ms: int) -> None:
    judged = judge_time(observed_ms, NOON, YEAR)
    assert judged.observed_at is not None
    assert (judged.effective_at, judged.quality) == (NOON, TimeQuality.BAD)

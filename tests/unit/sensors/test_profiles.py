"""Simulator profiles: whatever hour and seed, what they say passes the type's own model."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors import access_gate, dispatch_feed, smart_security_camera, waste_bin
from sensors.access_gate.profile import PROFILE as GATE
from sensors.dispatch_feed.profile import PROFILE as FEED
from sensors.model import DeviceType
from sensors.profile import Profile
from sensors.smart_security_camera.profile import PROFILE as CAMERA
from sensors.waste_bin.profile import PROFILE as BIN

PROFILES = (
    (smart_security_camera.DEVICE_TYPE, CAMERA),
    (access_gate.DEVICE_TYPE, GATE),
    (waste_bin.DEVICE_TYPE, BIN),
    (dispatch_feed.DEVICE_TYPE, FEED),
)


@pytest.mark.parametrize(("device_type", "profile"), PROFILES, ids=lambda thing: getattr(thing, "name", ""))
@given(seed=st.integers(0, 2**32), hours=st.floats(0, 24), elapsed_s=st.floats(1, 7200))
@settings(max_examples=40)
def test_profile_stays_within_its_type(
    device_type: DeviceType, profile: Profile, seed: int, hours: float, elapsed_s: float
) -> None:
    rng = Random(seed)
    at = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(hours=hours)
    values = profile.first(rng, at)
    for _ in range(10):
        at += timedelta(seconds=elapsed_s)
        values = profile.following(rng, at, elapsed_s, values)
        assert device_type.validate_properties(values) == values
        for name, said in profile.spoken(rng, at, elapsed_s):
            event = device_type.event(name)
            assert event is not None
            event.payload.model_validate(said)


def test_equal_seeds_give_equal_devices() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert BIN.first(Random(7), at) == BIN.first(Random(7), at)


def test_bins_of_a_quiet_day_never_burn() -> None:
    rng = Random(1)
    at = datetime(2026, 11, 22, tzinfo=UTC)
    values = BIN.first(rng, at)
    for minute in range(24 * 60):
        values = BIN.following(rng, at + timedelta(minutes=minute), 60, values)
        assert values["temperature_c"] < 45

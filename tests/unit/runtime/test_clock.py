"""The simulated clock moves only forwards."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import ClockMovedBackwards, ExerciseClock, RealClock, SimulatedClock

instants = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001  # the strategy adds the zone
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from((UTC, timezone(timedelta(hours=8)))),
)


@given(st.lists(instants, min_size=1))
def test_simulated_clock_never_goes_back(steps: list[datetime]) -> None:
    clock = SimulatedClock(steps[0])
    for asked in steps:
        before = clock.now()
        if asked < before:
            with pytest.raises(ClockMovedBackwards):
                clock.advance_to(asked)
            assert clock.now() == before
        else:
            clock.advance_to(asked)
            assert clock.now() == asked
        assert clock.now().tzinfo is UTC


@given(st.lists(st.none() | instants))
def test_exercise_clock_follows_the_latest_time_it_read(rows: list[datetime | None]) -> None:
    clock = ExerciseClock()
    for row in rows:
        clock.follow(row)
    times = [row for row in rows if row is not None]
    assert clock.is_simulated == bool(times)
    if times:
        assert clock.now() == max(times)


def test_clock_refuses_a_time_without_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        SimulatedClock(datetime(2026, 11, 22))  # noqa: DTZ001


def test_real_clock_is_aware() -> None:
    assert RealClock().now().tzinfo is UTC

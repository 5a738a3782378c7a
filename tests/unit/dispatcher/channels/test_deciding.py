"""Whether a message leaves now: never more than the limits in any window, nothing lost, what is grave at once."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.channels.deciding import (
    Bundle,
    Candidate,
    Hold,
    HoldReason,
    Limits,
    QuietHours,
    Send,
    Window,
    decide,
)

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in Chengdu
MINUTE = timedelta(minutes=1)
VOICE = (
    Window(1, MINUTE),
    Window(3, 15 * MINUTE),
    Window(7, 60 * MINUTE, smooth=True),
    Window(15, 180 * MINUTE, smooth=True),
)


def ago(*minutes: float) -> list[datetime]:
    return [AT - each * MINUTE for each in minutes]


@pytest.mark.parametrize(
    ("history", "until"),
    [
        ([], None),
        (ago(0.5), AT + 0.5 * MINUTE),
        (ago(1), None),
        (ago(2, 3), None),
        (ago(2, 3, 14), AT + MINUTE),
        (ago(1, 2, 16), None),
        # 3 of the hour's 7 are used: the other 4 come at 15, 26.25, 37.5 and 48.75 min.
        (ago(20, 19, 18), None),
        (ago(20, 19, 18, 4), AT + 6.25 * MINUTE),
        (ago(59, 58, 57, 40, 30, 20, 10), AT + MINUTE),
    ],
    ids=[
        "first",
        "once a minute",
        "a minute later",
        "two in a quarter",
        "three in a quarter",
        "the third left the quarter",
        "beyond the quarter",
        "spread over the hour",
        "seven an hour",
    ],
)
def test_a_person_is_told_as_often_as_the_windows_allow(history: Sequence[datetime], until: datetime | None) -> None:
    expected = Send() if until is None else Hold(until, HoldReason.THROTTLED)
    assert decide(Candidate(3), history, Limits(windows=VOICE), AT) == expected


@pytest.mark.parametrize("grade", [1, 2])
def test_what_is_grave_leaves_at_once_whatever_was_told_and_whatever_the_hour(grade: int) -> None:
    limits = Limits(windows=VOICE, bundle=60 * MINUTE, quiet=QuietHours(time(0), time(23, 59)))
    assert decide(Candidate(grade), ago(0, 0, 0, 0, 0), limits, AT) == Send()


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-11-22T20:59", None),
        ("2026-11-22T21:00", "2026-11-23T08:00"),
        ("2026-11-23T07:59", "2026-11-23T08:00"),
        ("2026-11-23T08:00", None),
    ],
)
def test_quiet_hours_are_of_the_place_and_end_in_the_morning(local: str, until: str | None) -> None:
    at = datetime.fromisoformat(f"{local}+08:00").astimezone(UTC)
    decision = decide(Candidate(4), [], Limits(quiet=QuietHours(time(21), time(8))), at)
    expected = Send() if until is None else Hold(datetime.fromisoformat(f"{until}+08:00"), HoldReason.QUIET_HOURS)
    assert decision == expected


def test_quiet_hours_within_a_day_end_on_that_day() -> None:
    limits = Limits(quiet=QuietHours(time(11, 30), time(13)))
    assert decide(Candidate(4), [], limits, AT) == Hold(AT + 60 * MINUTE, HoldReason.QUIET_HOURS)


def test_quiet_hours_that_never_end_are_none() -> None:
    with pytest.raises(ValueError, match="never end"):
        QuietHours(time(8), time(8))


def test_who_was_just_told_hears_the_next_together() -> None:
    limits = Limits(bundle=5 * MINUTE)
    assert decide(Candidate(4), ago(2), limits, AT) == Bundle(AT + 3 * MINUTE)
    assert decide(Candidate(4), ago(5), limits, AT) == Send()


arrivals = st.lists(st.tuples(st.integers(0, 4 * 3600), st.integers(1, 4)), max_size=120)
windows = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from([60, 300, 900, 3600]), st.booleans()),
    max_size=3,
    unique_by=lambda each: each[1],
).map(lambda rows: tuple(Window(n, timedelta(seconds=s), x) for n, s, x in sorted(rows, key=lambda row: row[1])))
clock_times = st.integers(0, 23).map(time)
quiet = st.none() | st.tuples(clock_times, clock_times).filter(lambda span: span[0] != span[1]).map(
    lambda span: QuietHours(*span)
)


@given(arrivals, windows, st.sampled_from([0, 60, 300]), quiet)
def test_limits_hold_in_every_window_and_nothing_is_lost(
    arrivals: list[tuple[int, int]], windows: tuple[Window, ...], bundle_s: int, quiet: QuietHours | None
) -> None:
    """One person, one channel: whatever is due at the same moment goes together, as the stage does it."""
    limits = Limits(windows=windows, bundle=timedelta(seconds=bundle_s), quiet=quiet)
    due = sorted((AT + timedelta(seconds=s), nth, grade) for nth, (s, grade) in enumerate(arrivals))
    arrived = {nth: at for at, nth, _ in due}
    told: list[datetime] = []  # of every attempt
    mild: list[datetime] = []  # of those that limits bound
    left: dict[int, datetime] = {}
    asked = 0
    while due:
        at = due[0][0]
        now, due = [each for each in due if each[0] == at], [each for each in due if each[0] > at]
        leaving = False
        for _, nth, grade in sorted(now, key=lambda each: each[2]):
            asked += 1
            decision = Send() if leaving and grade > 2 else decide(Candidate(grade), told, limits, at)
            if isinstance(decision, Send):
                if grade <= 2:
                    assert at == arrived[nth]
                elif not leaving:
                    mild.append(at)
                if not leaving:
                    told.append(at)
                leaving = True
                left[nth] = at
            else:
                assert decision.until > at
                due.append((decision.until, nth, grade))
        due.sort()
        assert asked < 200 * (len(arrivals) + 1), "messages wait for ever"
    assert left.keys() == arrived.keys()
    for window in windows:
        for at in mild:
            assert sum(at - window.per < each <= at for each in told) <= window.count or any(
                each not in mild for each in told if at - window.per < each <= at
            )
    if quiet is not None:
        assert all(quiet.end_after(at) is None for at in mild)


@given(st.lists(st.integers(0, 7200), max_size=40), windows)
def test_a_mild_message_never_adds_one_to_a_full_window(offsets: list[int], windows: tuple[Window, ...]) -> None:
    """Also where grave messages have filled it beyond its count."""
    history = [AT - timedelta(seconds=s) for s in offsets]
    if isinstance(decide(Candidate(3), history, Limits(windows=windows), AT), Send):
        for window in windows:
            assert sum(told > AT - window.per for told in history) < window.count

"""Signals: hysteresis, hold, late readings, and that a tick changes nothing but who notices first."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sensors.model import Signal
from sensors.signal import Crossing, Side, SignalState, expire, follow, step

START = datetime(2026, 11, 22, tzinfo=UTC)


def watching(hold_s: int = 0, raise_at: float = 55, clear_at: float = 45) -> Signal:
    return Signal("hot", "temperature_c", "outdoor_fire", 2, raise_at, clear_at, hold_s, "test", "热", "Hot")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


readings = st.lists(st.tuples(st.integers(0, 3000), st.floats(30, 70)), max_size=40)
signals = st.builds(
    watching,
    hold_s=st.sampled_from([0, 1, 60, 600]),
    raise_at=st.sampled_from([55.0, 35.0]),
    clear_at=st.sampled_from([45.0, 50.0]),
)


def crossings_of(signal: Signal, stream: list[tuple[int, float]]) -> list[Crossing]:
    state: SignalState | None = None
    found: list[Crossing] = []
    for index, (second, value) in enumerate(stream):
        state, crossings = follow(signal, state, at(second), value, str(index))
        found.extend(crossings)
    return found


def test_value_at_the_threshold_raises_at_once_without_hold() -> None:
    state, crossing = step(watching(), None, at(0), 55.0, "a")
    assert state.side is Side.HIGH
    assert crossing == Crossing(raised=True, at=at(0), key="a", value=55.0)


def test_falling_signal_watches_for_low_values() -> None:
    low_battery = watching(raise_at=15, clear_at=25)
    state, crossing = step(low_battery, None, at(0), 20.0, "a")
    assert crossing is None
    state, crossing = step(low_battery, state, at(1), 15.0, "b")
    assert crossing is not None
    assert crossing.raised
    state, crossing = step(low_battery, state, at(2), 25.0, "c")
    assert crossing == Crossing(raised=False, at=at(2), key="c", value=25.0)


def test_held_signal_is_raised_with_the_key_of_the_first_reading_beyond() -> None:
    signal = watching(hold_s=60)
    state, crossing = step(signal, None, at(0), 58.0, "first")
    assert (state.side, crossing) == (Side.PENDING, None)
    state, crossing = step(signal, state, at(59), 60.0, "second")
    assert crossing is None
    state, crossing = step(signal, state, at(75), 61.0, "third")
    assert crossing == Crossing(raised=True, at=at(60), key="first", value=61.0)


def test_value_back_below_the_threshold_abandons_the_hold() -> None:
    signal = watching(hold_s=60)
    state, _ = step(signal, None, at(0), 58.0, "a")
    state, _ = step(signal, state, at(30), 54.0, "b")
    assert state.side is Side.LOW
    state, crossing = expire(signal, state, at(90))
    assert crossing is None


def test_hold_ends_by_a_tick_without_a_new_reading_and_only_once() -> None:
    signal = watching(hold_s=60)
    state, _ = step(signal, None, at(0), 58.0, "a")
    assert expire(signal, state, at(59.999)) == (state, None)
    state, crossing = expire(signal, state, at(100))
    assert crossing is not None
    assert (crossing.at, crossing.key) == (at(60), "a")
    assert expire(signal, state, at(200)) == (state, None)


def test_reading_older_than_the_newest_changes_nothing() -> None:
    signal = watching()
    state, _ = step(signal, None, at(10), 58.0, "a")
    assert step(signal, state, at(9), 20.0, "late") == (state, None)


def test_hold_that_ended_before_a_cool_reading_still_raises_then_clears() -> None:
    signal = watching(hold_s=60)
    state, _ = step(signal, None, at(0), 58.0, "a")
    _, crossings = follow(signal, state, at(300), 20.0, "b")
    assert [(c.raised, c.at, c.key) for c in crossings] == [(True, at(60), "a"), (False, at(300), "b")]


@given(signals, readings)
def test_crossings_alternate_and_never_go_back_in_time(signal: Signal, stream: list[tuple[int, float]]) -> None:
    found = crossings_of(signal, stream)
    assert [c.raised for c in found] == [index % 2 == 0 for index in range(len(found))]
    assert [c.at for c in found] == sorted(c.at for c in found)


@given(st.lists(st.floats(45, 54.9, exclude_min=True), max_size=30), st.sampled_from([0, 60]))
def test_oscillation_between_the_thresholds_raises_once(values: list[float], hold_s: int) -> None:
    hot = [(0, 60.0), (60, 60.0)]
    band = [(61 + index, value) for index, value in enumerate(values)]
    found = crossings_of(watching(hold_s=hold_s), hot + band)
    assert [c.raised for c in found] == [True]


@given(signals, readings)
def test_late_readings_never_move_a_signal(signal: Signal, stream: list[tuple[int, float]]) -> None:
    newest = -1
    in_time: list[tuple[int, float, str]] = []
    for index, (second, value) in enumerate(stream):
        if second >= newest:
            newest = second
            in_time.append((second, value, str(index)))
    state: SignalState | None = None
    expected: list[Crossing] = []
    for second, value, key in in_time:
        state, crossings = follow(signal, state, at(second), value, key)
        expected.extend(crossings)
    assert crossings_of(signal, stream) == expected


@given(signals, st.lists(st.tuples(st.integers(0, 3000), st.floats(30, 70)), min_size=1, max_size=20), st.data())
def test_ticks_in_between_change_no_crossing(
    signal: Signal, stream: list[tuple[int, float]], data: st.DataObject
) -> None:
    ordered = sorted(stream, key=lambda reading: reading[0])
    state: SignalState | None = None
    found: list[tuple[bool, datetime, str]] = []
    for index, (second, value) in enumerate(ordered):
        state, crossings = follow(signal, state, at(second), value, str(index))
        found.extend((c.raised, c.at, c.key) for c in crossings)
        if index + 1 < len(ordered):
            tick_s = data.draw(st.integers(second, ordered[index + 1][0]))
            state, crossing = expire(signal, state, at(tick_s))
            if crossing is not None:
                found.append((crossing.raised, crossing.at, crossing.key))
    assert found == [(c.raised, c.at, c.key) for c in crossings_of(signal, ordered)]


@given(signals, readings)
def test_state_survives_json(signal: Signal, stream: list[tuple[int, float]]) -> None:
    state: SignalState | None = None
    for index, (second, value) in enumerate(stream):
        state, _ = follow(signal, state, at(second), value, str(index))
        assert SignalState.from_json(state.to_json()) == state

"""Ticks stand behind exactly the events they name, whatever the batches."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from events.model import Event, EventSource, SourceClass, TimeQuality
from events.ticks import in_log_order

AT = datetime(2026, 11, 22, tzinfo=UTC)


def event(stream: str, seq: int, heads: Mapping[str, int] | None = None) -> Event:
    return Event(
        stream=stream,
        seq=seq,
        uid=bytes(16),
        content_hash=bytes(8),
        source=EventSource.TICK if heads is not None else EventSource.DEVICE_EVENT,
        source_class=SourceClass.CLOCK if heads is not None else SourceClass.SENSOR,
        kind="tick",
        severity=1,
        subject="x",
        received_at=AT,
        effective_at=AT,
        time_quality=TimeQuality.DEVICE,
        body={"heads": dict(heads)} if heads is not None else {},
    )


def test_a_tick_waits_for_the_events_it_names() -> None:
    tick = event("clock", 1, {"gateway": 2})
    ordered, reached = in_log_order([tick, event("gateway", 1)], {})
    assert [(e.stream, e.seq) for e in ordered] == [("gateway", 1)]
    assert reached == {"gateway": 1}


def test_a_tick_stands_before_later_events() -> None:
    batch = [event("clock", 1, {"gateway": 1}), event("gateway", 1), event("gateway", 2)]
    ordered, reached = in_log_order(batch, {})
    assert [(e.stream, e.seq) for e in ordered] == [("gateway", 1), ("clock", 1), ("gateway", 2)]
    assert reached == {"gateway": 2, "clock": 1}


def test_ticks_behind_a_waiting_tick_wait_too() -> None:
    batch = [event("clock", 1, {"gateway": 5}), event("clock", 2, {"gateway": 0}), event("gateway", 1)]
    _, reached = in_log_order(batch, {})
    assert "clock" not in reached


@given(st.data())
def test_any_batching_applies_every_tick_behind_the_same_events(data: st.DataObject) -> None:
    """What a tick has seen when it is applied is what it names, however the log was cut into batches."""
    log: dict[str, list[Event]] = {"a": [], "b": [], "clock": []}
    heads = {"a": 0, "b": 0}
    for stream in data.draw(st.lists(st.sampled_from(["a", "b", "clock"]), max_size=24)):
        seq = len(log[stream]) + 1
        log[stream].append(event(stream, seq, heads if stream == "clock" else None))
        if stream != "clock":
            heads[stream] = seq
    read_to: dict[str, int] = {}
    seen: dict[str, int] = {}
    while any(read_to.get(stream, 0) < len(rows) for stream, rows in log.items()):
        batch = []
        for stream, rows in log.items():
            first = read_to.get(stream, 0)
            limit = len(rows) if stream == "clock" else data.draw(st.integers(0, 4))  # the feed gives every tick
            batch += rows[first : first + limit]
        ordered, reached = in_log_order(batch, read_to)
        for item in ordered:
            if item.source is EventSource.TICK:
                assert {stream: seq for stream, seq in seen.items() if stream != "clock"} == {
                    stream: seq for stream, seq in item.body["heads"].items() if seq
                }
            seen[item.stream] = item.seq
        read_to = reached


def test_an_event_behind_a_waiting_tick_does_not_overtake_it() -> None:
    batch = [event("a", 1), event("a", 2), event("clock", 1, {"a": 1, "b": 1})]
    ordered, reached = in_log_order(batch, {})
    assert [(e.stream, e.seq) for e in ordered] == [("a", 1)]
    assert reached == {"a": 1}
    ordered, _ = in_log_order([event("a", 2), event("b", 1), event("clock", 1, {"a": 1, "b": 1})], reached)
    assert [(e.stream, e.seq) for e in ordered] == [("b", 1), ("clock", 1), ("a", 2)]

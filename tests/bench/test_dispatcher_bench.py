"""The benchmark of the dispatcher counts what was taken and nothing else; no time is asserted."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cli.bench.dispatcher import Commits, latencies, percentiles
from events.model import EventDraft, EventSource, SourceClass, TimeQuality, event_uid

AT: Final = datetime(2026, 11, 22, tzinfo=UTC)


def batch(*numbers: int) -> Sequence[EventDraft]:
    return [
        EventDraft(
            uid=event_uid("bench", number),
            content_hash=bytes(32),
            source=EventSource.DEVICE_EVENT,
            source_class=SourceClass.SENSOR,
            kind="waste_overflow",
            severity=2,
            subject="device",
            received_at=AT,
            effective_at=AT,
            time_quality=TimeQuality.DEVICE,
            body={},
        )
        for number in numbers
    ]


def test_each_event_waits_for_the_first_step_that_passed_its_batch() -> None:
    written = Commits([2, 3, 6], [10.0, 10.5, 11.0])
    seen = Commits([1, 3, 6], [10.1, 10.75, 11.5])
    assert latencies([batch(1, 2), batch(3), batch(4, 5, 6)], written, seen) == [0.75, 0.75, 0.25, 0.5, 0.5, 0.5]


def test_what_was_taken_before_the_end_of_the_wait_counts_and_the_rest_is_missing() -> None:
    written = Commits([2, 3], [10.0, 10.5])
    assert latencies([batch(1, 2), batch(3)], written, Commits([2], [10.25])) == [0.25, 0.25]
    assert latencies([batch(1, 2), batch(3)], written, Commits([], [])) == []


def test_nothing_taken_is_no_figure_and_still_json() -> None:
    assert json.loads(json.dumps(percentiles([]), allow_nan=False)) == {"p50_ms": None, "p99_ms": None}
    assert percentiles([0.25]) == {"p50_ms": 250.0, "p99_ms": 250.0}

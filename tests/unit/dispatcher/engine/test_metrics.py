"""The alarm of a cluster that percolates: once, where there are enough events to tell."""

from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from dispatcher.engine import metrics


def memory(live: int, largest: int) -> Any:
    correlator = SimpleNamespace(live_events=live, state_bytes=0, walked=0, capped_events=0, crowded_events=0)
    return SimpleNamespace(correlator=correlator, incidents={}, largest=largest)


@pytest.mark.parametrize(("live", "largest", "told"), [(999, 999, 0), (1000, 10, 0), (1000, 11, 1), (100_000, 1001, 1)])
async def test_an_incident_that_takes_too_large_a_share_is_told_once(
    monkeypatch: pytest.MonkeyPatch, live: int, largest: int, told: int
) -> None:
    monkeypatch.setattr(metrics, "LARGEST_EVERY_S", 0.0)
    gauges = metrics.MemoryGauges()
    with capture_logs() as logs:
        for _ in range(3):
            gauges.show(memory(live, largest))
    assert [entry["event"] for entry in logs] == ["incident_grew_too_large"] * told
    assert metrics.LARGEST_SHARE._value.get() == largest / live


async def test_it_is_told_again_when_it_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LARGEST_EVERY_S", 0.0)
    gauges = metrics.MemoryGauges()
    with capture_logs() as logs:
        for largest in (500, 5, 500):
            gauges.show(memory(2000, largest))
    assert len(logs) == 2

"""The alarm of a cluster that percolates: once, where there are enough events to tell."""

import pytest
from structlog.testing import capture_logs

from dispatcher.engine import metrics


@pytest.mark.parametrize(("live", "largest", "told"), [(999, 999, 0), (1000, 10, 0), (1000, 11, 1), (100_000, 1001, 1)])
def test_an_incident_that_takes_too_large_a_share_is_told_once(live: int, largest: int, told: int) -> None:
    gauges = metrics.MemoryGauges()
    with capture_logs() as logs:
        for _ in range(3):
            gauges.judge(largest, live)
    assert [entry["event"] for entry in logs] == ["incident_grew_too_large"] * told
    assert metrics.LARGEST_SHARE._value.get() == largest / live


def test_it_is_told_again_when_it_comes_back() -> None:
    gauges = metrics.MemoryGauges()
    with capture_logs() as logs:
        for largest in (500, 5, 500):
            gauges.judge(largest, 2000)
    assert len(logs) == 2

"""Counts of the back door."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(slots=True)
class SessionCounts:
    connected: int = 0
    epoch: int = 0  # connections made so far, with this one
    sessions_new: int = 0  # of them, those where the broker had no session of ours (any more)
    failures: int = 0  # connections that could not be made, or broke
    received: int = 0
    received_qos0: int = 0  # of them, those that nobody promised to keep
    redelivered: int = 0  # of them, those with DUP: from an earlier connection
    repeated: int = 0  # dropped: held or acknowledged on this very connection
    acknowledged: int = 0
    stale: int = 0  # commits that came when their connection was gone: the broker sends those messages again
    receipts: int = 0
    receipts_dropped: int = 0
    held: int = 0


class SessionCollector(Collector):
    def __init__(self, counts: Callable[[], SessionCounts]) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        counts = self._counts()
        yield GaugeMetricFamily("gateway_session_connected", "Whether the broker is connected", counts.connected)
        yield GaugeMetricFamily("gateway_session_held", "Messages that wait for a full intake", counts.held)
        for name, text, value in (
            ("connects", "Connections to the broker", counts.epoch),
            ("sessions_new", "Connections that found no session of ours at the broker", counts.sessions_new),
            ("failures", "Connections that could not be made, or broke", counts.failures),
            ("received", "Messages received", counts.received),
            ("received_qos0", "Messages received at QoS 0", counts.received_qos0),
            ("redelivered", "Messages that the broker sent again on a new connection", counts.redelivered),
            ("repeated", "Repetitions dropped on one connection", counts.repeated),
            ("pubacks", "Messages acknowledged after their commit", counts.acknowledged),
            ("stale_commits", "Commits whose connection was gone", counts.stale),
            ("receipts", "Receipts given to the broker", counts.receipts),
            ("receipts_dropped", "Receipts that found no room", counts.receipts_dropped),
        ):
            yield CounterMetricFamily(f"gateway_session_{name}", text, value)

"""The correlator with a stop-watch, fed in batches."""

import time
from typing import Final

from dispatcher.correlation.columns import EventColumns, Int32, Int64
from dispatcher.correlation.correlator import Correlator
from dispatcher.correlation.kernels.records import Journal

BATCH: Final = 16_384


class TimedCorrelator(Correlator):
    """Knows how long its clustering stage alone took."""

    clustering_s = 0.0

    def _cluster(self, journal: Journal, rows: Int32, component: Int64, firsts: Int32) -> None:
        begin = time.perf_counter()
        super()._cluster(journal, rows, component, firsts)
        self.clustering_s += time.perf_counter() - begin


def batches(events: EventColumns, size: int | None = None) -> list[EventColumns]:
    """The first `size` events (all by default) in batches of 16 k, without copying."""
    end = events.t_ms.size if size is None else min(size, events.t_ms.size)
    return [EventColumns._make(column[i : min(i + BATCH, end)] for column in events) for i in range(0, end, BATCH)]

"""How long an event waits for its provisional incident: batches in real time, arrays in, components and finals out."""

import threading
import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cli.bench.timed import BATCH
from cli.bench.workloads import Workload, disorder
from dispatcher.correlation.columns import EventColumns
from dispatcher.correlation.correlator import Correlator

RATE_PER_S: Final = 50_000  # 3 M a minute
TICK_S: Final = 0.005  # between two batches at least, as a reader of the log waits for more


def measured(duration_s: float) -> dict[str, Any]:
    """Events at 3 M a minute, late by 60 s on average, in the order and at the pace of their arrival.

    An event has waited from its arrival until the batch that took it was answered and the watermarks were raised.
    Nothing is left out: what a slow batch delays counts for every event behind it.
    """
    size = round(RATE_PER_S * duration_s)
    workload = disorder("G11", size, burst=False)
    begin_cpu = time.thread_time()
    waited_s = paced(workload, np.arange(size) / RATE_PER_S)
    p50, p99 = np.percentile(waited_s, (50, 99))
    return {
        "events": size,
        "events_per_s": RATE_PER_S,
        "p50_ms": round(1e3 * float(p50), 2),
        "p99_ms": round(1e3 * float(p99), 2),
        "max_ms": round(1e3 * float(waited_s.max()), 2),
        "share_of_a_core": round((time.thread_time() - begin_cpu) / duration_s, 3),
    }


def paced(workload: Workload, arrival_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Feed the workload as it arrives; how long each event waited."""
    correlator = Correlator(workload.groups)
    waited_s = np.empty(arrival_s.size)
    watermarks = [-(1 << 61)] * len(workload.groups)
    never = threading.Event()
    begin_s = time.perf_counter()
    at = 0
    while at < arrival_s.size:
        now_s = time.perf_counter() - begin_s
        end = min(int(np.searchsorted(arrival_s, now_s, "right")), at + BATCH)
        if end == at:
            never.wait(max(TICK_S, arrival_s[at] - now_s))
            continue
        batch = EventColumns._make(column[at:end] for column in workload.events)
        correlator.apply(batch)
        latest = int(batch.t_ms.max())
        for group, before in enumerate(watermarks):
            watermarks[group] = max(before, workload.groups.watermark_ms(group, latest))
            correlator.advance(group, watermarks[group])
        waited_s[at:end] = time.perf_counter() - begin_s - arrival_s[at:end]
        at = end
    return waited_s

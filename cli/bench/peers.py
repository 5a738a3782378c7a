"""Yardsticks of the correlation: other libraries on the same arrays, and all pairs as the judge of what is right."""

import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any, Final, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from cli.bench.timed import TimedCorrelator, batches
from cli.bench.workloads import R_DM, T_MS, Workload
from dispatcher.correlation.columns import EventColumns, event_columns
from dispatcher.correlation.correlator import Correlator, Finals
from dispatcher.correlation.groups import Group, GroupTable

HOW: Final = (
    "Peers get one closed window: events whose times all lie within T, so that links are discs in the plane, which is "
    "what they compute (eps = R, min_samples = 1). Batch peers cluster it in one shot; the incremental peer takes it "
    "event by event; ours takes it in batches of 16 k, from deliveries to finals, identity and repeats included "
    "(clustering alone is the second ratio). Same partition required. Peers may use every core, ours uses one: "
    "the third ratio is that of processor time, end to end."
)
RATIOS: Final = ("ratio_to", "ratio_of_clustering_to", "ratio_of_cpu_to")
Labels = NDArray[np.int64]
Result = TypeVar("Result")


def compare(quick: bool) -> dict[str, Any]:
    """Ratios of our events a second to each peer's; None where the peer is not installed."""
    runs = 3
    windows = {"100k": _window(100_000, density=3.0), "8k": _window(8_000, density=3.0)}
    clustering_s: dict[str, list[float]] = {name: [] for name in windows}
    ours = {name: _timed(partial(_ours, window, clustering_s[name]), runs) for name, window in windows.items()}
    figures: dict[str, Any] = {"how": HOW, "same_partition": {}, **{ratio: {} for ratio in RATIOS}}
    figures["events_per_s"] = {f"ours_{n}": round(w.t_ms.size / ours[n].wall_s) for n, w in windows.items()}
    peers = (("scikit-learn", _sklearn, "100k"), ("dbscan", _dbscan, "100k"), ("incdbscan-rs", _incdbscan, "8k"))
    for name, peer, size in peers:
        window = windows[size]
        points = np.stack((window.x_dm, window.y_dm), axis=1).astype(np.float64)
        try:
            peer(points[:100])
        except ImportError:
            for ratio in RATIOS:
                figures[ratio][name] = None
            continue
        found = _timed(partial(peer, points), 1 if quick and size == "8k" else runs)
        figures["ratio_to"][name] = round(found.wall_s / ours[size].wall_s, 2)
        figures["ratio_of_clustering_to"][name] = round(found.wall_s / statistics.median(clustering_s[size]), 2)
        figures["ratio_of_cpu_to"][name] = round(found.cpu_s / ours[size].cpu_s, 2)
        figures["events_per_s"][name] = round(window.t_ms.size / found.wall_s)
        figures["same_partition"][name] = same_partition(found.result, labels_of([ours[size].result], window))
    return figures


def _window(size: int, density: float) -> EventColumns:
    """Uniform events within one T, each with `density` neighbours."""
    random = np.random.default_rng(11)
    side = int(np.sqrt(size * np.pi * R_DM**2 / density))
    x, y = random.integers(0, side, (2, size))
    words = random.integers(0, 1 << 63, (2, size)).astype(np.uint64)
    t = np.sort(random.integers(0, T_MS, size))
    return event_columns((words[0], words[1]), t_ms=t, x_dm=x, y_dm=y, subject=np.arange(size))


class Timed(NamedTuple, Generic[Result]):
    """Medians of the runs, and what the last of them gave."""

    wall_s: float
    cpu_s: float  # of all threads
    result: Result


def _timed(call: Callable[[], Result], runs: int) -> Timed[Result]:
    wall_s, cpu_s = [], []
    for _ in range(runs):
        begin, begin_cpu = time.perf_counter(), time.process_time()
        result = call()
        wall_s.append(time.perf_counter() - begin)
        cpu_s.append(time.process_time() - begin_cpu)
    return Timed(statistics.median(wall_s), statistics.median(cpu_s), result)


def _ours(window: EventColumns, clustering_s: list[float]) -> Finals:
    correlator = TimedCorrelator(GroupTable([Group(R_DM, T_MS, remember_ms=0)]), expected_events=window.t_ms.size)
    for batch in batches(window):
        correlator.apply(batch)
    clustering_s.append(correlator.clustering_s)
    return correlator.advance(0, 1 << 59)


def labels_of(all_finals: Iterable[Finals], events: EventColumns) -> Labels:
    """Which final each event of distinct uids belongs to."""
    labels = np.full(events.t_ms.size, -1, np.int64)
    order = np.argsort(events.uid_hi)  # 64 random bits are enough to tell the events of a benchmark apart
    count = 0
    for finals in all_finals:
        place = np.searchsorted(events.uid_hi[order], finals.uid_hi)
        labels[order[place]] = count + np.repeat(np.arange(len(finals)), np.diff(finals.starts))
        count += len(finals)
    return labels


def _sklearn(points: NDArray[np.float64]) -> Labels:
    cluster: Any = import_module("sklearn.cluster")
    return np.asarray(cluster.DBSCAN(eps=R_DM, min_samples=1).fit(points).labels_)


def _dbscan(points: NDArray[np.float64]) -> Labels:
    library: Any = import_module("dbscan")
    return np.asarray(library.DBSCAN(points, eps=R_DM, min_samples=1)[0])


def _incdbscan(points: NDArray[np.float64]) -> Labels:
    library: Any = import_module("incdbscan_rs")
    index = library.IncrementalDBSCAN(eps=R_DM, min_pts=1)
    for k in range(points.shape[0]):
        index.insert(points[k : k + 1])
    return np.asarray(index.get_cluster_labels(points)).astype(np.int64)


def same_partition(a: Labels, b: Labels) -> bool:
    """Whether two labellings group alike."""
    pairs = np.unique(np.stack((a, b), axis=1), axis=0)
    return bool(pairs.shape[0] == np.unique(a).size == np.unique(b).size)


def equals_all_pairs(workload: Workload, size: int, at: float = 0.5) -> bool:
    """Whether the partition of a stretch of the workload equals that of all its pairs, by the definition.

    `at` is where the stretch lies, from 0 (the first events) to 1 (the last).
    """
    begin = max(0, int((workload.events.t_ms.size - size) * at))
    events = EventColumns._make(column[begin : begin + size] for column in workload.events)
    correlator = Correlator(workload.groups)
    for start in range(0, size, 1_000):
        correlator.apply(EventColumns._make(column[start : start + 1_000] for column in events))
    finals = [correlator.advance(group, 1 << 59) for group in range(len(workload.groups))]
    return same_partition(labels_of(finals, events), all_pairs(events, workload.groups))


def all_pairs(events: EventColumns, groups: GroupTable) -> Labels:
    """Clusters by comparing each occurrence with all others; repeats belong to their occurrence."""
    first = _first_of_occurrence(events, groups)
    label = np.arange(events.t_ms.size)
    nodes = np.flatnonzero(first == label)
    x, y, t = (column.astype(np.int64) for column in (events.x_dm, events.y_dm, events.t_ms))
    near_of: dict[int, Labels] = {}
    core = np.zeros(label.size, np.bool_)
    for i in nodes.tolist():
        limits = groups[int(events.group[i])]
        near = nodes[(events.group[nodes] == events.group[i]) & (np.abs(t[nodes] - t[i]) <= limits.window_ms)]
        near_of[i] = near[(x[near] - x[i]) ** 2 + (y[near] - y[i]) ** 2 <= limits.radius_dm**2]
        core[i] = near_of[i].size >= limits.m
    for i in np.flatnonzero(core).tolist():
        joined = np.unique(label[near_of[i][core[near_of[i]]]])
        if joined.size > 1:
            label[np.isin(label, joined[1:])] = joined[0]
    for i in nodes[~core[nodes]].tolist():
        near = near_of[i][core[near_of[i]]]
        if near.size:
            d2 = (x[near] - x[i]) ** 2 + (y[near] - y[i]) ** 2
            order = np.lexsort((events.uid_lo[near], events.uid_hi[near], t[near], np.abs(t[near] - t[i]), d2))
            label[i] = label[near[order[0]]]
    return np.asarray(label[first])


def _first_of_occurrence(events: EventColumns, groups: GroupTable) -> Labels:
    first = np.arange(events.t_ms.size)
    last_seen: dict[tuple[int, int], tuple[int, int]] = {}
    for i in np.lexsort((events.uid_lo, events.uid_hi, events.t_ms)).tolist():
        series = (int(events.subject[i]), int(events.group[i]))
        row, t = last_seen.get(series, (i, int(events.t_ms[i])))
        if int(events.t_ms[i]) - t > groups[series[1]].gap_ms:
            row = i
        first[i] = row
        last_seen[series] = (row, int(events.t_ms[i]))
    return first

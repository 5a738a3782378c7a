"""Yardsticks of the correlation: other libraries on the same arrays, and all pairs as the judge of what is right."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cli.bench.timed import TimedCorrelator, batches
from cli.bench.workloads import R_DM, T_MS, Workload
from dispatcher.correlation.columns import EventColumns, event_columns
from dispatcher.correlation.correlator import Correlator, Finals
from dispatcher.correlation.groups import Group, GroupTable

HOW: Final = (
    "Peers get closed windows: events whose times all lie within T, so that links are discs in the plane, which is "
    "what they compute (eps = R, min_samples = 1). Batch peers cluster each window in one shot; the incremental peer "
    "takes it event by event; ours takes one window after the other as a stream, in batches of 16 k, from deliveries "
    "to finals, identity and repeats included (clustering alone is the second ratio). Same partition required. The "
    "first window warms all up. Each is pinned to one core; for the third ratio the peers may use all, ours still one. "
    "`scikit-learn, cylinders` gets windows of twelve T, whose links are no discs: the neighbours in a box of R, R and "
    "T come from its tree, those of them in the cylinder are its precomputed metric."
)
RATIOS: Final = ("ratio_to", "ratio_of_clustering_to", "ratio_on_all_cores_to")
SIZES: Final = {
    "scikit-learn": "100k",
    "scikit-learn, cylinders": "100k_12T",
    "dbscan": "100k",
    "incdbscan-rs": "8k",
}
GAP_MS: Final = 16 * T_MS + 40_009  # from one window to the next, and no multiple of anything
Labels = NDArray[np.int64]


class Timed(NamedTuple):
    """Seconds of the median window, and the labels of the last."""

    wall_s: float
    clustering_s: float
    labels: Labels


def compare(quick: bool) -> dict[str, Any]:
    """Ratios of our events a second to each peer's; None where the peer is not installed."""
    count = 6 if quick else 11
    windows = {name: _windows(size, 3.0, count) for name, size in (("100k", 100_000), ("8k", 8_000))}
    windows["100k_12T"] = _windows(100_000, 3.0, count, span=12)
    one = {max(os.sched_getaffinity(0))}
    with _pinned(one):
        ours = {name: _ours(of_size) for name, of_size in windows.items()}
    figures: dict[str, Any] = {"how": HOW, "same_partition": {}, **{ratio: {} for ratio in RATIOS}}
    figures["events_per_s"] = {f"ours_{name}": round(windows[name][0].t_ms.size / ours[name].wall_s) for name in ours}
    for name, size in SIZES.items():
        points = [_points(window) for window in windows[size]]
        try:
            on_one = _apart(name, points, one)
        except ImportError:
            for ratio in RATIOS:
                figures[ratio][name] = None
            continue
        on_all = _apart(name, points, os.sched_getaffinity(0))
        figures["ratio_to"][name] = round(on_one.wall_s / ours[size].wall_s, 2)
        figures["ratio_of_clustering_to"][name] = round(on_one.wall_s / ours[size].clustering_s, 2)
        figures["ratio_on_all_cores_to"][name] = round(on_all.wall_s / ours[size].wall_s, 2)
        figures["events_per_s"][name] = round(len(points[0]) / on_one.wall_s)
        figures["same_partition"][name] = same_partition(on_one.labels, ours[size].labels)
    return figures


def _windows(size: int, density: float, count: int, span: int = 1) -> list[EventColumns]:
    """Windows one after the other, each of uniform events within `span` T with about `density` neighbours."""
    random = np.random.default_rng(11)
    side = int(np.sqrt(size * np.pi * R_DM**2 / density * min(1.0, 2 / span)))
    made = []
    for k in range(count):
        x, y = random.integers(0, side, (2, size))
        words = random.integers(0, 1 << 63, (2, size)).astype(np.uint64)
        t = k * GAP_MS + np.sort(random.integers(0, span * T_MS, size))
        made.append(event_columns((words[0], words[1]), t_ms=t, x_dm=x, y_dm=y, subject=np.arange(size)))
    return made


def _points(window: EventColumns) -> Labels:
    columns: list[Labels] = [column.astype(np.int64) for column in (window.x_dm, window.y_dm, window.t_ms)]
    return np.stack(columns, axis=1)


def _ours(windows: Sequence[EventColumns]) -> Timed:
    groups = GroupTable([Group(R_DM, T_MS, remember_ms=0)])
    correlator = TimedCorrelator(groups, expected_events=windows[0].t_ms.size)
    wall_s, clustering_s = [], []
    for k, window in enumerate(windows):
        clustered_s = correlator.clustering_s
        begin = time.perf_counter()
        for batch in batches(window):
            correlator.apply(batch)
        finals = correlator.advance(0, (k + 1) * GAP_MS - 1)
        wall_s.append(time.perf_counter() - begin)
        clustering_s.append(correlator.clustering_s - clustered_s)
    return Timed(statistics.median(wall_s[1:]), statistics.median(clustering_s[1:]), labels_of([finals], windows[-1]))


@contextmanager
def _pinned(cpus: set[int]) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _apart(name: str, points: Sequence[Labels], cpus: set[int]) -> Timed:
    """A peer on each window, in a process of its own with these cores; raises ImportError."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _settle, (cpus,)) as process:
        return process.submit(_peer, name, points).result()


def _settle(cpus: set[int]) -> None:
    os.sched_setaffinity(0, cpus)
    os.environ["PARLAY_NUM_THREADS"] = str(len(cpus))  # how `dbscan` is told


def _peer(name: str, points: Sequence[Labels]) -> Timed:
    cluster: Callable[[NDArray[np.float64]], Labels] = {
        "scikit-learn": _sklearn,
        "scikit-learn, cylinders": _sklearn_of_cylinders,
        "dbscan": _dbscan,
        "incdbscan-rs": _incdbscan,
    }[name]
    wall_s = []
    columns = 3 if cluster is _sklearn_of_cylinders else 2
    for window in points:
        given = window[:, :columns].astype(np.float64)
        begin = time.perf_counter()
        labels = cluster(given)
        wall_s.append(time.perf_counter() - begin)
    median_s = statistics.median(wall_s[1:])
    return Timed(median_s, median_s, labels)


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


def _sklearn_of_cylinders(points: NDArray[np.float64]) -> Labels:
    cluster: Any = import_module("sklearn.cluster")
    neighbors: Any = import_module("sklearn.neighbors")
    tree = neighbors.NearestNeighbors(radius=1.0, metric="chebyshev").fit(points / (R_DM, R_DM, T_MS))
    graph = tree.radius_neighbors_graph(mode="connectivity").tocoo()
    dx, dy, _ = (points[graph.row] - points[graph.col]).T
    graph.data = np.where(dx * dx + dy * dy <= R_DM**2, graph.data, 2.0)  # beyond eps
    found = cluster.DBSCAN(eps=1.0, min_samples=1, metric="precomputed").fit(graph.tocsr())
    return np.asarray(found.labels_)


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

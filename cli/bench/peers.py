"""Yardsticks of the correlation: other libraries on the same arrays, each pinned to the core that ours has."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cli.bench.exactness import Labels, labels_of, same_partition
from cli.bench.timed import TimedCorrelator, batches
from cli.bench.workloads import R_DM, T_MS
from dispatcher.correlation.columns import EventColumns, event_columns
from dispatcher.correlation.groups import Group, GroupTable

HOW: Final = (
    "Peers get closed windows. Batch peers cluster each in one shot, the incremental peer takes it event by event; "
    "ours takes one window after the other as a stream, in batches of 16 k, from deliveries to finals, identity and "
    "repeats included (clustering alone is the second ratio). Same partition required. The first window warms all "
    "up. Each is pinned to one core; for the third ratio peers that can use all, ours still one. `space and time`: "
    "windows of twelve T and three dimensions (eps = 1 over x / R, y / R, t / T), of groups of events whose balls "
    "and cylinders link alike. `cylinders`: windows of twelve T of uniform events, whose links are no balls: the "
    "neighbours in a box of R, R and T come from scikit-learn's tree, those in the cylinder are its precomputed "
    "metric. `plane`: uniform events whose times all lie within T, so that nothing but the place matters (eps = R). "
    "`every 1,000th event`: the same, clustered anew when another thousand has come, as a stream asks for; ours "
    "answers after each batch."
)
RATIOS: Final = ("ratio_to", "ratio_of_clustering_to", "ratio_on_all_cores_to")
GAP_MS: Final = 16 * T_MS + 40_009  # from one window to the next, and no multiple of anything
EVERY: Final = 1_000

Points = NDArray[np.float64]


class Yardstick(NamedTuple):
    """A peer, which windows it gets, how many columns of them (x, y, t), and whether it can use several cores."""

    cluster: Callable[[Points], Labels]
    windows: str
    columns: int = 2
    parallel: bool = False


class Timed(NamedTuple):
    """Seconds of the median window, and the labels of the last."""

    wall_s: float
    clustering_s: float
    labels: Labels


def compare(quick: bool) -> dict[str, Any]:
    """Ratios of our events a second to each peer's; None where the peer is not installed."""
    count = 4 if quick else 11
    windows = {
        "plane": _uniform(100_000, 3.0, count),
        "plane_8k": _uniform(8_000, 3.0, count),
        "cylinders": _uniform(100_000, 3.0, count, span=12),
        "space_and_time": groups_apart(100_000, count),
    }
    one = {max(os.sched_getaffinity(0))}
    with _pinned(one):
        ours = {name: _ours(made) for name, made in windows.items()}
    figures: dict[str, Any] = {"how": HOW, "same_partition": {}, **{ratio: {} for ratio in RATIOS}}
    figures["events_per_s"] = {f"ours, {name}": round(windows[name][0].t_ms.size / ours[name].wall_s) for name in ours}
    for name, yardstick in YARDSTICKS.items():
        points = [_points(window) for window in windows[yardstick.windows]]
        try:
            on_one = _in_a_process(name, points, one)
            on_all = _in_a_process(name, points, os.sched_getaffinity(0)) if yardstick.parallel else None
        except ImportError:
            for ratio in RATIOS:
                figures[ratio][name] = None
            continue
        mine = ours[yardstick.windows]
        figures["ratio_to"][name] = round(on_one.wall_s / mine.wall_s, 2)
        figures["ratio_of_clustering_to"][name] = round(on_one.wall_s / mine.clustering_s, 2)
        figures["ratio_on_all_cores_to"][name] = None if on_all is None else round(on_all.wall_s / mine.wall_s, 2)
        figures["events_per_s"][name] = round(len(points[0]) / on_one.wall_s)
        figures["same_partition"][name] = same_partition(on_one.labels, mine.labels)
    return figures


def _uniform(size: int, density: float, count: int, span: int = 1) -> list[EventColumns]:
    """Windows one after the other, each of uniform events within `span` T with about `density` neighbours."""
    random = np.random.default_rng(11)
    side = int(np.sqrt(size * np.pi * R_DM**2 / density * min(1.0, 2 / span)))
    return [
        _window(k, random.integers(0, side, (2, size)), random.integers(0, span * T_MS, size), random)
        for k in range(count)
    ]


def groups_apart(size: int, count: int) -> list[EventColumns]:
    """Windows within twelve T of groups of one to seven events, which any distance tells apart.

    With R as the unit in both directions and T in time, events of a group lie within 0.98 of one another as the crow
    flies; those of two groups are over 1 apart along one axis.
    """
    random = np.random.default_rng(12)
    layers = 4  # of groups of four events on average, 3 T from layer to layer
    side = int(np.ceil(np.sqrt(size / 4 / layers)))
    made = []
    for k in range(count):
        group = np.repeat(np.arange(size), random.integers(1, 8, size))[:size]
        lattice = np.stack((group % side, group // side % side, group // side**2)) * 3.0
        centre = lattice + random.uniform(0.5, 1.5, (3, size))[:, group]
        offset = random.normal(size=(3, size))
        offset *= 0.49 * np.cbrt(random.uniform(0, 1, size)) / np.linalg.norm(offset, axis=0)
        x, y, t = np.rint((centre + offset) * np.array([[R_DM], [R_DM], [T_MS]])).astype(np.int64)
        made.append(_window(k, np.stack((x, y)), t, random))
    return made


def _window(k: int, places: Labels, times: Labels, random: np.random.Generator) -> EventColumns:
    words = random.integers(0, 1 << 63, (2, times.size)).astype(np.uint64)
    order = np.argsort(times, kind="stable")
    x, y = places[:, order]
    at = k * GAP_MS + times[order]
    return event_columns((words[0], words[1]), t_ms=at, x_dm=x, y_dm=y, subject=np.arange(times.size))


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


def _in_a_process(name: str, points: Sequence[Labels], cpus: set[int]) -> Timed:
    """A peer on each window, in a process of its own with these cores; raises ImportError."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _settle, (cpus,)) as process:
        return process.submit(_peer, name, points).result()


def _settle(cpus: set[int]) -> None:
    os.sched_setaffinity(0, cpus)
    os.environ["PARLAY_NUM_THREADS"] = str(len(cpus))  # how `dbscan` is told


def _peer(name: str, points: Sequence[Labels]) -> Timed:
    yardstick = YARDSTICKS[name]
    wall_s = []
    for window in points:
        given = window[:, : yardstick.columns].astype(np.float64)
        begin = time.perf_counter()
        labels = yardstick.cluster(given)
        wall_s.append(time.perf_counter() - begin)
    median_s = statistics.median(wall_s[1:])
    return Timed(median_s, median_s, labels)


def _balls(points: Points) -> tuple[Points, float]:
    """What links within R in the plane, or within R and T as one distance in space and time; exact in the plane."""
    return (points, R_DM) if points.shape[1] == 2 else (points / (R_DM, R_DM, T_MS), 1.0)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _sklearn(points: Points) -> Labels:
    cluster: Any = import_module("sklearn.cluster")
    given, eps = _balls(points)
    return np.asarray(cluster.DBSCAN(eps=eps, min_samples=1, n_jobs=_cores()).fit(given).labels_)


def _sklearn_of_cylinders(points: Points) -> Labels:
    cluster: Any = import_module("sklearn.cluster")
    neighbors: Any = import_module("sklearn.neighbors")
    tree = neighbors.NearestNeighbors(radius=1.0, metric="chebyshev", n_jobs=_cores()).fit(points / (R_DM, R_DM, T_MS))
    graph = tree.radius_neighbors_graph(mode="connectivity").tocoo()
    dx, dy, _ = (points[graph.row] - points[graph.col]).T
    graph.data = np.where(dx * dx + dy * dy <= R_DM**2, graph.data, 2.0)  # beyond eps
    found = cluster.DBSCAN(eps=1.0, min_samples=1, metric="precomputed").fit(graph.tocsr())
    return np.asarray(found.labels_)


def _dbscan(points: Points) -> Labels:
    library: Any = import_module("dbscan")
    given, eps = _balls(points)
    return np.asarray(library.DBSCAN(given, eps=eps, min_samples=1)[0])


def _anew(cluster: Callable[[Points], Labels], points: Points) -> Labels:
    for so_far in range(EVERY, points.shape[0], EVERY):
        cluster(points[:so_far])
    return cluster(points)


def _incdbscan(points: Points) -> Labels:
    library: Any = import_module("incdbscan_rs")
    index = library.IncrementalDBSCAN(eps=R_DM, min_pts=1)
    for k in range(points.shape[0]):
        index.insert(points[k : k + 1])
    return np.asarray(index.get_cluster_labels(points)).astype(np.int64)


YARDSTICKS: Final[dict[str, Yardstick]] = {
    "incdbscan-rs": Yardstick(_incdbscan, "plane_8k"),
    "scikit-learn, space and time": Yardstick(_sklearn, "space_and_time", 3, parallel=True),
    "dbscan, space and time": Yardstick(_dbscan, "space_and_time", 3, parallel=True),
    "scikit-learn, cylinders": Yardstick(_sklearn_of_cylinders, "cylinders", 3, parallel=True),
    "scikit-learn, plane": Yardstick(_sklearn, "plane", parallel=True),
    "dbscan, plane": Yardstick(_dbscan, "plane", parallel=True),
    "scikit-learn, every 1,000th event": Yardstick(partial(_anew, _sklearn), "plane_8k"),
    "dbscan, every 1,000th event": Yardstick(partial(_anew, _dbscan), "plane_8k"),
}
"""What is measured beside ours; the names stand in the report."""

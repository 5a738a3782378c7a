"""All pairs as the judge of what is right: are two partitions the same, and is ours that of the definition."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cli.bench.workloads import Workload
from dispatcher.correlation.columns import EventColumns
from dispatcher.correlation.correlator import Correlator, Finals
from dispatcher.correlation.groups import GroupTable

Labels = NDArray[np.int64]


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

"""Thousands of events: growth of every arena, eviction, storms; compared with an independent component count."""

import os
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from dispatcher.correlation.columns import EventColumns, Int32, event_columns
from dispatcher.correlation.correlator import Correlator, Status
from dispatcher.correlation.groups import Group, GroupTable
from dispatcher.correlation.kernels import canonical

SIZE: Final = 600 if os.environ.get("NUMBA_DISABLE_JIT") == "1" else 20_000
R, T = 1500, 600_000


def labels_of(x: NDArray[np.int64], y: NDArray[np.int64], t: NDArray[np.int64]) -> NDArray[np.int32]:
    """Components by SciPy: pairs by a tree in the plane, then exact integer conditions."""
    pairs = cKDTree(np.stack((x, y), axis=1)).query_pairs(R + 0.5, output_type="ndarray")
    a, b = pairs[:, 0], pairs[:, 1]
    linked = (np.abs(t[a] - t[b]) <= T) & ((x[a] - x[b]) ** 2 + (y[a] - y[b]) ** 2 <= R * R)
    graph = coo_matrix((np.ones(int(linked.sum()), np.int8), (a[linked], b[linked])), shape=(x.size, x.size))
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels


def scene(name: str) -> EventColumns:
    random = np.random.default_rng(20261122)
    spots = {"quiet": 0.0, "busy": 0.0, "storm": 0.6}[name]
    side = {"quiet": 60_000, "busy": 12_000, "storm": 60_000}[name]
    x, y = random.integers(-side, side, (2, SIZE))
    hot = random.random(SIZE) < spots
    spot = 100_000 * random.integers(1, 9, SIZE)
    x[hot] = spot[hot] + random.integers(0, 900, int(hot.sum()))
    y[hot] = random.integers(0, 900, int(hot.sum()))
    t = np.sort(random.integers(0, 60 * T, SIZE))
    uids = (random.permutation(SIZE).astype(np.uint64), np.zeros(SIZE, np.uint64))
    return event_columns(uids, t_ms=t, x_dm=x, y_dm=y, subject=np.arange(SIZE))


def partition_of(labels: NDArray[np.int32], uid: NDArray[np.uint64]) -> set[frozenset[int]]:
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return {frozenset(part.tolist()) for part in np.split(uid[order], cuts)}


@pytest.mark.parametrize("name", ["quiet", "busy", "storm"])
def test_finals_of_many_events_equal_scipy(name: str) -> None:
    events = scene(name)
    expected = partition_of(
        labels_of(events.x_dm.astype(np.int64), events.y_dm.astype(np.int64), events.t_ms), events.uid_hi
    )
    # Arrival: up to five minutes late, so the watermark stays that far behind.
    random = np.random.default_rng(7)
    arrival = np.argsort(events.t_ms + random.integers(0, 300_000, SIZE), kind="stable")
    groups = GroupTable([Group(R, T, lateness_ms=300_000)])
    made = Correlator(groups)
    found: list[frozenset[int]] = []
    most = 0
    for rows in np.array_split(arrival, 40):
        made.apply(EventColumns._make(column[rows] for column in events))
        most = max(most, made.live_events)
        latest = int(events.t_ms[rows].max())
        before = made.watermark_ms(0)
        finals = made.advance(0, max(groups.watermark_ms(0, latest), latest - 300_000 if before is None else before))
        found += [frozenset(part.tolist()) for part in np.split(finals.uid_hi, finals.starts[1:-1]) if part.size]
    finals = made.advance(0, 1 << 50)
    found += [frozenset(part.tolist()) for part in np.split(finals.uid_hi, finals.starts[1:-1]) if part.size]
    assert len(found) == len(expected)
    assert set(found) == expected
    assert made.live_events == 0
    if name == "quiet":
        assert most < SIZE // 8  # what is final is forgotten


def test_memory_stays_flat_over_a_day() -> None:
    groups = GroupTable([Group(R, T, gap_ms=1_000, remember_ms=T)])
    made = Correlator(groups)
    random = np.random.default_rng(3)
    batch = SIZE // 20
    after_warmup = 0
    for step in range(24 * 3_600_000 // T):
        hi = random.integers(0, 1 << 62, batch).astype(np.uint64)
        made.apply(
            event_columns(
                (hi, hi),
                t_ms=step * T + random.integers(0, T, batch),
                x_dm=random.integers(-900_000, 900_000, batch),
                y_dm=random.integers(-900_000, 900_000, batch),
                subject=random.integers(0, 1 << 40, batch),
            )
        )
        made.advance(0, step * T)
        if step == 10:
            after_warmup = made.state_bytes
    assert made.state_bytes < 1.1 * after_warmup


@pytest.mark.skipif(SIZE < 10_000, reason="too few events to say")
@pytest.mark.parametrize("m", [1, 3])
def test_live_event_of_a_storm_takes_no_more_than_its_formula(m: int) -> None:
    random = np.random.default_rng(2)
    made = Correlator(GroupTable([Group(R, T, m=m)]))
    size = 120_000
    x, y = random.integers(0, 900, (2, size))
    t = np.sort(random.integers(0, T, size))
    uids = random.integers(0, 1 << 62, (2, size)).astype(np.uint64)
    made.apply(event_columns((uids[0], uids[1]), t_ms=t, x_dm=x, y_dm=y, subject=np.arange(size)))
    # An event, its node and three links; slots of its uid and of its series, in tables that were made for it and are at
    # least 70 % full; and the little that blocks, cells and deadlines of a storm take.
    slots = (8 + 8) / 0.70
    per_event = 64 + 32 + 3 * 4 + (20 if m > 1 else 0) + slots
    assert made.state_bytes < per_event * made.live_events + 2**16
    assert made.state_bytes < (132 if m == 1 else 152) * made.live_events


def test_more_live_events_than_may_be_are_counted_and_answered_with_it() -> None:
    made = Correlator(GroupTable([Group(R, T)]), live_max=3)
    t = np.zeros(5, np.int64)
    batch = event_columns((np.arange(5, dtype=np.uint64),) * 2, t_ms=t, x_dm=t, y_dm=t, subject=np.arange(5))
    applied = made.apply(batch)
    assert [Status(status).name for status in applied.status] == ["CLUSTERED"] * 3 + ["CAPPED"] * 2
    assert applied.component.tolist() == [0, 0, 0, -1, -1]
    assert (made.live_events, made.capped_events) == (3, 2)
    made.advance(0, 1 << 40)
    assert (
        made.apply(event_columns([bytes(16)], t_ms=[1 << 40], x_dm=0, y_dm=0, subject=0)).status[0] == Status.CLUSTERED
    )


def test_everything_final_at_once_leaves_nothing_behind() -> None:
    made = Correlator(GroupTable([Group(R, T, remember_ms=2 * T)]))
    events = scene("storm")
    for start in (0, 1):
        later = events._replace(t_ms=events.t_ms + start * (1 << 40), uid_lo=events.uid_lo + np.uint64(start))
        made.apply(later)
        made.advance(0, (start + 1) * (1 << 40) - 4 * T)
        assert made.live_events == 0
        restored = Correlator.restore(made.groups, made.snapshot())
        assert restored.live_events == 0
        made = restored


def test_many_equal_times_are_sorted_at_once_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_insertion(_events: object, rows: Int32, _order: object) -> None:
        assert rows.size == 1  # else it takes their number squared

    monkeypatch.setattr(canonical, "order_ties", by_insertion)
    size = 300
    for later in (0, 1, size - 1):
        t = np.zeros(size, np.int64)
        t[later] = 1
        made = Correlator(GroupTable([Group(R, T)]))
        words = np.arange(size, dtype=np.uint64)
        made.apply(event_columns((words, words), t_ms=t, x_dm=0, y_dm=0, subject=np.arange(size)))
        [final] = made.advance(0, 2 * T)
        assert final.last_ms == 1

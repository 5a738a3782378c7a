"""m > 1: cores, borders and noise, by hand and beside scikit-learn; what random cases hit too seldom."""

import os
from collections import defaultdict
from typing import Any, Final

import numpy as np
import pytest

from dispatcher.correlation.columns import event_columns
from dispatcher.correlation.correlator import Applied, Correlator, Role
from dispatcher.correlation.groups import Group, GroupTable
from tests.unit.dispatcher.correlation import oracle
from tests.unit.dispatcher.correlation.drive import Pair, number_of
from tests.unit.dispatcher.correlation.oracle import Delivery

INTERPRETED: Final = os.environ.get("NUMBA_DISABLE_JIT") == "1"


def row_of(*places: tuple[int, int], first: int = 0) -> list[Delivery]:
    """Events of different devices at (t, x)."""
    return [Delivery(uid=first + k, t=t, x=x, subject=first + k) for k, (t, x) in enumerate(places)]


def roles(applied: Applied) -> list[Role]:
    return [Role(int(role)) for role in applied.role]


def test_contested_border_that_turns_dense_bridges_two_clusters_after_one_window() -> None:
    """Closing at W > t + T would give out C alone: correlation of m > 1 has to wait for 2 T."""
    pair = Pair([oracle.Group(5, 6, 0, m=6)])
    c = row_of((0, 0), (0, 0), (1, 0), (1, 0), (1, 0), (2, 0))
    g = row_of((8, 5), first=10)
    d = row_of((8, 10), (8, 14), (9, 14), (9, 14), (10, 14), (10, 14), first=20)
    pair.apply(c + g + d)
    assert {len(part) for part in pair.oracle.partition()} == {6, 7}
    assert pair.advance(0, 12) == []
    applied = pair.apply(row_of((12, 5), (13, 5), (14, 5), first=30))
    assert len(pair.oracle.partition()) == 1
    assert len(applied.merges) == 1
    assert [len(f.uids) for f in pair.advance(0, 14 + 12 + 1)] == [16]


def test_repeat_that_moves_an_occurrence_frees_a_border_for_a_cluster_two_windows_older() -> None:
    """With G > 0 closing waits for 3 T: an occurrence after the watermark still moves to its earlier first event."""
    pair = Pair([oracle.Group(5, 6, 3, m=4)])
    old = row_of((0, -4), (0, -3), (0, -2), (0, 0))
    border = row_of((6, 5), first=10)
    other = row_of((12, 9), (16, 13), first=20)  # the first is core, nearer to the border, while `moving` is there
    moving = Delivery(uid=31, t=16, x=13, subject=31)
    pair.apply([*old, *border, *other, moving])
    assert pair.oracle.partition() == {frozenset({0, 1, 2, 3}), frozenset({10, 20, 21, 31})}
    assert pair.advance(0, 13) == []  # W > 0 + 2 T
    pair.apply([Delivery(uid=30, t=14, x=99, subject=31)])
    assert frozenset({0, 1, 2, 3, 10}) in pair.oracle.partition()
    pair.everything_final()


def test_noise_border_and_cores_are_told_as_they_turn() -> None:
    pair = Pair([oracle.Group(10, 5, 0, m=3)])
    assert roles(pair.apply(row_of((0, 0)))) == [Role.NOISE]
    applied = pair.apply(row_of((0, 9), first=1))
    assert roles(applied) == [Role.NOISE]
    assert not applied.clusters
    applied = pair.apply(row_of((0, 18), first=2))  # the middle one has three neighbours now, the outer two each
    assert roles(applied) == [Role.BORDER]
    assert [(m.winner, m.loser) for m in applied.merges] == [(0, 1)]
    assert applied.clusters == {0}
    assert pair.oracle.partition() == {frozenset({0, 1, 2})}


def test_border_moves_to_a_nearer_cluster_and_only_it_is_told() -> None:
    pair = Pair([oracle.Group(10, 5, 0, m=4)])
    pair.apply(row_of((0, -8), (0, -6), (0, -4), (0, 0), (0, 10)))
    assert pair.oracle.partition() == {frozenset({0, 1, 2, 3, 4})}
    applied = pair.apply(row_of((0, 19), (0, 24), (0, 26), (0, 28), first=10))
    [moved] = applied.moved
    assert [number_of(uid) for uid in moved.uids] == [4]
    assert moved.component == applied.component[0]
    assert pair.oracle.partition() == {frozenset({0, 1, 2, 3}), frozenset({4, 10, 11, 12, 13})}
    assert applied.reclustered == []


def test_equally_near_cores_are_told_apart_by_uid() -> None:
    for left, right in ((0, 10), (10, 0)):
        pair = Pair([oracle.Group(10, 5, 0, m=4)])
        pair.apply(row_of((2, 0), (2, -5), (2, -5), (2, -5), first=left))
        pair.apply(row_of((2, 20), (2, 25), (2, 25), (2, 25), first=right))
        pair.apply(row_of((2, 10), first=30))
        assert frozenset({0, 1, 2, 3, 30}) in pair.oracle.partition()


def test_correction_takes_away_a_neighbour_of_cores_and_the_cluster_falls_apart() -> None:
    pair = Pair([oracle.Group(10, 5, 0, m=3)])
    pair.apply(row_of((0, 0), (0, 9), (0, 18)))
    applied = pair.apply([Delivery(uid=2, t=0, x=500, subject=2, revision=1)])
    assert pair.oracle.partition() == {frozenset({0}), frozenset({1}), frozenset({2})}
    [split] = applied.reclustered
    assert sum(map(len, split.parts.values())) == 3


def test_correction_of_what_is_before_the_watermark_is_late_where_density_counts() -> None:
    for m, expected in ((1, "corrected"), (2, "late")):
        pair = Pair([oracle.Group(10, 50, 0, m=m)])
        pair.apply(row_of((0, 0)))
        pair.advance(0, 10)
        assert pair.oracle.deliver(Delivery(uid=0, t=20, x=5, subject=0, revision=1)) == expected
        pair.made.apply(event_columns([bytes(16)], t_ms=[20], x_dm=[5], y_dm=[0], subject=[0], revision=[1]))


def test_unlocated_event_is_noise_however_many_there_are() -> None:
    pair = Pair([oracle.Group(10, 5, 0, m=2)])
    applied = pair.apply([Delivery(uid=k, t=0, subject=k, located=False) for k in range(9)])
    assert set(roles(applied)) == {Role.NOISE}
    assert len(pair.oracle.partition()) == 9
    assert [final.cores for final in pair.advance(0, 100)] == [0] * 9


def test_neighbours_that_are_final_still_count() -> None:
    """The border of a final cluster makes a live event a core, without which the one behind it would be noise."""
    pair = Pair([oracle.Group(10, 5, 0, m=4)])
    pair.apply(row_of((0, 1), (0, -4), (0, -4), (0, -4), (0, 10)))
    pair.apply(row_of((5, 20), (10, 15), (9, 29), (13, 29), (13, 29), first=10))
    assert [len(final.uids) for final in pair.advance(0, 12)] == [5]
    pair.rebuild()
    pair.apply(row_of((13, 29), first=20))
    pair.everything_final()


def test_several_new_events_in_a_solid_block_join_it_and_not_only_each_other() -> None:
    for batch in (1, 2, 3, 5):
        pair = Pair([oracle.Group(100, 50, 0, m=3)])
        events = row_of(*((k, k % 4) for k in range(16)))
        for start in range(0, 16, batch):
            pair.apply(events[start : start + batch])
        assert len(pair.oracle.partition()) == 1


def test_growing_crowd_is_solid_block_by_block() -> None:
    pair = Pair([oracle.Group(8, 4, 0, m=4)])
    random = np.random.default_rng(5)
    for start in range(0, 60, 6):
        t, x, y = random.integers(0, 12, (3, 6)).tolist()
        pair.apply([Delivery(uid=start + k, t=t[k], x=x[k], y=y[k], subject=start + k) for k in range(6)])
    pair.everything_final()


@pytest.mark.parametrize("m", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("batch", [7, 400])
def test_cores_and_their_partition_equal_those_of_scikit_learn(m: int, batch: int) -> None:
    cluster: Any = pytest.importorskip("sklearn.cluster")
    size, radius, window = (120, 30, 40) if INTERPRETED else (1_200, 30, 40)
    random = np.random.default_rng(m)
    x, y = random.integers(0, int(9 * size**0.5), (2, size))
    t = random.integers(0, 160, size)
    d2 = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    apart = np.where((d2 <= radius**2) & (np.abs(t[:, None] - t) <= window), 0.0, 1.0)
    fitted = cluster.DBSCAN(eps=0.5, min_samples=m, metric="precomputed").fit(apart)
    made = Correlator(GroupTable([Group(radius, window, m=m)]))
    uids = (np.zeros(size, np.uint64), np.arange(size, dtype=np.uint64))
    events = event_columns(uids, t_ms=t, x_dm=x, y_dm=y, subject=np.arange(size))
    for start in range(0, size, batch):
        made.apply(type(events)._make(column[start : start + batch] for column in events))
    again = made.apply(events)  # duplicates: what has become of each
    cores = np.flatnonzero(again.role == Role.CORE)
    assert cores.tolist() == fitted.core_sample_indices_.tolist()
    ours, theirs = defaultdict(set), defaultdict(set)
    for row in cores.tolist():
        ours[int(again.component[row])].add(row)
        theirs[int(fitted.labels_[row])].add(row)
    assert sorted(map(sorted, ours.values())) == sorted(map(sorted, theirs.values()))
    assert ((again.role == Role.NOISE) == (fitted.labels_ == -1)).all()

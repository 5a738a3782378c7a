"""A snapshot goes on as if nothing had happened, or is refused with the reason."""

import numpy as np
import pytest

from dispatcher.correlation.correlator import Correlator
from dispatcher.correlation.errors import SnapshotDamaged, SnapshotForeign, SnapshotOfOtherGroups
from dispatcher.correlation.groups import Group, GroupTable
from tests.unit.dispatcher.correlation.drive import columns, finals_of
from tests.unit.dispatcher.correlation.oracle import Delivery

GROUPS = GroupTable([Group(10, 5, gap_ms=2, remember_ms=20), Group(4, 9)])


def scene(seed: int, size: int) -> list[Delivery]:
    random = np.random.default_rng(seed)
    t, x, y, subject = random.integers(0, 60, (4, size)).tolist()
    return [
        Delivery(uid=1000 * seed + k, t=t[k] + 40 * seed, x=x[k], y=y[k] // 6, subject=subject[k], group=k % 2)
        for k in range(size)
    ]


def test_restored_correlator_answers_as_the_one_that_went_on() -> None:
    made = Correlator(GROUPS)
    made.apply(columns(scene(0, 300)))
    made.advance(0, 30)
    restored = Correlator.restore(GROUPS, made.snapshot())
    batch = columns(scene(1, 200))
    one, other = made.apply(batch), restored.apply(batch)
    np.testing.assert_array_equal(one.status, other.status)
    np.testing.assert_array_equal(one.component, other.component)
    assert list(one.merges) == list(other.merges)
    assert one.reclustered == other.reclustered
    for group, watermark in ((0, 60), (1, 80), (0, 1 << 40), (1, 1 << 40)):
        assert finals_of(made.advance(group, watermark)) == finals_of(restored.advance(group, watermark))


def test_snapshot_is_not_changed_by_what_comes_after() -> None:
    made = Correlator(GROUPS)
    made.apply(columns(scene(0, 50)))
    taken = made.snapshot()
    kept = bytes(taken)
    Correlator.restore(GROUPS, taken).apply(columns(scene(1, 50)))
    made.apply(columns(scene(2, 50)))
    assert bytes(taken) == kept
    assert made.snapshot() != taken


def test_snapshot_of_nothing_restores() -> None:
    restored = Correlator.restore(GROUPS, memoryview(Correlator(GROUPS).snapshot()))
    assert restored.live_events == 0
    restored.apply(columns(scene(0, 100)))
    assert restored.live_events == 100


@pytest.mark.parametrize("where", [0, 28, 60, 2_000, -40, -1])
def test_changed_or_cut_snapshot_is_refused(where: int) -> None:
    made = Correlator(GROUPS)
    made.apply(columns(scene(0, 50)))
    taken = made.snapshot()
    changed = bytearray(taken)
    changed[where] ^= 1
    with pytest.raises(SnapshotForeign if where == 0 else SnapshotDamaged):
        Correlator.restore(GROUPS, changed)
    with pytest.raises((SnapshotForeign, SnapshotDamaged)):
        Correlator.restore(GROUPS, taken[:where])


def test_snapshot_of_other_parameters_is_refused() -> None:
    taken = Correlator(GROUPS).snapshot()
    for other in (Group(10, 5, gap_ms=2, remember_ms=21), Group(11, 5, gap_ms=2, remember_ms=20)):
        with pytest.raises(SnapshotOfOtherGroups):
            Correlator.restore(GroupTable([other, GROUPS[1]]), taken)
    with pytest.raises(SnapshotOfOtherGroups):
        Correlator.restore(GroupTable(GROUPS[::-1]), taken)


def test_bytes_that_are_no_snapshot_are_refused() -> None:
    for given in (b"", b"{}", b"rongan correlation snapshot\n"):
        with pytest.raises((SnapshotForeign, SnapshotDamaged)):
            Correlator.restore(GROUPS, given)

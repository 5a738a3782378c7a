"""Cases made by hand: where naive designs go wrong, and what random cases hit too seldom."""

from itertools import permutations

import numpy as np
import pytest

from dispatcher.correlation.columns import event_columns
from dispatcher.correlation.correlator import Correlator, Status
from dispatcher.correlation.errors import ColumnInvalid, ComponentUnknown, GroupInvalid, WatermarkMovedBackwards
from dispatcher.correlation.groups import Group, GroupTable
from tests.unit.dispatcher.correlation import oracle
from tests.unit.dispatcher.correlation.drive import Pair, columns, number_of, table, uid_of
from tests.unit.dispatcher.correlation.oracle import Delivery

M = 60_000  # a minute in ms
FIRE = oracle.Group(radius_dm=1500, window_ms=10 * M, gap_ms=M)
# Bin 7, camera 3 (90 m away), bin 9 (210 m from bin 7, 120 m from the camera), and the call (40 m from the camera).
BIN_7 = Delivery(uid=7, t=0, x=0, y=0, subject=7)
CAMERA = Delivery(uid=3, t=130_000, x=900, y=0, subject=3, kind=1)
BIN_9 = Delivery(uid=9, t=3 * M, x=2100, y=0, subject=9)
CALL = Delivery(uid=12, t=4 * M, x=500, y=0, subject=12, kind=2)


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("order", list(permutations([BIN_7, CAMERA, BIN_9, CALL])))
def test_fire_is_one_incident_in_every_order(order: tuple[Delivery, ...], size: int) -> None:
    pair = Pair([FIRE])
    for start in range(0, 4, size):
        pair.apply(order[start : start + size])
    assert pair.advance(0, 14 * M) == []
    [final] = pair.advance(0, 14 * M + 1)
    assert final.uids == (7, 3, 9, 12)


def test_camera_that_arrives_last_is_the_bridge() -> None:
    pair = Pair([FIRE])
    bin_7 = pair.apply([BIN_7]).component[0]
    bin_9 = pair.apply([BIN_9]).component[0]
    pair.apply([CALL])
    applied = pair.apply([CAMERA])
    [merge] = applied.merges
    assert (merge.winner, merge.loser, number_of(merge.bridge)) == (bin_7, bin_9, 3)
    assert applied.component[0] == bin_7
    assert [number_of(uid) for uid in pair.made.members(int(bin_7))] == [7, 3, 9, 12]
    with pytest.raises(ComponentUnknown):
        pair.made.members(int(bin_9))
    assert pair.made.component_of(uid_of(9)) == bin_7
    assert pair.made.component_of(uid_of(99)) is None


@pytest.mark.parametrize(
    ("dx", "dy", "dt", "together"),
    [
        (1500, 0, 0, True),
        (1501, 0, 0, False),
        (900, 1200, 600_000, True),
        (900, 1201, 0, False),
        (0, 0, 600_000, True),
        (0, 0, 600_001, False),
        (-1061, -1060, -600_000, True),  # 2 x 1060.66^2 = 1500^2
        (-1061, -1061, 0, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("origin", [(0, 0), (-1, -1), (749, 750), (2999, -3000), (100_000_000, -100_000_000)])
def test_limits_of_place_and_time_belong_to_the_link(
    origin: tuple[int, int], dx: int, dy: int, dt: int, *, together: bool
) -> None:
    pair = Pair([FIRE])
    x, y = origin
    pair.apply([Delivery(uid=1, t=0, x=x, y=y, subject=1), Delivery(uid=2, t=dt, x=x + dx, y=y + dy, subject=2)])
    assert len(pair.oracle.partition()) == (1 if together else 2)


def test_squares_of_far_positions_do_not_overflow() -> None:
    pair = Pair([oracle.Group(100_000_000, 0, 0)])
    corners = [(-1_000_000_000, -1_000_000_000), (1_000_000_000, 1_000_000_000), (0, 0), (60_000_000, 80_000_000)]
    pair.apply([Delivery(uid=k, t=0, x=x, y=y, subject=k) for k, (x, y) in enumerate(corners)])
    assert pair.oracle.partition() == {frozenset({0}), frozenset({1}), frozenset({2, 3})}


def test_final_only_when_the_watermark_is_past_the_window() -> None:
    pair = Pair([FIRE])
    pair.apply([BIN_7])
    assert pair.advance(0, 10 * M) == []
    assert len(pair.advance(0, 10 * M + 1)) == 1


def test_occurrence_that_goes_on_keeps_its_component_open() -> None:
    group = oracle.Group(1500, 10, 20)
    pair = Pair([group])
    for t in range(0, 200, 20):
        pair.apply([Delivery(uid=t, t=t, subject=1)])
        assert pair.advance(0, t + 20) == []
    [final] = pair.advance(0, 201)
    assert (final.first, final.last, len(final.uids)) == (0, 180, 10)


def test_late_first_event_moves_an_occurrence_and_splits_its_component() -> None:
    pair = Pair([oracle.Group(10, 5, 3)])
    left = Delivery(uid=10, t=10, x=-10, subject=1)
    middle = Delivery(uid=20, t=12, x=0, subject=2)
    right = Delivery(uid=30, t=14, x=10, subject=3)
    component = pair.apply([left, middle, right]).component[0]
    # Two seconds earlier and 50 dm away the occurrence begins: it no longer joins left and right.
    applied = pair.apply([Delivery(uid=19, t=11, x=50, subject=2)])
    assert pair.oracle.partition() == {frozenset({10}), frozenset({30}), frozenset({19, 20})}
    [change] = applied.reclustered
    assert change.component == component
    assert {frozenset(map(number_of, uids)) for uids in change.parts.values()} == pair.oracle.partition() - {
        frozenset({19, 20})
    } | {frozenset({20})}
    assert [number_of(uid) for uid in change.parts[int(component)]] == [10]


def test_event_between_two_occurrences_makes_them_one_and_the_later_place_vanishes() -> None:
    pair = Pair([oracle.Group(10, 5, 3)])
    pair.apply([Delivery(uid=1, t=0, subject=1), Delivery(uid=2, t=6, x=40, subject=1)])
    pair.apply([Delivery(uid=3, t=6, x=45, subject=2)])
    assert frozenset({2, 3}) in pair.oracle.partition()
    applied = pair.apply([Delivery(uid=4, t=3, x=7, subject=1)])
    assert pair.oracle.partition() == {frozenset({1, 2, 4}), frozenset({3})}
    assert applied.status[0] == Status.REPEAT


def test_occurrence_that_is_all_of_a_component_hands_its_handle_to_its_new_first_event() -> None:
    pair = Pair([oracle.Group(10, 5, 3)])
    component = pair.apply([Delivery(uid=2, t=5, subject=1)]).component[0]
    applied = pair.apply([Delivery(uid=1, t=4, x=500, subject=1)])
    assert applied.component[0] == component
    assert applied.reclustered == []


def test_correction_of_a_bridge_splits_what_it_joined() -> None:
    pair = Pair([oracle.Group(10, 5, 0)])
    bridge = Delivery(uid=2, t=0, x=10, subject=2)
    ends = [Delivery(uid=1, t=0, x=0, subject=1), Delivery(uid=3, t=0, x=20, subject=3)]
    pair.apply([*ends, bridge])
    applied = pair.apply([Delivery(uid=2, t=0, x=500, subject=2, revision=1)])
    assert applied.status[0] == Status.CORRECTED
    assert pair.oracle.partition() == {frozenset({1}), frozenset({2}), frozenset({3})}
    pair.apply([bridge])  # The old version again: superseded.
    assert len(pair.oracle.partition()) == 3


def test_greater_content_hash_wins_among_equal_revisions_in_either_order() -> None:
    versions = [Delivery(uid=1, t=0, x=k, subject=1, revision=1, content=k) for k in (5, 9)]
    for order in (versions, versions[::-1]):
        pair = Pair([FIRE])
        pair.apply(order[:1])
        pair.apply(order[1:])
        assert [d.content for d in pair.oracle.live()] == [9]


def test_correction_that_shortens_a_component_makes_it_final_at_the_next_advance() -> None:
    pair = Pair([oracle.Group(10, 5, 0)])
    pair.advance(0, 0)
    pair.apply([Delivery(uid=1, t=100, subject=1)])
    pair.apply([Delivery(uid=1, t=1, subject=1, revision=1)])
    assert len(pair.advance(0, 7)) == 1


def test_correction_to_another_group_moves_the_event() -> None:
    pair = Pair([oracle.Group(10, 5, 0), oracle.Group(10, 50, 0)])
    pair.advance(0, 0)
    pair.advance(1, 0)
    pair.apply([Delivery(uid=1, t=3, subject=1), Delivery(uid=2, t=3, subject=2)])
    pair.apply([Delivery(uid=1, t=3, subject=1, group=1, revision=1)])
    assert [f.uids for f in pair.advance(0, 30)] == [(2,)]
    assert [f.uids for f in pair.advance(1, 54)] == [(1,)]


def test_correction_of_a_final_event_is_an_annotation_as_long_as_its_uid_is_remembered() -> None:
    pair = Pair([oracle.Group(10, 5, 0, remember_ms=100)])
    pair.apply([Delivery(uid=1, t=0, subject=1)])
    pair.advance(0, 50)
    again = Delivery(uid=1, t=90, subject=1, revision=1)
    assert pair.apply([again]).status[0] == Status.CLOSED
    pair.rebuild()
    assert pair.apply([again]).status[0] == Status.CLOSED
    pair.advance(0, 101)
    assert pair.apply([Delivery(uid=1, t=120, subject=1, revision=1)]).status[0] == Status.CLUSTERED


def test_event_before_the_watermark_is_late_and_one_at_it_is_not() -> None:
    pair = Pair([FIRE])
    pair.advance(0, 100)
    applied = pair.apply([Delivery(uid=1, t=99, subject=1), Delivery(uid=2, t=100, subject=2)])
    assert list(applied.status) == [Status.LATE, Status.CLUSTERED]
    assert list(applied.component) == [-1, 0]


def test_unlocated_events_never_link_but_repeat() -> None:
    pair = Pair([oracle.Group(10, 5, 3)])
    applied = pair.apply([Delivery(uid=k, t=k, subject=k // 2, located=False) for k in range(4)])
    assert [Status(s).name for s in applied.status] == ["UNLOCATED", "REPEAT", "UNLOCATED", "REPEAT"]
    assert pair.oracle.partition() == {frozenset({0, 1}), frozenset({2, 3})}


def test_two_groups_in_one_cell_never_mix() -> None:
    pair = Pair([FIRE, FIRE])
    pair.apply([Delivery(uid=k, t=0, subject=k, group=k % 2) for k in range(6)])
    assert pair.oracle.partition() == {frozenset({0, 2, 4}), frozenset({1, 3, 5})}


def test_redelivery_in_the_same_batch_and_later_changes_nothing() -> None:
    pair = Pair([FIRE])
    applied = pair.apply([BIN_7, BIN_7, CAMERA])
    assert list(applied.status) == [Status.CLUSTERED, Status.DUPLICATE, Status.CLUSTERED]
    applied = pair.apply([CAMERA, BIN_7])
    assert list(applied.status) == [Status.DUPLICATE, Status.DUPLICATE]
    assert pair.made.live_events == 2


def test_two_dense_blocks_just_out_of_reach_stay_apart() -> None:
    left = [Delivery(uid=k, t=k, x=-(k % 7), y=k % 5, subject=k) for k in range(40)]
    right = [Delivery(uid=100 + k, t=k, x=1501 + k % 7, y=k % 5, subject=100 + k) for k in range(40)]
    pair = Pair([FIRE])
    pair.apply(left + right)
    assert len(pair.oracle.partition()) == 2


def test_block_near_in_place_and_in_time_but_never_in_both_is_not_linked() -> None:
    # The far half is early, the near half is late: the block's limits alone would say that they touch.
    block = [Delivery(uid=k, t=0, x=700, subject=k) for k in range(3)]
    block += [Delivery(uid=10 + k, t=500_000, x=0, subject=10 + k) for k in range(3)]
    pair = Pair([FIRE])
    pair.apply(block)
    pair.apply([Delivery(uid=50, t=-150_000, x=-900, subject=50)])
    assert len(pair.oracle.partition()) == 2


def test_block_that_had_nothing_to_look_for_looks_again_after_a_stranger_came_near() -> None:
    pair = Pair([FIRE])
    pair.apply([Delivery(uid=1, t=0, x=0, subject=1)])
    pair.apply([Delivery(uid=2, t=0, x=1600, subject=2)])  # near the first one's quadrant, but out of its reach
    assert len(pair.oracle.partition()) == 2
    pair.apply([Delivery(uid=3, t=0, x=700, subject=3)])  # in the quadrant of the first, within reach of both
    assert len(pair.oracle.partition()) == 1


def test_block_looks_again_after_its_component_was_split() -> None:
    pair = Pair([FIRE])
    for uid, x in ((1, 0), (2, 1600), (3, 800), (4, 10)):
        pair.apply([Delivery(uid=uid, t=0, x=x, subject=uid)])
    assert len(pair.oracle.partition()) == 1
    pair.apply([Delivery(uid=3, t=0, x=90_000, subject=3, revision=1)])
    assert pair.oracle.partition() == {frozenset({1, 4}), frozenset({2}), frozenset({3})}
    pair.apply([Delivery(uid=5, t=0, x=700, subject=5)])
    assert frozenset({1, 2, 4, 5}) in pair.oracle.partition()


def test_watermark_that_leaps_over_the_whole_due_ring_loses_no_final() -> None:
    group = oracle.Group(10, 64, 0)  # due buckets of 1 ms
    pair = Pair([group])
    pair.advance(0, 0)
    times = [0, 1, 4094, 4095, 4096, 4097, 9000, 20_000]
    pair.apply([Delivery(uid=k, t=t, x=100 * k, subject=k) for k, t in enumerate(times)])
    found = [f.uids for w in (100, 4200, 4200, 30_000) for f in pair.advance(0, w)]
    assert sorted(found) == [(k,) for k in range(len(times))]


def test_repeats_in_reverse_order_are_one_occurrence() -> None:
    pair = Pair([oracle.Group(10, 5, 3)])
    for t in range(60, 0, -2):
        applied = pair.apply([Delivery(uid=t, t=t, x=t, subject=1)])
    assert number_of(applied.occurrence(0)) == 2
    assert pair.oracle.partition() == {frozenset(range(2, 62, 2))}


def test_watermark_never_moves_back() -> None:
    made = Correlator(table([FIRE]))
    made.advance(0, 100)
    assert list(made.advance(0, 100)) == []
    with pytest.raises(WatermarkMovedBackwards) as refused:
        made.advance(0, 99)
    assert (refused.value.from_ms, refused.value.to_ms) == (100, 99)
    assert made.watermark_ms(0) == 100


@pytest.mark.parametrize(
    ("group", "parameter"),
    [
        (Group(10, 5, m=0), "m"),
        (Group(10, 5, m=251), "m"),
        (Group(-1, 5), "radius_dm"),
        (Group(10, 1 << 31), "window_ms"),
        (Group(10, 5, gap_ms=-1), "gap_ms"),
        (Group(10, 5, lateness_ms=-1), "lateness_ms"),
    ],
    ids=lambda v: str(v) if isinstance(v, str) else "",
)
def test_group_outside_its_range_is_refused(group: Group, parameter: str) -> None:
    with pytest.raises(GroupInvalid) as refused:
        GroupTable([Group(10, 5), group])
    assert (refused.value.group, refused.value.parameter) == (1, parameter)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"x_dm": [1 << 40]}, "x_dm"),
        ({"y_dm": [1_000_000_001]}, "y_dm"),
        ({"t_ms": [1 << 61]}, "t_ms"),
        ({"t_ms": [0.5]}, "t_ms"),
        ({"subject": [1, 2]}, "subject"),
        ({"uids": [b"short"]}, "uid"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_column_with_a_wrong_value_is_refused(change: dict[str, object], column: str) -> None:
    right: dict[str, object] = {"uids": [bytes(16)], "t_ms": [0], "x_dm": [0], "y_dm": [0], "subject": [0]}
    with pytest.raises(ColumnInvalid) as refused:
        event_columns(**{**right, **change})  # type: ignore[arg-type]
    assert refused.value.column == column


def test_group_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ColumnInvalid):
        Correlator(table([FIRE])).apply(columns([Delivery(uid=1, t=0, group=1)]))


def test_empty_batch_changes_nothing() -> None:
    applied = Correlator(table([FIRE])).apply(columns([]))
    assert applied.status.size == 0
    assert list(applied.merges) == []


def test_read_only_columns_are_taken() -> None:
    batch = columns([BIN_7, CAMERA])
    for column in batch:
        column.setflags(write=False)
    applied = Correlator(table([FIRE])).apply(batch)
    assert np.array_equal(applied.component, [0, 0])

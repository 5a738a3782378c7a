"""A full block takes in only what widens it, counts the rest, and clusters what it took in exactly."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.correlation.columns import EventColumns, event_columns
from dispatcher.correlation.correlator import Correlator, Status
from dispatcher.correlation.groups import Group, GroupTable
from dispatcher.correlation.kernels import records
from tests.unit.dispatcher.correlation.drive import Pair, columns, random_cases
from tests.unit.dispatcher.correlation.oracle import Delivery
from tests.unit.dispatcher.correlation.oracle import Group as Limits

EXAMPLES: Final = random_cases(250, 40)

LIMITS: Final = st.lists(
    st.builds(Limits, st.integers(4, 9), st.integers(4, 9), st.just(0), st.just(0), st.sampled_from([1, 1, 2, 3])),
    min_size=1,
    max_size=2,
)
PLACES: Final = st.lists(
    st.tuples(st.integers(0, 16), st.integers(-3, 9), st.integers(0, 4), st.integers(0, 1), st.booleans()), max_size=45
)


def deliveries(places: Sequence[tuple[int, int, int, int, bool]], groups: int) -> list[Delivery]:
    made = [
        Delivery(uid=k, t=t, x=x, y=y, group=group % groups, subject=k) for k, (t, x, y, group, _) in enumerate(places)
    ]
    return made + [d for d, (*_, again) in zip(made, places, strict=True) if again]


@settings(max_examples=EXAMPLES)
@given(LIMITS, PLACES, st.integers(2, 5), st.data())
def test_every_step_of_a_crowd_in_full_blocks_equals_the_oracle(
    groups: list[Limits], places: list[tuple[int, int, int, int, bool]], block_max: int, data: st.DataObject
) -> None:
    pair = Pair(groups, block_max)
    left = deliveries(places, len(groups))
    while left:
        size = data.draw(st.integers(1, block_max))  # a larger batch may overfill a block that it makes
        pair.apply(left[:size])
        left = left[size:]
        match data.draw(st.integers(0, 7)):
            case 0:
                pair.advance(0, max(0, pair.oracle.watermarks[0]) + data.draw(st.integers(0, 5)))
            case 1:
                pair.restore()
    pair.everything_final()


def storm(size: int, *, at: int = 0, side: int = 700, first: int = 0) -> EventColumns:
    random = np.random.default_rng(first)
    x, y = random.integers(0, side, (2, size))
    numbers = np.arange(first, first + size)
    words = numbers.astype(np.uint64)
    return event_columns((words, words), t_ms=random.integers(0, 1_000, size) + at, x_dm=x, y_dm=y, subject=numbers)


def test_block_holds_no_more_than_its_maximum_and_its_limits() -> None:
    made = Correlator(GroupTable([Group(1_500, 600_000)]), block_max=100)
    counted = 0
    for batch in range(200):
        applied = made.apply(storm(100, first=100 * batch))
        counted += int(np.count_nonzero(applied.status == Status.CROWDED))
        assert (applied.component == 0).all()
    assert made.live_events <= 100 + 6 * 255
    assert made.live_events + made.crowded_events == 20_000
    assert made.crowded_events == counted > 19_000


def test_full_block_reaches_other_blocks_as_far_as_it_did_without_a_maximum() -> None:
    # The one nearest to the neighbour comes when the block is full already.
    groups = GroupTable([Group(1_000, 600_000)])
    for block_max in (50, 32_768):
        made = Correlator(groups, block_max=block_max)
        for batch in range(10):
            made.apply(storm(50, side=300, first=50 * batch))
        words = np.array([9_000, 9_001], np.uint64)
        applied = made.apply(
            event_columns((words, words), t_ms=[500, 500], x_dm=[499, 1_499], y_dm=[100, 100], subject=[9_000, 9_001])
        )
        assert applied.status.tolist() == [Status.CLUSTERED, Status.CLUSTERED]
        assert applied.component.tolist() == [0, 0]


@pytest.mark.parametrize("batch", [1, 7, 50])
def test_which_events_are_left_out_does_not_depend_on_how_the_batch_is_cut(batch: int) -> None:
    made = Correlator(GroupTable([Group(1_500, 600_000)]), block_max=50)
    events = storm(400)
    statuses = np.concatenate(
        [
            made.apply(EventColumns._make(column[k : k + batch] for column in events)).status
            for k in range(0, 400, batch)
        ]
    )
    whole = Correlator(GroupTable([Group(1_500, 600_000)]), block_max=50)
    first = whole.apply(EventColumns._make(column[:50] for column in events)).status
    rest = whole.apply(EventColumns._make(column[50:] for column in events)).status
    assert np.array_equal(statuses, np.concatenate([first, rest]))
    assert 200 < np.count_nonzero(statuses == Status.CROWDED) < 350


def test_block_that_died_leaves_room_for_the_next_storm_at_its_place() -> None:
    made = Correlator(GroupTable([Group(1_500, 600_000)]), block_max=100)
    for storms in range(3):
        at = storms * 10_000_000
        statuses = made.apply(storm(100, at=at, first=1_000 * storms)).status
        assert set(statuses.tolist()) == {Status.CLUSTERED}
        assert Status.CROWDED in made.apply(storm(100, at=at, first=1_000 * storms + 500)).status
        made.advance(0, at + 5_000_000)


@pytest.mark.parametrize("m", [1, 3])
def test_block_that_was_left_by_all_is_not_taken_for_a_full_one(m: int) -> None:
    """Else every later batch would be counted block by block, for ever."""
    made = Correlator(GroupTable([Group(10, 10, m=m)]), block_max=5)
    made.apply(columns([Delivery(uid=k, t=0, x=100 * k, subject=k) for k in range(4)]))
    away = [Delivery(uid=k, t=0, x=100 * k, subject=k, located=False, revision=1) for k in range(3)]
    made.apply(columns(away))
    made.apply(columns(away + away))  # so many that the blocks are looked through
    made.apply(columns([Delivery(uid=9, t=0, x=900, subject=9)]))
    assert not made._state.counters[records.GUARDED]


def test_correction_into_a_full_block_is_taken_in() -> None:
    made = Correlator(GroupTable([Group(10, 10)]), block_max=2)
    far = Delivery(uid=9, t=0, x=500, subject=9)
    made.apply(columns([Delivery(uid=1, t=0, subject=1), Delivery(uid=2, t=0, subject=2)]))
    made.apply(columns([far]))
    applied = made.apply(columns([Delivery(uid=3, t=0, subject=3), Delivery(uid=9, t=0, subject=9, revision=1)]))
    assert applied.status.tolist() == [Status.CROWDED, Status.CORRECTED]
    assert applied.component.tolist() == [0, 0]
    assert made.live_events == 3


def test_who_is_left_out_is_told_of_whom_the_block_holds_when_the_batch_is_through() -> None:
    pair = Pair([Limits(10, 10, 0)], block_max=2)
    pair.apply([Delivery(uid=1, t=0, subject=1)])
    pair.apply([Delivery(uid=2, t=0, subject=2)])
    # The one that entered last goes elsewhere in the batch in which a third is left out.
    applied = pair.apply([Delivery(uid=3, t=0, subject=3), Delivery(uid=2, t=0, x=500, subject=2, revision=1)])
    assert applied.status.tolist() == [Status.CROWDED, Status.CORRECTED]
    assert applied.component.tolist() == [0, 1]

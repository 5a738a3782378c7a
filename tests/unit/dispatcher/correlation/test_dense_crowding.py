"""Full blocks where m > 1: what is left out counts for nobody, what was taken in has exact cores, borders, noise."""

from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.correlation.columns import EventColumns, event_columns
from dispatcher.correlation.correlator import Correlator, Role, Status
from dispatcher.correlation.groups import Group, GroupTable
from tests.unit.dispatcher.correlation import oracle
from tests.unit.dispatcher.correlation.drive import Pair, columns, finals_of, random_cases, uid_of
from tests.unit.dispatcher.correlation.oracle import Delivery
from tests.unit.dispatcher.correlation.oracle import Group as Limits

EXAMPLES: Final = random_cases(100, 40)

# Blocks that are full before they are solid (`block_max` < m), as soon as they are, and after.
LIMITS: Final = st.lists(
    st.builds(Limits, st.integers(5, 9), st.integers(5, 9), st.just(0), st.sampled_from([0, 99]), st.integers(2, 6)),
    min_size=1,
    max_size=2,
)
DELIVERIES: Final = st.lists(
    st.builds(
        Delivery,
        uid=st.integers(0, 60),
        t=st.integers(0, 9),
        x=st.integers(0, 9),
        y=st.integers(0, 1),
        located=st.sampled_from([True] * 12 + [False]),
        group=st.integers(0, 1),
        revision=st.sampled_from([0, 0, 0, 0, 1]),
    ),
    min_size=20,
    max_size=40,
)


@settings(max_examples=EXAMPLES)
@given(LIMITS, DELIVERIES, st.integers(2, 6), st.data())
def test_every_step_of_a_dense_crowd_in_full_blocks_equals_the_oracle(
    groups: list[Limits], deliveries: list[Delivery], block_max: int, data: st.DataObject
) -> None:
    pair = Pair(groups, block_max)
    left = [Delivery(**{**vars(d), "group": d.group % len(groups), "subject": d.uid}) for d in deliveries]
    while left:
        # A correction comes alone: in a batch it fills its block only at the end.
        size = data.draw(st.integers(1, block_max))  # a larger batch may overfill a block that it makes
        known = {d.uid for d in pair.oracle.live()}
        fresh = next((k for k, d in enumerate(left[:size]) if d.uid in known or d.revision), size)
        pair.apply(left[: max(1, fresh)])
        left = left[max(1, fresh) :]
        match data.draw(st.integers(0, 11)):
            case 0:
                group = data.draw(st.integers(0, len(groups) - 1))
                pair.advance(group, max(0, pair.oracle.watermarks[group]) + data.draw(st.integers(0, 2)))
            case 1:
                pair.restore()
    pair.oracle.block_max = oracle.UNBOUNDED
    pair.rebuild()
    pair.everything_final()


GROUPS: Final = GroupTable([Group(600, 60_000, m=12)])
STORM: Final = 1_500


def storm(seed: int) -> EventColumns:
    """Three hearths one reach apart and what lies around them, in more than one time bucket."""
    random = np.random.default_rng(seed)
    hearth = random.integers(0, 3, STORM)
    thin = random.random(STORM) < 0.03
    x = np.where(thin, random.integers(-9_000, 9_000, STORM), 850 * hearth + random.integers(0, 300, STORM))
    words = np.arange(STORM, dtype=np.uint64)
    return event_columns(
        (words, words),
        t_ms=random.integers(0, 150_000, STORM),
        x_dm=x,
        y_dm=random.integers(0, 280, STORM),
        subject=np.arange(STORM),
    )


def some(events: EventColumns, rows: slice | np.ndarray) -> EventColumns:
    return EventColumns._make(column[rows] for column in events)


def told_of(made: Correlator) -> tuple[list[oracle.Final], list[tuple[int, bool]]]:
    """Everything that is final in the end: by event, whether it was core."""
    finals = made.advance(0, 1 << 40)
    assert finals.core is not None
    return finals_of(finals), list(zip(finals.uid_lo.tolist(), finals.core.tolist(), strict=True))


@pytest.mark.parametrize("block_max", [8, 12, 40])
def test_what_full_dense_blocks_took_in_is_clustered_as_if_nothing_else_had_come(block_max: int) -> None:
    events = storm(1)
    made = Correlator(GROUPS, block_max=block_max)
    statuses = [made.apply(some(events, slice(k, k + block_max))).status for k in range(0, STORM, block_max)]
    left_out = np.concatenate(statuses) == Status.CROWDED
    assert 100 < np.count_nonzero(left_out) == made.crowded_events
    alone = Correlator(GROUPS)
    alone.apply(some(events, ~left_out))
    told = told_of(made)
    assert told == told_of(alone)
    assert {final.cores > 0 for final in told[0]} == {True, False}


@pytest.mark.parametrize("batch", [1, 7, 12])
def test_which_are_left_out_of_dense_blocks_does_not_depend_on_batches_or_restores(batch: int) -> None:
    events = storm(2)
    whole = Correlator(GROUPS, block_max=12)
    expected = np.concatenate([whole.apply(some(events, slice(k, k + 10))).status for k in range(0, STORM, 10)])
    made = Correlator(GROUPS, block_max=12)
    statuses = []
    for nth, k in enumerate(range(0, STORM, batch)):
        statuses.append(made.apply(some(events, slice(k, k + batch))).status)
        if nth % 50 == 49:
            made = Correlator.restore(GROUPS, made.snapshot())
    assert np.array_equal(np.concatenate(statuses), expected)
    assert told_of(made) == told_of(whole)


def test_event_left_out_of_a_full_block_counts_for_nobody() -> None:
    made = Correlator(GroupTable([Group(10, 10, m=4)]), block_max=3)
    for uid in range(3):
        made.apply(columns([Delivery(uid=uid, t=0, subject=uid)]))
    applied = made.apply(columns([Delivery(uid=3, t=0, subject=3)]))
    assert applied.status.tolist() == [Status.CROWDED]
    assert applied.clusters == frozenset()
    assert made.roles_of([uid_of(uid) for uid in range(4)]) == [Role.NOISE] * 3 + [None]
    # A fourth one that is taken in, because it lies in another block.
    applied = made.apply(columns([Delivery(uid=4, t=0, x=9, subject=4)]))
    assert applied.status.tolist() == [Status.CLUSTERED]
    assert len(applied.clusters) == 1
    [final] = made.advance(0, 1_000)
    assert (len(final.uids), final.cores) == (4, 4)


def test_full_block_that_a_correction_leaves_is_solid_no_more() -> None:
    pair = Pair([Limits(10, 10, 0, 0, 3)], block_max=3)
    pair.apply([Delivery(uid=uid, t=0, subject=uid) for uid in range(3)])
    assert [pair.apply([Delivery(uid=3, t=0, subject=3)]).status[0]] == [Status.CROWDED]
    moved = pair.apply([Delivery(uid=1, t=0, x=500, subject=1, revision=1)])
    assert moved.status.tolist() == [Status.CORRECTED]
    assert sorted(pair.oracle.roles().values()) == ["noise"] * 3
    # There is room again, and a correction comes in where there is none.
    assert pair.apply([Delivery(uid=5, t=0, subject=5)]).status.tolist() == [Status.CLUSTERED]
    back = pair.apply([Delivery(uid=1, t=0, subject=1, revision=2)])
    assert back.status.tolist() == [Status.CORRECTED]
    assert sorted(pair.oracle.roles().values()) == ["core"] * 4
    pair.everything_final()

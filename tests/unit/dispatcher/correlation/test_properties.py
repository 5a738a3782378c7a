"""The correlator equals the oracle for whatever order, batching, correction, lateness, restart and place."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dispatcher.correlation import oracle
from tests.unit.dispatcher.correlation.drive import Pair, random_cases
from tests.unit.dispatcher.correlation.oracle import Delivery, Group

EXAMPLES: Final = random_cases(400, 60)

GROUPS: Final = st.lists(
    st.builds(
        Group,
        st.integers(0, 6),
        st.integers(0, 6),
        st.sampled_from([0, 0, 1, 2, 5]),
        st.sampled_from([0, 3, 99]),
        st.sampled_from([1, 1, 2, 3, 4, 5]),
    ),
    min_size=1,
    max_size=3,
)
# Small enough that equal times, exact distances, stacked places, edges of quadrants, cells and buckets are common.
DELIVERIES: Final = st.lists(
    st.builds(
        Delivery,
        uid=st.integers(0, 25),
        t=st.integers(-9, 24),
        x=st.integers(-9, 9),
        y=st.integers(-4, 4),
        located=st.sampled_from([True] * 9 + [False]),
        group=st.integers(0, 2),
        subject=st.integers(0, 3),
        kind=st.integers(0, 1),
        state=st.sampled_from([0, 0, 0, 1]),
        severity=st.integers(1, 5),
        revision=st.integers(0, 2),
        content=st.integers(0, 1),
    ),
    min_size=1,
    max_size=30,
)


@dataclass(frozen=True)
class Batch:
    size: int


@dataclass(frozen=True)
class Advance:
    group: int
    by: int


@dataclass(frozen=True)
class Restart:
    """From the events that a store would hold."""


@dataclass(frozen=True)
class Restore:
    """From a snapshot."""


STEPS: Final = st.lists(
    st.one_of(
        st.builds(Batch, st.integers(1, 12)),
        st.builds(Batch, st.integers(1, 12)),
        st.builds(Advance, st.integers(0, 2), st.integers(0, 7)),
        st.just(Restart()),
        st.just(Restore()),
    ),
    max_size=25,
)


def within(deliveries: Sequence[Delivery], groups: Sequence[Group]) -> list[Delivery]:
    return [replace(d, group=d.group % len(groups)) for d in deliveries]


@settings(max_examples=EXAMPLES)
@given(GROUPS, DELIVERIES, STEPS)
def test_every_step_equals_the_oracle(
    groups: list[Group], deliveries: list[Delivery], steps: list[Batch | Advance | Restart | Restore]
) -> None:
    pair = Pair(groups)
    left = within(deliveries, groups)
    for step in steps:
        match step:
            case Batch(size):
                pair.apply(left[:size])
                left = left[size:]
            case Advance(group, by):
                group %= len(groups)
                pair.advance(group, max(-9, pair.oracle.watermarks[group]) + by)
            case Restart():
                pair.rebuild()
            case Restore():
                pair.restore()
    pair.apply(left)
    pair.everything_final()


def admissible(deliveries: Sequence[Delivery], corrected: set[int], groups: Sequence[Group]) -> list[int]:
    """Watermarks that make none of the deliveries late and no live version final that one of them will correct.

    Where m > 1 a correction may free a border two T away from it, one more than finals wait for.
    """
    return [
        min(
            (
                d.t - (limits.window_ms if limits.m > 1 and d.uid in corrected else 0)
                for d in deliveries
                if d.group == g or d.uid in corrected
            ),
            default=1 << 40,
        )
        for g, limits in enumerate(groups)
    ]


# Crowded, so that cores, borders and what they turn into are common.
DENSE_GROUPS: Final = st.lists(
    st.builds(
        Group, st.integers(1, 4), st.integers(1, 4), st.sampled_from([0, 0, 0, 1, 3]), st.just(0), st.integers(2, 5)
    ),
    min_size=1,
    max_size=2,
)
CROWD: Final = st.lists(
    st.builds(
        Delivery,
        uid=st.integers(0, 40),
        t=st.integers(0, 16),
        x=st.integers(-5, 9),
        y=st.sampled_from([0, 0, 0, 1, 3]),
        group=st.integers(0, 1),
        subject=st.integers(0, 40),
        revision=st.sampled_from([0, 0, 0, 0, 0, 1]),
    ),
    min_size=10,
    max_size=45,
)


@settings(max_examples=EXAMPLES)
@given(DENSE_GROUPS, CROWD, STEPS)
def test_every_step_of_a_crowd_equals_the_oracle(
    groups: list[Group], deliveries: list[Delivery], steps: list[Batch | Advance | Restart | Restore]
) -> None:
    pair = Pair(groups)
    left = within(deliveries, groups)
    for step in steps:
        match step:
            case Batch(size):
                pair.apply(left[:size])
                left = left[size:]
            case Advance(group, by):
                group %= len(groups)
                pair.advance(group, max(-9, pair.oracle.watermarks[group]) + by)
            case Restart():
                pair.rebuild()
            case Restore():
                pair.restore()
    pair.apply(left)
    pair.everything_final()


@settings(max_examples=EXAMPLES)
@given(DENSE_GROUPS, CROWD, st.randoms(use_true_random=False), st.integers(1, 9))
def test_every_admissible_order_of_a_crowd_gives_the_finals_of_the_set(
    groups: list[Group], deliveries: list[Delivery], random: object, batch: int
) -> None:
    every_order_gives_the_finals_of_the_set(groups, deliveries, random, batch)


@settings(max_examples=EXAMPLES)
@given(GROUPS, DELIVERIES, st.randoms(use_true_random=False), st.integers(1, 9))
def test_every_admissible_order_gives_the_finals_of_the_set(
    groups: list[Group], deliveries: list[Delivery], random: object, batch: int
) -> None:
    every_order_gives_the_finals_of_the_set(groups, deliveries, random, batch)


def every_order_gives_the_finals_of_the_set(
    groups: Sequence[Group], deliveries: Sequence[Delivery], random: object, batch: int
) -> None:
    # A content hash is of the content: no two deliveries of a uid differ and have the same version.
    every = list({(d.uid, d.version): d for d in within(deliveries, groups)}.values())
    order = every + every[::3]
    random.shuffle(order)  # type: ignore[attr-defined]
    pair = Pair(groups)
    found: list[oracle.Final] = []
    for start in range(0, len(order), batch):
        pair.apply(order[start : start + batch])
        rest = order[start + batch :]
        touched = {d.uid for d in rest}
        corrected = {d.uid for d in every if len([e for e in every if e.uid == d.uid]) > 1}
        for group, watermark in enumerate(admissible([d for d in every if d.uid in touched], corrected, groups)):
            if watermark < 1 << 40:
                found += pair.advance(group, max(watermark, pair.oracle.watermarks[group]))
    for group in range(len(groups)):
        found += pair.advance(group, 1 << 50)
    assert sorted(found) == oracle.finals(oracle.identity(every), [1 << 50] * len(groups), groups)


@settings(max_examples=EXAMPLES)
@given(
    GROUPS,
    DELIVERIES,
    st.integers(-100_000_000, 100_000_000),
    st.integers(-100_000_000, 100_000_000),
    st.integers(-(1 << 58), 1 << 58),
)
def test_moving_everything_in_place_and_time_moves_the_finals(
    groups: list[Group], deliveries: list[Delivery], dx: int, dy: int, dt: int
) -> None:
    every = within(deliveries, groups)
    pair = Pair(groups)
    pair.apply([replace(d, x=d.x + dx, y=d.y + dy, t=d.t + dt) for d in every])
    moved = [final for group in range(len(groups)) for final in pair.advance(group, 1 << 59)]
    here = oracle.finals(oracle.identity(every), [1 << 50] * len(groups), groups)
    assert sorted(f.uids for f in moved) == sorted(f.uids for f in here)

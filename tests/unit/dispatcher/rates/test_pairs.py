"""The miner of pairs: what was planted is found, in its direction, whatever the order of the events."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.rates.pairs import PairOptions, _followed, mine

BESIDE = [[1], [0, 2], [1, 3], [2]]


def a_plant(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Kind 0 is followed by kind 1 on the next place after 20; kinds 2 and 3 come as they like."""
    generator = np.random.default_rng(seed)
    causes = generator.integers(0, 100_000, 80)
    kind = np.concatenate((np.zeros(80, int), np.ones(80, int), np.full(80, 2), np.full(80, 3)))
    place = np.concatenate((np.full(80, 1), np.full(80, 2), generator.integers(0, 4, 160)))
    at = np.concatenate((causes, causes + 20, generator.integers(0, 100_000, 160)))
    return kind, place, at


def test_planted_pair_is_found_in_its_direction() -> None:
    kind, place, at = a_plant()
    found = mine(kind, place, at, BESIDE, PairOptions(lag=60))
    assert (found[0].cause, found[0].effect) == (0, 1)
    assert found[0].observed == 80
    assert found[0].z > 10
    assert (1, 0) not in {(pair.cause, pair.effect) for pair in found}


def test_far_places_make_no_pair() -> None:
    kind, place, at = a_plant()
    far = np.where(kind == 1, 3, np.where(kind == 0, 0, place))
    assert (0, 1) not in {(p.cause, p.effect) for p in mine(kind, far, at, BESIDE, PairOptions(lag=60))}


@settings(max_examples=20)
@given(st.randoms(use_true_random=False))
def test_order_of_the_events_changes_nothing(random: Random) -> None:
    kind, place, at = a_plant()
    order = list(range(kind.size))
    random.shuffle(order)
    assert mine(kind[order], place[order], at[order], BESIDE) == mine(kind, place, at, BESIDE)


events = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=40)


@given(events, st.integers(1, 15))
def test_counts_equal_every_pair_looked_at(happened: list[tuple[int, int, int]], lag: int) -> None:
    happened.sort(key=lambda event: (event[2], event[1], event[0]))
    kind, place, at = (np.array(column) for column in zip(*happened, strict=True))
    expected = np.zeros((3, 3))
    for e, p, t in happened:
        for cause in range(3):
            expected[cause, e] += any(
                c == cause and t - lag <= s < t and (q == p or q in BESIDE[p]) for c, q, s in happened
            )
    np.testing.assert_array_equal(_followed(kind, place, at, BESIDE, 3, lag), expected)


def test_nothing_gives_nothing() -> None:
    empty = np.zeros(0, np.int64)
    assert mine(empty, empty, empty, BESIDE) == []
    assert mine(empty + 1, empty, empty, [[]] * 4) == []


@pytest.mark.parametrize("seed", range(3))
def test_independent_kinds_are_hardly_ever_a_pair(seed: int) -> None:
    generator = np.random.default_rng(seed)
    kind, place = generator.integers(0, 6, 600), generator.integers(0, 4, 600)
    assert len(mine(kind, place, generator.integers(0, 100_000, 600), BESIDE, PairOptions(seed=seed))) <= 3

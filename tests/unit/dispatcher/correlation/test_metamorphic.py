"""What adding, moving apart and asking for more neighbours may do to the finals, whatever the oracle says of them."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.correlation.correlator import Correlator
from tests.unit.dispatcher.correlation.drive import columns, finals_of, random_cases, table
from tests.unit.dispatcher.correlation.oracle import Delivery, Group
from tests.unit.dispatcher.correlation.oracle import Final as Found

EXAMPLES: Final = random_cases(250, 50)
FAR: Final = 10_000_000  # beyond any radius, in place and in time
OTHERS: Final = 1_000  # uids and subjects of another city begin here

LIMITS: Final = st.builds(
    Group, st.integers(0, 6), st.integers(0, 6), st.sampled_from([0, 0, 2]), st.just(0), st.integers(1, 4)
)
CITY: Final = st.lists(
    st.builds(
        Delivery,
        uid=st.integers(0, 40),
        t=st.integers(-9, 24),
        x=st.integers(-9, 9),
        y=st.integers(-4, 4),
        located=st.sampled_from([True] * 9 + [False]),
        subject=st.integers(0, 30),
    ),
    max_size=30,
    unique_by=lambda delivery: delivery.uid,
)


def found(limits: Group, deliveries: Sequence[Delivery]) -> list[Found]:
    made = Correlator(table([limits]))
    made.apply(columns(deliveries))
    return finals_of(made.advance(0, 1 << 50))


def together(finals: Sequence[Found]) -> set[tuple[int, int]]:
    return {pair for final in finals for pair in combinations(sorted(final.uids), 2)}


@settings(max_examples=EXAMPLES)
@given(LIMITS, CITY, CITY, st.sampled_from([(FAR, 0, 0), (0, -FAR, 0), (0, 0, FAR)]))
def test_two_far_cities_are_found_as_each_is_alone(
    limits: Group, here: list[Delivery], there: list[Delivery], away: tuple[int, int, int]
) -> None:
    dx, dy, dt = away
    there = [
        replace(d, uid=d.uid + OTHERS, subject=d.subject + OTHERS, x=d.x + dx, y=d.y + dy, t=d.t + dt) for d in there
    ]
    mixed = [d for pair in zip(here, there, strict=False) for d in pair]
    mixed += here[len(there) :] + there[len(here) :]
    assert found(limits, mixed) == sorted(found(limits, here) + found(limits, there))


@settings(max_examples=EXAMPLES)
@given(LIMITS, CITY, st.integers(0, 30))
def test_an_event_far_from_all_adds_itself_and_changes_nothing(limits: Group, city: list[Delivery], at: int) -> None:
    lone = Delivery(uid=OTHERS, t=3, x=FAR, subject=OTHERS)
    alone = Found((3, OTHERS), (OTHERS,), 3, 3, cores=1 if limits.m == 1 else 0)
    assert found(limits, [*city[:at], lone, *city[at:]]) == sorted([*found(limits, city), alone])


@settings(max_examples=EXAMPLES)
@given(LIMITS, CITY, st.integers(2, 6))
def test_clusters_of_more_neighbours_lie_within_those_of_one(limits: Group, city: list[Delivery], m: int) -> None:
    one, more = (found(limits._replace(m=each), city) for each in (1, m))
    assert together(more) <= together(one)
    assert sum(final.cores for final in more) <= sum(final.cores for final in one)


@settings(max_examples=EXAMPLES)
@given(LIMITS, CITY, CITY)
def test_more_events_never_split(limits: Group, known: list[Delivery], more: list[Delivery]) -> None:
    # An earlier report of a subject may move its occurrence (O2), and a nearer core takes a border: those do part.
    limits = limits._replace(m=1, gap_ms=0)
    known = [replace(d, subject=d.uid) for d in known]
    more = [replace(d, uid=d.uid + OTHERS, subject=d.uid + OTHERS) for d in more]
    assert together(found(limits, known)) <= together(found(limits, known + more))

"""Whatever the order, the batches and the restarts: matches and witnesses are those of the oracle."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.patterns.matcher import Matcher
from tests.unit.dispatcher.patterns import oracle
from tests.unit.dispatcher.patterns.drive import Pair, batch, batches, shape
from tests.unit.dispatcher.patterns.oracle import Event, Pattern

FIRST = frozenset({0})
PAIR: Final = Pattern(2, 3, 2, FIRST)
THREE: Final = Pattern(3, 4, 3, FIRST)
TWO_ANCHORS: Final = Pattern(2, 2, 3, frozenset({0, 2}))
IN_ORDER: Final = Pattern(3, 4, 3, frozenset({1}), order=((0, 1), (1, 2)))
A_FORK: Final = Pattern(3, 4, 4, FIRST, order=((0, 1), (0, 2), (2, 3)))
WITHOUT: Final = Pattern(3, 3, 3, FIRST, absent=1)
NOT_AFTER: Final = Pattern(3, 3, 3, FIRST, absent=2, order=((0, 2),))
PATTERNS: Final = (PAIR, THREE, TWO_ANCHORS, IN_ORDER, A_FORK, WITHOUT, NOT_AFTER)
POSITIVE: Final = tuple(pattern for pattern in PATTERNS if pattern.absent is None)

# So few places and times that ties, edges (exactly R and T) and neighbouring cells are the rule.
TIMES = st.integers(-2, 14)
POSITIONS = st.one_of(st.tuples(st.integers(-4, 6), st.integers(-1, 3)), st.just((None, None)))


def events(patterns: Sequence[Pattern], *, revisions: int = 0) -> st.SearchStrategy[Event]:
    fills = st.tuples(*(st.frozensets(st.integers(0, pattern.steps - 1), max_size=2) for pattern in patterns))
    return st.builds(
        lambda uid, t, at, place, fills, revision: Event(uid, t, at[0], at[1], place, fills, revision),
        st.integers(0, 17),
        TIMES,
        POSITIONS,
        st.integers(0, 2),
        fills,
        st.integers(0, revisions),
    )


def distinct(found: Sequence[Event]) -> list[Event]:
    return list({event.uid: event for event in found}.values())


SETS = st.lists(events(POSITIVE), min_size=2, max_size=16).map(distinct)
CUTS = st.lists(st.integers(1, 5), min_size=1, max_size=5)


@given(SETS, CUTS, st.randoms(use_true_random=False))
def test_any_order_and_any_batching_give_the_matches_of_the_set(
    known: list[Event], cuts: list[int], chance: "object"
) -> None:
    whole = oracle.Sequential(POSITIVE)
    for event in known:
        whole.deliver(event)
    expected = whole.current()
    shuffled = list(known)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    pair = Pair(POSITIVE)
    for part in batches(shuffled, cuts):
        pair.apply(part)
    assert pair.oracle.current() == expected
    # Who belongs together is a function of the set too: not of who was the nearest for a while.
    assert pair.together() == whole.together()


@given(SETS, SETS, st.randoms(use_true_random=False))
def test_links_told_are_those_of_the_set_and_not_of_memory(
    known: list[Event], more: list[Event], chance: "object"
) -> None:
    """Which links stand for the rest is asked of nobody's order: not of the batch's, not of a restart's."""
    more = [replace(event, uid=event.uid + 50) for event in more]
    told = []
    for _ in range(2):
        chance.shuffle(known)  # type: ignore[attr-defined]
        chance.shuffle(more)  # type: ignore[attr-defined]
        matcher = Matcher([shape(pattern) for pattern in PATTERNS])
        first = sorted(matcher.apply(batch(known)).links)
        restarted = Matcher([shape(pattern) for pattern in PATTERNS])
        restarted.restore(batch(reversed(known)), [None] * len(PATTERNS))
        second = [sorted(each.apply(batch(more)).links) for each in (matcher, restarted)]
        closing = [sorted(each.advance([1 << 40] * len(PATTERNS)).links) for each in (matcher, restarted)]
        assert second[0] == second[1]
        assert closing[0] == closing[1]
        told.append((first, second, closing))
    assert told[0] == told[1]


NOTHING: Final = (frozenset[int](),) * (len(PATTERNS) - 1)


@example(  # an older revision comes after its newer one was forgotten
    [Event(0, 0, 0, 0, 0, (*NOTHING, frozenset({0})), 1), 9, Event(0, 9, 0, 0, 0, (*NOTHING, frozenset({0, 1})), 0)],
    [1],
)
@given(
    st.lists(st.one_of(events(PATTERNS, revisions=2), TIMES, st.just("restart")), min_size=1, max_size=24),
    CUTS,
)
def test_corrections_watermarks_and_restarts_give_what_the_oracle_gives(
    said: list[Event | int | str], cuts: list[int]
) -> None:
    pair = Pair(PATTERNS)
    waiting: list[Event] = []
    spoken: dict[tuple[int, int], Event] = {}  # what has one uid and revision is a redelivery
    for each in said:
        if isinstance(each, Event):
            waiting.append(spoken.setdefault((each.uid, each.revision), each))
            continue
        for part in batches(waiting, cuts):
            pair.apply(part)
        waiting = []
        if isinstance(each, int):
            pair.advance(each)
        else:
            pair.restart()
    for part in batches(waiting, cuts):
        pair.apply(part)
    pair.advance(1 << 40)


@given(SETS, events(POSITIVE))
def test_positive_patterns_are_monotone(known: list[Event], more: Event) -> None:
    """An event more ends no match, moves no least anchor later, and parts nothing."""
    pair = Pair(POSITIVE)
    pair.apply(known)
    before, together = set(pair.found), pair.together()
    pair.apply([replace(more, uid=99)])
    assert before <= set(pair.found)
    assert all(any(part <= whole for whole in pair.together()) for part in together)


@given(SETS, st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-10_000, 10_000))
def test_matches_move_with_the_city_and_the_clock(known: list[Event], dx: int, dy: int, dt: int) -> None:
    here, there = Pair(POSITIVE), Pair(POSITIVE)
    here.apply(known)
    there.apply(
        [
            replace(e, t=e.t + dt, x=None if e.x is None else e.x + dx, y=None if e.y is None else e.y + dy)
            for e in known
        ]
    )
    assert here.found == there.found

"""What the properties do not reach: full blocks, growth and forgetting, what a storm costs, and compilation."""

import os
from collections.abc import Iterable

import pytest

from dispatcher.patterns.candidates import Candidate, batch_of
from dispatcher.patterns.compilation import compile_pattern_kernels
from dispatcher.patterns.kernels import identity, index, matching, witnesses
from dispatcher.patterns.matcher import Matcher, Shape

PAIR = Shape(radius_dm=1_500, window_ms=600_000, steps=2, full=0b11, anchors=0b01)
ANCHOR, OTHER = 0b01, 0b10


def event(number: int, at_ms: int, mask: int, x_dm: int = 0, revision: int = 0) -> Candidate:
    return Candidate(number.to_bytes(16, "big"), (revision, bytes(8)), at_ms, x_dm, 0, ((0, mask, 0),))


def compiled_versions() -> dict[str, int]:
    functions = vars(index) | vars(identity) | vars(witnesses) | vars(matching)
    return {name: len(f.signatures) for name, f in functions.items() if hasattr(f, "signatures")}


def anchors(found: Iterable[object]) -> int:
    return len(list(found))


def test_a_full_block_counts_what_it_does_not_keep() -> None:
    matcher = Matcher([PAIR], rows_a_block_max=10)
    outcome = matcher.apply(batch_of([event(n, n, ANCHOR) for n in range(25)]))
    assert (matcher.rows, matcher.refused) == (10, 15)
    assert outcome.found == []
    # The other end of the block's reach is another block: what completes the pattern still gets in.
    completed = matcher.apply(batch_of([event(99, 0, OTHER, x_dm=-100)]))
    assert anchors(completed.found) == 10
    assert len(completed.links) == 10


def test_links_are_told_once_however_many_pairs_there_are() -> None:
    matcher = Matcher([PAIR])
    first = matcher.apply(batch_of([event(n, n, ANCHOR if n % 2 else OTHER) for n in range(100)]))
    assert anchors(first.found) == 50
    assert len(first.links) == 99  # a tree over the 100 events, not 2,500 pairs
    assert len(matcher.apply(batch_of([event(200, 50, OTHER)])).links) == 1


def test_memory_follows_the_watermark() -> None:
    matcher = Matcher([PAIR])
    hours_ms = 2 * 3_600_000
    for start_ms in range(0, hours_ms, 60_000):
        matcher.apply(batch_of([event(start_ms + n, start_ms + n, ANCHOR, x_dm=n * 10_000) for n in range(20)]))
        matcher.advance([start_ms - 900_000])
    # 20 a minute for 2 T + lateness, and as many again before they are let go.
    assert matcher.rows <= 2 * 20 * (20 + 15 + 1)
    matcher.advance([10 * hours_ms])
    assert matcher.rows == 0
    assert matcher.knows([(5).to_bytes(16, "big")]) == [False]


def test_what_an_open_anchor_needs_is_kept_for_twice_its_time() -> None:
    matcher = Matcher([PAIR])
    window_ms = PAIR.window_ms
    # Enough to be let go together.
    matcher.apply(batch_of([event(n, -1, ANCHOR, x_dm=n * 100_000) for n in range(10, 30)]))
    assert anchors(matcher.apply(batch_of([event(1, 0, OTHER), event(2, window_ms, ANCHOR)])).found) == 1
    matcher.advance([2 * window_ms])
    assert matcher.rows == 2
    again = matcher.apply(batch_of([event(3, 2 * window_ms, OTHER, x_dm=900)]))
    assert (again.found, again.lost) == ([], [])  # the first is nearer still
    assert again.links != []


def test_what_is_linked_stays_linked_when_memory_is_cleared() -> None:
    matcher = Matcher([PAIR])
    window_ms = PAIR.window_ms
    matcher.apply(batch_of([event(n, -1, ANCHOR, x_dm=n * 100_000) for n in range(10, 30)]))
    matcher.apply(batch_of([event(1, window_ms, OTHER), event(2, window_ms, ANCHOR)]))
    matcher.advance([2 * window_ms])
    assert matcher.rows == 2
    # A nearer witness changes the match; who belongs together is known already but for the new one.
    assert len(matcher.apply(batch_of([event(3, 2 * window_ms, ANCHOR)])).links) == 1


def test_an_older_revision_never_comes_back() -> None:
    matcher = Matcher([PAIR])
    matcher.apply(batch_of([event(1, 0, ANCHOR), event(2, 0, OTHER)]))
    gone = matcher.apply(batch_of([Candidate((2).to_bytes(16, "big"), (2, bytes(8)), 0, 0, 0, ())]))
    assert gone.lost == [(0, (1).to_bytes(16, "big"))]
    assert matcher.apply(batch_of([event(2, 0, OTHER, revision=1)])).found == []


@pytest.mark.parametrize(
    ("versions", "stands"),
    [
        ([(0, 1), (0, 2)], 1),
        ([(0, 2), (0, 1)], 0),
        ([(0, 1), (0, 1 << 63)], 1),  # bytes, not signed numbers
        ([(1, 0), (0, (1 << 64) - 1)], 0),
        ([(2, 7), (0, 0), (2, 8), (1, 9)], 2),
        ([(5, 5), (5, 5)], 0),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_the_greatest_revision_and_content_stands_in_whatever_batch_it_comes(
    versions: list[tuple[int, int]], stands: int, together: bool
) -> None:
    matcher = Matcher([PAIR])
    delivered = [
        Candidate(bytes(16), (revision, content.to_bytes(8, "big")), 0, nth, 0, ((0, ANCHOR, 0),))
        for nth, (revision, content) in enumerate(versions)
    ]
    for batch in [delivered] if together else [[each] for each in delivered]:
        matcher.apply(batch_of(batch))
    (found,) = matcher.apply(batch_of([event(1, 0, OTHER, x_dm=1_000)])).found
    assert found.witnesses[1].distance_dm == 1_000 - stands
    assert [matcher.superseded_by(batch_of([each])) for each in delivered] == [[False]] * len(delivered)
    assert matcher.superseded_by(batch_of([event(0, 0, 0, revision=9)])) == [True]


def test_what_fills_no_step_is_known_until_nothing_reaches_it() -> None:
    matcher = Matcher([PAIR])
    uids = [number.to_bytes(16, "big") for number in range(5_000)]
    for start in range(0, 5_000, 500):
        matcher.apply(batch_of([Candidate(uid, (1, bytes(8)), 0, 0, 0, ()) for uid in uids[start : start + 500]]))
    assert (matcher.known, matcher.rows) == (5_000, 0)
    assert all(matcher.knows(uids))
    assert matcher.knows([b"\xff" * 16]) == [False]
    matcher.advance([2 * PAIR.window_ms])
    assert matcher.known == 5_000
    matcher.advance([2 * PAIR.window_ms + 1])
    assert matcher.known == 0
    assert not any(matcher.knows(uids))


def test_what_is_dropped_counts_no_more() -> None:
    matcher = Matcher([PAIR])
    matcher.apply(batch_of([event(1, 0, ANCHOR), event(2, 0, OTHER)]))
    outcome = matcher.apply(batch_of([]), dropped=[(2).to_bytes(16, "big")])
    assert outcome.lost == [(0, (1).to_bytes(16, "big"))]


def test_a_lower_watermark_changes_nothing() -> None:
    matcher = Matcher([PAIR])
    matcher.advance([1_000_000_000])
    matcher.advance([None])
    outcome = matcher.apply(batch_of([event(1, 0, ANCHOR), event(2, 0, OTHER)]))
    assert outcome.found == []  # both are far behind


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_warm_up_leaves_nothing_to_compile() -> None:
    compile_pattern_kernels()
    before = compiled_versions()
    assert before["apply"] >= 1
    matcher = Matcher([PAIR, PAIR._replace(order=((1, 0),)), PAIR._replace(full=0b01, absent=0b10)])
    matcher.apply(batch_of([event(n, n, ANCHOR if n % 2 else OTHER) for n in range(2_000)]))
    matcher.apply(batch_of([event(7, 3, OTHER, revision=1)]))
    matcher.advance([10_000_000] * 3)
    assert compiled_versions() == before

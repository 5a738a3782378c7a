"""What the properties do not reach: full blocks, growth and forgetting, what a storm costs, and compilation."""

import os
from collections.abc import Iterable

import pytest

from dispatcher.patterns.compilation import compile_pattern_kernels
from dispatcher.patterns.kernels import index, matching, witnesses
from dispatcher.patterns.matcher import Candidate, Matcher, Shape

PAIR = Shape(radius_dm=1_500, window_ms=600_000, steps=2, full=0b11, anchors=0b01)
ANCHOR, OTHER = 0b01, 0b10


def event(number: int, at_ms: int, mask: int, x_dm: int = 0, revision: int = 0) -> Candidate:
    return Candidate(number.to_bytes(16, "big"), (revision, b""), at_ms, x_dm, 0, ((0, mask, 0),))


def compiled_versions() -> dict[str, int]:
    functions = vars(index) | vars(witnesses) | vars(matching)
    return {name: len(f.signatures) for name, f in functions.items() if hasattr(f, "signatures")}


def anchors(found: Iterable[object]) -> int:
    return len(list(found))


def test_a_full_block_counts_what_it_does_not_keep() -> None:
    matcher = Matcher([PAIR], rows_a_block_max=10)
    outcome = matcher.apply(event(n, n, ANCHOR) for n in range(25))
    assert (matcher.rows, matcher.refused) == (10, 15)
    assert outcome.found == []
    # The other end of the block's reach is another block: what completes the pattern still gets in.
    completed = matcher.apply([event(99, 0, OTHER, x_dm=-100)])
    assert anchors(completed.found) == 10
    assert len(completed.links) == 10


def test_links_are_told_once_however_many_pairs_there_are() -> None:
    matcher = Matcher([PAIR])
    first = matcher.apply([event(n, n, ANCHOR if n % 2 else OTHER) for n in range(100)])
    assert anchors(first.found) == 50
    assert len(first.links) == 99  # a tree over the 100 events, not 2,500 pairs
    assert len(matcher.apply([event(200, 50, OTHER)]).links) == 1


def test_memory_follows_the_watermark() -> None:
    matcher = Matcher([PAIR])
    hours_ms = 2 * 3_600_000
    for start_ms in range(0, hours_ms, 60_000):
        matcher.apply([event(start_ms + n, start_ms + n, ANCHOR, x_dm=n * 10_000) for n in range(20)])
        matcher.advance([start_ms - 900_000])
    # 20 a minute for 2 T + lateness, and as many again before they are let go.
    assert matcher.rows <= 2 * 20 * (20 + 15 + 1)
    matcher.advance([10 * hours_ms])
    assert matcher.rows == 0
    assert (5).to_bytes(16, "big") not in matcher


def test_what_an_open_anchor_needs_is_kept_for_twice_its_time() -> None:
    matcher = Matcher([PAIR])
    window_ms = PAIR.window_ms
    matcher.apply([event(n, -1, ANCHOR, x_dm=n * 100_000) for n in range(10, 30)])  # enough to be let go together
    assert anchors(matcher.apply([event(1, 0, OTHER), event(2, window_ms, ANCHOR)]).found) == 1
    matcher.advance([2 * window_ms])
    assert matcher.rows == 2
    again = matcher.apply([event(3, 2 * window_ms, OTHER, x_dm=900)])
    assert (again.found, again.lost) == ([], [])  # the first is nearer still
    assert again.links != []


def test_what_is_linked_stays_linked_when_memory_is_cleared() -> None:
    matcher = Matcher([PAIR])
    window_ms = PAIR.window_ms
    matcher.apply([event(n, -1, ANCHOR, x_dm=n * 100_000) for n in range(10, 30)])
    matcher.apply([event(1, window_ms, OTHER), event(2, window_ms, ANCHOR)])
    matcher.advance([2 * window_ms])
    assert matcher.rows == 2
    # A nearer witness changes the match; who belongs together is known already but for the new one.
    assert len(matcher.apply([event(3, 2 * window_ms, ANCHOR)]).links) == 1


def test_an_older_revision_never_comes_back() -> None:
    matcher = Matcher([PAIR])
    matcher.apply([event(1, 0, ANCHOR), event(2, 0, OTHER)])
    gone = matcher.apply([Candidate((2).to_bytes(16, "big"), (2, b""), 0, 0, 0, ())])
    assert gone.lost == [(0, (1).to_bytes(16, "big"))]
    assert matcher.apply([event(2, 0, OTHER, revision=1)]).found == []


def test_what_is_dropped_counts_no_more() -> None:
    matcher = Matcher([PAIR])
    matcher.apply([event(1, 0, ANCHOR), event(2, 0, OTHER)])
    outcome = matcher.apply([], dropped=[(2).to_bytes(16, "big")])
    assert outcome.lost == [(0, (1).to_bytes(16, "big"))]


def test_a_lower_watermark_changes_nothing() -> None:
    matcher = Matcher([PAIR])
    matcher.advance([1_000_000_000])
    matcher.advance([None])
    outcome = matcher.apply([event(1, 0, ANCHOR), event(2, 0, OTHER)])
    assert outcome.found == []  # both are far behind


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
def test_warm_up_leaves_nothing_to_compile() -> None:
    compile_pattern_kernels()
    before = compiled_versions()
    assert before["apply"] >= 1
    matcher = Matcher([PAIR, PAIR._replace(order=((1, 0),)), PAIR._replace(full=0b01, absent=0b10)])
    matcher.apply([event(n, n, ANCHOR if n % 2 else OTHER) for n in range(2_000)])
    matcher.apply([event(7, 3, OTHER, revision=1)])
    matcher.advance([10_000_000] * 3)
    assert compiled_versions() == before

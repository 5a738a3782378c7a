"""The greatest (revision, content) stands, whatever the order of arrival."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.intake.versions import Verdict, Versions, settle

deliveries = st.lists(st.tuples(st.integers(1, 4), st.sampled_from([b"a", b"b", b"c"])), min_size=1, max_size=8)


@given(deliveries)
def test_last_taken_is_the_greatest(deliveries: list[tuple[int, bytes]]) -> None:
    versions: Versions = {}
    taken = [content for revision, content in deliveries if settle(versions, revision, content) is Verdict.TAKE]
    assert taken[-1] == max(deliveries)[1]
    assert versions == {c: max(r for r, content in deliveries if content == c) for _, c in deliveries}


@given(deliveries)
def test_greatest_of_what_is_recorded_is_the_greatest_of_all(deliveries: list[tuple[int, bytes]]) -> None:
    """A reader of the log orders by revision, then by a hash of its own: here reversed."""
    versions: Versions = {}
    recorded = [(r, c) for r, c in deliveries if settle(versions, r, c) is not Verdict.DROP]
    greatest = max(revision for revision, _ in deliveries)
    contents = {content for revision, content in deliveries if revision == greatest}
    assert max(recorded, key=lambda version: (version[0], -version[1][0]))[1] in contents


@given(deliveries, st.integers(0, 7))
def test_repetition_is_dropped(deliveries: list[tuple[int, bytes]], place: int) -> None:
    versions: Versions = {}
    for revision, content in deliveries:
        settle(versions, revision, content)
    revision, content = deliveries[place % len(deliveries)]
    assert settle(versions, revision, content) is Verdict.DROP


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), max_size=8))
def test_content_without_revision_is_dropped_only_when_known(contents: list[bytes]) -> None:
    versions: Versions = {}
    seen: set[bytes] = set()
    for content in contents:
        assert settle(versions, 0, content) is (Verdict.DROP if content in seen else Verdict.TAKE)
        seen.add(content)

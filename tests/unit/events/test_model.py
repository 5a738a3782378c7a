"""Identity of events: digests that collide with nothing and depend on nothing of ours."""

from hypothesis import given
from hypothesis import strategies as st

from events.feed import plan_reading, share_limit
from events.model import content_hash, event_uid
from events.quarantine import storable

parts = st.lists(st.one_of(st.text(), st.integers(), st.binary()), max_size=4)


def test_event_uid_is_sixteen_bytes_and_stays_the_same() -> None:
    uid = event_uid("device", "camera", "c1f0-57-19")
    assert len(uid) == 16
    assert uid == event_uid("device", "camera", "c1f0-57-19")


def test_event_uid_separates_parts() -> None:
    assert event_uid("s", "a", "bc") != event_uid("s", "ab", "c")
    assert event_uid("s", "a") != event_uid("sa")


@given(st.text(), parts, st.text(), parts)
def test_event_uid_differs_for_different_names(a: str, left: list[object], b: str, right: list[object]) -> None:
    def spelled(source: str, rest: list[object]) -> list[bytes]:
        raw = [source, *rest]
        return [p if isinstance(p, bytes) else str(p).encode("utf-8", "surrogatepass") for p in raw]

    if spelled(a, left) != spelled(b, right):
        assert event_uid(a, *left) != event_uid(b, *right)  # type: ignore[arg-type]


def test_content_hash_ignores_the_order_of_names() -> None:
    assert content_hash({"a": 1, "b": [1, 2]}) == content_hash({"b": [1, 2], "a": 1})
    assert content_hash({"a": 1}) != content_hash({"a": 2})
    assert len(content_hash({})) == 8


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), st.integers(min_value=0, max_value=50), max_size=6),
    st.integers(1, 60),
)
def test_share_limit_starves_no_stream_and_wastes_nothing(pending: dict[str, int], limit: int) -> None:
    shares = share_limit(pending, limit)
    assert sum(shares.values()) == min(limit, sum(pending.values()))
    assert all(0 < count <= pending[stream] for stream, count in shares.items())
    assert list(shares) == sorted(shares)
    fair = limit // max(1, len(pending))
    assert all(shares.get(stream, 0) >= min(fair, count) for stream, count in pending.items())


def test_what_stands_before_a_tick_is_read_before_what_stands_behind_it() -> None:
    heads, tick = {"a": 5, "b": 5}, {"a": 0, "b": 3}
    assert plan_reading({}, heads, [tick], 1) == {"b": 1}
    assert plan_reading({}, heads, [tick], 3) == {"b": 3}
    assert plan_reading({"b": 3}, heads, [tick], 4) == {"a": 2, "b": 5}
    assert plan_reading(heads, heads, [tick], 4) == {}


@given(st.lists(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 9)), min_size=1, max_size=5), st.integers(1, 9))
def test_reading_never_stands_still_and_never_goes_beyond_a_tick_that_waits(
    rises: list[dict[str, int]], limit: int
) -> None:
    positions: list[dict[str, int]] = [{}]
    for rise in rises:
        positions.append({stream: positions[-1].get(stream, 0) + rise.get(stream, 0) for stream in "abcd"})
    *ticks, heads = positions[1:]
    after: dict[str, int] = {}
    for _ in range(sum(heads.values())):
        until = plan_reading(after, heads, ticks, limit)
        assert 0 < sum(seq - after.get(stream, 0) for stream, seq in until.items()) <= limit
        waiting = next((t for t in ticks if any({**after, **until}.get(s, 0) < seq for s, seq in t.items())), heads)
        assert all(seq <= waiting[stream] for stream, seq in until.items())
        after |= until
        if after == {stream: seq for stream, seq in heads.items() if seq}:
            break
    assert plan_reading(after, heads, ticks, limit) == {}


@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_storable_texts_are_utf8_without_nul(text: str) -> None:
    kept = storable(text, 100)
    assert "\x00" not in kept
    kept.encode("utf-8")
    assert len(kept) <= 100

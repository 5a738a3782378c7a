"""Absolute tiles: fixed in time, whatever the cluster."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.correlation.tiles import ORIGIN_MS, tile_of

TIMES = st.integers(-(10**13), 10**13)
LENGTHS = st.integers(1, 10**7)


@given(TIMES, LENGTHS)
def test_a_time_lies_in_the_tile_that_begins_before_it_and_ends_behind_it(t_ms: int, tile_s: int) -> None:
    begins_ms = ORIGIN_MS + tile_of(t_ms, tile_s) * tile_s * 1000
    assert begins_ms <= t_ms < begins_ms + tile_s * 1000


@given(TIMES, LENGTHS, st.integers(-1000, 1000))
def test_whole_tiles_later_is_as_many_tiles_later(t_ms: int, tile_s: int, tiles: int) -> None:
    assert tile_of(t_ms + tiles * tile_s * 1000, tile_s) == tile_of(t_ms, tile_s) + tiles


@given(TIMES)
def test_a_group_without_tiles_is_never_cut(t_ms: int) -> None:
    assert tile_of(t_ms, 0) == 0


def test_a_daily_tile_begins_at_four_in_the_morning_in_chengdu() -> None:
    four = datetime(2026, 11, 22, 20, tzinfo=UTC)
    before, after = (round((four + timedelta(seconds=s)).timestamp() * 1000) for s in (-1, 0))
    assert tile_of(after, 86_400) == tile_of(before, 86_400) + 1

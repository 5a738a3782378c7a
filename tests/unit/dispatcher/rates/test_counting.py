"""Counters and dense series against `collections.Counter`: whatever the order, the batches and the watermarks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.correlation.columns import TIME_MS_MAX
from dispatcher.correlation.errors import ColumnInvalid
from dispatcher.rates.buckets import CITY_TIME, DAY, HOUR, as_ms, as_time, dense, floor_hour, wider
from dispatcher.rates.columns import Counted
from dispatcher.rates.counting import (
    CITY_DAY_ORIGIN_MS,
    DAY_MS,
    HOUR_MS,
    ROWS_A_CALL,
    WEIGHT_MAX,
    Counters,
    count_by_bucket,
)
from dispatcher.rates.kernels.series import spread
from tests.unit.dispatcher.correlation.drive import random_cases

Row = tuple[int, int, int]  # series, at_ms, weight
Cell = tuple[int, int]  # series, beginning of the bucket

# So few series and buckets that equal ones, and rows on a border, are the rule; some far away, some before 1970.
WIDTHS: Final = st.sampled_from([1, 7, 10, HOUR_MS, DAY_MS])
ORIGINS: Final = st.sampled_from([0, 3, -8 * HOUR_MS, TIME_MS_MAX])
SERIES: Final = st.one_of(st.integers(0, 4), st.integers(-(1 << 62), 1 << 62))
CUTS: Final = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def rows(width_ms: int) -> st.SearchStrategy[list[Row]]:
    near = st.builds(lambda bucket, offset: bucket * width_ms + offset, st.integers(-3, 6), st.integers(-1, 1))
    times = st.one_of(near, near, st.integers(-TIME_MS_MAX, TIME_MS_MAX))
    return st.lists(st.tuples(SERIES, times, st.integers(1, 3) | st.just(WEIGHT_MAX)), max_size=60)


def bucketed(made: Sequence[Row], width_ms: int, origin_ms: int) -> Counter[Cell]:
    """O8 in plain Python."""
    counts: Counter[Cell] = Counter()
    for series, at_ms, weight in made:
        counts[series, at_ms - (at_ms - origin_ms) % width_ms] += weight
    return counts


def as_cells(*handed_out: Counted) -> list[tuple[Cell, int]]:
    return [
        ((series, begin_ms), count)
        for counted in handed_out
        for series, begin_ms, count in zip(*(column.tolist() for column in counted), strict=True)
    ]


def add(counters: Counters, made: Sequence[Row]) -> None:
    series, at_ms, weight = (np.array([row[n] for row in made], np.int64) for n in range(3))
    counters.count(series, at_ms, weight)


def batches(made: Sequence[Row], cuts: Sequence[int]) -> Iterator[Sequence[Row]]:
    first = 0
    for size in cycle(cuts):
        if first >= len(made):
            return
        yield made[first : first + size]
        first += size


@settings(max_examples=random_cases(200, 60))
@given(st.data(), WIDTHS, ORIGINS, CUTS, st.randoms(use_true_random=False))
def test_any_order_and_any_batching_give_the_counts_of_the_set(
    data: st.DataObject, width_ms: int, origin_ms: int, cuts: list[int], chance: Random
) -> None:
    made = data.draw(rows(width_ms))
    expected = bucketed(made, width_ms, origin_ms)
    chance.shuffle(made)
    counters = Counters(width_ms, origin_ms)
    for batch in batches(made, cuts):
        add(counters, batch)
    assert counters.held == len(expected)
    found = as_cells(counters.finish(2 * TIME_MS_MAX))
    assert found == sorted(expected.items(), key=lambda item: (item[0][1], item[0][0]))
    assert (counters.held, counters.late, counters.refused) == (0, 0, 0)


@settings(max_examples=random_cases(200, 60))
@given(st.data(), WIDTHS, ORIGINS, CUTS)
def test_watermarks_hand_out_each_bucket_once_and_everything_else_is_held_or_late(
    data: st.DataObject, width_ms: int, origin_ms: int, cuts: list[int]
) -> None:
    made = data.draw(rows(width_ms))
    counters, held, late, passed = Counters(width_ms, origin_ms), Counter[Cell](), 0, -2 * TIME_MS_MAX
    for batch in batches(made, cuts):
        add(counters, batch)
        for cell, weight in bucketed(batch, width_ms, origin_ms).items():
            if cell[1] + width_ms <= passed:
                late += weight
            else:
                held[cell] += weight
        watermark_ms = data.draw(st.integers(-3 * width_ms, 8 * width_ms) | st.sampled_from([row[1] for row in batch]))
        passed = max(passed, watermark_ms)
        due = {cell: held.pop(cell) for cell in sorted(held) if cell[1] + width_ms <= watermark_ms}
        assert dict(as_cells(counters.finish(watermark_ms))) == due
        assert (counters.held, counters.late) == (len(held), late)
    assert dict(as_cells(counters.finish(2 * TIME_MS_MAX))) == dict(held)


@settings(max_examples=random_cases(100, 40))
@given(st.data(), st.integers(1, 12), CUTS)
def test_cap_refuses_new_cells_alone_and_counts_what_it_refuses(
    data: st.DataObject, cells_max: int, cuts: list[int]
) -> None:
    made = data.draw(rows(10))
    counters, held, refused = Counters(10, cells_max=cells_max), Counter[Cell](), 0
    for batch in batches(made, cuts):
        add(counters, batch)
        for row in batch:
            ((cell, weight),) = bucketed([row], 10, 0).items()
            if cell in held or len(held) < cells_max:
                held[cell] += weight
            else:
                refused += weight
    assert counters.refused == refused
    assert dict(as_cells(counters.finish(2 * TIME_MS_MAX))) == dict(held)
    add(counters, [(1, TIME_MS_MAX, 1)])
    assert counters.late + counters.held == 1  # there is room again


def test_many_rows_of_many_series_are_counted_through_every_growth() -> None:
    size = 3 * ROWS_A_CALL + 5
    random = np.random.default_rng(1)
    series, at_ms = random.integers(0, 5_000, size), random.integers(0, 20 * HOUR_MS, size)
    expected = Counter(zip(series.tolist(), (at_ms // HOUR_MS * HOUR_MS).tolist(), strict=True))
    assert dict(as_cells(count_by_bucket(series, at_ms))) == expected
    counters = Counters(HOUR_MS, cells_max=700)
    counters.count(series, at_ms)
    kept = counters.finish(20 * HOUR_MS)
    assert kept.series.size == 700
    assert int(kept.counts.sum()) + counters.refused == size
    assert all(expected[cell] == count for cell, count in as_cells(kept))


@pytest.mark.parametrize(
    ("series", "at_ms", "weight"),
    [
        ([1, 2], [1], None),
        ([1], [1], [1, 1]),
        ([1], [0.5], None),
        ([1.0], [1], None),
        ([1], [TIME_MS_MAX + 1], None),
        ([1], [-TIME_MS_MAX - 1], None),
        ([1], [1], [0]),
        ([1], [1], [WEIGHT_MAX + 1]),
        (np.ones(1, np.uint64), [1], None),
    ],
)
def test_columns_that_are_none_are_refused_whole(series: object, at_ms: object, weight: object) -> None:
    counters = Counters(HOUR_MS)
    with pytest.raises(ColumnInvalid):
        counters.count(series, at_ms, weight)
    assert counters.held == 0


def test_buckets_without_a_width_or_room_are_refused() -> None:
    for width_ms, origin_ms, cells_max in ((0, 0, 1), (1, 0, 0), (1, TIME_MS_MAX + 1, 1)):
        with pytest.raises(ValueError, match="no buckets"):
            Counters(width_ms, origin_ms, cells_max=cells_max)


START: Final = datetime(2026, 11, 22, 16, tzinfo=UTC)  # Monday 00:00 in the city
sparse = st.dictionaries(st.tuples(st.integers(-1, 3), st.integers(-30, 400)), st.integers(1, 9), max_size=40)


@settings(max_examples=random_cases(100, 40))
@given(sparse, st.sampled_from([HOUR, DAY, 7 * DAY]), st.integers(0, 15))
def test_dense_series_are_the_sparse_counts_of_each_by_hours_days_and_weeks(
    counts: dict[Cell, int], width: timedelta, size: int
) -> None:
    begins = [as_ms(START + hour * HOUR) for _, hour in counts]
    counted = Counted(*(np.array(c, np.int64) for c in ([s for s, _ in counts], begins, list(counts.values()))))
    made = dense(counted, 3, START, START + size * width, width)  # what is of no series from 0 to 2 is left out
    expected = [
        [
            sum(c for (s, hour), c in counts.items() if s == series and n * width <= hour * HOUR < (n + 1) * width)
            for n in range(size)
        ]
        for series in range(3)
    ]
    assert made.tolist() == expected
    again = np.zeros((3, size), np.int64)
    outside = spread(*counted, as_ms(START), width // timedelta(milliseconds=1), again)
    assert outside + int(again.sum()) == sum(counts.values())
    hours = dense(counted, 3, START, START + size * width)
    assert [wider(row, width // HOUR).tolist() for row in hours] == expected


@given(st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1), timezones=st.just(CITY_TIME)))  # noqa: DTZ001
def test_buckets_of_time_are_the_hours_and_the_days_of_the_city(at: datetime) -> None:
    (hour,) = as_cells(count_by_bucket([0], [as_ms(at)]))
    (day,) = as_cells(count_by_bucket([0], [as_ms(at)], width_ms=DAY_MS, origin_ms=CITY_DAY_ORIGIN_MS))
    assert as_time(hour[0][1]) == floor_hour(at)
    assert as_time(day[0][1]) == at.replace(hour=0, minute=0, second=0, microsecond=0)


def test_half_a_bucket_at_the_end_belongs_to_no_wider_one() -> None:
    assert wider(np.array([1, 2, 3, 4, 5], np.int64), 2).tolist() == [3, 7]
    assert wider(np.zeros(0, np.int64), 7).tolist() == []

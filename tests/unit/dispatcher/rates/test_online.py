"""Hours, days and weeks of one series: who judges what, from which counts alone."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rates.buckets import (
    DAY,
    HOUR,
    as_ms,
    dense,
    ends_day,
    finished_to,
    floor_hour,
    hour_of_week,
    hours_between,
)
from dispatcher.rates.columns import Counted
from dispatcher.rates.model import VERSIONS, Detector, Spot
from dispatcher.rates.online import WEEK, CountSeries, judge_day, judge_hour, judge_week

MONDAY = datetime(2026, 11, 22, 16, tzinfo=UTC)  # Monday 00:00 in the city
HERE = Spot.of_area("east", ("city", "east"))


def series(counts: dict[datetime, int], age: timedelta, end: datetime = MONDAY) -> CountSeries:
    first_at, last_at = end - max(age, 58 * WEEK), max((end, *(at + HOUR for at in counts)))
    return CountSeries("k", HERE, end - age, first_at, HOUR, dense(columns(counts), 1, first_at, last_at)[0])


def columns(counts: dict[datetime, int]) -> Counted:
    """As one series, numbered 0."""
    begins = np.array([as_ms(at) for at in counts], np.int64)
    return Counted(np.zeros(begins.size, np.int64), begins, np.array(list(counts.values()), np.int64))


def usual(weeks: int, end: datetime = MONDAY) -> dict[datetime, int]:
    return {end - n * HOUR: 1 for n in range(5, weeks * 168, 9)}


def test_weeks_begin_on_monday_in_the_city() -> None:
    assert hour_of_week(MONDAY) == 0
    assert hour_of_week(MONDAY - HOUR) == 167
    assert ends_day(MONDAY)
    assert not ends_day(MONDAY + HOUR)
    assert list(hours_between(MONDAY, MONDAY + 2 * HOUR)) == [MONDAY + HOUR, MONDAY + 2 * HOUR]


instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


@given(instants, st.none() | instants)
def test_nothing_that_may_still_change_is_finished(watermark_at: datetime, earliest: datetime | None) -> None:
    end = finished_to(watermark_at, earliest)
    assert end == floor_hour(end) <= watermark_at
    assert earliest is None or end <= earliest
    assert min(watermark_at, earliest or watermark_at) - end < HOUR


@given(st.dictionaries(st.integers(0, 99), st.integers(1, 9)), st.integers(0, 99), st.integers(0, 4))
def test_dense_counts_are_the_sparse_ones(sparse: dict[int, int], first: int, days: int) -> None:
    counts = {MONDAY + n * HOUR: count for n, count in sparse.items()}
    begin = MONDAY + first * HOUR
    (by_day,) = dense(columns(counts), 1, begin, begin + days * DAY, DAY)
    expected = [sum(c for n, c in sparse.items() if first + 24 * d <= n < first + 24 * (d + 1)) for d in range(days)]
    assert by_day.tolist() == expected


def test_burst_is_unusual_for_a_settled_series_and_unjudged_in_a_young_one() -> None:
    counts = usual(9) | {MONDAY - HOUR: 12}
    found = judge_hour(series(counts, 9 * WEEK), MONDAY)
    assert found is not None
    assert (found.detector, found.observed, found.to_at) == (Detector.NB_CUSUM, 12, MONDAY)
    assert found.from_at >= MONDAY - 3 * HOUR
    assert judge_hour(series(counts, 3 * WEEK), MONDAY) is None
    assert judge_hour(series(usual(9), 9 * WEEK), MONDAY) is None


@given(st.dictionaries(st.integers(0, 3000), st.integers(1, 20), max_size=50))
def test_hour_is_judged_from_the_counts_before_its_end_alone(later: dict[int, int]) -> None:
    counts = usual(9) | {MONDAY - HOUR: 12}
    more = counts | {MONDAY + n * HOUR: c for n, c in later.items()}
    assert judge_hour(series(more, 9 * WEEK), MONDAY) == judge_hour(series(counts, 9 * WEEK), MONDAY)


def test_two_incidents_are_never_unusual() -> None:
    assert judge_hour(series({MONDAY - HOUR: 2}, 9 * WEEK), MONDAY) is None
    assert judge_day(series({MONDAY - HOUR: 2}, 2 * WEEK), MONDAY) == []


def test_day_of_a_young_series_is_judged_once_there_are_days_enough() -> None:
    counts = {MONDAY - n * DAY - HOUR: 1 for n in range(20)} | {MONDAY - HOUR: 8}
    assert [f.detector for f in judge_day(series(counts, 2 * WEEK), MONDAY)] == [Detector.EARS_C1, Detector.EARS_C2]
    assert [f.detector for f in judge_day(series(counts, 9 * DAY), MONDAY)] == [Detector.EARS_C1]
    assert judge_day(series(counts, 7 * DAY), MONDAY) == []
    assert judge_day(series(counts, 4 * WEEK), MONDAY) == []  # the charts have taken over


def test_week_far_above_its_season_is_found_once_there_is_a_year() -> None:
    generator = np.random.default_rng(3)
    counts = {MONDAY - n * DAY - HOUR: int(c) for n, c in enumerate(generator.poisson(2, 900)) if c}
    assert judge_week(series(counts, 900 * DAY), MONDAY) is None
    counts |= {MONDAY - n * HOUR: 9 for n in range(2, 8)}
    found = judge_week(series(counts, 900 * DAY), MONDAY)
    assert found is not None
    assert (found.detector, found.from_at) == (Detector.FARRINGTON, MONDAY - WEEK)
    assert found.p_value is not None
    assert found.p_value < 1e-3
    assert judge_week(series(counts, 300 * DAY), MONDAY) is None


def test_week_that_was_not_counted_whole_is_no_week() -> None:
    generator = np.random.default_rng(3)
    counts = {MONDAY - n * DAY - HOUR: int(c) for n, c in enumerate(generator.poisson(2, 395)) if c}
    counts |= {MONDAY - n * HOUR: 9 for n in range(2, 8)}
    assert judge_week(series(counts, 56 * WEEK), MONDAY) is not None
    assert judge_week(series(counts, 56 * WEEK - HOUR), MONDAY) is None
    whole = judge_week(series(counts, 56 * WEEK), MONDAY)
    assert judge_week(series(counts, 57 * WEEK - HOUR), MONDAY) == whole  # what lies before is not taken for a week


def test_day_that_was_not_counted_whole_is_no_day() -> None:
    counts = {MONDAY - n * DAY - HOUR: 1 for n in range(20)} | {MONDAY - HOUR: 8}
    assert [f.detector for f in judge_day(series(counts, 8 * DAY), MONDAY)] == [Detector.EARS_C1]
    assert judge_day(series(counts, 8 * DAY - HOUR), MONDAY) == []


@pytest.mark.parametrize("detector", Detector)
def test_every_detector_has_a_version_and_a_source_of_proposals(detector: Detector) -> None:
    assert detector.version == VERSIONS[detector.value]
    assert detector.proposes_as.value in {"rate", "hot_spot", "recurrence"}

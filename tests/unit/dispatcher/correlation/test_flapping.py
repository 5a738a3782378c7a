"""Flapping is a function of the set of reports: any order, any batching, any watermark in between."""

from random import Random
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.correlation.flapping import Begun, Limits, Report, fold, judge
from tests.unit.dispatcher.correlation.flapping_oracle import flapping

LIMITS: Final = st.builds(
    lambda window, off, more: Limits(window, off + more, off), st.integers(1, 12), st.integers(0, 3), st.integers(1, 3)
)
REPORTS: Final = st.lists(
    st.builds(Report, st.integers(-5, 60), st.integers(0, 99).map(lambda n: bytes([n])), st.booleans()),
    max_size=30,
    unique_by=lambda report: report.uid,
)
ALERT: Final = Limits(1800, 3, 1)  # more than two changes in half an hour


@given(st.lists(st.tuples(LIMITS, REPORTS), max_size=4))
def test_every_report_of_every_series_is_judged_as_the_oracle_says(series: list[tuple[Limits, list[Report]]]) -> None:
    judged = judge([(limits, Begun(), reports) for limits, reports in series])
    for (limits, reports), found in zip(series, judged, strict=True):
        assert dict(zip((r.uid for r in found.reports), found.flapping, strict=True)) == flapping(reports, limits)


@given(LIMITS, REPORTS, st.lists(st.integers(-5, 70), max_size=4).map(sorted), st.randoms())
def test_reports_that_come_in_any_order_ahead_of_any_watermarks_are_judged_the_same(
    limits: Limits, reports: list[Report], watermarks: list[int], chance: Random
) -> None:
    begun = Begun()
    live: list[Report] = []
    final: dict[bytes, bool] = {}
    left = sorted(reports, key=lambda _: chance.random())
    for watermark in [*watermarks, 1000]:
        # What is older than the next watermark comes before it; of the rest some does.
        come = [report for report in left if report.t_ms < watermark or chance.random() < 0.5]
        left = [report for report in left if report not in come]
        live += come
        (judged,) = judge([(limits, begun, live)])
        final |= {
            report.uid: state
            for report, state in zip(judged.reports, judged.flapping, strict=True)
            if report.t_ms < watermark
        }
        begun, live = fold(limits, begun, judged, watermark)
        assert all(report.t_ms >= watermark for report in live)
    assert final == flapping(reports, limits)


def reports(*seen: tuple[int, bool]) -> list[Report]:
    return [Report(t, bytes([n]), raised) for n, (t, raised) in enumerate(seen)]


def states(*seen: tuple[int, bool]) -> list[bool]:
    return judge([(ALERT, Begun(), reports(*seen))])[0].flapping


def test_the_third_change_within_half_an_hour_begins_it() -> None:
    assert states((0, True), (60, False), (120, True), (180, False)) == [False, False, False, True]


def test_changes_that_are_a_window_apart_are_counted_no_longer() -> None:
    assert states((0, True), (60, False), (120, True), (1860, False)) == [False, False, False, False]
    assert states((0, True), (60, False), (120, True), (1859, False)) == [False, False, False, True]


def test_equal_states_in_a_row_are_no_change() -> None:
    assert states((0, True), (10, True), (20, True), (30, False), (40, False)) == [False] * 5


def test_it_goes_on_until_there_is_at_most_one_change_left() -> None:
    seen = [(0, True), (60, False), (120, True), (180, False), (1900, False), (1950, False), (1990, False)]
    assert states(*seen) == [False, False, False, True, True, False, False]


def test_a_device_that_reports_again_after_a_silence_is_believed() -> None:
    flapped = [(60 * n, n % 2 == 0) for n in range(6)]
    assert states(*flapped, (300 + 1801, True)) == [False, False, False, True, True, True, False]

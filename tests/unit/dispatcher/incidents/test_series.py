"""The reports of a device as they are stored: whatever came first, nothing is lost and nothing differs."""

from itertools import permutations

from dispatcher.correlation.flapping import Begun, Report
from dispatcher.incidents.flapping import Series

REPORTS = [
    (Report(1_700_000_000_000, bytes(range(16)), True), (0, bytes(8))),
    (Report(-1, b"\xff" * 16, False), ((1 << 62) + 7, b"\x01" * 8)),
    (Report(1_700_000_000_000, bytes(16), True), (-3, b"\xff" * 8)),
]
BEGUN = Begun(True, 5, 1, (3, 5))


def test_what_is_stored_is_read_again_whatever_came_first() -> None:
    stored = []
    for order in permutations(REPORTS):
        series = Series(BEGUN)
        for report, version in order:
            series.put(report, version)
        stored.append(series.as_json())
    assert all(each == stored[0] for each in stored)
    again = Series.of_json(stored[0])
    assert again == series
    assert again.begun == BEGUN


def test_a_report_that_was_removed_or_came_anew_is_stored_so() -> None:
    series = Series()
    for report, version in REPORTS:
        series.put(report, version)
    series.remove(REPORTS[0][0].uid)
    newer = Report(7, REPORTS[1][0].uid, True)
    series.put(newer, (9, bytes(8)))
    again = Series.of_json(series.as_json())
    assert again.reports == {newer.uid: newer, REPORTS[2][0].uid: REPORTS[2][0]}
    assert again.versions[newer.uid] == (9, bytes(8))


def test_what_was_stored_at_first_a_list_a_report_is_read() -> None:
    lists = [[r.t_ms, r.uid.hex(), r.raised, revision, content.hex()] for r, (revision, content) in REPORTS]
    series = Series(BEGUN)
    for report, version in REPORTS:
        series.put(report, version)
    assert Series.of_json({"begun": list(BEGUN), "reports": lists}) == series

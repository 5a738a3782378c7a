"""A calendar's file says which days are off and which Saturdays are worked; whatever else is refused, with its line."""

from datetime import date

import pytest

from registry.calendar_import import CalendarRefused, parse_calendar

WEEK = [(f"2027-02-{day:02}", "holiday", "春节") for day in range(6, 14)]


def rows(*columns: tuple[str, str, str]) -> list[dict[str, str]]:
    return [dict(zip(("date", "kind", "name"), each, strict=True)) for each in columns]


def test_days_without_a_row_are_worked_from_monday_to_friday() -> None:
    (year,) = parse_calendar(rows(*WEEK, ("2027-02-20", "workday", "调休")))
    assert len(year.days) == 365
    assert year.days[date(2027, 2, 8)] == (False, "春节")
    assert year.days[date(2027, 2, 20)] == (True, "调休")
    assert year.days[date(2027, 2, 19)] == (True, None)
    assert year.days[date(2027, 2, 21)] == (False, None)


@pytest.mark.parametrize(
    ("added", "place", "said"),
    [
        (("2027-13-01", "holiday", ""), "line 10", "no date"),
        (("2027-10-01", "feast", ""), "line 10", "no kind"),
        (("2027-02-08", "holiday", ""), "line 10", "twice"),
        (("2027-02-22", "workday", ""), "line 10", "worked anyway"),
        # The last days of another year must not take the place of that year's whole calendar.
        (("2026-12-31", "holiday", "元旦"), "2026", "leave other years out"),
    ],
)
def test_what_is_no_calendar_is_refused_with_its_place(added: tuple[str, str, str], place: str, said: str) -> None:
    with pytest.raises(CalendarRefused) as refused:
        parse_calendar(rows(*WEEK, added))
    assert refused.value.place == place
    assert said in refused.value.reason


def test_empty_file_is_refused() -> None:
    with pytest.raises(CalendarRefused):
        parse_calendar([])


def test_same_days_have_the_same_hash_in_any_order() -> None:
    (one,) = parse_calendar(rows(*WEEK))
    (other,) = parse_calendar(rows(*reversed(WEEK)))
    assert one.sha256 == other.sha256

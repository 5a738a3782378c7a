"""Working time counts real working days: holidays, make-up days, the lunch hour, and years that nobody loaded."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.calendar import LOCAL, OFFICE_HOURS, WorkCalendar, known_days

CALENDAR = WorkCalendar({day: worked for day, (worked, _) in known_days().items()})
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    """A local time of Chengdu."""
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


def local(moment: datetime) -> str:
    assert moment.tzinfo is UTC
    return moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("begin", "days", "end"),
    [
        ("2026-03-11T10:00", 1, "2026-03-12 18:00"),
        ("2026-03-13T17:59", 1, "2026-03-16 18:00"),
        ("2026-03-14T12:00", 1, "2026-03-16 18:00"),
        # Spring Festival 2026: off from 15 to 23 February, worked on Saturdays 14 and 28 February.
        ("2026-02-13T10:00", 1, "2026-02-14 18:00"),
        ("2026-02-13T10:00", 2, "2026-02-24 18:00"),
        ("2026-02-26T10:00", 2, "2026-02-28 18:00"),
        ("2026-02-26T10:00", 3, "2026-03-02 18:00"),
        # National Day 2026: worked on Sunday 20 September and Saturday 10 October.
        ("2026-09-30T10:00", 3, "2026-10-10 18:00"),
        ("2025-12-31T10:00", 1, "2026-01-04 18:00"),
    ],
)
def test_working_days_end_at_the_close_of_the_last_one(begin: str, days: int, end: str) -> None:
    reached = CALENDAR.after_working_days(at(begin), days)
    assert local(reached.at) == end
    assert not reached.provisional


@pytest.mark.parametrize(
    ("begin", "hours", "end"),
    [
        ("2026-03-11T10:00", 1, "2026-03-11 11:00"),
        ("2026-03-11T11:30", 1, "2026-03-11 13:30"),
        ("2026-03-11T10:00", 2, "2026-03-11 12:00"),
        ("2026-03-11T17:00", 1, "2026-03-11 18:00"),
        ("2026-03-11T17:00", 2, "2026-03-12 10:00"),
        ("2026-03-13T22:00", 4, "2026-03-16 14:00"),
        ("2026-02-14T16:00", 4, "2026-02-24 11:00"),
        ("2026-03-11T10:00", 8, "2026-03-12 10:00"),
    ],
)
def test_working_hours_pass_only_while_the_office_is_open(begin: str, hours: int, end: str) -> None:
    assert local(CALENDAR.after_working_seconds(at(begin), hours * 3600).at) == end


def test_year_that_is_not_loaded_is_counted_by_weekdays_and_says_so() -> None:
    reached = CALENDAR.after_working_days(at("2026-12-30T10:00"), 3)
    assert local(reached.at) == "2027-01-04 18:00"
    assert reached.unknown_years == (2027,)
    assert reached.provisional


def test_days_off_on_the_way_are_named() -> None:
    reached = CALENDAR.after_working_days(at("2026-03-13T10:00"), 1)
    assert reached.days_off == (date(2026, 3, 14), date(2026, 3, 15))


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        ("2026-03-11T09:00", True),
        ("2026-03-11T12:00", False),
        ("2026-03-11T12:30", False),
        ("2026-03-11T17:59", True),
        ("2026-03-11T18:00", False),
        ("2026-03-14T10:00", False),
        ("2026-02-14T10:00", True),
        ("2026-02-18T10:00", False),
    ],
)
def test_office_is_open_in_its_hours_only(moment: str, open_: bool) -> None:
    assert CALENDAR.is_office_open(at(moment)) is open_


def test_known_years_are_whole() -> None:
    days = known_days()
    assert date(2026, 12, 31) in days
    assert len([day for day in days if day.year == 2026]) == 365
    assert days[date(2026, 2, 17)] == (False, "春节")
    assert days[date(2026, 2, 14)] == (True, "春节")
    assert days[date(2026, 3, 14)] == (False, None)


def _counted_minute_by_minute(begin: datetime, minutes: int) -> datetime:
    moment = begin
    while minutes > 0:
        here = moment.astimezone(LOCAL)
        worked = CALENDAR.is_worked(here.date()) and any(a <= here.time() < b for a, b in OFFICE_HOURS)
        moment += MINUTE
        minutes -= worked
    return moment


@given(
    begin=st.integers(0, 60 * 24 * 60).map(lambda minute: at("2026-02-01T00:00") + minute * MINUTE),
    minutes=st.integers(1, 3000),
)
def test_working_time_equals_counting_every_minute(begin: datetime, minutes: int) -> None:
    reached = CALENDAR.after_working_seconds(begin, minutes * 60)
    assert reached.at == _counted_minute_by_minute(begin, minutes)
    assert CALENDAR.working_seconds_between(begin, reached.at) == minutes * 60

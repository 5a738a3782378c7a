"""Months and quarters of the city's calendar, as spans of time and as names. Pure."""

from datetime import date, datetime, timedelta

from registry.calendar import begin_of, day_of


def month_of(at: datetime) -> date:
    """The first day of the month that this time lies in."""
    return day_of(at).replace(day=1)


def month_before(at: datetime) -> date:
    """The first day of the last month that has ended at this time."""
    today = day_of(at)
    return date(today.year - 1, 12, 1) if today.month == 1 else date(today.year, today.month - 1, 1)


def month_span(month: date) -> tuple[datetime, datetime]:
    """From the beginning of a month to the beginning of the next."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return begin_of(month), begin_of(following)


def quarter_of(at: datetime) -> tuple[str, datetime]:
    """The quarter that this time lies in, such as 2026-Q4, and when it ends."""
    today = day_of(at)
    quarter = (today.month - 1) // 3 + 1
    ends = date(today.year + quarter // 4, quarter % 4 * 3 + 1, 1)
    return f"{today.year}-Q{quarter}", begin_of(ends)


def last_moment(end: datetime) -> datetime:
    """The last second of a span, so that working days are counted from the day behind it."""
    return end - timedelta(seconds=1)

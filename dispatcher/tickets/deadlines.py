"""Limits of what is no ticket, such as a publication or a reply: the due time, and the reminder at 80 % of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.tickets.clocks import due
from registry.calendar import WorkCalendar
from registry.limits import Limit

REMIND_PCT: Final = 80
"""As the ladder of tickets does: yellow at 80 % of the limit (dispatch 2.7)."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """Where a limit ends, when its unit is reminded, and how both came about (as `clocks.due` explains)."""

    due_at: datetime
    remind_at: datetime
    explanation: Mapping[str, Any]


def deadline(limit: Limit, since: datetime, calendar: WorkCalendar) -> Deadline:
    """Count a limit from `since`; a reminder of working time comes in working time, never at night."""
    ends = due(limit, since, calendar, natural=False)
    if ends.working:
        whole_s = calendar.working_seconds_between(since, ends.at)
        remind_at = calendar.after_working_seconds(since, whole_s * REMIND_PCT // 100).at
    else:
        remind_at = since + timedelta(seconds=(ends.at - since).total_seconds() * REMIND_PCT // 100)
    return Deadline(ends.at, remind_at, ends.explanation)

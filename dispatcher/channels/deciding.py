"""Whether a message leaves now: quiet hours, how often a person may be disturbed, company on the way. Pure.

What is grave (grades I and II) always leaves at once; it counts for whatever comes after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from registry.calendar import LOCAL

URGENT_GRADE: Final = 2


class HoldReason(StrEnum):
    """Why a message waits."""

    QUIET_HOURS = "quiet_hours"  # Nobody is to be woken for it.
    THROTTLED = "throttled"  # The person was told as often as one may be.
    BUNDLED = "bundled"  # Somebody who was just told hears the rest together.


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` attempts in any `per` of time; smooth: those beyond the window before it are spread evenly."""

    count: int
    per: timedelta
    smooth: bool = False


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one local time to another, over midnight where the end is earlier; never the whole day."""

    begin: time
    end: time

    def __post_init__(self) -> None:
        if self.begin == self.end:
            raise ValueError("quiet hours that never end")

    def end_after(self, at: datetime) -> datetime | None:
        """When the quiet in which `at` lies ends; None outside it."""
        local = at.astimezone(LOCAL)
        clock = local.time()
        over_midnight = self.end < self.begin
        inside = clock >= self.begin or clock < self.end if over_midnight else self.begin <= clock < self.end
        if not inside:
            return None
        day = local.date() + timedelta(days=1 if over_midnight and clock >= self.begin else 0)
        return datetime.combine(day, self.end, LOCAL).astimezone(at.tzinfo)


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for one channel, one grade and one person."""

    windows: tuple[Window, ...] = ()  # The shorter first.
    bundle: timedelta = timedelta()
    quiet: QuietHours | None = None  # The person's own, else the grade's.


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that looks for its way."""

    grade: int

    @property
    def urgent(self) -> bool:
        return self.grade <= URGENT_GRADE


@dataclass(frozen=True, slots=True)
class Send:
    """Now."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Ask again then; whatever else waits by then goes along."""

    until: datetime
    reason: HoldReason = HoldReason.BUNDLED


@dataclass(frozen=True, slots=True)
class Hold:
    """Ask again then."""

    until: datetime
    reason: HoldReason


Decision = Send | Bundle | Hold


def decide(message: Candidate, history: Sequence[datetime], limits: Limits, at: datetime) -> Decision:
    """Whether a message leaves at `at`, given when this person was told over this channel before.

    `until` always lies after `at`. Only what leaves is added to the history, so nothing is ever held for ever.
    """
    if message.urgent:
        return Send()
    quiet_ends_at = limits.quiet.end_after(at) if limits.quiet is not None else None
    if quiet_ends_at is not None:
        return Hold(quiet_ends_at, HoldReason.QUIET_HOURS)
    past = sorted(told for told in history if told <= at)
    free_at = max((_free_at(past, limits.windows, nth, at) for nth in range(len(limits.windows))), default=at)
    if free_at > at:
        return Hold(free_at, HoldReason.THROTTLED)
    if past and past[-1] + limits.bundle > at:
        return Bundle(past[-1] + limits.bundle)
    return Send()


def _free_at(past: Sequence[datetime], windows: Sequence[Window], nth: int, at: datetime) -> datetime:
    """When the nth window has room for one more."""
    window = windows[nth]
    inside = [told for told in past if told > at - window.per]
    if len(inside) >= window.count:
        # Room comes when the oldest of the last `count` leaves the window.
        return inside[-window.count] + window.per
    shorter = windows[nth - 1] if nth else None
    if not window.smooth or shorter is None or len(inside) < shorter.count:
        return at
    beyond = len(inside) - shorter.count + 1
    spread = (window.per - shorter.per) / (window.count - shorter.count)
    # The first beyond the shorter window may follow at its end, the last of all at the end of this one.
    return min(inside[0] + shorter.per + spread * (beyond - 1), inside[0] + window.per)

"""Which stages only look for what is due, and at which steps they do.

What falls due by time, or was written by a user, is no event of the log: to look for it at each of fifty steps a second
costs more than to take the events in. It is looked for where time moved, where the step itself led to something,
again while a look finds anything, and else as often as an idle leader looks. Nothing is lost by a kill: what is due
stays due in the database, and a new leader looks at once.
"""

from typing import Final

from dispatcher.incidents.step import Advanced, Step
from events.feed import POLL_S
from events.model import PLATFORM_SOURCES

LOOKING: Final = frozenset(
    {
        "escalation",
        "pages",
        "duties",
        "screening",
        "desk",
        "attachments",
        "disclosure",
        "evaluations",
        "handovers",
        "accountability",
        "messages",
        "indicators",
    }
)
# What these write is what the stages that look wait for; they run at every step, and before all of those.
LEADING: Final = frozenset({"patterns", "tickets"})

_AT_ONCE: Final = float("-inf")


class Lookout:
    """Decides step by step; times are those of the loop."""

    def __init__(self) -> None:
        self._last_s = _AT_ONCE
        self._now_s = 0.0
        self._looks = self._found = False

    def begin(self, step: Step, now_s: float) -> None:
        """A step begins."""
        self._now_s = now_s
        self._found = False
        self._looks = (
            not step.events
            or any(event.source in PLATFORM_SOURCES for event in step.events)
            or now_s - self._last_s >= POLL_S
        )

    def skips(self, stage: str) -> bool:
        """Whether this stage has nothing to look for in this step."""
        return stage in LOOKING and not self._looks

    def note(self, stage: str, advanced: Advanced) -> None:
        """What a stage of this step did."""
        self._looks |= stage in LEADING and advanced.written > 0
        self._found |= stage in LOOKING and bool(advanced.taken or advanced.written)

    def end(self) -> None:
        """The step was committed; one that failed has looked for nothing."""
        if self._looks:
            self._last_s = _AT_ONCE if self._found else self._now_s

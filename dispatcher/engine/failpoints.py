"""Named places where a fault test kills the dispatcher: `RONGAN_DISPATCHER_FAILPOINT=committing:1200`. Else nothing."""

import os
import signal
from enum import StrEnum
from typing import Final

VARIABLE: Final = "RONGAN_DISPATCHER_FAILPOINT"


class Failpoint(StrEnum):
    """Where a crash hurts most."""

    READ = "read"  # The events of the step are in memory, nothing of it is in the database.
    APPLIED = "applied"  # The kernels took them in and the first stage has written, no later one has run.
    WRITTEN = "written"  # Every stage has written, the cursor has not moved.
    COMMITTING = "committing"  # All is written, the commit is not asked for.
    COMMITTED = "committed"  # All is durable, memory does not know it.


class FailpointInvalid(ValueError):
    """`RONGAN_DISPATCHER_FAILPOINT` is not `<name>:<position>`."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{VARIABLE}={text}: expected one of {', '.join(Failpoint)} and a position, as committed:1200")
        self.text = text


class Failpoints:
    """Kills the process with SIGKILL at the chosen place of the first step that takes the log so far."""

    def __init__(self, armed: Failpoint | None = None, position: int = 0) -> None:
        self._armed = armed
        self._position = position

    @classmethod
    def from_environment(cls) -> "Failpoints":
        """Read `RONGAN_DISPATCHER_FAILPOINT`. Raises FailpointInvalid."""
        text = os.environ.get(VARIABLE)
        if text is None:
            return cls()
        name, _, position = text.partition(":")
        if name not in set(Failpoint) or not position.isdigit():
            raise FailpointInvalid(text)
        return cls(Failpoint(name), int(position))

    def reach(self, point: Failpoint, position: int) -> None:
        """Pass a place in a step that takes the log to `position`: the events of all streams together."""
        if point is self._armed and position >= self._position:
            os.kill(os.getpid(), signal.SIGKILL)

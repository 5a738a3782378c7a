"""Named places where a fault test kills the gateway: `RONGAN_FAILPOINT=committed:3` at the third pass. Else nothing."""

import os
import signal
from enum import StrEnum
from typing import Final

VARIABLE: Final = "RONGAN_FAILPOINT"


class Failpoint(StrEnum):
    """Where a crash hurts most."""

    DECODED = "decoded"  # A batch is in memory, nothing is in the database.
    COPIED = "copied"  # Rows are written, the transaction is open.
    COMMITTED = "committed"  # Rows are durable, nothing is acknowledged.
    HALF_ACKNOWLEDGED = "half_acknowledged"  # Some of a batch's deliveries are acknowledged.


class FailpointInvalidError(ValueError):
    """`RONGAN_FAILPOINT` is not `<name>:<pass>`."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{VARIABLE}={text}: expected one of {', '.join(Failpoint)} and a pass, such as committed:3")


class Failpoints:
    """Counts passes; kills the process with SIGKILL at the chosen one."""

    def __init__(self, armed: Failpoint | None = None, at_pass: int = 0) -> None:
        self._armed = armed
        self._left = at_pass

    @classmethod
    def from_environment(cls) -> "Failpoints":
        """Read `RONGAN_FAILPOINT`. Raises FailpointInvalidError."""
        text = os.environ.get(VARIABLE)
        if text is None:
            return cls()
        name, _, count = text.partition(":")
        if name not in set(Failpoint) or not count.isdigit() or int(count) == 0:
            raise FailpointInvalidError(text)
        return cls(Failpoint(name), int(count))

    def reach(self, point: Failpoint) -> None:
        """Pass a point."""
        if point is self._armed:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

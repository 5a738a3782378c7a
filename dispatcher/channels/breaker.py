"""Which lanes are left alone for a while: a receiver that fails five times running is tried by one attempt at a time.

Times are of the process's monotonic clock.
"""

from dataclasses import dataclass
from typing import Final

OPENS_AFTER: Final = 5
OPEN_S: Final = 30.0
OPEN_MAX_S: Final = 300.0


@dataclass(slots=True)
class _Lane:
    failures: int = 0  # Running.
    open_until_s: float = 0.0


class Breaker:
    """The state of every lane that has failed; one that works is forgotten."""

    def __init__(self, *, open_s: float = OPEN_S) -> None:
        self._open_s = open_s
        self._lanes: dict[str, _Lane] = {}

    @property
    def troubled(self) -> frozenset[str]:
        """Lanes whose room is less than that of others."""
        return frozenset(self._lanes)

    def is_open(self, lane: str, now_s: float) -> bool:
        known = self._lanes.get(lane)
        return known is not None and now_s < known.open_until_s

    def room(self, lane: str, each: int, now_s: float) -> int:
        """How many attempts the lane may have under way: none while it is open, one as long as it is in doubt."""
        if lane not in self._lanes:
            return each
        return 0 if self.is_open(lane, now_s) else 1

    def worked(self, lane: str) -> None:
        self._lanes.pop(lane, None)

    def failed(self, lane: str, now_s: float, *, retry_after_s: float = 0.0) -> bool:
        """Count a failure; whether the lane opened by it. A receiver that names a time is left alone until then."""
        known = self._lanes.setdefault(lane, _Lane())
        known.failures += 1
        wait_s = retry_after_s
        beyond = known.failures - OPENS_AFTER
        if beyond >= 0:
            wait_s = max(wait_s, min(self._open_s * 2**beyond, OPEN_MAX_S))
        opened = wait_s > 0 and now_s >= known.open_until_s
        known.open_until_s = max(known.open_until_s, now_s + wait_s)
        return opened

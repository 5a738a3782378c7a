"""What became of every event of the log: each is counted once, and the sum is what was received."""

from collections import Counter
from enum import StrEnum

from prometheus_client import Gauge

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

EVENTS = Gauge("dispatcher_correlation_events", "Events of the log by what became of them", ["fate"])
GAP = Gauge("dispatcher_correlation_gap_events", "Events received whose fate is not counted; alarm on any but 0")


class Fate(StrEnum):
    """Equal to the columns of `correlation_counts`; those of `Standing` are called as there."""

    SUPERSEDED = "superseded"  # another version of a known event: a redelivery or a correction
    SETTLED = "settled"  # its incident was final: an annotation in the log
    RETURNED = "returned"  # back to normal: shown, never clustered
    LATE = "late"  # behind the watermark
    SUPPRESSED = "suppressed"  # of a device that flaps
    NOISE = "noise"  # too few around it and not grave enough
    CLUSTERED = "clustered"  # found by place and time
    ALONE = "alone"  # without a position, or of a kind that is never clustered
    CAPPED = "capped"  # as many events were live as may be: in the log alone; alarm on any


class Counts:
    """What one step adds."""

    def __init__(self) -> None:
        self.received = 0
        self._fates: Counter[Fate] = Counter()

    def note(self, fate: Fate, events: int = 1) -> None:
        self._fates[fate] += events

    def move(self, before: Fate, after: Fate) -> None:
        """An event that was counted before is seen in another light."""
        self._fates[before] -= 1
        self._fates[after] += 1

    async def add(self, conn: Connection, rule_set: str) -> None:
        """Add them to what was counted before, and show the sums."""
        if not self.received and not any(self._fates.values()):
            return
        row = await conn.fetchrow(QUERIES.add_counts, rule_set, self.received, *(self._fates[fate] for fate in Fate))
        if row is None:
            raise AssertionError("an upsert has a row")
        for fate in Fate:
            EVENTS.labels(fate.value).set(row[fate.value])
        GAP.set(row["received"] - sum(row[fate.value] for fate in Fate))

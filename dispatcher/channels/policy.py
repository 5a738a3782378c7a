"""The data behind the decisions: how often a channel may be used, and what each grade allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from dispatcher.channels.deciding import Limits, QuietHours, Window
from dispatcher.channels.model import ContactPoint
from dispatcher.channels.outbox import QUERIES
from runtime.pool import Connection


@dataclass(frozen=True, slots=True)
class Rule:
    """What one grade allows on one channel; None: on every channel without a row of its own."""

    channel: str | None
    grade: int
    bundle_s: int
    quiet_from: time | None
    quiet_to: time | None
    next_after_s: int


class Policy:
    """The newest version of limits and rules."""

    def __init__(self, limits: Iterable[tuple[str, Window]], rules: Iterable[Rule]) -> None:
        self._windows: dict[str, tuple[Window, ...]] = {}
        for channel, window in limits:
            known = (*self._windows.get(channel, ()), window)
            self._windows[channel] = tuple(sorted(known, key=lambda each: each.per))
        self._rules = {(rule.channel, rule.grade): rule for rule in rules}

    @property
    def longest(self) -> timedelta:
        """How far back history counts."""
        spans = [window.per for windows in self._windows.values() for window in windows]
        bundles = [timedelta(seconds=rule.bundle_s) for rule in self._rules.values()]
        return max(spans + bundles, default=timedelta())

    def limits(self, point: ContactPoint, grade: int) -> Limits:
        rule = self._rule(point.channel, grade)
        begin, end = (
            (point.quiet_from, point.quiet_to) if point.quiet_from is not None else (rule.quiet_from, rule.quiet_to)
        )
        return Limits(
            windows=self._windows.get(point.channel, ()),
            bundle=timedelta(seconds=rule.bundle_s),
            quiet=QuietHours(begin, end) if begin is not None and end is not None else None,
        )

    def next_at(self, channel: str, grade: int, at: datetime) -> datetime:
        """By when an attempt must have arrived before another way is tried."""
        return at + timedelta(seconds=self._rule(channel, grade).next_after_s)

    def _rule(self, channel: str, grade: int) -> Rule:
        return self._rules.get((channel, grade)) or self._rules[None, grade]


async def read_policy(conn: Connection) -> Policy:
    limits: list[Any] = await conn.fetch(QUERIES.list_limits)
    rules: list[Any] = await conn.fetch(QUERIES.list_rules)
    return Policy(
        [(row["channel"], Window(row["count"], timedelta(seconds=row["per_s"]), row["smooth"])) for row in limits],
        [Rule(**dict(row)) for row in rules],
    )

"""When and how often residents are called back: versioned master data."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from registry.calendar import LOCAL, day_of
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRules:
    """Hours are those of China's clock."""

    tries: int  # Nobody is unreachable before so many calls in vain ...
    try_days: int  # ... on so many days.
    from_h: int
    until_h: int  # Up to this hour on the dot.
    again_after_h: int  # How long after a call in vain the next one is proposed.

    def are_hours(self, at: datetime) -> bool:
        """Whether residents may be called at this time."""
        return time(self.from_h) <= at.astimezone(LOCAL).time() <= time(self.until_h)

    def next_try_at(self, attempts: tuple[datetime, ...]) -> datetime | None:
        """From when the next try makes sense, within the hours of calling; None at once."""
        if not attempts:
            return None
        at = max(attempts) + timedelta(hours=self.again_after_h)
        if self.are_hours(at):
            return at
        local = at.astimezone(LOCAL)
        day = local.date() if local.time() < time(self.from_h) else local.date() + timedelta(days=1)
        return datetime.combine(day, time(self.from_h), tzinfo=LOCAL)

    def is_unreachable(self, attempts: tuple[datetime, ...]) -> bool:
        """Whether somebody who was called in vain so often counts as unreachable."""
        days = {day_of(each) for each in attempts}
        return len(attempts) >= self.tries and len(days) >= self.try_days


async def read_call_rules(conn: Connection) -> CallRules:
    """The rules in force."""
    return CallRules(**{row["name"]: row["value"] for row in await conn.fetch(QUERIES.list_call_rules)})

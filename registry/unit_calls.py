"""Which external unit a kind of event calls, where and when: rows, and the question put to them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time

from registry.calendar import LOCAL
from registry.organisations import UnitTrade
from registry.rosters.store import QUERIES
from runtime.pool import Connection


@dataclass(frozen=True, slots=True)
class UnitCall:
    """One row: this kind calls a unit of this trade."""

    version: int
    kind: str
    trade: UnitTrade
    area_id: str | None  # None: everywhere.
    grade_max: int  # Called at this grade and at graver ones.
    from_time: time | None  # On China's clock; None: day and night.
    until_time: time | None
    source: str

    def fits(self, kind: str, area_path: Collection[str], grade: int, at: datetime) -> bool:
        """Whether the unit is called for this kind, here, at this grade and hour; hours may span midnight."""
        return (
            self.kind == kind
            and (self.area_id is None or self.area_id in area_path)
            and grade <= self.grade_max
            and self._hour_fits(at.astimezone(LOCAL).time())
        )

    def _hour_fits(self, local: time) -> bool:
        if self.from_time is None or self.until_time is None:
            return True
        if self.from_time <= self.until_time:
            return self.from_time <= local < self.until_time
        return local >= self.from_time or local < self.until_time


def calls_of(
    calls: Iterable[UnitCall], kind: str, area_path: Collection[str], grade: int, at: datetime
) -> tuple[UnitCall, ...]:
    """The calls that fit, each trade once, in the order of their rows."""
    found: dict[UnitTrade, UnitCall] = {}
    for call in calls:
        if call.fits(kind, area_path, grade, at):
            found.setdefault(call.trade, call)
    return tuple(found.values())


async def read_unit_calls(conn: Connection) -> tuple[UnitCall, ...]:
    """The rows of the newest version."""
    return tuple(
        UnitCall(**dict(row) | {"trade": UnitTrade(row["trade"])}) for row in await conn.fetch(QUERIES.list_unit_calls)
    )

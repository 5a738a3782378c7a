"""Limits of clocks and the steps of their escalation: versioned rows, found by kind, condition and grade."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class LimitUnit(StrEnum):
    """Equal to the SQL enum `limit_unit`."""

    MIN = "min"  # Natural minutes, day and night.
    H = "h"  # Natural hours.
    WH = "wh"  # Working hours, 8 a day.
    WD = "wd"  # Working days; the day on which the clock starts does not count.
    D = "d"  # Natural days.


DAYS_OF: Final = {
    LimitUnit.WD: 1.0,
    LimitUnit.D: 1.0,
    LimitUnit.WH: 1 / 8,
    LimitUnit.H: 1 / 24,
    LimitUnit.MIN: 1 / 1440,
}
"""How many days, of the same kind of time, one of a unit is."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a clock may run; None in `kind`, `grade` or `condition` fits every one."""

    id: int
    version: int
    kind: str | None
    clock: str
    grade: int | None
    condition: str | None  # A demand type.
    value: int
    unit: LimitUnit
    source: str


class EscalationAction(StrEnum):
    """What a step of the ladder does; each step is taken once a run of a clock."""

    REMIND = "remind"  # 提醒: tell those who work on it.
    URGE = "urge"  # 催办: tell the head of the unit; the clock is breached.
    SUPERVISE = "supervise"  # 督办单: an order to the leader on duty, with a reply due.
    PAGE_DEPUTY = "page_deputy"  # The deputies of a unit that does not sign.
    PAGE_DESK = "page_desk"  # 兜底: the desk of the district.
    REVIEW = "review"  # 督查: the supervisor looks into it; a candidate for circulation.


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """For this grade, at this share of the limit or at this length after its end, do that."""

    version: int
    step: int
    grade: int
    clock: str | None  # None: every clock.
    after_pct: int | None
    after_value: int | None
    after_unit: LimitUnit | None
    action: EscalationAction
    source: str


class LimitBook:
    """Answers which limit rules a clock: first the kind's own row, then one with a condition, then the grade's."""

    def __init__(self, limits: Iterable[Limit]) -> None:
        self._by_clock: dict[str, list[Limit]] = {}
        for limit in limits:
            self._by_clock.setdefault(limit.clock, []).append(limit)

    def find(self, clock: str, *, kind: str, grade: int, demand: str | None) -> Limit | None:
        """The most specific row; None where nothing limits the clock, which then does not run."""
        fitting = [
            limit
            for limit in self._by_clock.get(clock, ())
            if limit.kind in (None, kind) and limit.grade in (None, grade) and limit.condition in (None, demand)
        ]
        return max(fitting, key=_rank, default=None)


class Ladder:
    """The steps of the newest version, in their order, a row a grade."""

    def __init__(self, steps: Iterable[EscalationStep]) -> None:
        known = list(steps)
        newest = max((step.version for step in known), default=0)
        self._by_grade: dict[int, tuple[EscalationStep, ...]] = {
            grade: tuple(
                sorted(
                    (step for step in known if step.version == newest and step.grade == grade),
                    key=lambda step: step.step,
                )
            )
            for grade in range(1, 5)
        }

    def steps(self, grade: int, clock: str) -> tuple[EscalationStep, ...]:
        """The steps that a clock may take at this grade."""
        return tuple(step for step in self._by_grade[grade] if step.clock in (None, clock))


async def read_limits(conn: Connection, kinds: Collection[str] | None = None) -> LimitBook:
    """The limits that rule these kinds; None: every kind."""
    rows = await conn.fetch(QUERIES.list_limits, None if kinds is None else list(kinds))
    return LimitBook(Limit(**{**dict(row), "unit": LimitUnit(row["unit"])}) for row in rows)


async def read_ladder(conn: Connection) -> Ladder:
    return Ladder(
        EscalationStep(
            **{
                **dict(row),
                "action": EscalationAction(row["action"]),
                "after_unit": LimitUnit(row["after_unit"]) if row["after_unit"] is not None else None,
            }
        )
        for row in await conn.fetch(QUERIES.list_escalation_steps)
    )


def _rank(limit: Limit) -> tuple[bool, bool, bool, int, int]:
    return (limit.kind is not None, limit.condition is not None, limit.grade is not None, limit.version, limit.id)

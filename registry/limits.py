"""Limits of clocks and the steps of their escalation: versioned rows, found by kind, condition and grade."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

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
    """What a step of the ladder does."""

    REMIND = "remind"  # 提醒: tell those who work on it.
    URGE = "urge"  # 催办: tell the head of the unit.
    SUPERVISE = "supervise"  # 督办: an order to the leader on duty, with a reply due.


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """At this share of the limit, for this grade, do that."""

    version: int
    step: int
    grade: int
    after_pct: int
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
    """The steps of the newest version, a row of percentages a grade."""

    def __init__(self, steps: Iterable[EscalationStep]) -> None:
        known = list(steps)
        newest = max((step.version for step in known), default=0)
        self._by_grade: dict[int, tuple[EscalationStep, ...]] = {
            grade: tuple(
                sorted(
                    (step for step in known if step.version == newest and step.grade == grade),
                    key=lambda step: (step.after_pct, step.step),
                )
            )
            for grade in range(1, 5)
        }

    def after(self, grade: int, pct: int) -> EscalationStep | None:
        """The next step beyond `pct` percent of the limit; None at the top."""
        return next((step for step in self._by_grade[grade] if step.after_pct > pct), None)


async def read_limits(conn: Connection, kinds: Collection[str] | None = None) -> LimitBook:
    """The limits that rule these kinds; None: every kind."""
    rows = await conn.fetch(QUERIES.list_limits, None if kinds is None else list(kinds))
    return LimitBook(Limit(**{**dict(row), "unit": LimitUnit(row["unit"])}) for row in rows)


async def read_ladder(conn: Connection) -> Ladder:
    return Ladder(
        EscalationStep(**{**dict(row), "action": EscalationAction(row["action"])})
        for row in await conn.fetch(QUERIES.list_escalation_steps)
    )


def _rank(limit: Limit) -> tuple[bool, bool, bool, int, int]:
    return (limit.kind is not None, limit.condition is not None, limit.grade is not None, limit.version, limit.id)

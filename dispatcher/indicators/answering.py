"""Answers questions about figures: finished days from their roll-up, every other day from the facts, added up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from asyncpg import Record

from dispatcher.indicators.counting import FORMULAS, ROLLED_DEPTH, direct_sql, drill_sql, rolled_sql
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import CellKey, Dimension, Figure, Question
from dispatcher.indicators.rollups import QUERIES, spans_of
from registry.calendar import begin_of, day_of
from runtime.pool import Connection

NO_AREA: Final = ""
"""The area of what lies in none."""

Figures = dict[CellKey, Figure]


@dataclass(frozen=True, slots=True)
class _Roll:
    """Where in the roll-up an answer stands."""

    areas: list[str]
    dimension: Dimension
    member: str | None
    area_is_member: bool


async def answer(conn: Connection, asked: Question) -> Figures:
    """The figures that were asked for; members and periods without any fact are left out."""
    await conn.execute(QUERIES.plan_each_time)
    roll = await _roll_of(conn, asked)
    days = [asked.since + timedelta(days=number) for number in range((asked.until - asked.since).days)]
    if roll is None:
        return await _direct(conn, asked, days)
    counted = {row["day"] for row in await conn.fetch(QUERIES.counted_days, asked.since, asked.until, FORMULAS)}
    missing = [day for day in days if day not in counted]
    found = await _rolled(conn, asked, roll, missing) if counted else {}
    for key, figure in (await _direct(conn, asked, missing)).items():
        found[key] = found.get(key, Figure()) + figure
    return found


async def count_directly(conn: Connection, asked: Question) -> Figures:
    """The same from the facts alone."""
    days = [asked.since + timedelta(days=number) for number in range((asked.until - asked.since).days)]
    return await _direct(conn, asked, days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Which facts of a figure are wanted; None does not narrow."""

    indicator: str
    since: date
    until: date
    area_id: str | None = None
    organisation_id: str | None = None
    kind: str | None = None
    grade: int | None = None
    property_area_id: str | None = None
    courtyard_id: str | None = None
    numerator_only: bool = False


async def facts_behind(
    conn: Connection, wanted: Behind, after: tuple[datetime, int, str] | None, limit: int
) -> list[dict[str, Any]]:
    """The facts of a figure, newest first, behind the key `after` (time, subject, unit).

    Looked for day by day and then in ever longer spans: the newest page of a year costs no more than that of a day.
    """
    await conn.execute(QUERIES.plan_each_time)
    until = wanted.until if after is None else min(wanted.until, day_of(after[0]) + timedelta(days=1))
    found: list[dict[str, Any]] = []
    days = 1
    while wanted.since < until and len(found) < limit:
        since = max(wanted.since, until - timedelta(days=days))
        rows = await conn.fetch(
            drill_sql(INDICATORS[wanted.indicator]),
            begin_of(since),
            begin_of(until),
            wanted.area_id,
            wanted.organisation_id,
            wanted.kind,
            wanted.grade,
            wanted.property_area_id,
            wanted.courtyard_id,
            wanted.numerator_only,
            *(after or (None, None, None)),
            limit - len(found),
        )
        found += map(dict, rows)
        until, days = since, 2 * days
    return found


async def _roll_of(conn: Connection, asked: Question) -> _Roll | None:
    """The cells that answer; None where no roll-up does."""
    narrowing = {
        Dimension.ORGANISATION: asked.organisation_id,
        Dimension.KIND: asked.kind,
        Dimension.GRADE: None if asked.grade is None else str(asked.grade),
    }
    given = {dimension: member for dimension, member in narrowing.items() if member is not None}
    if asked.level is not None:
        if given:
            return None
        rows = await conn.fetch(QUERIES.areas_of_level, asked.level, asked.area_id)
        return _Roll([row["id"] for row in rows], Dimension.AREA, None, area_is_member=True)
    dimension, member = asked.dimension, None
    if given:
        if dimension is not Dimension.AREA or len(given) > 1:
            return None
        ((dimension, member),) = given.items()
    areas = [asked.area_id] if asked.area_id is not None else await _everywhere(conn)
    if asked.area_id is not None and dimension is not Dimension.AREA:
        path = await conn.fetchval(QUERIES.area_path, asked.area_id) or ()
        if len(path) > ROLLED_DEPTH[dimension]:
            return None
    return _Roll(areas, dimension, member, area_is_member=False)


async def _everywhere(conn: Connection) -> list[str]:
    return [NO_AREA, *(row["id"] for row in await conn.fetch(QUERIES.top_areas))]


async def _rolled(conn: Connection, asked: Question, roll: _Roll, missing: Sequence[date]) -> Figures:
    of_member = roll.member is not None or (roll.dimension is Dimension.AREA and not roll.area_is_member)
    rows = await conn.fetch(
        rolled_sql(asked.period, of_member=of_member),
        list(asked.indicators),
        roll.areas,
        asked.since,
        asked.until,
        roll.dimension,
        roll.member,
        roll.area_is_member,
        list(missing),
    )
    return _figures(rows)


async def _direct(conn: Connection, asked: Question, days: list[date]) -> Figures:
    """From the facts, a span of days that hang together at a time: the planner knows how few facts a span has."""
    found: Figures = {}
    for first, last in spans_of(days):
        rows = await conn.fetch(
            direct_sql(
                [INDICATORS[name] for name in asked.indicators],
                asked.dimension,
                asked.period,
                by_level=asked.level is not None,
                of_units=(asked.level is None and asked.dimension is Dimension.ORGANISATION)
                or asked.organisation_id is not None,
            ),
            begin_of(first),
            begin_of(last),
            asked.since,
            asked.area_id,
            asked.organisation_id,
            asked.kind,
            asked.grade,
            asked.level,
        )
        for key, figure in _figures(rows).items():
            found[key] = found.get(key, Figure()) + figure
    return found


def _figures(rows: Sequence[Record]) -> Figures:
    return {
        CellKey(row["indicator"], row["period_from"], row["member"]): Figure(
            row["numerator"], row["denominator"], row["population"], row["excluded"]
        )
        for row in rows
    }

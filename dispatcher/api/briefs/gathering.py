"""Gathers the figures of a brief from the database, in the area of its reader."""

from datetime import date, datetime, timedelta
from typing import Final

from dispatcher.api.briefs.model import DAYS, BriefFigures, BriefPeriod, Counts, KindCount, OverdueTicket
from dispatcher.indicators import answering
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import CellKey, Figure, Question
from registry.calendar import begin_of
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

_EVERYWHERE: Final = "全部区域"
_HOUR_S: Final = 3600


async def gather(conn: Connection, period: BriefPeriod, day: date, area_id: str | None, at: datetime) -> BriefFigures:
    """The figures of the days that end with `day`, beside as many before; what is open is open at `at`."""
    length = timedelta(days=DAYS[period])
    until = day + timedelta(days=1)
    since = until - length
    begin, middle, end = (begin_of(each) for each in (since - length, since, until))
    standing = await conn.fetchrow(QUERIES.count_open, area_id)
    named = await conn.fetchval(QUERIES.area_name, area_id) if area_id is not None else None
    return BriefFigures(
        period=period,
        since=since,
        until=until,
        area=named or _EVERYWHERE,
        now=await _counts(conn, area_id, middle, end),
        before=await _counts(conn, area_id, begin, middle),
        open_tickets=standing["open"] if standing is not None else 0,
        overdue_tickets=standing["overdue"] if standing is not None else 0,
        kinds=tuple(
            KindCount(row["zh_name"], row["en_name"], row["incidents"], row["before"])
            for row in await conn.fetch(QUERIES.count_kinds, area_id, begin, middle, end)
        ),
        overdue=tuple(
            OverdueTicket(
                number=row["number"] or "",
                zh_kind=row["kind_zh"],
                en_kind=row["kind_en"],
                place=row["place"] or "",
                lead=row["lead_zh"] or "",
                grade=row["grade"],
                overdue_h=int((at - row["due_at"]).total_seconds() // _HOUR_S) if row["due_at"] is not None else 0,
            )
            for row in await conn.fetch(QUERIES.list_overdue, area_id)
        ),
        indicators=await _indicators(conn, area_id, since, until, length),
    )


async def _counts(conn: Connection, area_id: str | None, begin: datetime, end: datetime) -> Counts:
    tickets = await conn.fetchrow(QUERIES.count_tickets, area_id, begin, end)
    return Counts(
        incidents_by_grade={
            row["grade"]: row["incidents"]
            for row in await conn.fetch(QUERIES.count_incidents_by_grade, area_id, begin, end)
        },
        tickets_opened=tickets["opened"] if tickets is not None else 0,
        tickets_closed=tickets["closed"] if tickets is not None else 0,
        breaches=await conn.fetchval(QUERIES.count_breaches, area_id, begin, end) or 0,
    )


async def _indicators(
    conn: Connection, area_id: str | None, since: date, until: date, length: timedelta
) -> tuple[tuple[str, Figure, Figure], ...]:
    spans = ((since, until), (since - length, since))
    found = [
        _by_name(
            await answering.answer(
                conn, Question(indicators=tuple(INDICATORS), since=begin, until=end, area_id=area_id)
            )
        )
        for begin, end in spans
    ]
    nothing = Figure()
    return tuple(
        (name, found[0].get(name, nothing), found[1].get(name, nothing)) for name in INDICATORS if name in found[0]
    )


def _by_name(figures: dict[CellKey, Figure]) -> dict[str, Figure]:
    return {key.indicator: figure for key, figure in figures.items()}

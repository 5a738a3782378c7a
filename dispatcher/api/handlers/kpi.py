"""Indicators: figures with what they were taken from, what stands behind them, decisions and surveys."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from aiohttp import web

from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import FieldRefused, Forbidden, NotFound
from dispatcher.api.exports import taking
from dispatcher.api.exports.sources import one_page
from dispatcher.api.exports.tables import KPI
from dispatcher.api.models import kpi as models
from dispatcher.api.models.wire import Paged
from dispatcher.api.routing import Call
from dispatcher.indicators import answering, schemes
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import SMALL_DENOMINATOR, CellKey, Dimension, Figure, Period, Question, value_of
from dispatcher.indicators.rollups import QUERIES
from dispatcher.tickets import reading
from registry.calendar import day_of
from registry.local_areas import read_local_areas

SPAN_DAYS: Final = 366
_LAST_ID: Final = 2**63 - 1


async def read_kpi(call: Call[None, models.KpiFilter, None]) -> models.KpiFigures | web.StreamResponse:
    """The figures; as a file where one is asked for."""
    asked = call.query
    today = day_of(call.at)
    since, until = asked.since or today.replace(day=1), asked.until or today + timedelta(days=1)
    _refuse_span(since, until, SPAN_DAYS)
    names = tuple(dict.fromkeys(asked.indicators.split(","))) if asked.indicators else tuple(INDICATORS)
    unknown = [name for name in names if name not in INDICATORS]
    if unknown:
        raise FieldRefused(("query", "indicators"), f"no indicator {unknown[0]}")
    if asked.level is not None and asked.group_by not in (None, Dimension.AREA):
        raise FieldRefused(("query", "level"), "a figure for each area is not grouped otherwise")
    question = Question(
        indicators=names,
        since=since,
        until=until,
        area_id=await seen_area(call, asked.area),
        dimension=asked.group_by or Dimension.AREA,
        level=asked.level,
        period=asked.period or Period.WHOLE,
        organisation_id=asked.organisation,
        kind=asked.kind,
        grade=asked.grade,
    )
    found = await answering.answer(call.conn, question)
    shown = sorted(
        found.items(), key=lambda each: (names.index(each[0].indicator), each[0].period_from, each[0].member)
    )
    kind = taking.wished(call.request, asked.format)
    if kind is not None:
        return await taking.take_out(call, KPI, kind, one_page([figure_view(key, figure) for key, figure in shown]))
    return models.KpiFigures(
        since=since,
        until=until,
        small_below=SMALL_DENOMINATOR,
        indicators=[models.KpiIndicator.model_validate(INDICATORS[name], from_attributes=True) for name in names],
        items=[figure_view(key, figure) for key, figure in shown],
    )


async def list_kpi_facts(
    call: Call[models.IndicatorPath, models.BehindFilter, None],
) -> models.FactsBehind:
    """The tickets, or whatever else it counts, behind a figure, newest first; they add up to it."""
    indicator = INDICATORS.get(call.params.indicator)
    if indicator is None:
        raise NotFound("indicator")
    asked = call.query
    _refuse_span(asked.since, asked.until, SPAN_DAYS)
    wanted = answering.Behind(
        indicator=indicator.id,
        since=asked.since,
        until=asked.until,
        area_id=await seen_area(call, asked.area),
        organisation_id=asked.organisation,
        kind=asked.kind,
        grade=asked.grade,
        property_area_id=asked.property_area,
        courtyard_id=asked.courtyard,
        numerator_only=asked.numerator,
    )
    key = decode(asked.cursor, datetime, int, str)
    after = (key[0], key[1], key[2]) if key else None
    rows = await answering.facts_behind(call.conn, wanted, after, asked.limit)
    last = rows[-1] if len(rows) == asked.limit else None
    return models.FactsBehind(
        items=[models.FactBehind(subject=indicator.subject, at=row.pop("fact_at"), **row) for row in map(dict, rows)],
        next=encode(last["fact_at"], last["subject_id"], last["organisation_id"] or "") if last else None,
    )


async def list_unreasonable_demands(call: Call[None, Paged, None]) -> models.UnreasonableDemands:
    key = decode(call.query.cursor, int)
    rows = await call.conn.fetch(
        QUERIES.list_unreasonable_demands, call.viewer.scope, key[0] if key else _LAST_ID, call.query.limit
    )
    following = encode(rows[-1]["ticket_id"]) if len(rows) == call.query.limit else None
    return models.UnreasonableDemands(items=[models.UnreasonableDemand(**dict(row)) for row in rows], next=following)


async def find_unreasonable(call: Call[None, None, models.UnreasonableAsk]) -> None:
    """The supervisor's word, which shows beside every figure that it changes."""
    sight = reading.Sight(area_id=call.viewer.scope, organisation_id=call.viewer.organisation_id)
    if not await reading.sees_ticket(call.conn, call.body.ticket_id, sight):
        raise NotFound("ticket")
    await schemes.find_unreasonable(call.conn, call.body.ticket_id, call.body.reason, call.viewer, call.at)


async def add_resident_survey(call: Call[None, None, models.SurveyAsk]) -> models.Survey:
    asked = call.body.model_dump()
    area_id = await seen_area(call, asked.pop("area")) or call.body.area
    survey = schemes.Survey(area_id=area_id, organisation_id=asked.pop("organisation"), **asked)
    return models.Survey(id=await schemes.add_survey(call.conn, survey, call.viewer, call.at))


async def list_local_areas(call: Call[None, None, None]) -> models.LocalAreas:
    found = await read_local_areas(call.conn, call.viewer.scope)
    return models.LocalAreas(items=[models.LocalArea.model_validate(area, from_attributes=True) for area in found])


async def seen_area(call: Call[Any, Any, Any], area_id: str | None) -> str | None:
    """The area that was asked for within what the caller sees; what they see where none was.

    Raises NotFound, and Forbidden for an area that lies outside.
    """
    scope = call.viewer.scope
    if area_id is None or area_id == scope:
        return scope
    path = await call.conn.fetchval(QUERIES.area_path, area_id)
    if path is None:
        raise NotFound("area")
    if scope is not None and scope not in path:
        raise Forbidden(area_id=area_id)
    return area_id


def _refuse_span(since: date, until: date, days: int) -> None:
    if not since < until <= since + timedelta(days=days):
        raise FieldRefused(("query", "until"), f"from 1 to {days} days after `since`")


def figure_view(key: CellKey, figure: Figure) -> models.KpiFigure:
    return models.KpiFigure(
        indicator=key.indicator,
        period_from=key.period_from,
        member=key.member,
        numerator=figure.numerator,
        denominator=figure.denominator,
        value=value_of(INDICATORS[key.indicator].unit, figure),
        population=figure.population,
        share_reached=figure.share_reached,
        excluded=figure.excluded,
        small=figure.small,
    )

"""Inspection plans and rounds over HTTP: plan through the gate of Art. 45, find, report, cancel."""

from datetime import datetime
from typing import Any

from aiohttp import web

from dispatcher.accounts.model import User
from dispatcher.admission.offers import Held
from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import NotFound
from dispatcher.api.handlers.admission import held
from dispatcher.api.handlers.hazards import factors_of
from dispatcher.api.models import inspections as models
from dispatcher.api.models.wire import ById, Paged
from dispatcher.api.routing import Call
from dispatcher.screening import plans, rounds
from dispatcher.screening.plans import PlanDraft
from dispatcher.screening.rounds import Found
from registry.check_lists import CheckList, read_check_lists, read_intervals
from runtime.pool import Connection


async def list_check_lists(call: Call[None, None, None]) -> models.CheckLists:
    intervals = await read_intervals(call.conn)
    return models.CheckLists(
        items=[_check_list(each) for each in await read_check_lists(call.conn)],
        intervals=[models.Interval.model_validate(each, from_attributes=True) for each in intervals.values()],
    )


async def list_inspection_plans(call: Call[None, Paged, None]) -> models.Plans:
    key = decode(call.query.cursor, int)
    rows = await plans.list_plans(call.conn, call.viewer, before_id=key[0] if key else None, limit=call.query.limit)
    following = encode(rows[-1]["id"]) if len(rows) == call.query.limit else None
    return models.Plans(items=await _plans(call.conn, rows), next=following)


async def plan_inspections(call: Call[None, None, models.NewPlan]) -> models.Plan | web.Response:
    """A plan, or the refusal with its receipt, which is committed: the attempt is a fact."""
    asked = call.body
    draft = PlanDraft(
        list=asked.list,
        area_id=asked.area,
        place=asked.place,
        organisation_id=asked.organisation,
        base_level=asked.base_level,
        lon=asked.lon,
        lat=asked.lat,
        first_round_at=asked.first_round_at,
    )
    made = await plans.plan(call.conn, draft, call.viewer, call.at)
    if isinstance(made, Held):
        return held(call.request, made)
    return await _plan(call.conn, made, call.viewer)


async def assign_inspections(call: Call[ById, None, models.PlanAssign]) -> models.Plan | web.Response:
    asked = call.body
    made = await plans.assign(call.conn, call.params.id, asked.version, asked.organisation, call.viewer, call.at)
    return await _plan(call.conn, call.params.id, call.viewer) if made is None else held(call.request, made)


async def end_inspections(call: Call[ById, None, models.PlanEnd]) -> models.Plan:
    await plans.end(call.conn, call.params.id, call.body.version, call.viewer)
    return await _plan(call.conn, call.params.id, call.viewer)


async def list_inspections(call: Call[None, models.RoundFilter, None]) -> models.Inspections:
    asked = call.query
    key = decode(asked.cursor, datetime, int)
    rows = await rounds.list_rounds(
        call.conn,
        call.viewer,
        call.at,
        state=asked.state,
        organisation_id=asked.organisation,
        overdue=asked.overdue,
        after=None if key is None else (key[0], key[1]),
        limit=asked.limit,
    )
    following = encode(rows[-1]["due_at"], rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Inspections(items=[models.Inspection(**row) for row in rows], next=following)


async def read_inspection(call: Call[ById, None, None]) -> models.InspectionDetail:
    return await _detail(call)


async def record_finding(call: Call[ById, None, models.NewFinding]) -> models.InspectionDetail:
    asked = call.body
    found = Found(
        item=asked.item,
        outcome=asked.outcome,
        evidence=asked.evidence,
        attachments=tuple(asked.attachments),
        reason=asked.reason,
        hazard_id=asked.hazard_id,
        kind=asked.kind,
        subject=asked.subject,
        factors=None if asked.factors is None else factors_of(asked.factors),
    )
    await rounds.record(call.conn, call.params.id, found, call.viewer, call.at)
    return await _detail(call)


async def report_inspection(call: Call[ById, None, models.RoundReport]) -> models.InspectionDetail:
    await rounds.report(call.conn, call.params.id, call.body.version, call.viewer, call.at)
    return await _detail(call)


async def cancel_inspection(call: Call[ById, None, models.RoundCancel]) -> models.InspectionDetail:
    asked = call.body
    await rounds.cancel(call.conn, call.params.id, asked.version, asked.reason, call.viewer, call.at)
    return await _detail(call)


async def _detail(call: Call[ById, None, Any]) -> models.InspectionDetail:
    conn, round_id = call.conn, call.params.id
    row = await rounds.read_row(conn, round_id, call.viewer, call.at)
    checks = await rounds.read_check_list(conn, row["list"], row["list_version"])
    return models.InspectionDetail(
        **row,
        check_list=_check_list(checks),
        findings=[models.InspectionFinding(**each) for each in await rounds.list_findings(conn, round_id)],
    )


async def _plan(conn: Connection, plan_id: int, viewer: User) -> models.Plan:
    rows = await plans.list_plans(conn, viewer, before_id=None, only_id=plan_id, limit=1)
    if not rows:
        raise NotFound("inspection plan")
    return (await _plans(conn, rows))[0]


async def _plans(conn: Connection, rows: list[dict[str, Any]]) -> list[models.Plan]:
    names = {each.id: each for each in await read_check_lists(conn)}
    return [models.Plan(**row, list_zh=names[row["list"]].zh_name, list_en=names[row["list"]].en_name) for row in rows]


def _check_list(checks: CheckList) -> models.CheckListView:
    return models.CheckListView.model_validate(checks, from_attributes=True)

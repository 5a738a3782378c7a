"""Calls to emergency services, the answers that come back, and reports upward, over HTTP."""

from typing import Any

from dispatcher.accounts.model import User
from dispatcher.admission.procedures import Act
from dispatcher.api.cursors import decode, encode
from dispatcher.api.models import handovers as models
from dispatcher.api.models.admission import ActAsk, ActPath
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.handovers import calls, returns, upward
from dispatcher.handovers.calls import QUERIES, Answer
from runtime.pool import Connection


async def list_emergency_handovers(call: Call[None, models.HandoverFilter, None]) -> models.Handovers:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await calls.page(
        call.conn,
        area_id=call.viewer.scope,
        organisation_id=call.viewer.organisation_id,
        state=asked.state,
        ticket_id=asked.ticket,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Handovers(items=[models.Handover(**_handover(row)) for row in rows], next=following)


async def read_emergency_handover(call: Call[ById, None, None]) -> models.HandoverDetail:
    return await _detail(call.conn, call.params.id, call.viewer)


async def call_emergency_number(call: Call[None, None, models.NewHandover]) -> models.HandoverDetail:
    asked = call.body
    handover_id = await calls.open_by_officer(call.conn, asked.ticket_id, asked.service, call.viewer, call.at)
    return await _detail(call.conn, handover_id, call.viewer)


async def enter_emergency_answer(call: Call[ById, None, models.HandoverAnswer]) -> models.HandoverDetail:
    """What the service said on the telephone, entered by an officer."""
    await calls.enter(call.conn, call.params.id, call.body.version, _answer(call.body), call.viewer, call.at)
    return await _detail(call.conn, call.params.id, call.viewer)


async def take_emergency_return(call: Call[None, None, models.EmergencyReturn]) -> models.ReturnTaken:
    """What the service's own system says, signed by the secret of the endpoint that was paged."""
    number, answer = call.body.number, _answer(call.body)
    raw = await call.request.read()
    handover_id, news = await returns.take_return(call.conn, number, answer, call.request.headers, raw, call.at)
    row = await calls.read(call.conn, handover_id)
    return models.ReturnTaken(number=row["number"], state=row["state"], duplicate=not news)


async def list_upward_reports(call: Call[None, models.UpwardFilter, None]) -> models.UpwardReports:
    asked = call.query
    key = decode(asked.cursor, int)
    rows = await upward.page(
        call.conn,
        call.viewer.scope,
        state=asked.state,
        ticket_id=asked.ticket,
        due=asked.due,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit and not asked.due else None
    return models.UpwardReports(
        items=[models.UpwardReport(**_report(row, call.viewer)) for row in rows], next=following
    )


async def read_upward_report(call: Call[ById, None, None]) -> models.UpwardDetail:
    return await _report_detail(call.conn, call.params.id, call.viewer)


async def act_on_upward_report(call: Call[ActPath, None, ActAsk]) -> models.UpwardDetail:
    asked = call.body
    act = Act(call.params.event, asked.version, asked.reason, asked.fields)
    await upward.act(call.conn, call.params.id, act, call.viewer, call.at)
    return await _report_detail(call.conn, call.params.id, call.viewer)


def _answer(said: models.HandoverAnswer | models.EmergencyReturn) -> Answer:
    return Answer(state=said.state, external_no=said.external_no, status=said.status, happened_at=said.happened_at)


def _handover(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"area_path", "opened_by", "desk_id"}}


async def _detail(conn: Connection, handover_id: int, viewer: User) -> models.HandoverDetail:
    row = await calls.read(conn, handover_id, area_id=viewer.scope, organisation_id=viewer.organisation_id)
    entries = [models.HandoverEntry(**dict(line)) for line in await conn.fetch(QUERIES.list_entries, handover_id)]
    return models.HandoverDetail(**_handover(row), entries=entries)


def _report(row: dict[str, Any], viewer: User) -> dict[str, Any]:
    hidden = {"area_path", "next_due_at", "drafted_by", "approved_by"}
    shown = {name: value for name, value in row.items() if name not in hidden}
    return shown | {"actions": upward.events_for(row, viewer)}


async def _report_detail(conn: Connection, report_id: int, viewer: User) -> models.UpwardDetail:
    row = await upward.read(conn, report_id, viewer.scope)
    records = [models.UpwardRecord(**dict(line)) for line in await conn.fetch(QUERIES.list_report_records, report_id)]
    return models.UpwardDetail(**_report(row, viewer), records=records)

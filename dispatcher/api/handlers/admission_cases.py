"""Art. 45 and 48: applications for admission, emergency orders, and cases of work that reached a committee."""

from typing import Any

from dispatcher.accounts.model import User
from dispatcher.admission import applications, corrections, records
from dispatcher.admission.judging import QUERIES
from dispatcher.admission.procedures import Subject
from dispatcher.api.cursors import decode, encode
from dispatcher.api.handlers.admission import act_of
from dispatcher.api.models import admission as models
from dispatcher.api.models.wire import ById, Paged
from dispatcher.api.routing import Call
from runtime.pool import Connection

_LAST = 2**63 - 1


async def list_applications(call: Call[None, models.ApplicationFilter, None]) -> models.Applications:
    rows, following = await _page(call.conn, call.viewer, Subject.APPLICATION, call.query, call.query.state)
    return models.Applications(items=[models.Application(**row) for row in rows], next=following)


async def read_application(call: Call[ById, None, None]) -> models.ApplicationDetail:
    return models.ApplicationDetail(**await _detail(call.conn, call.viewer, Subject.APPLICATION, call.params.id))


async def apply_for_admission(call: Call[None, None, models.NewApplication]) -> models.ApplicationDetail:
    asked = call.body
    wanted = applications.Application(
        area_id=asked.area,
        matter=asked.matter,
        zh_text=asked.zh_text,
        legal_basis=asked.legal_basis,
        support=asked.support,
        wanted_from=asked.wanted_from,
    )
    application_id = await applications.apply_for(call.conn, wanted, call.viewer, call.at)
    return models.ApplicationDetail(**await _detail(call.conn, call.viewer, Subject.APPLICATION, application_id))


async def act_on_application(call: Call[models.ActPath, None, models.ActAsk]) -> models.ApplicationDetail:
    await records.read(call.conn, Subject.APPLICATION, call.params.id, records.Sight.of(call.viewer))
    await applications.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    return models.ApplicationDetail(**await _detail(call.conn, call.viewer, Subject.APPLICATION, call.params.id))


async def list_correction_cases(call: Call[None, models.CaseFilter, None]) -> models.CorrectionCases:
    rows, following = await _page(call.conn, call.viewer, Subject.CORRECTION_CASE, call.query, call.query.state)
    return models.CorrectionCases(items=[models.CorrectionCase(**row) for row in rows], next=following)


async def read_correction_case(call: Call[ById, None, None]) -> models.CorrectionCaseDetail:
    found = await _detail(call.conn, call.viewer, Subject.CORRECTION_CASE, call.params.id)
    return models.CorrectionCaseDetail(**found)


async def allege_transfer(call: Call[None, None, models.NewCase]) -> models.CorrectionCaseDetail:
    asked = call.body
    said = corrections.Allegation(
        unit_id=asked.unit,
        committee_id=asked.committee,
        matter=asked.matter,
        means=asked.means,
        facts=asked.facts,
    )
    case_id = await corrections.allege(call.conn, said, call.viewer, call.at)
    return models.CorrectionCaseDetail(**await _detail(call.conn, call.viewer, Subject.CORRECTION_CASE, case_id))


async def act_on_correction_case(call: Call[models.ActPath, None, models.ActAsk]) -> models.CorrectionCaseDetail:
    await records.read(call.conn, Subject.CORRECTION_CASE, call.params.id, records.Sight.of(call.viewer))
    await corrections.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    found = await _detail(call.conn, call.viewer, Subject.CORRECTION_CASE, call.params.id)
    return models.CorrectionCaseDetail(**found)


async def list_emergency_orders(call: Call[None, Paged, None]) -> models.Orders:
    key = decode(call.query.cursor, int)
    rows = await call.conn.fetch(QUERIES.list_orders, key[0] if key else _LAST, call.query.limit)
    following = encode(rows[-1]["id"]) if len(rows) == call.query.limit else None
    return models.Orders(items=[models.Order(**dict(row)) for row in rows], next=following)


async def record_emergency_order(call: Call[None, None, models.NewOrder]) -> models.Order:
    asked = call.body
    order_id = await applications.record_order(
        call.conn,
        number=asked.number,
        issuer_id=asked.issuer,
        area_id=asked.area,
        matters=asked.matters,
        scope=asked.scope,
        from_at=asked.from_at,
        ends_at=asked.ends_at,
        user=call.viewer,
        at=call.at,
    )
    rows = await call.conn.fetch(QUERIES.list_orders, order_id + 1, 1)
    return models.Order(**dict(rows[0]))


async def _page(
    conn: Connection, viewer: User, subject: Subject, asked: Paged, state: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    key = decode(asked.cursor, int)
    rows = await records.page(
        conn,
        subject,
        records.Sight.of(viewer),
        state=state,
        before_id=key[0] if key else None,
        limit=asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return [_shown(subject, row, viewer) for row in rows], following


async def _detail(conn: Connection, viewer: User, subject: Subject, subject_id: int) -> dict[str, Any]:
    row = await records.read(conn, subject, subject_id, records.Sight.of(viewer))
    lines = await records.history(conn, subject, subject_id)
    return _shown(subject, row, viewer) | {"records": [models.RecordLine(**line) for line in lines]}


def _shown(subject: Subject, row: dict[str, Any], viewer: User) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != "area_path"}
    return shown | {"actions": list(records.events_for(subject, row, viewer))}

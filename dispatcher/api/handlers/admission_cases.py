"""Art. 45 and 48: applications for admission, emergency orders, and cases of work that reached a committee."""

from dispatcher.admission import applications, corrections
from dispatcher.admission.judging import QUERIES
from dispatcher.admission.procedures import Subject
from dispatcher.api.cursors import decode, encode
from dispatcher.api.handlers.admission import LAST_ID, act_of, detail, page
from dispatcher.api.models import admission as models
from dispatcher.api.models.wire import ById, Paged
from dispatcher.api.routing import Call


async def list_applications(call: Call[None, models.ApplicationFilter, None]) -> models.Applications:
    rows, following = await page(call.conn, call.viewer, Subject.APPLICATION, call.query, call.query.state)
    return models.Applications(items=[models.Application(**row) for row in rows], next=following)


async def read_application(call: Call[ById, None, None]) -> models.ApplicationDetail:
    return models.ApplicationDetail(**await detail(call.conn, call.viewer, Subject.APPLICATION, call.params.id))


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
    return models.ApplicationDetail(**await detail(call.conn, call.viewer, Subject.APPLICATION, application_id))


async def act_on_application(call: Call[models.ActPath, None, models.ActAsk]) -> models.ApplicationDetail:
    await applications.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    return models.ApplicationDetail(**await detail(call.conn, call.viewer, Subject.APPLICATION, call.params.id))


async def list_correction_cases(call: Call[None, models.CaseFilter, None]) -> models.CorrectionCases:
    rows, following = await page(call.conn, call.viewer, Subject.CORRECTION_CASE, call.query, call.query.state)
    return models.CorrectionCases(items=[models.CorrectionCase(**row) for row in rows], next=following)


async def read_correction_case(call: Call[ById, None, None]) -> models.CorrectionCaseDetail:
    found = await detail(call.conn, call.viewer, Subject.CORRECTION_CASE, call.params.id)
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
    return models.CorrectionCaseDetail(**await detail(call.conn, call.viewer, Subject.CORRECTION_CASE, case_id))


async def act_on_correction_case(call: Call[models.ActPath, None, models.ActAsk]) -> models.CorrectionCaseDetail:
    await corrections.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    found = await detail(call.conn, call.viewer, Subject.CORRECTION_CASE, call.params.id)
    return models.CorrectionCaseDetail(**found)


async def list_emergency_orders(call: Call[None, Paged, None]) -> models.Orders:
    key = decode(call.query.cursor, int)
    rows = await call.conn.fetch(QUERIES.list_orders, call.viewer.scope, key[0] if key else LAST_ID, call.query.limit)
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
    rows = await call.conn.fetch(QUERIES.list_orders, None, order_id + 1, 1)
    return models.Order(**dict(rows[0]))

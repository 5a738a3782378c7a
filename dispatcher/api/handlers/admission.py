"""Art. 45: the published lists, the gate asked beforehand, offers to committees, and what was kept from them."""

from typing import Any, Final

from aiohttp import web

from dispatcher.accounts.model import User
from dispatcher.admission import applications, offers, records
from dispatcher.admission.errors import EntryRefused
from dispatcher.admission.judging import QUERIES, judge_wish
from dispatcher.admission.model import Package, Verdict
from dispatcher.admission.procedures import Act, Subject
from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import NotFound
from dispatcher.api.keys import REQUEST_ID
from dispatcher.api.middleware import problem_response
from dispatcher.api.models import admission as models
from dispatcher.api.models.problems import ProblemCode
from dispatcher.api.models.wire import ById, Paged
from dispatcher.api.routing import Call
from dispatcher.api.titles import problem
from dispatcher.tickets import reading
from registry.admission import AdmissionItem, read_items
from registry.calendar import day_of
from runtime.pool import Connection

LAST_ID: Final = 2**63 - 1


async def list_admission_lists(call: Call[None, models.ListFilter, None]) -> models.ListItems:
    asked = call.query
    key = decode(asked.cursor, int)
    found = await read_items(
        call.conn,
        on=asked.on or day_of(call.at),
        area_id=asked.area,
        only=asked.list,
        matter=asked.matter,
        after_id=key[0] if key else 0,
        limit=asked.limit,
    )
    following = encode(found[-1].id) if len(found) == asked.limit else None
    return models.ListItems(items=[_item(item) for item in found], next=following)


async def publish_list_item(call: Call[None, None, models.NewListItem]) -> models.ListItem:
    asked = call.body
    entry = applications.Entry(
        list=asked.list,
        matter=asked.matter,
        zh_text=asked.zh_text,
        legal_basis=asked.legal_basis,
        area_id=asked.area,
        effective_from=asked.effective_from,
        source=asked.source,
    )
    item_id = await applications.publish(call.conn, entry, call.viewer, call.at)
    return await _read_item(call.conn, item_id)


async def end_list_item(call: Call[ById, None, models.ListItemEnd]) -> models.ListItem:
    if await call.conn.fetchrow(QUERIES.read_entry, call.params.id) is None:
        raise NotFound("list entry")
    await applications.end(call.conn, call.params.id, call.body.last_day, call.viewer, call.at)
    return await _read_item(call.conn, call.params.id)


async def judge_beforehand(call: Call[None, None, models.WishAsk]) -> models.Judgement:
    """What the gate would say; asking is no attempt and leaves no receipt."""
    wanted = _wanted(call.body)
    _, verdict = await judge_wish(
        call.conn,
        receiver_id=wanted.committee_id,
        issuer_id=call.viewer.organisation_id or "",
        origin_id=wanted.origin_id,
        means=wanted.means,
        matter=wanted.matter,
        package=wanted.package,
        order_id=wanted.order_id,
        at=call.at,
    )
    return _judgement(verdict)


async def make_offer(call: Call[None, None, models.WishAsk]) -> models.OfferDetail | web.Response:
    """An offer, or the refusal with its receipt, which is committed: the attempt is a fact."""
    await _refuse_unseen_ticket(call.conn, call.body.ticket_id, call.viewer)
    made = await offers.make_offer(call.conn, _wanted(call.body), call.viewer, call.at)
    if isinstance(made, offers.Held):
        return held(call.request, made)
    return models.OfferDetail(**await detail(call.conn, call.viewer, Subject.OFFER, made))


def held(request: web.Request, made: offers.Held) -> web.Response:
    """The problem document of a wish that the gate held."""
    told = problem(
        ProblemCode.ART45_REFUSED,
        f"Art. 45 keeps this from the committee; the receipt {made.receipt} records the attempt.",
        art45=list(made.codes),
        missing=list(made.missing) or None,
        receipt=made.receipt,
    )
    return problem_response(told, request[REQUEST_ID])


async def list_offers(call: Call[None, models.OfferFilter, None]) -> models.Offers:
    rows, following = await page(call.conn, call.viewer, Subject.OFFER, call.query, call.query.state)
    return models.Offers(items=[models.Offer(**row) for row in rows], next=following)


async def read_offer(call: Call[ById, None, None]) -> models.OfferDetail:
    return models.OfferDetail(**await detail(call.conn, call.viewer, Subject.OFFER, call.params.id))


async def act_on_offer(call: Call[models.ActPath, None, models.ActAsk]) -> models.OfferDetail:
    await offers.act(call.conn, call.params.id, act_of(call), call.viewer, call.at)
    return models.OfferDetail(**await detail(call.conn, call.viewer, Subject.OFFER, call.params.id))


async def list_refusal_receipts(call: Call[None, models.ReceiptFilter, None]) -> models.Receipts:
    key = decode(call.query.cursor, int)
    sight = records.Sight.of(call.viewer)
    rows = await call.conn.fetch(
        QUERIES.list_receipts,
        sight.area_id,
        sight.organisation_id,
        call.query.committee,
        key[0] if key else LAST_ID,
        call.query.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == call.query.limit else None
    return models.Receipts(items=[models.Receipt(**dict(row)) for row in rows], next=following)


async def list_committee_loads(call: Call[None, None, None]) -> models.Loads:
    rows = await call.conn.fetch(QUERIES.list_loads, call.viewer.scope)
    return models.Loads(items=[models.Load(**dict(row)) for row in rows])


def act_of(call: Call[models.ActPath, None, models.ActAsk]) -> Act:
    asked = call.body
    return Act(call.params.event, asked.version, asked.reason, asked.fields)


async def page(
    conn: Connection, viewer: User, subject: Subject, asked: Paged, state: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """The columns of a page of offers, applications or cases that the viewer sees, and the cursor behind it."""
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


async def detail(conn: Connection, viewer: User, subject: Subject, subject_id: int) -> dict[str, Any]:
    """The columns of one of them with what was done with it. Raises SubjectNotFound for what the viewer may not see."""
    row = await records.read(conn, subject, subject_id, records.Sight.of(viewer))
    lines = await records.history(conn, subject, subject_id)
    return _shown(subject, row, viewer) | {"records": [models.RecordLine(**line) for line in lines]}


def _shown(subject: Subject, row: dict[str, Any], viewer: User) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name != "area_path"}
    return shown | {"actions": list(records.events_for(subject, row, viewer))}


async def _refuse_unseen_ticket(conn: Connection, ticket_id: int | None, viewer: User) -> None:
    sight = reading.Sight(area_id=viewer.scope, organisation_id=viewer.organisation_id)
    if ticket_id is not None and not await reading.sees_ticket(conn, ticket_id, sight):
        raise EntryRefused("ticket_id", "no such ticket")


def _wanted(asked: models.WishAsk) -> offers.Wanted:
    return offers.Wanted(
        committee_id=asked.committee,
        origin_id=asked.origin,
        means=asked.means,
        matter=asked.matter,
        request=asked.request,
        package=Package(**asked.package.model_dump()),
        order_id=asked.order_id,
        ticket_id=asked.ticket_id,
    )


def _judgement(verdict: Verdict) -> models.Judgement:
    return models.Judgement(
        allowed=verdict.allowed,
        form=verdict.form,
        codes=list(verdict.codes),
        missing=list(verdict.missing),
        item=_item(verdict.item) if verdict.item else None,
    )


def _item(item: AdmissionItem) -> models.ListItem:
    return models.ListItem.model_validate(item, from_attributes=True)


async def _read_item(conn: Connection, item_id: int) -> models.ListItem:
    found = await read_items(conn, on=None, after_id=item_id - 1, limit=1)
    return _item(found[0])

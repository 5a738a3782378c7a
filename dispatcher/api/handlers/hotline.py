"""Calls of residents: taking one, what is missing, its receipt, and reading one without seeing who called."""

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from dispatcher.api.answering import json_response
from dispatcher.api.calls import store
from dispatcher.api.calls.taking import take
from dispatcher.api.errors import FieldRefused, NotFound
from dispatcher.api.keys import SETTINGS
from dispatcher.api.models import hotline as models
from dispatcher.api.models.hotline import IdempotencyKey, NewCall, TakenCall
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.channels.masking import masked_name, masked_phone, masked_text
from dispatcher.desk import intake, receipts
from dispatcher.desk.elements import Element, prompts

_KEY: TypeAdapter[str] = TypeAdapter(IdempotencyKey)


async def take_call(call: Call[None, None, NewCall]) -> web.Response:
    """Take a call once: a repeat with the same key and content gets the first answer, but for the code."""
    said = call.body.model_dump(mode="python", exclude={"idempotency_key"})
    draft = store.CallDraft(**said)
    taken, number, code = await take(
        call.request.app,
        call.conn,
        draft,
        key=_idempotency_key(call),
        taken_by=call.viewer.id,
        home_area_id=call.viewer.area_id,
        at=call.at,
    )
    answer = TakenCall(
        id=taken.id,
        uid=taken.uid.hex(),
        received_at=taken.received_at,
        kind=taken.kind,
        area_id=taken.area_id,
        duplicate=taken.duplicate,
        number=number,
        code=code,
        urgency=draft.urgency,
        missing=list(draft.missing),
        ask=_prompts(draft.missing),
    )
    return json_response(answer, status=200 if taken.duplicate else 201)


async def add_supplement(call: Call[ById, None, models.SupplementAsk]) -> models.OpenElements:
    """Note down what a caller was asked for later."""
    asked = call.body
    _refuse_neighbours(call)
    still = await intake.supplement(call.conn, call.params.id, asked.element, asked.text, call.viewer, call.at)
    return models.OpenElements(missing=list(still), ask=_prompts(still))


async def renew_code(call: Call[ById, None, None]) -> models.CallReceipt:
    """Another code for a caller who lost theirs; who gave it out is recorded."""
    _refuse_neighbours(call)
    await intake.open_elements(call.conn, call.params.id, scope=call.viewer.scope)
    key = call.request.app[SETTINGS].device_key()
    receipt = await receipts.renew(call.conn, call.params.id, key, call.viewer, call.at)
    return models.CallReceipt(number=receipt.number, code=receipt.code)


async def read_caller_history(call: Call[None, None, models.HistoryAsk]) -> models.CallHistory:
    """What this number reported of this matter in 90 days. A number never stands in an address, so this is no GET."""
    _refuse_neighbours(call)
    asked = call.body
    found = await intake.caller_history(call.conn, asked.caller_phone, asked.kind, call.viewer, call.at)
    return models.CallHistory(items=[models.EarlierCall(**each) for each in found])


async def read_call(call: Call[ById, None, None]) -> models.Call:
    row = await store.read_call(
        call.conn, call.params.id, scope=call.viewer.scope, organisation_id=call.viewer.organisation_id
    )
    if row is None:
        raise NotFound("call")
    _refuse_neighbours(call)
    hidden = row["anonymous"] or row["confidential"]
    row["caller_name"] = None if hidden else masked_name(row["caller_name"])
    row["caller_phone"] = None if hidden else masked_phone(row["caller_phone"])
    row["text"] = masked_text(row["text"])
    row["wanted"] = None if row["wanted"] is None else masked_text(row["wanted"])
    still = await intake.open_elements(call.conn, call.params.id, scope=call.viewer.scope)
    supplements = [
        models.Supplement(element=each.element, text=_shown(each, hidden=hidden), at=each.at)
        for each in await intake.supplements(call.conn, call.params.id)
    ]
    return models.Call(**row, missing=list(still), supplements=supplements)


def _shown(supplement: intake.Supplement, *, hidden: bool) -> str:
    """What was said later, but never who said it."""
    if supplement.element is not Element.WHO:
        return masked_text(supplement.text)
    return "**" if hidden else masked_name(supplement.text) or "**"


def _refuse_neighbours(
    call: Call[ById, None, None] | Call[ById, None, models.SupplementAsk] | Call[None, None, models.HistoryAsk],
) -> None:
    if not call.viewer.may_know_reporters:
        raise NotFound("call")


def _prompts(elements: tuple[Element, ...]) -> list[models.Prompt]:
    return [models.Prompt.model_validate(each, from_attributes=True) for each in prompts(elements)]


def _idempotency_key(call: Call[None, None, NewCall]) -> str:
    header = call.request.headers.get("Idempotency-Key")
    field = call.body.idempotency_key
    if header is not None and field is not None and header != field:
        raise FieldRefused(("body", "idempotency_key"), "differs from the header Idempotency-Key")
    try:
        return _KEY.validate_python(field if header is None else header)
    except ValidationError:
        raise FieldRefused(
            ("header", "Idempotency-Key"), "required: 1 to 128 printable ASCII characters, here or as a field"
        ) from None

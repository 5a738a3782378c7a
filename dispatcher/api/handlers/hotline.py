"""Calls of residents: taking one, and reading one without seeing who called."""

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from dispatcher.api.answering import json_response
from dispatcher.api.calls import store
from dispatcher.api.errors import FieldRefused, NotFound
from dispatcher.api.keys import PLACES
from dispatcher.api.models.hotline import Call as CallView
from dispatcher.api.models.hotline import IdempotencyKey, NewCall, TakenCall
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.tickets.masking import masked_name, masked_phone, masked_text

_KEY: TypeAdapter[str] = TypeAdapter(IdempotencyKey)


async def take_call(call: Call[None, None, NewCall]) -> web.Response:
    """Take a call once: a repeat with the same key and content gets the first answer."""
    places = call.request.app[PLACES]
    said = call.body.model_dump(mode="python", exclude={"idempotency_key"})
    taken = await store.take_call(
        call.conn,
        store.CallDraft(**said),
        key=_idempotency_key(call),
        taken_by=call.viewer,
        areas=await places.areas(call.conn),
        origin=await places.origin(call.conn),
        at=call.at,
    )
    answer = TakenCall(
        id=taken.id,
        uid=taken.uid.hex(),
        received_at=taken.received_at,
        kind=taken.kind,
        area_id=taken.area_id,
        duplicate=taken.duplicate,
    )
    return json_response(answer, status=200 if taken.duplicate else 201)


async def read_call(call: Call[ById, None, None]) -> CallView:
    row = await store.read_call(call.conn, call.params.id, scope=call.viewer.scope)
    if row is None or not call.viewer.may_know_reporters:
        raise NotFound("call")
    hidden = row["anonymous"] or row["confidential"]
    row["caller_name"] = None if hidden else masked_name(row["caller_name"])
    row["caller_phone"] = None if hidden else masked_phone(row["caller_phone"])
    row["text"] = masked_text(row["text"])
    return CallView(**row)


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

"""Call-backs: the queue, taking one, whom to call, tries and results. And the second look at a sample of decisions."""

from datetime import datetime
from typing import Any, Final

from dispatcher.accounts.model import UserRole
from dispatcher.api.cursors import decode, encode
from dispatcher.api.models import desk as models
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.channels.masking import masked_text
from dispatcher.desk import callbacks, intake, re_checks
from dispatcher.desk.elements import Element

_LEADS: Final = frozenset({UserRole.SHIFT_LEADER, UserRole.SUPERVISOR})


async def list_callbacks(call: Call[None, models.CallbackFilter, None]) -> models.WaitingCallbacks:
    asked = call.query
    rows = await callbacks.waiting(
        call.conn, call.viewer, mine=asked.mine, after=decode(asked.cursor, datetime, int), limit=asked.limit
    )
    following = encode(rows[-1]["due_at"], rows[-1]["call_id"]) if len(rows) == asked.limit else None
    return models.WaitingCallbacks(items=[models.WaitingCallback(**row) for row in rows], next=following)


async def take_callback(call: Call[None, None, models.TakeAsk]) -> models.Callback:
    callback_id = await callbacks.take(call.conn, call.body.call_id, call.viewer, call.at)
    return await _shown(call, callback_id)


async def read_callback(call: Call[ById, None, None]) -> models.Callback:
    return await _shown(call, call.params.id)


async def look_at_caller(call: Call[ById, None, None]) -> models.Caller:
    """Whom to call: the agent who took it alone sees it, from 09:00 to 20:00, and every look is recorded."""
    caller = await callbacks.look(call.conn, call.params.id, call.viewer, call.at)
    row = await callbacks.read(call.conn, call.params.id, call.viewer)
    later = [each.text for each in await intake.supplements(call.conn, row["call_id"]) if each.element is Element.WHO]
    return models.Caller(caller_name=caller.name, caller_phone=caller.phone, supplements=later)


async def try_callback(call: Call[ById, None, models.TryAsk]) -> models.Callback:
    await callbacks.tried(call.conn, call.params.id, call.body.result_of_try, call.viewer, call.at)
    return await _shown(call, call.params.id)


async def finish_callback(call: Call[ById, None, models.ResultAsk]) -> models.Callback:
    asked = call.body
    if asked.result is callbacks.CallbackResult.RELEASED:
        await callbacks.release(call.conn, call.params.id, call.viewer, call.at, leads=False)
    else:
        told = callbacks.Told(
            result=asked.result, satisfaction=asked.satisfaction, words=asked.words, rework=asked.rework
        )
        await callbacks.finish(call.conn, call.params.id, told, call.viewer, call.at)
    return await _shown(call, call.params.id)


async def release_callback(call: Call[ById, None, None]) -> models.Callback:
    """Give it back, or take it from an agent who is gone."""
    leads = bool(call.viewer.roles & _LEADS)
    await callbacks.release(call.conn, call.params.id, call.viewer, call.at, leads=leads)
    return await _shown(call, call.params.id)


async def list_re_checks(call: Call[None, models.ReCheckFilter, None]) -> models.ReChecks:
    asked = call.query
    key = decode(asked.cursor, int)
    after_id = key[0] if key else 0
    rows = await re_checks.listed(call.conn, call.viewer, open_only=asked.open, after_id=after_id, limit=asked.limit)
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.ReChecks(items=[_re_check(row) for row in rows], next=following)


async def record_re_check(call: Call[ById, None, models.ReCheckAsk]) -> models.ReCheck:
    """Say what the second look found; what it overturns was a false closure, and is recorded as a breach."""
    asked = call.body
    await re_checks.record(call.conn, call.params.id, asked.result, asked.words, call.viewer, call.at)
    (row,) = await re_checks.listed(call.conn, call.viewer, open_only=None, after_id=0, only=call.params.id, limit=1)
    return _re_check(row)


async def _shown(call: Call[Any, Any, Any], callback_id: int) -> models.Callback:
    row = await callbacks.read(call.conn, callback_id, call.viewer)
    return models.Callback(**row | {"text": masked_text(row["text"])})


def _re_check(row: dict[str, Any]) -> models.ReCheck:
    reason = row["reason"]
    return models.ReCheck(**row | {"reason": None if reason is None else masked_text(reason)})

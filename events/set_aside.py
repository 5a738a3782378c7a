"""Events that the dispatcher could not take: kept beside the log, and put behind it again when a person says so."""

from datetime import datetime
from typing import Any, Final

import orjson

from events import log, quarantine
from events.model import (
    CLOCK_STREAM,
    RELEASE_STREAM,
    Event,
    EventDraft,
    EventSource,
    QuarantineReason,
    QuarantineState,
)
from events.quarantine import Quarantined, QuarantineDraft
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

BY: Final = "dispatcher"
"""Who stands as the gateway of such a row."""


class EventNotReleasable(Exception):
    """The event stays set aside; the text says why."""


async def set_aside(conn: Connection, event: Event, detail: str) -> bool:
    """Keep an event's place in the log with what went wrong; the caller moves the cursor past it.

    A tick is only noted where no tick that failed alike is held already: every later tick says more than it did, so
    there would be a row every few seconds. False where nothing was noted.
    """
    detail = quarantine.storable(detail, quarantine.DETAIL_MAX)
    if event.source is EventSource.TICK and await conn.fetchval(QUERIES.tick_is_held, BY, CLOCK_STREAM, detail):
        return False
    named = {
        "stream": event.stream,
        "seq": event.seq,
        "received_at": event.received_at.isoformat(),
        "uid": event.uid.hex(),
        "kind": event.kind,
    }
    draft = QuarantineDraft(
        received_at=event.received_at,
        topic=f"log/{event.stream}/{event.seq}",
        product=event.product,
        device_id=event.device_id,
        reason=QuarantineReason.STEP_FAILED,
        detail=detail,
        payload=orjson.dumps(named),
    )
    await quarantine.copy(conn, BY, [draft])
    return True


async def release(conn: Connection, row: Quarantined, *, by: str, at: datetime) -> None:
    """Append the event to the log once more, received at `at`, and mark it released, in one transaction of its own.

    Its own time stands, so it is late where the watermark has passed it. Raises EventNotReleasable.
    """
    named: dict[str, Any] = orjson.loads(row.payload)
    if named["stream"] == CLOCK_STREAM:
        raise EventNotReleasable("it is a tick: a later one has said more; discard it")
    async with conn.transaction():
        found = await conn.fetchrow(
            QUERIES.find_event, named["stream"], named["seq"], datetime.fromisoformat(named["received_at"])
        )
        if found is None:
            raise EventNotReleasable("the log does not hold the event any more")
        if not await quarantine.decide(conn, row.id, QuarantineState.RELEASED, by=by, at=at):
            raise EventNotReleasable("somebody else decided first")
        await log.append(conn, RELEASE_STREAM, [EventDraft.of_columns(dict(found) | {"received_at": at})])

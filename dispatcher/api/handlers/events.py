"""The log of events."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatcher.api.cursors import decode, encode
from dispatcher.api.models.events import Event, EventFilter, Events
from dispatcher.api.reading import records
from dispatcher.api.routing import Call


async def list_events(call: Call[None, EventFilter, None]) -> Events:
    asked = call.query
    rows = await records.list_events(
        call.conn,
        call.viewer,
        stream=asked.stream,
        kind=asked.kind,
        device_id=asked.device,
        since=asked.since,
        before=_before(asked.cursor),
        limit=asked.limit,
    )
    last = rows[-1] if len(rows) == asked.limit else None
    return Events(
        items=[event_view(row) for row in rows],
        next=encode(last["received_at"], last["stream"], last["seq"]) if last else None,
    )


def event_view(row: Mapping[str, Any]) -> Event:
    """An event of the columns that the read model selects; other columns are left out."""
    return Event(**{name: row[name] for name in Event.model_fields if name != "uid"}, uid=row["uid"].hex())


def _before(cursor: str | None) -> tuple[datetime, str, int] | None:
    key = decode(cursor, datetime, str, int)
    return None if key is None else (key[0], key[1], key[2])

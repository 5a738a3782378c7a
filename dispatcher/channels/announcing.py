"""Tells the console what became of messages and raises the alarm where nobody was reached; nothing personal is told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from prometheus_client import Counter

from dispatcher.channels import stream
from dispatcher.channels.model import MessageState
from dispatcher.channels.outbox import QUERIES
from runtime.pool import Connection

LOG = structlog.get_logger(__name__)

CHANGED: Final = "message.changed"
UNREACHED: Final = "message.unreached"
DEAD: Final = "message.dead"

UNREACHED_TOTAL = Counter("dispatcher_messages_unreached_total", "Messages that reached nobody in time", ["reason"])


async def announce(conn: Connection, message_ids: Sequence[int], at: datetime) -> None:
    """Put what changed on the stream: messages of tickets, for the ticket's page, and every one that reached nobody."""
    if not message_ids:
        return
    rows = []
    for found in await conn.fetch(QUERIES.places_of_messages, sorted(set(message_ids))):
        unreached = found["state"] == MessageState.UNREACHED
        if unreached:
            UNREACHED_TOTAL.labels(found["reason"]).inc()
        if unreached or found["ticket_id"] is not None:
            body = {
                "message_id": found["id"],
                "ticket_id": found["ticket_id"],
                "about": found["topic"],
                "state": found["state"],
                "grade": found["grade"],
                "reason": found["reason"],
            }
            organisations = [found["organisation_id"]] if found["organisation_id"] is not None else []
            rows.append(stream.Row(UNREACHED if unreached else CHANGED, found["area_path"], organisations, body))
    await stream.publish_all(conn, rows, at)


async def announce_dead(conn: Connection, outbox_id: int, at: datetime) -> None:
    """Raise the alarm: an attempt was given up after its last try."""
    found = await conn.fetchrow(QUERIES.place_of_attempt, outbox_id)
    if found is None:
        return
    body = {
        "attempt_id": found["id"],
        "ticket_id": found["ticket_id"],
        "about": found["topic"],
        "channel": found["channel"],
    }
    organisations = [found["organisation_id"]] if found["organisation_id"] is not None else []
    await stream.publish_all(conn, [stream.Row(DEAD, found["area_path"], organisations, body)], at)

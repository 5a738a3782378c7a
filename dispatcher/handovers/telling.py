"""The one place where handovers tell somebody: the service's own system, its people, the desk, and the live stream."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dispatcher.channels import messages, outbox, stream
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

PAGE: Final = "handover.page"
ALARM: Final = "handover.alarm"
CHANGED: Final = "handover.changed"
LATE: Final = "upward_report.late"
GRADES: Final = ("", "I", "II", "III", "IV")


async def tell(
    conn: Connection,
    organisation_id: str,
    *,
    key: str,
    topic: str,
    ticket_id: int,
    grade: int,
    fields: Mapping[str, str | datetime],
    body: Mapping[str, Any],
    at: datetime,
) -> bool:
    """Tell an organisation once: its endpoints as a machine reads it, its people as a person does.

    A key is told once, whatever is repeated. False where nobody is there to be told.
    """
    await outbox.enqueue(
        conn,
        idempotency_key=key,
        organisation_id=organisation_id,
        ticket_id=ticket_id,
        topic=topic,
        body=dict(body),
        at=at,
    )
    await messages.send(
        conn,
        key=key,
        to=messages.Organisation(organisation_id),
        ticket_id=ticket_id,
        topic=topic,
        grade=grade,
        fields=dict(fields),
        at=at,
    )
    return bool(await conn.fetchval(QUERIES.somebody_hears, organisation_id))


async def show(
    conn: Connection,
    topic: str,
    area_path: Sequence[str],
    organisation_id: str | None,
    body: Mapping[str, Any],
    at: datetime,
) -> None:
    """Put it on the live stream of the place; an alarm stays with whoever looks at the desk."""
    await stream.publish(
        conn,
        topic=topic,
        area_path=area_path,
        organisation_ids=[organisation_id] if organisation_id is not None else [],
        body=dict(body),
        at=at,
    )

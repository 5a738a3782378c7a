"""Tells of a changed ticket, in the transaction that changed it: the console's stream and the messages to its units."""

from datetime import datetime
from typing import Any

from dispatcher.channels import outbox, stream
from dispatcher.channels.masking import masked_text
from dispatcher.tickets.model import Ticket, Transition
from dispatcher.tickets.reading import ticket_row
from runtime.pool import Connection

OPENED = "ticket.opened"
CHANGED = "ticket.changed"
REMINDER = "ticket.reminder"
ASSIGNED = "ticket.assigned"
"""Topics; `ticket.assigned` goes to organisations only."""


async def announce(
    conn: Connection, ticket: Ticket, topic: str, at: datetime, *, also: frozenset[str] = frozenset(), **more: Any
) -> dict[str, Any]:
    """Put the ticket on the stream for its area, its units and `also`; returns the ticket as it was told."""
    row: dict[str, Any] = (await ticket_row(conn, ticket.id)).model_dump(mode="json")
    units = {assignment.organisation_id for assignment in ticket.active} | also
    await stream.publish(
        conn,
        topic=topic,
        area_path=ticket.area_path,
        organisation_ids=sorted(units),
        body={"ticket": row, **more},
        at=at,
    )
    return row


async def tell_units(
    conn: Connection, before: Ticket, after: Ticket, transition: Transition, row: dict[str, Any]
) -> None:
    """Put one message for every unit that has a part in the ticket or just lost it, but the one that acted."""
    had = {assignment.organisation_id for assignment in before.active}
    has = {assignment.organisation_id for assignment in after.active}
    known = {(assignment.generation, assignment.organisation_id) for assignment in before.assignments}
    newly = {each.organisation_id for each in after.active if (each.generation, each.organisation_id) not in known}
    for organisation_id in sorted((had | has) - {transition.organisation_id}):
        await outbox.enqueue(
            conn,
            idempotency_key=f"ticket-{after.id}-{transition.version}-{organisation_id}",
            organisation_id=organisation_id,
            ticket_id=after.id,
            topic=ASSIGNED if organisation_id in newly else CHANGED,
            body={
                "ticket": row,
                "event": transition.event.value,
                "from_state": transition.from_state.value if transition.from_state is not None else None,
                "to_state": transition.to_state.value,
                "version": transition.version,
                "at": transition.at.isoformat(),
                "reason": None if transition.reason is None else masked_text(transition.reason),
            },
            at=transition.at,
        )

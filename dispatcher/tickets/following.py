"""A ticket follows a graver grade that an officer's word gave its incident, in the officer's own transaction."""

from datetime import datetime

from dispatcher.tickets.announcing import CHANGED, announce
from dispatcher.tickets.records import QUERIES, read_rules, read_ticket
from dispatcher.tickets.store import raise_grade
from runtime.pool import Connection


async def open_ticket_of(conn: Connection, case_id: int) -> int | None:
    """The open ticket of a case, its row held."""
    rows = await conn.fetch(QUERIES.hold_open_tickets_of_cases, [case_id])
    return rows[0]["id"] if rows else None


async def follow_grade(conn: Connection, case_id: int, grade: int, at: datetime) -> None:
    """Raise the case's open ticket to a graver grade and tell of it; a milder one changes nothing here."""
    ticket_id = await open_ticket_of(conn, case_id)
    if ticket_id is None:
        return
    ticket = await read_ticket(conn, ticket_id)
    after = await raise_grade(conn, ticket, grade, at, await read_rules(conn, at, [ticket.kind]))
    if after is not ticket:
        await announce(conn, after, CHANGED, at)

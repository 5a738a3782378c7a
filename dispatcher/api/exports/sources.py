"""The rows of exports, page by page by key, as their viewer sees them in the lists.

A file is handed on, a screen is not: of kinds that are never published (violence at home, patients) it says no place.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeVar

from dispatcher.accounts.model import User
from dispatcher.api.exports.taking import PAGE_ROWS, QUERIES
from dispatcher.api.models.incidents import Incident
from dispatcher.api.models.kpi import KpiFigure
from dispatcher.api.reading import records
from dispatcher.tickets import reading
from dispatcher.tickets.views import TicketRow
from runtime.pool import Connection

_NOWHERE: Final = {"place": None, "lon": None, "lat": None}
Placed = TypeVar("Placed", TicketRow, Incident)


async def ticket_pages(
    conn: Connection, wanted: reading.TicketFilter, viewer: User
) -> AsyncIterator[Sequence[TicketRow]]:
    """Tickets, the newest first."""
    sight = reading.Sight(area_id=viewer.scope, organisation_id=viewer.organisation_id)
    cursor: str | None = None
    hidden = await _confidential(conn)
    while True:
        page = await reading.ticket_rows(conn, wanted, sight, cursor=cursor, limit=PAGE_ROWS)
        yield _without_places(page.items, hidden)
        if page.next is None:
            return
        cursor = page.next


async def incident_pages(
    conn: Connection,
    viewer: User,
    *,
    status: str | None = None,
    grade: int | None = None,
    kind: str | None = None,
    area_id: str | None = None,
) -> AsyncIterator[Sequence[Incident]]:
    """Incidents, the newest first."""
    before_id: int | None = None
    hidden = await _confidential(conn)
    while True:
        rows = await records.list_incidents(
            conn,
            viewer,
            status=status,
            grade=grade,
            kind=kind,
            area_id=area_id,
            before_id=before_id,
            limit=PAGE_ROWS,
        )
        yield _without_places([Incident(**row) for row in rows], hidden)
        if len(rows) < PAGE_ROWS:
            return
        before_id = rows[-1]["id"]


async def one_page(figures: Sequence[KpiFigure]) -> AsyncIterator[Sequence[KpiFigure]]:
    """Figures, which are few."""
    yield figures


async def _confidential(conn: Connection) -> frozenset[str]:
    return frozenset(row["kind"] for row in await conn.fetch(QUERIES.list_confidential_kinds))


def _without_places(rows: Sequence[Placed], hidden: frozenset[str]) -> list[Placed]:
    return [row.model_copy(update=_NOWHERE) if row.kind in hidden else row for row in rows]

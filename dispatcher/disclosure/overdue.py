"""What follows where a publication comes late: our target makes a breach record, the limit of the law another."""

from dispatcher.disclosure.reading import QUERIES
from dispatcher.tickets.breaches import Breach, BreachType, open_breach
from runtime.pool import Connection


async def break_target(conn: Connection, disclosure_id: int) -> bool:
    """Note that our own target passed; the record is made by the migration's trigger. False where it was noted."""
    return await conn.fetchval(QUERIES.break_clock, disclosure_id) is not None


async def break_law(conn: Connection, disclosure_id: int) -> bool:
    """Record that the limit of the law passed: a ground for a file (ruling A5). False where it was recorded."""
    row = await conn.fetchrow(QUERIES.break_law_clock, disclosure_id)
    if row is None:
        return False
    await open_breach(
        conn,
        Breach(
            source_key=f"disclosure:{disclosure_id}:d_publish_law",
            type=BreachType.OVERDUE_DISCLOSE,
            clock="d_publish_law",
            unit_id=row["publisher_organisation_id"],
            area_path=tuple(row["area_path"]),
            happened_at=row["law_due_at"],
            explanation=row["law_explanation"],
            started_at=row["opened_at"],
            due_at=row["law_due_at"],
        ),
    )
    return True

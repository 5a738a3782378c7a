"""Puts what happened earlier into the database, and reads tables whole."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from runtime.pool import Connection
from tests.harness.log import place


async def rows(conn: Connection, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await conn.fetch(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]  # noqa: S608


async def put_incidents(
    conn: Connection, made: Sequence[tuple[str, datetime, float]], kind_group: str = "waste"
) -> None:
    """Final incidents of earlier days, as the stage would have left them: (kind, beginning, metres east)."""
    for number, (kind, at, east_m) in enumerate(made):
        where = place(east_m)
        await conn.execute(
            """WITH c AS (INSERT INTO cases (opened_at) VALUES ($2) RETURNING id)
            INSERT INTO incidents (number, case_id, status, kind, kind_group, canonical_at, canonical_uid, grade,
                explanation, source_classes, event_count, first_at, last_at, area_path, lon, lat, late, opened_at)
            SELECT $1, id, 'final', $3, $4, $2, $5, 4, '{}', '{sensor}', 1, $2, $2, '{}', $6, $7, false, $2
            FROM c""",
            f"OLD-{kind_group}-{number}",
            at,
            kind,
            kind_group,
            number.to_bytes(16, "big"),
            where["lon"],
            where["lat"],
        )

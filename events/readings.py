"""Readings: property values of a device at one time, in the order of its type's properties."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from runtime import queries
from runtime.pool import Connection

_SQL: Final = queries.load(__package__)
_COLUMNS: Final = ("device_id", "effective_at", "received_at", "type_version", "v", "extra")


class ReadingRow(NamedTuple):
    """One row of the table; None in `v` where the device did not report that property."""

    device_id: int
    effective_at: datetime
    received_at: datetime
    type_version: int
    v: Sequence[float | None]
    extra: dict[str, Any] | None


async def copy(conn: Connection, rows: Sequence[ReadingRow]) -> None:
    """Add readings; the caller has made the partitions of `effective_at`."""
    if rows:
        await conn.copy_records_to_table("readings", records=rows, columns=_COLUMNS)


async def page_of_device(
    conn: Connection, device_id: int, *, since: datetime, until: datetime, limit: int
) -> list[ReadingRow]:
    """Readings of one device in [since, until), newest first."""
    rows = await conn.fetch(_SQL.read_reading_page, device_id, since, until, limit)
    return [
        ReadingRow(device_id, row["effective_at"], row["received_at"], row["type_version"], row["v"], row["extra"])
        for row in rows
    ]

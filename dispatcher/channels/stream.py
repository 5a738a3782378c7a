"""The live stream: what the console hears, written in the transaction of what happened."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class Row(NamedTuple):
    """One row of the stream; seen by users whose area lies on `area_path` and by members of `organisation_ids`."""

    topic: str
    area_path: Sequence[str]
    organisation_ids: Sequence[str]
    body: dict[str, Any]


async def publish_all(conn: Connection, rows: Iterable[Row], at: datetime) -> None:
    """Add rows to the stream in this order; the database gives them positions when the transaction commits."""
    await conn.executemany(
        QUERIES.insert_stream_row,
        [(at, row.topic, list(row.area_path), list(row.organisation_ids), row.body) for row in rows],
    )


async def publish(
    conn: Connection,
    *,
    topic: str,
    area_path: Sequence[str],
    organisation_ids: Sequence[str],
    body: dict[str, Any],
    at: datetime,
) -> None:
    """Add one row to the stream."""
    await publish_all(conn, [Row(topic, area_path, organisation_ids, body)], at)

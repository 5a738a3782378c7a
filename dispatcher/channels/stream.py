"""The live stream: what the console hears, written in the transaction of what happened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


async def publish(
    conn: Connection,
    *,
    topic: str,
    area_path: Sequence[str],
    organisation_ids: Sequence[str],
    body: dict[str, Any],
    at: datetime,
) -> None:
    """Add a row to the stream; the database gives it its position when the transaction commits.

    It is seen by users whose area lies on `area_path` and by members of `organisation_ids`.
    """
    await conn.execute(QUERIES.insert_stream_row, at, topic, list(area_path), list(organisation_ids), body)

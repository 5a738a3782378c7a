"""Appends to the event log: positions are taken from the stream's head row, gapless in commit order."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final, NamedTuple

from events.model import LIVE_STREAM, EventDraft
from runtime import queries
from runtime.pool import Connection

CHANNEL: Final = "rongan_events"

_SQL: Final = queries.load(__package__)
_DRAFT_COLUMNS: Final = (
    "uid",
    "revision",
    "content_hash",
    "source",
    "source_class",
    "kind",
    "severity",
    "raised",
    "subject",
    "device_id",
    "call_id",
    "product",
    "area_id",
    "area_path",
    "place",
    "lon",
    "lat",
    "x_dm",
    "y_dm",
    "observed_at",
    "received_at",
    "effective_at",
    "time_quality",
    "body",
)
_COLUMNS: Final = ("stream", "seq", *_DRAFT_COLUMNS)
_values: Any = attrgetter(*_DRAFT_COLUMNS)


class Range(NamedTuple):
    """The positions that one append took, both ends included."""

    first_seq: int
    last_seq: int


class ReservedStreamError(ValueError):
    """The console's live stream is numbered by the same table but holds no events."""


async def append(conn: Connection, stream: str, rows: Sequence[EventDraft]) -> Range | None:
    """Add events to a stream in this order; None where there are none.

    Joins the caller's transaction and keeps the stream's head row locked until it ends: call it after everything that
    takes long. Readers are woken by the commit. The caller has made the partitions of `received_at`.
    """
    if stream == LIVE_STREAM:
        raise ReservedStreamError(stream)
    if not rows:
        return None
    last_seq: int = await conn.fetchval(_SQL.take_range, stream, len(rows))
    first_seq = last_seq - len(rows) + 1
    await conn.copy_records_to_table(
        "events",
        records=[(stream, seq, *_values(row)) for seq, row in enumerate(rows, first_seq)],
        columns=_COLUMNS,
    )
    await conn.execute(_SQL.wake_readers, stream)
    return Range(first_seq, last_seq)

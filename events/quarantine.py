"""Quarantine: messages that could not be stored as what they claim, kept with the reason until a person decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

import asyncpg

from events.model import QuarantineReason, QuarantineState
from runtime import queries
from runtime.pool import Connection

_SQL: Final = queries.load(__package__)
DETAIL_MAX: Final = 500
_TOPIC_MAX: Final = 1024
_COLUMNS: Final = ("received_at", "gateway", "topic", "product", "device_id", "reason", "detail", "payload", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineDraft:
    """A message on its way into quarantine. `payload` holds no personal field where it could be parsed."""

    received_at: datetime
    topic: str
    product: str | None
    device_id: int | None
    reason: QuarantineReason
    detail: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined(QuarantineDraft):
    """A message in quarantine and what became of it."""

    id: int
    gateway: str
    sha256: bytes
    state: QuarantineState
    decided_by: str | None
    decided_at: datetime | None


async def copy(conn: Connection, gateway: str, rows: Sequence[QuarantineDraft]) -> None:
    """Add rows; texts are escaped and cut so that PostgreSQL takes whatever a stranger sent."""
    if not rows:
        return
    records = [
        (
            row.received_at,
            gateway,
            storable(row.topic, _TOPIC_MAX),
            None if row.product is None else storable(row.product, DETAIL_MAX),
            row.device_id,
            row.reason,
            storable(row.detail, DETAIL_MAX),
            row.payload,
            sha256(row.payload).digest(),
        )
        for row in rows
    ]
    await conn.copy_records_to_table("quarantine", records=records, columns=_COLUMNS)


async def page(
    conn: Connection, *, state: QuarantineState | None, before_id: int | None, limit: int
) -> list[Quarantined]:
    """Newest first; `before_id` is the last id of the page before."""
    return [_quarantined(row) for row in await conn.fetch(_SQL.list_quarantined, state, before_id, limit)]


async def find(conn: Connection, quarantine_id: int) -> Quarantined | None:
    row = await conn.fetchrow(_SQL.find_quarantined, quarantine_id)
    return None if row is None else _quarantined(row)


async def decide(conn: Connection, quarantine_id: int, state: QuarantineState, *, by: str, at: datetime) -> bool:
    """Release or discard a held row; False where it was decided before or does not exist."""
    return await conn.fetchval(_SQL.decide_quarantined, quarantine_id, state, by, at) is not None


def storable(text: str, length_max: int) -> str:
    """The text with NUL and lone surrogates written as escapes, cut to `length_max` characters."""
    if text.isascii() and "\x00" not in text:
        return text[:length_max]
    safe = text[:length_max].encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
    return safe[:length_max]


def _quarantined(row: asyncpg.Record) -> Quarantined:
    columns = dict(row)
    columns["reason"] = QuarantineReason(columns["reason"])
    columns["state"] = QuarantineState(columns["state"])
    return Quarantined(**columns)

"""Quarantined messages and the proof of conservation."""

from collections.abc import Mapping
from typing import Any

from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import AlreadyDecided, NotFound
from dispatcher.api.models import quarantine as models
from dispatcher.api.models.wire import ById
from dispatcher.api.reading import records
from dispatcher.api.routing import Call
from dispatcher.incidents.counts import Fate
from events import quarantine
from events.model import QuarantineState


async def list_quarantine(call: Call[None, models.QuarantineFilter, None]) -> models.QuarantineItems:
    key = decode(call.query.cursor, int)
    rows = await records.list_quarantine(
        call.conn,
        call.viewer,
        state=call.query.state,
        before_id=key[0] if key else None,
        limit=call.query.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == call.query.limit else None
    return models.QuarantineItems(items=[_item(row) for row in rows], next=following)


async def discard_quarantined(call: Call[ById, None, models.Discard]) -> models.QuarantineItem:
    """Decide that a held message is worthless; who and when stands in its row, the reason in the author's line."""
    held = await _visible(call)
    by = f"{call.viewer.actor}: {call.body.reason}"
    if not await quarantine.decide(call.conn, call.params.id, QuarantineState.DISCARDED, by=by, at=call.at):
        raise AlreadyDecided("the message", held["state"])
    return _item(await _visible(call))


async def read_conservation(call: Call[None, models.ConservationFilter, None]) -> models.Conservation:
    products = await records.conservation(call.conn, call.query.since)
    refused = await records.violations(call.conn, call.query.since)
    totals = {name: sum(row[name] for row in products) for name in ("received", "stored", "duplicate", "quarantined")}
    return models.Conservation(
        **totals,
        holds=totals["received"] == totals["stored"] + totals["duplicate"] + totals["quarantined"],
        by_product=[models.ProductCounts(**row) for row in products],
        correlation=_fates(await records.correlation_counts(call.conn)),
        violations=[models.Violation(**row) for row in refused],
    )


def _fates(counts: Mapping[str, int]) -> models.CorrelationCounts:
    fates = {name: counts.get(name, 0) for name in ("received", *Fate)}
    return models.CorrelationCounts(**fates, holds=fates["received"] == sum(fates[fate] for fate in Fate))


async def _visible(call: Call[ById, None, models.Discard]) -> Mapping[str, Any]:
    rows = await records.list_quarantine(call.conn, call.viewer, only_id=call.params.id, limit=1)
    if not rows:
        raise NotFound("quarantined message")
    return rows[0]


def _item(row: Mapping[str, Any]) -> models.QuarantineItem:
    return models.QuarantineItem(**{**row, "payload": _escaped(row["payload"]), "sha256": row["sha256"].hex()})


def _escaped(payload: bytes) -> str:
    r"""The bytes as text: what is no UTF-8 or not printable as \xNN."""
    text = payload.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)

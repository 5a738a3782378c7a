"""What gateways tell back: signed, each taken once, in any order, and only about what was sent over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from prometheus_client import Counter

from dispatcher.channels import settling, signing
from dispatcher.channels.errors import ReceiptUnknown, ReceiptUnsigned
from dispatcher.channels.model import AttemptState
from dispatcher.channels.outbox import QUERIES
from dispatcher.channels.ways import ChannelSettings
from runtime.pool import Connection

RECEIPTS = Counter("dispatcher_receipts_total", "Receipts of gateways", ["channel", "outcome"])


class ReceiptState(StrEnum):
    """What a gateway may say of an attempt."""

    DELIVERED = "delivered"  # The phone has it; of a call: it rang, or something picked up, as a mailbox does.
    ANSWERED = "answered"  # Somebody replied or pressed the key: nobody else is called.
    FAILED = "failed"  # It did not arrive and will not.


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt about one attempt."""

    id: str  # The attempt's, as we sent it.
    state: ReceiptState
    note: str | None


# From where a receipt moves an attempt; everywhere else it came too late and is only kept.
_MOVES: Final[Mapping[ReceiptState, frozenset[AttemptState]]] = {
    ReceiptState.DELIVERED: frozenset(AttemptState) - {AttemptState.DELIVERED, AttemptState.ANSWERED},
    ReceiptState.ANSWERED: frozenset(AttemptState) - {AttemptState.ANSWERED},
    ReceiptState.FAILED: frozenset({AttemptState.SENT}),
}


def verify(settings: ChannelSettings, channel: str, headers: Mapping[str, str], body: bytes, real_at: datetime) -> str:
    """The id of a call of the channel's gateway. Raises ReceiptUnsigned."""
    provider = {"sms": settings.sms, "voice": settings.voice}.get(channel)
    if provider is None:
        raise ReceiptUnsigned("channel")
    return signing.verify(provider.secret, headers, body, real_at)


async def take(conn: Connection, channel: str, call_id: str, receipts: Sequence[Receipt], at: datetime) -> int:
    """Take the receipts of one call, all or none; returns how many were new. Raises ReceiptUnknown."""
    keys = sorted({receipt.id for receipt in receipts})
    known = {row["idempotency_key"]: row["id"] for row in await conn.fetch(QUERIES.attempt_ids_by_key, keys, channel)}
    for key in keys:
        if key not in known:
            RECEIPTS.labels(channel, "unknown").inc()
            raise ReceiptUnknown(key)
    await settling.hold_messages(conn, list(known.values()))
    states = {
        row["id"]: AttemptState(row["progress"])
        for row in await conn.fetch(QUERIES.hold_attempts, sorted(known.values()))
    }
    new = 0
    for nth, receipt in enumerate(receipts):
        outbox_id = known[receipt.id]
        applies = states[outbox_id] in _MOVES[receipt.state]
        receipt_id = f"{call_id}:{nth}"
        if not await conn.fetchval(
            QUERIES.insert_receipt, outbox_id, receipt_id, receipt.state, at, receipt.note, applies
        ):
            RECEIPTS.labels(channel, "repeated").inc()
            continue
        new += 1
        RECEIPTS.labels(channel, receipt.state.value if applies else "too_late").inc()
        if applies:
            await conn.execute(QUERIES.apply_receipt, outbox_id, receipt.state, at, receipt.note)
            states[outbox_id] = AttemptState(receipt.state.value)
            await settling.settle(conn, outbox_id, at)
    return new

"""Orders that other systems pass on, taken once by their number, and what they are told of them (rulings A16)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from dispatcher.channels import outbox, signing
from dispatcher.channels.errors import ReceiptUnsigned
from dispatcher.desk.errors import OrderRefused
from dispatcher.desk.receipts import QUERIES
from dispatcher.desk.standing import WORDS, PublicState, Standing, read_standing
from runtime.pool import Connection

BATCH: Final = 200

CHANGED: Final = "order.changed"
ENDED: Final = "order.ended"
"""Topics of what partners are told; the first message of an order is `order.changed` too."""

_ENDED: Final = frozenset({PublicState.CLOSED, PublicState.ANSWERED, PublicState.NOT_ACCEPTED, PublicState.ENDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Another system: the organisation whose endpoints hear of its orders, and the area of orders without a place."""

    id: str
    organisation_id: str
    area_id: str
    secret: str = field(repr=False)
    real_at: datetime  # The database's real clock when the partner was read.


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it was taken."""

    external_number: str
    call_id: int
    received_at: datetime
    external_due_at: datetime | None


async def authenticate(conn: Connection, partner_id: str, headers: Mapping[str, str], body: bytes) -> Partner:
    """The partner who signed a message. Raises OrderRefused, without saying more to an outsider than that it is."""
    row = await conn.fetchrow(QUERIES.read_partner, partner_id)
    if row is None:
        raise OrderRefused("partner or signature")
    partner = Partner(**dict(row))
    try:
        signing.verify(partner.secret, headers, body, partner.real_at)
    except ReceiptUnsigned as error:
        raise OrderRefused("timestamp" if error.reason == "time" else "partner or signature") from None
    return partner


async def remember(conn: Connection, partner: Partner, external_number: str, call_id: int, at: datetime) -> None:
    """Note which call an order became; the same order again changes nothing."""
    await conn.execute(QUERIES.insert_order, partner.id, external_number, call_id, at)


async def read_order(conn: Connection, partner: Partner, external_number: str) -> Order | None:
    row = await conn.fetchrow(QUERIES.read_order, partner.id, external_number)
    return None if row is None else Order(**dict(row))


async def tell_partners(conn: Connection, at: datetime) -> int:
    """Put a message for every order about which something changed; returns how many orders there were.

    Told is what the caller may see by number and code, so no partner learns more of other reporters than they do.
    """
    rows = await conn.fetch(QUERIES.take_changed_orders, BATCH)
    for row in rows:
        standing = await read_standing(conn, row["call_id"])
        place = await conn.fetchrow(QUERIES.place_of_report, row["call_id"])
        ticket_id, version = (place["ticket_id"], place["version"]) if place is not None else (None, 0)
        await conn.execute(QUERIES.order_told, row["partner_id"], row["external_number"], ticket_id, version)
        if (row["told_ticket_id"], row["told_version"]) == (ticket_id, version):
            continue
        await outbox.enqueue(
            conn,
            idempotency_key=f"order-{row['partner_id']}-{row['call_id']}-{ticket_id}-{version}",
            organisation_id=row["organisation_id"],
            ticket_id=ticket_id,
            topic=ENDED if standing.state in _ENDED else CHANGED,
            body=as_message(dict(row), standing),
            at=at,
        )
    return len(rows)


def as_message(order: Mapping[str, Any], standing: Standing) -> dict[str, Any]:
    """What a partner hears of its order."""
    zh, en = WORDS[standing.state]
    return {
        "partner": order["partner_id"],
        "external_number": order["external_number"],
        "number": standing.number,
        "ticket_number": standing.ticket_number,
        "state": standing.state.value,
        "state_zh": zh,
        "state_en": en,
        "holder_zh": standing.holder[0],
        "holder_en": standing.holder[1],
        "due_at": None if standing.due_at is None else standing.due_at.isoformat(),
        "ended_at": None if standing.closed_at is None else standing.closed_at.isoformat(),
        "refusal_zh": None if standing.refusal is None else standing.refusal[0],
        "refusal_en": None if standing.refusal is None else standing.refusal[1],
        "answer": standing.answer,
    }


async def add_partner(conn: Connection, partner_id: str, *, organisation_id: str, area_id: str, secret: str) -> bool:
    """Take orders of another system from now on; False where the name stands already. `secret` is `whsec_` and base64.

    Raises asyncpg.ForeignKeyViolationError and asyncpg.CheckViolationError for unknown or malformed names.
    """
    added = await conn.fetchval(QUERIES.insert_partner, partner_id, organisation_id, area_id, secret)
    return added is not None


async def disable_partner(conn: Connection, partner_id: str) -> bool:
    """Take no more orders; False for an unknown partner."""
    return await conn.fetchval(QUERIES.disable_partner, partner_id) is not None


async def list_partners(conn: Connection) -> list[dict[str, Any]]:
    """Every partner, without its secret."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_partners)]

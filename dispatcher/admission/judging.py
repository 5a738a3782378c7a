"""Brings a wish before the gate: reads who is meant and what the lists say, and keeps a receipt of every refusal."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from dispatcher.admission.errors import EntryRefused
from dispatcher.admission.gate import judge
from dispatcher.admission.model import EmergencyOrder, Means, Package, Verdict, Wish
from registry.admission import read_item
from registry.calendar import day_of
from registry.numbering import take_number
from registry.organisations import Organisation, read_organisations_named
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

RECEIPT: Final = "RR"


async def judge_wish(
    conn: Connection,
    *,
    receiver_id: str,
    issuer_id: str,
    origin_id: str,
    means: Means,
    matter: str,
    at: datetime,
    package: Package | None = None,
    order_id: int | None = None,
) -> tuple[Wish, Verdict]:
    """The wish with everything that the gate looks at, and its verdict. Raises EntryRefused for who does not exist."""
    receiver, issuer, origin = await read_parties(conn, committee=receiver_id, issuer=issuer_id, origin=origin_id)
    wish = Wish(
        receiver=receiver,
        issuer=issuer,
        origin=origin,
        means=means,
        matter=matter,
        own_duty=await _is_own_duty(conn, matter, origin),
        package=package or Package(),
        order=await _read_order(conn, order_id) if order_id is not None else None,
    )
    item = await read_item(conn, matter, receiver.area_id, day_of(at))
    return wish, judge(wish, item, at)


async def keep_receipt(
    conn: Connection,
    wish: Wish,
    verdict: Verdict,
    *,
    request: str,
    actor: str,
    at: datetime,
    ticket_id: int | None = None,
) -> str:
    """Record that the gate held; the number of the receipt. It is a fact for Art. 48, not yet a case (ruling A4)."""
    number = await take_number(conn, RECEIPT, at)
    await conn.fetchval(
        QUERIES.insert_receipt,
        number,
        at,
        wish.receiver.id,
        wish.issuer.id,
        wish.origin.id,
        wish.means,
        wish.matter,
        verdict.item.id if verdict.item else None,
        ticket_id,
        list(verdict.codes),
        list(verdict.missing),
        request,
        actor,
    )
    return number


async def keep_ticket_receipts(
    conn: Connection,
    named: Sequence[str],
    *,
    issuer_id: str,
    means: Means,
    matter: str,
    ticket_id: int,
    request: str,
    actor: str,
    at: datetime,
) -> list[tuple[str, Verdict]]:
    """Receipts for the committees among the organisations that an action on a ticket named.

    An order carries no support, so none may pass.
    """
    kept: list[tuple[str, Verdict]] = []
    for row in await conn.fetch(QUERIES.committees_among, list(named)):
        wish, verdict = await judge_wish(
            conn,
            receiver_id=row["id"],
            issuer_id=issuer_id,
            origin_id=issuer_id,
            means=means,
            matter=matter,
            at=at,
        )
        if not verdict.allowed:
            number = await keep_receipt(conn, wish, verdict, request=request, actor=actor, at=at, ticket_id=ticket_id)
            kept.append((number, verdict))
    return kept


async def read_parties(conn: Connection, **ids: str) -> tuple[Organisation, ...]:
    """The organisations that fields name, in that order. Raises EntryRefused for the first field that names none."""
    found = await read_organisations_named(conn, ids.values())
    for field, organisation_id in ids.items():
        if organisation_id not in found:
            raise EntryRefused(field, "no such organisation")
    return tuple(found[organisation_id] for organisation_id in ids.values())


async def _is_own_duty(conn: Connection, matter: str, origin: Organisation) -> bool:
    if origin.department_id is None:
        return False
    own: bool | None = await conn.fetchval(QUERIES.read_duty, matter, origin.department_id)
    return own is not False


async def _read_order(conn: Connection, order_id: int) -> EmergencyOrder:
    row = await conn.fetchrow(QUERIES.read_order, order_id)
    if row is None:
        raise EntryRefused("order_id", "no such emergency order")
    return EmergencyOrder(**{**dict(row), "matters": frozenset(row["matters"])})

"""Offers to residents' committees: made through the gate, answered by the committee alone, never by silence."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

from dispatcher.accounts.model import User
from dispatcher.admission import records
from dispatcher.admission.errors import ActRefused, EntryRefused
from dispatcher.admission.judging import QUERIES, judge_wish, keep_receipt
from dispatcher.admission.model import Art45, Means, Package, Support
from dispatcher.admission.procedures import Act, OfferRefusal, OfferState, Refusal, Refused, Subject
from registry.numbering import take_number
from runtime.pool import Connection

OFFER: Final = "CO"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks of a committee."""

    committee_id: str
    origin_id: str
    means: Means
    matter: str
    request: str
    package: Package
    order_id: int | None = None
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The gate held: nothing reaches the committee but the receipt."""

    receipt: str
    codes: tuple[Art45, ...]
    missing: tuple[Support, ...]


async def make_offer(conn: Connection, wanted: Wanted, user: User, at: datetime) -> int | Held:
    """The id of the offer, or the receipt of its refusal, which the caller must let commit."""
    if user.organisation_id is None:
        raise EntryRefused("issuer", "only somebody of an organisation may offer work")
    wish, verdict = await judge_wish(
        conn,
        receiver_id=wanted.committee_id,
        issuer_id=user.organisation_id,
        origin_id=wanted.origin_id,
        means=wanted.means,
        matter=wanted.matter,
        package=wanted.package,
        order_id=wanted.order_id,
        at=at,
    )
    if not verdict.allowed:
        receipt = await keep_receipt(
            conn, wish, verdict, request=wanted.request, actor=user.actor, at=at, ticket_id=wanted.ticket_id
        )
        return Held(receipt, verdict.codes, verdict.missing)
    if wanted.means is not Means.OFFER:
        raise EntryRefused("means", f"{wanted.means} needs no offer: it is {verdict.form}")
    package = wanted.package
    offer_id: int = await conn.fetchval(
        QUERIES.insert_offer,
        await take_number(conn, OFFER, at),
        wish.receiver.id,
        wish.issuer.id,
        wish.origin.id,
        wanted.matter,
        verdict.item.id if verdict.item else None,
        wanted.order_id,
        wanted.ticket_id,
        wanted.request,
        *_columns(package),
        at,
    )
    opening = Act("offer", 0, None, {"package": _plain(package)})
    await records.add(conn, Subject.OFFER, offer_id, 1, None, OfferState.OFFERED, opening, user, at)
    return offer_id


async def act(conn: Connection, offer_id: int, asked: Act, user: User, at: datetime) -> None:
    """One action on an offer. Raises SubjectNotFound, Outpaced, ActRefused, EntryRefused."""
    taken = await records.take(conn, Subject.OFFER, offer_id, asked, user)
    offer = taken.row
    refusal = _refusal(asked) if asked.event == "refuse" else None
    if refusal is OfferRefusal.SUPPORT_MISMATCH and offer["support_confirmed"]:
        raise ActRefused(Subject.OFFER, offer["state"], asked.event, Refused(Refusal.SUPPORT_CONFIRMED))
    match asked.event:
        case "accept" | "refuse" | "counter":
            await conn.execute(QUERIES.answer_offer, offer_id, at, refusal)
        case "amend":
            await _amend(conn, offer, asked, at)
        case "confirm_support":
            await conn.execute(QUERIES.confirm_support, offer_id)
        case "pay_support":
            await conn.execute(QUERIES.pay_support, offer_id, at)
        case _:
            pass
    await records.move(conn, taken, asked, user, at)


async def _amend(conn: Connection, offer: Mapping[str, Any], asked: Act, at: datetime) -> None:
    package = package_of(asked.fields.get("package"))
    _, verdict = await judge_wish(
        conn,
        receiver_id=offer["committee_id"],
        issuer_id=offer["issuer_organisation_id"],
        origin_id=offer["origin_organisation_id"],
        means=Means.OFFER,
        matter=offer["matter"],
        package=package,
        order_id=offer["order_id"],
        at=at,
    )
    if not verdict.allowed:
        named = ", ".join([*verdict.codes, *verdict.missing])
        raise EntryRefused("package", f"the offer may not be made any more: {named}")
    item_id = verdict.item.id if verdict.item else None
    await conn.execute(QUERIES.amend_offer, offer["id"], *_columns(package), item_id)


def package_of(given: object) -> Package:
    """A package from plain fields. Raises EntryRefused for one that is none."""
    if not isinstance(given, Mapping):
        raise EntryRefused("package", "is not an object")
    known = {field.name for field in fields(Package)}
    if unknown := sorted(set(given) - known):
        raise EntryRefused("package", f"has no {unknown[0]}")
    texts = ("funds_ref", "conditions", "information_support", "guidance_contact")
    values: dict[str, Any] = dict(given)
    for name in texts:
        if not isinstance(values.get(name), str | None) or len(values.get(name) or "") > 2000:
            raise EntryRefused("package", f"{name} is not a text of at most 2,000 characters")
    yuan = values.get("funds_yuan")
    if yuan is not None and (isinstance(yuan, bool) or not isinstance(yuan, int) or not 0 < yuan < 10**12):
        raise EntryRefused("package", "funds_yuan is not a whole number of yuan above 0")
    for name in ("period_from", "period_to"):
        values[name] = _day(name, values.get(name))
    return Package(**values)


def _day(name: str, given: object) -> date | None:
    if given is None or isinstance(given, date):
        return given
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise EntryRefused("package", f"{name} is not a day such as 2026-11-22") from None


def _refusal(asked: Act) -> OfferRefusal:
    try:
        return OfferRefusal(str(asked.fields["refusal"]))
    except ValueError:
        raise EntryRefused("refusal", f"is none of {', '.join(OfferRefusal)}") from None


def _columns(package: Package) -> tuple[object, ...]:
    return (
        package.funds_ref,
        package.funds_yuan,
        package.conditions,
        package.information_support,
        package.guidance_contact,
        package.period_from,
        package.period_to,
    )


def _plain(package: Package) -> dict[str, object]:
    named = {field.name: getattr(package, field.name) for field in fields(Package)}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in named.items()}

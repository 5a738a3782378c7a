"""Admission of new matters, emergency orders and the lists themselves: how something comes to stand on a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import asyncpg

from dispatcher.accounts.model import User
from dispatcher.admission import records
from dispatcher.admission.errors import EntryRefused
from dispatcher.admission.judging import QUERIES, read_parties
from dispatcher.admission.procedures import Act, ApplicationState, Subject
from registry.admission import AdmissionList
from registry.calendar import day_of, read_calendar
from registry.numbering import take_number
from registry.organisations import OrganisationKind
from runtime.pool import Connection

APPLICATION: Final = "AA"
# 15 working days to decide. Source: the admission rule of Xicheng district, as the practice to follow.
DECIDE_DAYS: Final = 15
_NOT_FOR_THE_PAST: Final = "a list is never changed for the past"


@dataclass(frozen=True, slots=True)
class Application:
    """What a department applies for: that committees may be asked to assist with a matter."""

    area_id: str
    matter: str
    zh_text: str
    legal_basis: str
    support: str
    wanted_from: date


@dataclass(frozen=True, slots=True)
class Entry:
    """A line for a list."""

    list: AdmissionList
    matter: str
    zh_text: str
    legal_basis: str
    area_id: str
    effective_from: date
    source: str


async def apply_for(conn: Connection, wanted: Application, user: User, at: datetime) -> int:
    """Draft an application of the user's own unit; its id."""
    if user.organisation_id is None:
        raise EntryRefused("applicant", "only somebody of an organisation may apply")
    try:
        application_id: int = await conn.fetchval(
            QUERIES.insert_application,
            await take_number(conn, APPLICATION, at),
            user.organisation_id,
            wanted.area_id,
            wanted.matter,
            wanted.zh_text,
            wanted.legal_basis,
            wanted.support,
            wanted.wanted_from,
            at,
        )
    except asyncpg.ForeignKeyViolationError:
        raise EntryRefused("area", "no such area") from None
    drafted = Act("draft", 0, None, {})
    await records.add(conn, Subject.APPLICATION, application_id, 1, None, ApplicationState.DRAFT, drafted, user, at)
    return application_id


async def act(conn: Connection, application_id: int, asked: Act, user: User, at: datetime) -> None:
    """One action on an application. Raises SubjectNotFound, Outpaced, ActRefused, EntryRefused."""
    taken = await records.take(conn, Subject.APPLICATION, application_id, asked, user)
    row = taken.row
    match asked.event:
        case "submit":
            calendar = await read_calendar(conn, at)
            reached = calendar.after_working_days(at, DECIDE_DAYS)
            await conn.execute(QUERIES.submit_application, application_id, at, reached.at)
        case "list":
            entry = Entry(
                list=AdmissionList.ASSIST,
                matter=row["matter"],
                zh_text=row["zh_text"],
                legal_basis=row["legal_basis"],
                area_id=row["area_id"],
                effective_from=_day(asked.fields["effective_from"]),
                source=row["number"],
            )
            item_id = await publish(conn, entry, user, at)
            await conn.execute(QUERIES.list_application, application_id, item_id)
        case "delist":
            await end(conn, row["item_id"], day_of(at), user, at)
        case _:
            pass
    await records.move(conn, taken, asked, user, at)


async def publish(conn: Connection, entry: Entry, user: User, at: datetime) -> int:
    """Put a line on a list, public from today.

    Raises EntryRefused where its matter stands on one already, and for an area that is not the user's own.
    """
    await _require_own_area(conn, entry.area_id, user)
    today = day_of(at)
    if entry.effective_from < today:
        raise EntryRefused("effective_from", _NOT_FOR_THE_PAST)
    try:
        item_id: int = await conn.fetchval(
            QUERIES.insert_item,
            entry.list,
            entry.matter,
            entry.zh_text,
            entry.legal_basis,
            entry.area_id,
            entry.effective_from,
            today,
            entry.source,
            user.actor,
        )
    except asyncpg.ForeignKeyViolationError:
        raise EntryRefused("area", "no such area") from None
    except asyncpg.CheckViolationError as refused:
        if refused.constraint_name != "admission_items_on_one_list":
            raise
        raise EntryRefused("matter", "stands on a list of this government at that time; end that entry first") from None
    return item_id


async def end(conn: Connection, item_id: int, last_day: date, user: User, at: datetime) -> None:
    """End a line of the user's own area; the row stays. Raises EntryRefused, also where it ended before."""
    entry = await conn.fetchrow(QUERIES.read_entry, item_id)
    if entry is None:
        raise EntryRefused("id", "no such entry")
    await _require_own_area(conn, entry["area_id"], user)
    if last_day < day_of(at):
        raise EntryRefused("last_day", _NOT_FOR_THE_PAST)
    last = max(last_day, entry["effective_from"])
    if await conn.fetchval(QUERIES.end_item, item_id, last, user.actor) is None:
        raise EntryRefused("id", "the entry has ended already")


async def record_order(
    conn: Connection,
    *,
    number: str,
    issuer_id: str,
    area_id: str,
    matters: Sequence[str],
    scope: str,
    from_at: datetime,
    ends_at: datetime,
    user: User,
    at: datetime,
) -> int:
    """Record the emergency order of a government for its area or a part of it; its id. Raises EntryRefused."""
    if ends_at - from_at > timedelta(days=30) or ends_at <= from_at:
        raise EntryRefused("ends_at", "an emergency order ends within 30 days of its beginning")
    await _require_own_area(conn, area_id, user)
    (issuer,) = await read_parties(conn, issuer=issuer_id)
    if issuer.kind is not OrganisationKind.GOVERNMENT:
        raise EntryRefused("issuer", "is no government")
    if not await conn.fetchval(QUERIES.lies_in, area_id, issuer.area_id):
        raise EntryRefused("area", "is no area of that government")
    try:
        order_id: int = await conn.fetchval(
            QUERIES.insert_order, number, issuer_id, area_id, list(matters), scope, from_at, ends_at, at, user.actor
        )
    except asyncpg.UniqueViolationError:
        raise EntryRefused("number", "an order of this number is recorded") from None
    return order_id


async def _require_own_area(conn: Connection, area_id: str | None, user: User) -> None:
    """Whoever sees only a part of the city publishes and orders for that part alone."""
    if user.scope is None:
        return
    if area_id is None or not await conn.fetchval(QUERIES.lies_in, area_id, user.scope):
        raise EntryRefused("area", "lies outside of your own")


def _day(given: object) -> date:
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise EntryRefused("effective_from", "is not a day such as 2026-11-22") from None

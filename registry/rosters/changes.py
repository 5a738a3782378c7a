"""Changes rosters: persons, rotations in new versions, overrides, and swaps that both persons have agreed to.

Each function joins the caller's transaction; on an error it must not be committed. What has been is never rewritten: a
change begins now or later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

import asyncpg

from registry.rosters.duty import stands_throughout
from registry.rosters.errors import RosterNotFound, RosterRefused, SwapSettled
from registry.rosters.model import DutyRole, ShiftUnit
from registry.rosters.store import QUERIES, read_contacts, read_rosters
from runtime.pool import Connection

# Every handover within is looked at, so the time has an end.
SWAP_MAX: Final = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class NewContact:
    """A person who shall be reachable: one with a log-in, or a named one with a telephone."""

    organisation_id: str
    zh_name: str
    user_id: int | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class NewRotation:
    """A version of a rotation; without participants it ends what was there."""

    number: int
    participants: Sequence[int]
    handover_time: time
    handover_weekday: int | None
    shift_length: int
    shift_unit: ShiftUnit
    valid_from: datetime
    valid_until: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Span:
    """A time on one rotation of a roster."""

    number: int
    contact_id: int
    from_at: datetime
    until_at: datetime


async def add_contact(conn: Connection, new: NewContact, actor: str, at: datetime) -> int:
    """Raises RosterRefused. The first test of reachability is due at once."""
    if new.user_id is not None and not await conn.fetchval(
        QUERIES.user_of_organisation, new.user_id, new.organisation_id
    ):
        raise RosterRefused("user_id", "no such user of the organisation")
    try:
        async with conn.transaction():
            contact_id: int = await conn.fetchval(
                QUERIES.insert_contact, new.organisation_id, new.user_id, new.zh_name, new.phone, at, actor
            )
    except asyncpg.UniqueViolationError:
        raise RosterRefused("user_id", "is a contact already") from None
    except asyncpg.ForeignKeyViolationError:
        raise RosterRefused("organisation", "no such organisation") from None
    except asyncpg.CheckViolationError as error:
        raise RosterRefused("phone", f"breaks the rule {error.constraint_name}") from None
    return contact_id


async def enable_contact(conn: Connection, contact_id: int, enabled: bool, at: datetime) -> None:
    """Whoever has left is on duty no more; the gap that it leaves is looked for at once. Raises RosterNotFound."""
    organisation_id = await conn.fetchval(QUERIES.enable_contact, contact_id, enabled)
    if organisation_id is None:
        raise RosterNotFound("contact", contact_id)
    await conn.execute(QUERIES.look_at_rosters_of, organisation_id, at)


async def add_roster(
    conn: Connection, organisation_id: str, role: DutyRole, zh_name: str, en_name: str, actor: str, at: datetime
) -> int:
    """Raises RosterRefused for an organisation that is unknown, a committee, or has such a roster."""
    try:
        async with conn.transaction():
            roster_id: int = await conn.fetchval(
                QUERIES.insert_roster, organisation_id, role, zh_name, en_name, at, actor
            )
    except asyncpg.UniqueViolationError:
        raise RosterRefused("role", "the organisation has such a roster") from None
    except asyncpg.ForeignKeyViolationError:
        raise RosterRefused("organisation", "no such organisation") from None
    except asyncpg.CheckViolationError:
        raise RosterRefused("organisation", "a residents' committee is under nobody's order") from None
    return roster_id


async def add_rotation(conn: Connection, roster_id: int, new: NewRotation, actor: str, at: datetime) -> int:
    """Add the next version of a rotation; returns its number. Only the first may begin in the past.

    Raises RosterNotFound, RosterRefused.
    """
    organisation_id = await _hold(conn, roster_id)
    await _refuse_strangers(conn, organisation_id, new.participants, "participants")
    newest = await conn.fetchrow(QUERIES.newest_rotation, roster_id, new.number)
    if newest is not None and new.valid_from < at:
        raise RosterRefused("valid_from", "what has been is not rewritten")
    version: int = 1 if newest is None else newest["version"] + 1
    try:
        async with conn.transaction():
            await conn.execute(
                QUERIES.insert_rotation,
                roster_id,
                new.number,
                version,
                new.handover_weekday,
                new.handover_time,
                new.shift_length,
                new.shift_unit,
                new.valid_from,
                new.valid_until,
                new.source,
                at,
                actor,
            )
    except asyncpg.CheckViolationError as error:
        named = "handover_weekday" if error.constraint_name == "rotations_weekday_of_weeks" else "valid_until"
        raise RosterRefused(named, f"breaks the rule {error.constraint_name}") from None
    await conn.execute(QUERIES.insert_participants, roster_id, new.number, version, list(new.participants))
    await conn.execute(QUERIES.look_at_roster, roster_id, at)
    return version


async def override(conn: Connection, roster_id: int, span: Span, reason: str, actor: str, at: datetime) -> int:
    """Put a person on a rotation for a time, from now at the earliest. Raises RosterNotFound, RosterRefused."""
    organisation_id = await _hold(conn, roster_id)
    await _refuse_strangers(conn, organisation_id, [span.contact_id], "contact_id")
    if span.until_at <= max(at, span.from_at):
        raise RosterRefused("until_at", "is over, or before it begins")
    stand_in = await _stand_in(conn, roster_id, span, reason, None, actor, at)
    await conn.execute(QUERIES.look_at_roster, roster_id, at)
    return stand_in


async def cancel_override(conn: Connection, roster_id: int, stand_in_id: int, actor: str, at: datetime) -> None:
    """What of it has not been. Raises RosterNotFound, also for one that is over."""
    await _hold(conn, roster_id)
    if await conn.fetchval(QUERIES.cancel_override, stand_in_id, roster_id, at, actor) is None:
        raise RosterNotFound("override", stand_in_id)
    await conn.execute(QUERIES.look_at_roster, roster_id, at)


async def propose_swap(
    conn: Connection, roster_id: int, giver: Span, taker: Span, reason: str, actor: str, at: datetime
) -> int:
    """Ask two persons to exchange duties that are theirs; changes nothing yet. Raises RosterNotFound, RosterRefused."""
    await _hold(conn, roster_id)
    if giver.contact_id == taker.contact_id:
        raise RosterRefused("taker", "is the same person")
    await _refuse_others_duty(conn, roster_id, giver, taker, at)
    swap_id: int = await conn.fetchval(
        QUERIES.insert_swap,
        roster_id,
        giver.contact_id,
        giver.number,
        giver.from_at,
        giver.until_at,
        taker.contact_id,
        taker.number,
        taker.from_at,
        taker.until_at,
        reason,
        at,
        actor,
    )
    return swap_id


async def agree(conn: Connection, swap_id: int, contact_id: int, actor: str, at: datetime) -> bool:
    """Record the consent of one of the two; True when both have agreed now and the swap stands.

    Raises RosterNotFound for who is neither, SwapSettled, RosterRefused where the duties changed meanwhile.
    """
    swap = await _open_swap(conn, swap_id)
    giver = Span(swap["giver_number"], swap["giver_id"], swap["giver_from_at"], swap["giver_until_at"])
    taker = Span(swap["taker_number"], swap["taker_id"], swap["taker_from_at"], swap["taker_until_at"])
    if contact_id not in (giver.contact_id, taker.contact_id):
        raise RosterNotFound("swap", swap_id)
    by_giver = contact_id == giver.contact_id
    if swap["giver_agreed_at" if by_giver else "taker_agreed_at"] is None:
        await conn.execute(QUERIES.agree_as_giver if by_giver else QUERIES.agree_as_taker, swap_id, at, actor)
    if swap["taker_agreed_at" if by_giver else "giver_agreed_at"] is None:
        return False
    roster_id = swap["roster_id"]
    await _refuse_others_duty(conn, roster_id, giver, taker, at)
    for span, other in ((giver, taker), (taker, giver)):
        stands = Span(span.number, other.contact_id, span.from_at, span.until_at)
        await _stand_in(conn, roster_id, stands, swap["reason"], swap_id, actor, at)
    await conn.execute(QUERIES.look_at_roster, roster_id, at)
    return True


async def end_swap(conn: Connection, swap_id: int, actor: str, at: datetime) -> None:
    """Refuse or withdraw a swap, or take back what of it has not been after both agreed.

    Raises RosterNotFound, SwapSettled.
    """
    swap = await _open_swap(conn, swap_id, agreed=True)
    if at >= max(swap["giver_until_at"], swap["taker_until_at"]):
        raise SwapSettled(swap_id, "over")
    await conn.execute(QUERIES.end_swap, swap_id, at, actor)
    await conn.execute(QUERIES.cancel_swapped, swap_id, at, actor)
    await conn.execute(QUERIES.look_at_roster, swap["roster_id"], at)


async def _hold(conn: Connection, roster_id: int) -> str:
    organisation_id: str | None = await conn.fetchval(QUERIES.hold_roster, roster_id)
    if organisation_id is None:
        raise RosterNotFound("roster", roster_id)
    return organisation_id


async def _refuse_strangers(conn: Connection, organisation_id: str, contact_ids: Sequence[int], named: str) -> None:
    known = await read_contacts(conn, set(contact_ids))
    for contact_id in contact_ids:
        contact = known.get(contact_id)
        if contact is None or contact.organisation_id != organisation_id or not contact.enabled:
            raise RosterRefused(named, f"no contact {contact_id} of the organisation")


async def _refuse_others_duty(conn: Connection, roster_id: int, giver: Span, taker: Span, at: datetime) -> None:
    roster = (await read_rosters(conn, ids=[roster_id]))[0]
    for name, span in (("giver", giver), ("taker", taker)):
        if span.from_at < at or span.until_at <= span.from_at:
            raise RosterRefused(name, "the duty has begun, or ends before it begins")
        if span.until_at - span.from_at > SWAP_MAX:
            raise RosterRefused(name, f"is longer than {SWAP_MAX.days} days")
        if not stands_throughout(roster, span.number, span.contact_id, span.from_at, span.until_at):
            raise RosterRefused(name, "is not the person's duty all that time")


async def _open_swap(conn: Connection, swap_id: int, *, agreed: bool = False) -> asyncpg.Record:
    swap = await conn.fetchrow(QUERIES.hold_swap, swap_id)
    if swap is None:
        raise RosterNotFound("swap", swap_id)
    if swap["ended_at"] is not None:
        raise SwapSettled(swap_id, "ended")
    if not agreed and swap["giver_agreed_at"] is not None and swap["taker_agreed_at"] is not None:
        raise SwapSettled(swap_id, "agreed")
    return swap


async def _stand_in(
    conn: Connection, roster_id: int, span: Span, reason: str, swap_id: int | None, actor: str, at: datetime
) -> int:
    try:
        async with conn.transaction():
            stand_in_id: int = await conn.fetchval(
                QUERIES.insert_stand_in,
                roster_id,
                span.number,
                span.contact_id,
                max(span.from_at, at),
                span.until_at,
                reason,
                swap_id,
                at,
                actor,
            )
    except asyncpg.ExclusionViolationError:
        raise RosterRefused("from_at", "somebody stands in at that time already") from None
    return stand_in_id

"""Rosters: who is on duty when and why, where nobody is, and what keeps them: versions, overrides, swaps."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.accounts.model import User
from dispatcher.api.cursors import decode, encode
from dispatcher.api.errors import FieldRefused
from dispatcher.api.handlers.contacts import shown_contact
from dispatcher.api.keeping import kept, may_keep, refuse_other_keepers
from dispatcher.api.models import rosters as models
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from registry.rosters import changes
from registry.rosters.duty import gaps, on_duty, stretches
from registry.rosters.errors import RosterNotFound
from registry.rosters.model import Contact, Duty, Roster
from registry.rosters.store import QUERIES, read_contacts, read_rosters, rotations_on_record
from runtime.pool import Connection

LOOKED_AT_MAX: Final = timedelta(days=92)
_A_WEEK: Final = timedelta(days=7)
_LAST_ID: Final = 2**63 - 1


async def list_rosters(call: Call[None, models.RosterFilter, None]) -> models.Rosters:
    asked, viewer = call.query, call.viewer
    key = decode(asked.cursor, str, int) or (None, None)
    at = asked.at or call.at
    rows = await call.conn.fetch(
        QUERIES.list_rosters_in_sight,
        viewer.scope,
        viewer.organisation_id,
        asked.organisation,
        None,
        *key,
        asked.limit,
    )
    found = await read_rosters(call.conn, ids=[row["id"] for row in rows], since=at)
    names = await _names(call.conn, found)
    keeps = await kept(call.conn, viewer, {roster.organisation_id for roster in found})
    following = encode(rows[-1]["organisation_id"], rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.Rosters(items=[_row(roster, at, names, keeps) for roster in found], next=following)


async def create_roster(call: Call[None, None, models.NewRoster]) -> models.RosterDetail:
    asked, viewer = call.body, call.viewer
    await refuse_other_keepers(call.conn, viewer, asked.organisation)
    roster_id = await changes.add_roster(
        call.conn, asked.organisation, asked.role, asked.zh_name, asked.en_name, viewer.actor, call.at
    )
    return await _detail(call, roster_id)


async def read_roster(call: Call[ById, None, None]) -> models.RosterDetail:
    return await _detail(call, call.params.id)


async def read_on_duty(call: Call[ById, models.OnDutyFilter, None]) -> models.OnDuty:
    at = call.query.at or call.at
    roster = await _one(call.conn, call.viewer, call.params.id, since=at)
    return _on_duty(on_duty(roster, at), at, await _names(call.conn, [roster]))


async def list_shifts(call: Call[ById, models.SpanFilter, None]) -> models.Stretches:
    from_at, until_at = _span(call)
    roster = await _one(call.conn, call.viewer, call.params.id, since=from_at)
    names = await _names(call.conn, [roster])
    return models.Stretches(
        items=[
            models.Stretch(
                from_at=each.from_at,
                until_at=each.until_at,
                persons=_persons(each.duty, names),
                vacant=list(each.duty.vacant),
            )
            for each in stretches(roster, from_at, until_at)
        ]
    )


async def list_gaps(call: Call[ById, models.SpanFilter, None]) -> models.Gaps:
    from_at, until_at = _span(call)
    roster = await _one(call.conn, call.viewer, call.params.id, since=from_at)
    return models.Gaps(items=[models.Gap(**asdict(gap)) for gap in gaps(roster, from_at, until_at)])


async def list_roster_gaps(call: Call[None, models.GapFilter, None]) -> models.RosterGaps:
    """What was warned of, newest first."""
    key = decode(call.query.cursor, int)
    viewer, asked = call.viewer, call.query
    rows = await call.conn.fetch(
        QUERIES.list_gaps_in_sight,
        viewer.scope,
        viewer.organisation_id,
        asked.settled,
        key[0] if key else _LAST_ID,
        asked.limit,
    )
    following = encode(rows[-1]["id"]) if len(rows) == asked.limit else None
    return models.RosterGaps(items=[models.RosterGap(**dict(row)) for row in rows], next=following)


async def add_rotation(call: Call[ById, None, models.NewRotation]) -> models.RosterDetail:
    await _keep(call.conn, call.viewer, call.params.id, call.at)
    new = changes.NewRotation(**call.body.model_dump())
    await changes.add_rotation(call.conn, call.params.id, new, call.viewer.actor, call.at)
    return await _detail(call, call.params.id)


async def add_override(call: Call[ById, None, models.NewOverride]) -> models.RosterDetail:
    await _keep(call.conn, call.viewer, call.params.id, call.at)
    asked = call.body
    span = changes.Span(asked.number, asked.contact_id, asked.from_at, asked.until_at)
    await changes.override(call.conn, call.params.id, span, asked.reason, call.viewer.actor, call.at)
    return await _detail(call, call.params.id)


async def cancel_override(call: Call[ById, None, None]) -> models.RosterDetail:
    roster_id = await call.conn.fetchval(QUERIES.roster_of_override, call.params.id)
    if roster_id is None:
        raise RosterNotFound("override", call.params.id)
    await _keep(call.conn, call.viewer, roster_id, call.at)
    await changes.cancel_override(call.conn, roster_id, call.params.id, call.viewer.actor, call.at)
    return await _detail(call, roster_id)


async def propose_swap(call: Call[ById, None, models.NewSwap]) -> models.RosterDetail:
    """Anybody of the organisation may ask two persons; nothing changes before both agree."""
    roster = await _one(call.conn, call.viewer, call.params.id, since=call.at)
    if call.viewer.organisation_id != roster.organisation_id:
        await refuse_other_keepers(call.conn, call.viewer, roster.organisation_id)
    asked = call.body
    giver, taker = (changes.Span(**each.model_dump()) for each in (asked.giver, asked.taker))
    await changes.propose_swap(call.conn, roster.id, giver, taker, asked.reason, call.viewer.actor, call.at)
    return await _detail(call, roster.id)


async def agree_to_swap(call: Call[ById, None, models.Consent]) -> models.RosterDetail:
    """One's own consent; the keeper of the roster records that of a person who has no log-in."""
    viewer = call.viewer
    roster_id = await _roster_of_swap(call.conn, call.params.id)
    roster = await _one(call.conn, viewer, roster_id, since=call.at)
    contact_id = await call.conn.fetchval(QUERIES.contact_of_user, viewer.id)
    if call.body.contact_id is not None and call.body.contact_id != contact_id:
        contact = (await read_contacts(call.conn, [call.body.contact_id])).get(call.body.contact_id)
        if contact is None or contact.user_id is not None:
            raise FieldRefused(("body", "contact_id"), "whoever has a log-in agrees alone")
        await refuse_other_keepers(call.conn, viewer, roster.organisation_id)
        contact_id = contact.id
    if contact_id is None:
        raise RosterNotFound("contact of yours", viewer.id)
    await changes.agree(call.conn, call.params.id, contact_id, viewer.actor, call.at)
    return await _detail(call, roster_id)


async def end_swap(call: Call[ById, None, None]) -> models.RosterDetail:
    """Refuse, withdraw or take back: by either of the two, or by the keeper of the roster."""
    viewer = call.viewer
    roster_id = await _roster_of_swap(call.conn, call.params.id)
    roster = await _one(call.conn, viewer, roster_id, since=call.at)
    own = await call.conn.fetchval(QUERIES.contact_of_user, viewer.id)
    swap = await call.conn.fetchrow(QUERIES.hold_swap, call.params.id)
    if swap is None or own is None or own not in (swap["giver_id"], swap["taker_id"]):
        await refuse_other_keepers(call.conn, viewer, roster.organisation_id)
    await changes.end_swap(call.conn, call.params.id, viewer.actor, call.at)
    return await _detail(call, roster_id)


async def _roster_of_swap(conn: Connection, swap_id: int) -> int:
    swap = await conn.fetchrow(QUERIES.hold_swap, swap_id)
    if swap is None:
        raise RosterNotFound("swap", swap_id)
    return int(swap["roster_id"])


async def _keep(conn: Connection, viewer: User, roster_id: int, at: datetime) -> None:
    roster = await _one(conn, viewer, roster_id, since=at)
    await refuse_other_keepers(conn, viewer, roster.organisation_id)


async def _one(conn: Connection, viewer: User, roster_id: int, *, since: datetime) -> Roster:
    """A roster in sight, with who stands in from then on. Raises RosterNotFound."""
    sight = (viewer.scope, viewer.organisation_id, None, roster_id)
    if not await conn.fetch(QUERIES.list_rosters_in_sight, *sight, None, None, 1):
        raise RosterNotFound("roster", roster_id)
    return (await read_rosters(conn, ids=[roster_id], since=since))[0]


async def _names(conn: Connection, rosters: Iterable[Roster]) -> Mapping[int, Contact]:
    """Everybody who stands in the rosters, by contact."""
    named = {
        contact_id
        for roster in rosters
        for contact_id in (
            *(each for rotation in roster.rotations for each in rotation.participants),
            *(each.contact_id for each in roster.stand_ins),
        )
    }
    return await read_contacts(conn, named)


def _row(roster: Roster, at: datetime, names: Mapping[int, Contact], keeps: Collection[str]) -> models.Roster:
    return models.Roster(
        id=roster.id,
        organisation_id=roster.organisation_id,
        role=roster.role,
        zh_name=roster.zh_name,
        en_name=roster.en_name,
        on_duty=_on_duty(on_duty(roster, at), at, names),
        may_change=roster.organisation_id in keeps,
    )


async def _detail(call: Call[Any, Any, Any], roster_id: int) -> models.RosterDetail:
    roster = await _one(call.conn, call.viewer, roster_id, since=call.at)
    names = await _names(call.conn, [roster])
    swaps = await call.conn.fetch(QUERIES.list_swaps, roster_id, call.at)
    return models.RosterDetail(
        id=roster.id,
        organisation_id=roster.organisation_id,
        role=roster.role,
        zh_name=roster.zh_name,
        en_name=roster.en_name,
        on_duty=_on_duty(on_duty(roster, call.at), call.at, names),
        may_change=await may_keep(call.conn, call.viewer, roster.organisation_id),
        contacts=[shown_contact(each, call.viewer) for each in names.values()],
        rotations=[
            models.Rotation(**{key: value for key, value in row.items() if key != "roster_id"})
            for row in await rotations_on_record(call.conn, roster_id)
        ],
        stand_ins=[models.StandIn(**asdict(each)) for each in roster.stand_ins],
        swaps=[models.Swap(**{key: value for key, value in dict(row).items() if key != "roster_id"}) for row in swaps],
    )


def _on_duty(duty: Duty, at: datetime, names: Mapping[int, Contact]) -> models.OnDuty:
    return models.OnDuty(at=at, reason=duty.reason, persons=_persons(duty, names), vacant=list(duty.vacant))


def _persons(duty: Duty, names: Mapping[int, Contact]) -> list[models.Person]:
    return [
        models.Person(
            contact_id=each.contact_id, zh_name=names[each.contact_id].zh_name, reason=each.reason, number=each.number
        )
        for each in duty.persons
    ]


def _span(call: Call[ById, models.SpanFilter, None]) -> tuple[datetime, datetime]:
    from_at = call.query.from_at or call.at
    until_at = call.query.until_at or from_at + _A_WEEK
    if not timedelta() < until_at - from_at <= LOOKED_AT_MAX:
        raise FieldRefused(("query", "until_at"), "is not within 92 days after from_at")
    return from_at, until_at

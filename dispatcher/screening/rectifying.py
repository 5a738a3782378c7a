"""Hazards become joint tickets, and follow them: one open joint rectification a hazard, by its case."""

from dataclasses import replace
from typing import Final

from dispatcher.accounts.model import User
from dispatcher.screening import records
from dispatcher.screening.errors import ScreeningFieldRefused
from dispatcher.screening.model import Hazard, HazardState
from dispatcher.screening.records import QUERIES, Did
from dispatcher.tickets import acting
from dispatcher.tickets.model import Actor, TicketDraft, TicketId, TicketKind
from runtime.pool import Connection

_RULE: Final = "screening"


async def rectify(conn: Connection, hazard: Hazard, did: Did, user: User | None, ticket_id: object) -> TicketId:
    """Propose the joint rectification of a hazard at its level, or tie it to an open one that somebody names.

    The proposal has to be admitted as any other. Its case holds at most one open joint ticket: a constraint.
    Raises ScreeningFieldRefused.
    """
    if ticket_id is not None:
        case_id, ticket = await _named(conn, ticket_id, None if user is None else user.scope)
    else:
        case_id = hazard.case_id or await conn.fetchval(QUERIES.insert_case, did.at)
        ticket = await _propose(conn, hazard, case_id, did, user)
    after = replace(
        hazard,
        state=HazardState.UNDER_RECTIFICATION,
        case_id=case_id,
        ticket_id=ticket,
        review_at=None,
    )
    await records.write(conn, hazard, after, replace(did, fields={**did.fields, "ticket_id": ticket}))
    return ticket


async def is_worked_on(conn: Connection, hazard: Hazard) -> bool:
    """Whether its case has an open joint ticket, such as one whose look-back just failed."""
    if hazard.case_id is None:
        return False
    return await conn.fetchval(QUERIES.open_joint_ticket, hazard.case_id) is not None


async def _propose(conn: Connection, hazard: Hazard, case_id: int, did: Did, user: User | None) -> TicketId:
    standing = await conn.fetchval(QUERIES.open_joint_ticket, case_id)
    if standing is not None:  # Its own ticket is open still: it goes on there.
        return TicketId(standing)
    kinds = (await records.read_yardstick(conn)).kinds
    draft = TicketDraft(
        ticket_kind=TicketKind.JOINT_RECTIFICATION,
        case_id=case_id,
        incident_id=None,
        kind=kinds[hazard.kind].event_kind,
        time_critical=False,
        grade=hazard.standing_level,
        demand=None,
        area_id=hazard.area_id,
        area_path=hazard.area_path,
        place=hazard.place,
        lon=hazard.lon,
        lat=hazard.lat,
    )
    actor = Actor.rule(_RULE) if user is None else Actor.of_user(user)
    reason = f"{hazard.number}: {did.reason}" if did.reason else hazard.number
    return await acting.propose(conn, draft, did.at, actor=actor, reason=reason)


async def _named(conn: Connection, ticket_id: object, scope: str | None) -> tuple[int, TicketId]:
    known = type(ticket_id) is int and 0 < ticket_id < 2**63
    row = await conn.fetchrow(QUERIES.hold_joint_ticket, ticket_id, scope) if known else None
    if row is None:
        raise ScreeningFieldRefused("ticket_id", "no open joint rectification")
    return row["case_id"], TicketId(row["id"])

"""What the detectors propose and a person decides: a proposal becomes a joint rectification, or is declined."""

from dataclasses import dataclass
from datetime import datetime

from asyncpg import Record

from dispatcher.accounts.model import UserId
from dispatcher.tickets import acting
from dispatcher.tickets.model import Actor, TicketDraft, TicketId, TicketKind
from dispatcher.tickets.records import QUERIES
from runtime.pool import Connection


class ProposalNotFound(LookupError):
    """There is no such proposal where the reader sees, or no incident stands behind it any more."""


class ProposalDecided(Exception):
    """Somebody decided it before: it is `state`."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the proposal is {state}")
        self.state = state


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides which proposal, and why; `area_id` bounds what they see, None: everything."""

    proposal_id: int
    user_id: UserId
    area_id: str | None
    reason: str
    at: datetime


async def take_up(conn: Connection, decision: Decision, level: int, actor: Actor) -> TicketId:
    """Open the joint rectification that was proposed, at the hazard level that the person sees; it has to be admitted.

    Raises ProposalNotFound, ProposalDecided, asyncpg.UniqueViolationError where the case has an open one.
    """
    row = await _hold(conn, decision)
    behind = await conn.fetchrow(QUERIES.newest_incident_of, row["witnesses"])
    if behind is None:
        raise ProposalNotFound
    draft = TicketDraft(
        ticket_kind=TicketKind.JOINT_RECTIFICATION,
        case_id=behind["case_id"],
        incident_id=behind["id"],
        kind=row["kind"],
        time_critical=False,
        grade=level,
        demand=None,
        area_id=row["area_id"],
        area_path=tuple(row["area_path"]),
        place=row["place"],
        lon=row["lon"],
        lat=row["lat"],
    )
    ticket_id = await acting.propose(conn, draft, decision.at, actor=actor, reason=decision.reason)
    await _decide(conn, decision, "admitted", ticket_id)
    return ticket_id


async def decline(conn: Connection, decision: Decision) -> None:
    """Decline a proposal with a reason. Raises ProposalNotFound, ProposalDecided."""
    await _hold(conn, decision)
    await _decide(conn, decision, "declined", None)


async def _hold(conn: Connection, decision: Decision) -> Record:
    row = await conn.fetchrow(QUERIES.hold_proposal, decision.proposal_id, decision.area_id)
    if row is None:
        raise ProposalNotFound
    if row["state"] != "proposed":
        raise ProposalDecided(row["state"])
    return row


async def _decide(conn: Connection, decision: Decision, state: str, ticket_id: TicketId | None) -> None:
    await conn.execute(
        QUERIES.decide_proposal,
        decision.proposal_id,
        state,
        decision.at,
        decision.user_id,
        decision.reason,
        ticket_id,
    )

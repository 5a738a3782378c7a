"""The part of the screening stage that follows joint tickets: each of their moves once, in order, in the step."""

from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol

from asyncpg import Record

from dispatcher.screening import hazards, records
from dispatcher.screening.lifecycle import Followed, HazardEvent, TicketMove, follow
from dispatcher.screening.model import By, Hazard, HazardState
from dispatcher.screening.records import QUERIES, Did
from dispatcher.tickets.words import TicketEvent, TicketState
from runtime.pool import Connection

BATCH_MOVES: Final = 200


class Moment(Protocol):
    """What this package reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...


async def follow_tickets(step: Moment) -> tuple[int, int]:
    """Bring hazards to where their tickets are; (moves taken, hazards changed). Cheap where nothing moved."""
    rows = await step.conn.fetch(QUERIES.waiting_moves, BATCH_MOVES)
    changed = 0
    for row in rows:
        for held in await step.conn.fetch(QUERIES.hold_hazards_of_ticket, row["ticket_id"]):
            changed += await _follow(step, records.hazard_of(held), row)
        await step.conn.execute(QUERIES.put_followed, row["ticket_id"], row["version"], step.at)
    return len(rows), changed


async def end_acceptances(step: Moment) -> int:
    """An acceptance that has run out: the hazard is open again, and somebody has to decide anew."""
    rows = await step.conn.fetch(QUERIES.hold_ended_acceptances, step.at, BATCH_MOVES)
    for row in rows:
        hazard = records.hazard_of(row)
        did = Did(HazardEvent.ACCEPTANCE_ENDED, By.rule("screening"), step.at)
        await records.write(step.conn, hazard, replace(hazard, state=HazardState.OPEN, review_at=None), did)
    return len(rows)


async def _follow(step: Moment, hazard: Hazard, row: Record) -> bool:
    move = TicketMove(
        event=TicketEvent(row["event"]),
        to_state=TicketState(row["to_state"]),
        residual_level=row["residual_grade"],
        last_look_back=row["last_look_back"],
    )
    did = Did(
        HazardEvent.TICKET_MERGED,
        By(row["actor"], row["actor_name"], row["organisation_id"]),
        row["at"],
        row["reason"],
        {"ticket_id": row["ticket_id"], "ticket_version": row["version"]},
    )
    if move.to_state is TicketState.MERGED:
        after = replace(hazard, ticket_id=row["merged_into"], case_id=row["survivor_case"])
        if after.ticket_id is not None:
            await records.write(step.conn, hazard, after, did)
            # The survivor may have moved on before this step saw the merge: this hazard was not with it yet.
            for missed in await step.conn.fetch(QUERIES.passed_moves_since, after.ticket_id, row["at"]):
                now = await records.hold(step.conn, hazard.id, version=None, scope=None)
                await _follow(step, now, missed)
        return after.ticket_id is not None
    followed = follow(hazard.state, move)
    if followed is None or await hazards.twin_of(step.conn, hazard) is not None:
        return False
    await _write(step.conn, hazard, followed, move, replace(did, event=followed.event))
    return True


async def _write(conn: Connection, hazard: Hazard, followed: Followed, move: TicketMove, did: Did) -> None:
    match followed.event:
        case HazardEvent.TICKET_RELAPSED:
            await hazards.relapse(conn, hazard, did)
        case HazardEvent.TICKET_CLOSED_OUT:
            after = replace(hazard, state=followed.to_state, residual_level=move.residual_level)
            await records.write(conn, hazard, after, did)
        case _:
            await records.write(conn, hazard, replace(hazard, state=followed.to_state), did)

"""Acts on tickets: one action, what follows for other tickets, and telling of it, in the caller's transaction."""

from dataclasses import replace
from datetime import datetime

from dispatcher.tickets import store
from dispatcher.tickets.announcing import CHANGED, OPENED, announce, tell_units
from dispatcher.tickets.clocks import Rules
from dispatcher.tickets.effects import joined
from dispatcher.tickets.model import (
    Action,
    Actor,
    EntryKind,
    Ticket,
    TicketDraft,
    TicketEvent,
    TicketId,
    TicketKind,
    Transition,
)
from dispatcher.tickets.records import QUERIES, read_context, read_rules, read_ticket
from dispatcher.tickets.reporting import as_record, left
from dispatcher.tickets.store import Acted
from dispatcher.tickets.writing import update
from runtime.pool import Connection


async def act(conn: Connection, ticket_id: int, action: Action, actor: Actor, at: datetime) -> Acted:
    """Do one action on the version that the actor saw, with all that follows for other tickets, and tell of it.

    Raises TicketNotFound, VersionConflict with the winner where the ticket moved on, ActionRefused where the rules
    forbid it. A line of the timeline conflicts with nothing: its version is not compared.
    """
    await store.hold(conn, ticket_id, action)
    before = await read_ticket(conn, ticket_id)
    context = await read_context(conn, before, action, at)
    acted = await store.apply(conn, before, action, actor, at, context)
    await _spread(conn, before, acted, action, actor, at, context.rules)
    units = frozenset(assignment.organisation_id for assignment in before.active)
    row = await announce(conn, acted.ticket, CHANGED, at, also=units)
    if isinstance(acted.record, Transition):
        await tell_units(conn, before, acted.ticket, acted.record, row)
    return acted


async def propose(
    conn: Connection, draft: TicketDraft, at: datetime, *, actor: Actor, reason: str | None, origin: int | None = None
) -> TicketId:
    """Open a proposal of a joint rectification, linked with the ticket that it came from, and tell of it.

    Raises asyncpg.UniqueViolationError where the case has an open one.
    """
    ticket_id = await store.open_ticket(conn, draft, at, actor=actor, reason=reason)
    if origin is not None:
        await conn.execute(QUERIES.insert_link, origin, ticket_id, "converted", at)
    await announce(conn, await read_ticket(conn, ticket_id), OPENED, at)
    return ticket_id


async def _spread(
    conn: Connection, before: Ticket, acted: Acted, action: Action, actor: Actor, at: datetime, rules: Rules
) -> None:
    fields = action.fields
    match action.event:
        case TicketEvent.MERGE:
            survivor = await read_ticket(conn, fields["survivor"])
            after = await store.absorb(conn, before, survivor, at, rules)
            await announce(conn, after, CHANGED, at)
        case TicketEvent.UNMERGE:
            await _take_back(conn, before, at)
        case TicketEvent.SPLIT:
            await _split(conn, before, acted.ticket, action, actor, at)
        case TicketEvent.CONVERT:
            draft = joint_draft(before, fields["level"])
            await propose(conn, draft, at, actor=actor, reason=fields["cause"], origin=before.id)
        case TicketEvent.LINK:
            await conn.execute(QUERIES.insert_link, before.id, fields["ticket"], fields["relation"], at)
        case _:
            pass


def joint_draft(source: Ticket, level: int) -> TicketDraft:
    """A proposal about the case of a ticket, at the level that its proposer sees."""
    return TicketDraft(
        ticket_kind=TicketKind.JOINT_RECTIFICATION,
        case_id=source.case_id,
        incident_id=source.incident_id,
        kind=source.kind,
        time_critical=False,
        grade=level,
        demand=None,
        area_id=source.area_id,
        area_path=source.area_path,
        place=source.place,
        lon=source.lon,
        lat=source.lat,
    )


async def _take_back(conn: Connection, unmerged: Ticket, at: datetime) -> None:
    survivor = await read_ticket(conn, unmerged.merged_into or 0)
    gone = frozenset(unmerged.merged_reports)
    after = left(survivor, gone)
    await update(conn, survivor, after)
    body = {"ticket_id": unmerged.id, "number": unmerged.number, "call_ids": sorted(gone)}
    await store.add_entry(conn, after, EntryKind.REPORTS_LEFT, body, at)
    await announce(conn, after, CHANGED, at)


async def _split(conn: Connection, before: Ticket, after: Ticket, action: Action, actor: Actor, at: datetime) -> None:
    """A part becomes a ticket of its own case; a report that goes with it keeps the promise that it was given."""
    case_id = await conn.fetchval(QUERIES.insert_case, at)
    draft = TicketDraft(
        case_id=case_id,
        incident_id=before.incident_id,
        kind=before.kind,
        time_critical=before.time_critical,
        grade=before.grade,
        demand=before.demand,
        area_id=before.area_id,
        area_path=before.area_path,
        place=before.place,
        lon=before.lon,
        lat=before.lat,
        external_due_at=next((run.due_at for run in before.running if run.clock == "c_resolve"), None),
    )
    ticket_id = await store.open_ticket(conn, draft, at, actor=actor, reason=action.reason)
    part = await read_ticket(conn, ticket_id)
    report = next((each for each in before.reports if each.call_id == action.fields.get("call_id")), None)
    if report is not None:
        moved = replace(report, joined_at=at)
        joined_part = joined(part, moved, before.demand, await read_rules(conn, at, [part.kind]))
        await update(conn, part, joined_part)
        body = {**as_record(moved), "demand": before.demand}
        await store.add_entry(conn, joined_part, EntryKind.REPORT_JOINED, body, at)
        part = joined_part
    await conn.execute(QUERIES.insert_link, after.id, part.id, "split", at)
    await store.note(conn, part, action.fields["matter"], at, actor=actor)
    await announce(conn, part, OPENED, at)

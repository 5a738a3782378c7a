"""Changes a ticket: every action is compared with the version it saw, decided, and written with its record.

Each function joins the caller's transaction; on an error the caller's transaction must not be committed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from dispatcher.tickets import effects, lifecycle, replaying
from dispatcher.tickets.citing import note_evidence
from dispatcher.tickets.clocks import Rules
from dispatcher.tickets.errors import ActionRefused, TicketNotFound, VersionConflict
from dispatcher.tickets.grammar import Effect, Guard
from dispatcher.tickets.model import (
    RULE_ROLE,
    Action,
    Actor,
    Entry,
    EntryKind,
    Report,
    Ticket,
    TicketDraft,
    TicketEvent,
    TicketId,
    TicketKind,
    TicketState,
    Transition,
)
from dispatcher.tickets.questions import Context
from dispatcher.tickets.records import (
    QUERIES,
    add_record,
    insert,
    read_log,
    read_rules,
    read_ticket,
)
from dispatcher.tickets.refusing import Refused
from dispatcher.tickets.reporting import as_record
from dispatcher.tickets.transitions import OPENING, is_line
from dispatcher.tickets.writing import update
from events.model import Event
from registry.numbering import take_number
from runtime.pool import Connection

LOG = structlog.get_logger(__name__)

AUTO = Actor.rule("auto")
"""The rule that opens, accepts and dispatches by itself."""

_PREFIXES = {TicketKind.CALL_RESPONSE: "CR", TicketKind.JOINT_RECTIFICATION: "JR"}
_EVENTS_NAMED = 20


@dataclass(frozen=True, slots=True)
class Acted:
    """A ticket after an action, and the line that the record gained."""

    ticket: Ticket
    record: Transition | Entry


async def hold(conn: Connection, ticket_id: int, action: Action) -> None:
    """Hold the rows that an action may change, the lower id first, and compare the version that its actor saw.

    Raises TicketNotFound, VersionConflict.
    """
    other = action.fields.get("survivor")
    if action.event is TicketEvent.UNMERGE:
        other = await conn.fetchval(QUERIES.survivor_of, ticket_id)
    named = [other] if type(other) is int and 0 < other < 2**63 else []
    await conn.fetch(QUERIES.hold_tickets, sorted({ticket_id, *named}))
    if not is_line(action.event):
        await _claim(conn, ticket_id, action.version)
    elif await conn.fetchval(QUERIES.hold_ticket, ticket_id) is None:
        raise TicketNotFound(ticket_id)


async def apply(
    conn: Connection, before: Ticket, action: Action, actor: Actor, at: datetime, context: Context
) -> Acted:
    """Decide and write one action on a ticket whose row the caller holds, with what it does to other tickets.

    Tells nobody of this ticket. Raises ActionRefused.
    """
    decided = lifecycle.decide(before, action, actor, at, context)
    if isinstance(decided, Refused):
        if decided.guard is Guard.ART45:  # The attempt is logged, and nothing more (ruling A4).
            LOG.warning("committee_order_refused", ticket=before.id, event_asked=action.event.value, actor=actor.id)
        raise ActionRefused(before.id, decided)
    after, record = decided.ticket, decided.record
    if Effect.NUMBER in decided.row.effects and isinstance(record, Transition):
        number = await take_number(conn, _PREFIXES[after.ticket_kind], at)
        after = replace(after, number=number)
        record = replace(record, fields={**record.fields, "number": number})
    await update(conn, before, after)
    await add_record(conn, after.id, record)
    await note_evidence(conn, after, action, record, actor, context.evidence)
    return Acted(after, record)


async def open_ticket(
    conn: Connection,
    draft: TicketDraft,
    at: datetime,
    *,
    actor: Actor = AUTO,
    rules: Rules | None = None,
    reason: str | None = None,
) -> TicketId:
    """Open a ticket in the first state of its kind, the first clock running; tells nobody yet.

    Raises asyncpg.UniqueViolationError where the case has an open ticket.
    """
    ticket = effects.opened(draft, at, rules or await read_rules(conn, at, [draft.kind]))
    row = OPENING[draft.ticket_kind]
    # Who splits or converts a ticket opens another one without the role of those who open tickets.
    role = next((role.value for role in row.roles if role in actor.roles), RULE_ROLE)
    submitted = Transition(
        version=ticket.version,
        event=row.event,
        from_state=None,
        to_state=ticket.state,
        actor=actor.id,
        actor_name=actor.name,
        actor_role=role,
        organisation_id=actor.organisation_id,
        at=at,
        reason=reason,
        fields={
            "kind": draft.kind,
            "grade": draft.grade,
            "demand": draft.demand,
            "incident_id": draft.incident_id,
            "external_due_at": _told(draft.external_due_at),
        },
    )
    return (await insert(conn, ticket, submitted)).id


async def join_report(
    conn: Connection, ticket_id: int, call_id: int, wanted: bool | None, at: datetime, *, rules: Rules | None = None
) -> Ticket:
    """Give a person's report its own row on the ticket; `wanted` None: called back unless anonymous or unreachable.

    A report that stands on a ticket already stays where it is. Raises TicketNotFound, LookupError for an unknown call.
    """
    ticket = await _held(conn, ticket_id)
    if await conn.fetchval(QUERIES.ticket_of_report, call_id) is not None:
        return ticket
    call = await conn.fetchrow(QUERIES.read_call, call_id)
    if call is None:
        raise LookupError(f"there is no call {call_id}")
    callback_wanted = wanted if wanted is not None else call["reachable"] and not call["anonymous"]
    report = Report(call_id, at, callback_wanted)
    external_due_at = call["external_due_at"]
    after = effects.joined(
        ticket,
        report,
        call["demand"],
        rules or await read_rules(conn, at, [ticket.kind]),
        external_due_at=external_due_at,
    )
    if call["complained_of"] is not None:
        after = replace(after, complained_of=after.complained_of | {call["complained_of"]})
    await update(conn, ticket, after)
    await add_entry(
        conn,
        after,
        EntryKind.REPORT_JOINED,
        {
            "call_id": call_id,
            "callback_wanted": callback_wanted,
            "demand": call["demand"],
            "external_due_at": _told(external_due_at),
            "complained_of": call["complained_of"],
        },
        at,
    )
    return after


async def join_events(conn: Connection, ticket: Ticket, events: Sequence[Event], at: datetime) -> None:
    """Show further events of the ticket's incidents in its timeline: one line for all that came in one step."""
    shown = [
        {"uid": event.uid.hex(), "kind": event.kind, "source_class": event.source_class.value, "raised": event.raised}
        for event in events[:_EVENTS_NAMED]
    ]
    await add_entry(conn, ticket, EntryKind.EVENT_JOINED, {"count": len(events), "events": shown}, at)


async def raise_grade(conn: Connection, ticket: Ticket, grade: int, at: datetime, rules: Rules) -> Ticket:
    """Follow an incident that became graver; clocks are re-based. The caller holds the row."""
    after = lifecycle.raise_with_incident(ticket, grade, at, rules)
    if after is ticket:
        return ticket
    await update(conn, ticket, after)
    body = {"incident_grade": grade, "grade": after.grade, "was": ticket.grade}
    await add_entry(conn, after, EntryKind.GRADE_CHANGED, body, at)
    return after


async def merge_into(
    conn: Connection, loser: Ticket, survivor: Ticket, at: datetime, context: Context
) -> tuple[Acted, Ticket]:
    """End `loser` in favour of `survivor`, which takes over every report; tells nobody. The caller holds both rows."""
    action = Action(TicketEvent.MERGE, loser.version, fields={"survivor": survivor.id})
    merged = await apply(conn, loser, action, AUTO, at, context)
    return merged, await absorb(conn, loser, survivor, at, context.rules)


async def absorb(conn: Connection, loser: Ticket, survivor: Ticket, at: datetime, rules: Rules) -> Ticket:
    """Give a survivor what a ticket that was just merged into it had: every report, its promises, its injured."""
    after = survivor
    for report in loser.reports:
        moved = replace(report, joined_at=at)
        after = effects.joined(after, moved, loser.demand, rules)
        await add_entry(conn, after, EntryKind.REPORT_JOINED, {**as_record(moved), "demand": loser.demand}, at)
    left = effects.handed_over(loser)
    after = effects.absorbed(after, left, rules)
    after = replace(
        after,
        complained_of=after.complained_of | loser.complained_of,
        merged_units=after.merged_units | loser.handling_units,
    )
    await update(conn, survivor, after)
    body = {"ticket_id": loser.id, "number": loser.number, "incident_id": loser.incident_id, **left}
    await add_entry(conn, after, EntryKind.INCIDENT_JOINED, body, at)
    return after


async def note(conn: Connection, ticket: Ticket, text: str, at: datetime, *, actor: Actor = AUTO) -> None:
    """Put a rule's words into the timeline; people use the action `note`."""
    await add_entry(conn, ticket, EntryKind.NOTE, {"text": text}, at, actor=actor)


async def add_entry(
    conn: Connection,
    ticket: Ticket,
    entry: EntryKind,
    body: Mapping[str, object],
    at: datetime,
    *,
    actor: Actor = AUTO,
) -> None:
    """Put a line of a rule into the timeline; the caller holds the row."""
    await add_record(
        conn,
        ticket.id,
        Entry(
            version=ticket.version,
            at=at,
            entry=entry,
            actor=actor.id,
            actor_name=actor.name,
            actor_role=RULE_ROLE,
            body=body,
        ),
    )


async def recompute(conn: Connection, ticket_id: int) -> Ticket:
    """What the log alone says of the ticket, clocks and all, under the limits and working days that are loaded now."""
    stored = await read_ticket(conn, ticket_id)
    log = await read_log(conn, ticket_id)
    submitted = next(record for record in log if isinstance(record, Transition))
    rules = await read_rules(conn, stored.opened_at, [stored.kind])
    draft = TicketDraft(
        ticket_kind=stored.ticket_kind,
        external_due_at=_heard(submitted.fields.get("external_due_at")),
        case_id=stored.case_id,
        incident_id=stored.incident_id,
        kind=stored.kind,
        time_critical=stored.time_critical,
        grade=submitted.fields["grade"],
        demand=submitted.fields["demand"],
        area_id=stored.area_id,
        area_path=stored.area_path,
        place=stored.place,
        lon=stored.lon,
        lat=stored.lat,
    )
    origin = replace(
        effects.opened(draft, submitted.at, rules),
        id=stored.id,
        # What other tables say, whatever is done with the ticket.
        complained_of=stored.complained_of,
        merged_units=stored.merged_units,
    )
    return replaying.replay(origin, log, rules)


def _told(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _heard(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)


async def _held(conn: Connection, ticket_id: int) -> Ticket:
    if await conn.fetchval(QUERIES.hold_ticket, ticket_id) is None:
        raise TicketNotFound(ticket_id)
    return await read_ticket(conn, ticket_id)


async def _claim(conn: Connection, ticket_id: int, version: int) -> None:
    if await conn.fetchval(QUERIES.claim_version, ticket_id, version) is not None:
        return
    winner = await conn.fetchrow(QUERIES.last_transition, ticket_id)
    if winner is None:
        raise TicketNotFound(ticket_id)
    raise VersionConflict(
        TicketId(ticket_id),
        version=winner["version"],
        state=TicketState(winner["state"]),
        actor_name=winner["actor_name"],
        event=TicketEvent(winner["event"]),
        at=winner["at"],
    )

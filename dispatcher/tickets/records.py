"""Tickets between the database and the rules: rows become the frozen model, and what changed becomes rows."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from dispatcher.tickets import writing
from dispatcher.tickets.citing import read_evidence
from dispatcher.tickets.clocks import Rules
from dispatcher.tickets.errors import TicketNotFound
from dispatcher.tickets.evidence import NO_EVIDENCE
from dispatcher.tickets.model import (
    Action,
    Assignment,
    AssignmentRole,
    ClockName,
    ClockRun,
    Entry,
    EntryKind,
    Report,
    Request,
    RequestKind,
    Subtask,
    SubtaskState,
    Ticket,
    TicketEvent,
    TicketId,
    TicketKind,
    TicketState,
    Transition,
)
from dispatcher.tickets.questions import NAMING, Context
from dispatcher.tickets.routing import duty_desk
from registry.calendar import read_calendar
from registry.call_rules import read_call_rules
from registry.limits import EscalationAction, read_ladder, read_limits
from registry.organisations import organisation_of_row, read_organisations_named
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


async def read_ticket(conn: Connection, ticket_id: int) -> Ticket:
    """The whole ticket. Raises TicketNotFound."""
    row = await conn.fetchrow(QUERIES.read_ticket, ticket_id)
    if row is None:
        raise TicketNotFound(ticket_id)
    columns = dict(row)
    return Ticket(
        **columns
        | {
            "id": TicketId(columns["id"]),
            "ticket_kind": TicketKind(columns["ticket_kind"]),
            "state": TicketState(columns["state"]),
            "state_before": _state(columns["state_before"]),
            "state_before_merge": _state(columns["state_before_merge"]),
            "area_path": tuple(columns["area_path"]),
            "merged_reports": tuple(columns["merged_reports"]),
            "denied_units": frozenset(columns["denied_units"]),
            "appealed_units": frozenset(columns["appealed_units"]),
            "returns_requested": frozenset(columns["returns_requested"]),
            "complained_of": frozenset(columns["complained_of"]),
            "merged_units": frozenset(columns["merged_units"]),
        },
        assignments=tuple(
            Assignment(**dict(each) | {"role": AssignmentRole(each["role"])})
            for each in await conn.fetch(QUERIES.read_assignments, ticket_id)
        ),
        clocks=tuple(_clock(dict(each)) for each in await conn.fetch(QUERIES.read_clocks, ticket_id)),
        reports=tuple(
            Report(**dict(each) | {"attempts": tuple(each["attempts"])})
            for each in await conn.fetch(QUERIES.read_reports, ticket_id)
        ),
        requests=tuple(
            Request(**dict(each) | {"kind": RequestKind(each["kind"])})
            for each in await conn.fetch(QUERIES.read_requests, ticket_id)
        ),
        subtasks=tuple(
            Subtask(
                **dict(each)
                | {
                    "state": SubtaskState(each["state"]),
                    "before": SubtaskState(each["before"]) if each["before"] is not None else None,
                }
            )
            for each in await conn.fetch(QUERIES.read_subtasks, ticket_id)
        ),
    )


def _state(word: str | None) -> TicketState | None:
    return None if word is None else TicketState(word)


def _clock(columns: dict[str, Any]) -> ClockRun:
    action = columns["next_action"]
    return ClockRun(
        **columns
        | {
            "clock": ClockName(columns["clock"]),
            "fired": tuple(EscalationAction(each) for each in columns["fired"]),
            "next_action": None if action is None else EscalationAction(action),
        }
    )


async def read_log(conn: Connection, ticket_id: int) -> list[Transition | Entry]:
    """Everything that happened to a ticket, in order."""
    return [_record(dict(row)) for row in await conn.fetch(QUERIES.read_log, ticket_id)]


async def read_rules(conn: Connection, at: datetime, kinds: Collection[str] | None = None) -> Rules:
    """The data of the clocks for these kinds, with the working days about `at`."""
    return Rules(
        limits=await read_limits(conn, kinds),
        calendar=await read_calendar(conn, at),
        ladder=await read_ladder(conn),
        calls=await read_call_rules(conn),
    )


async def read_context(conn: Connection, ticket: Ticket, action: Action | None, at: datetime) -> Context:
    """What the rules look up for one action, or for saying which actions there are."""
    fields = action.fields if action is not None else {}
    named = _named(fields)
    return Context(
        organisations=await read_organisations_named(conn, named) if named else {},
        rules=await read_rules(conn, at, [ticket.kind]),
        others=await _others(conn, ticket, fields),
        open_kinds=await _open_kinds(conn, ticket, action),
        strikable=await _strikable(conn, ticket, fields.get("entry")),
        fallback=await _fallback(conn, ticket) if action is not None and action.event in _FALLING_BACK else None,
        evidence=await read_evidence(conn, ticket, action) if action is not None else NO_EVIDENCE,
    )


_FALLING_BACK: Final = frozenset({TicketEvent.AWARD_FALLBACK})
_ONE_A_CASE: Final = frozenset(
    {
        TicketEvent.CONVERT,
        TicketEvent.OBJECT,
        TicketEvent.REOPEN,
        TicketEvent.UNMERGE,
        TicketEvent.START_LOOK_BACK,
    }
)
_ID_MAX: Final = 2**63 - 1


def _named(fields: Mapping[str, Any]) -> list[str]:
    several = fields.get("co")
    named = [*(fields.get(name) for name in NAMING), *(several if isinstance(several, list | tuple) else ())]
    return [each for each in named if isinstance(each, str) and "\0" not in each]


async def _others(conn: Connection, ticket: Ticket, fields: Mapping[str, Any]) -> dict[int, Ticket]:
    asked = (fields.get("survivor"), fields.get("ticket"), ticket.merged_into)
    found: dict[int, Ticket] = {}
    for each in asked:
        if type(each) is int and 0 < each <= _ID_MAX:
            try:
                found[each] = await read_ticket(conn, each)
            except TicketNotFound:
                continue
    return found


async def _open_kinds(conn: Connection, ticket: Ticket, action: Action | None) -> frozenset[TicketKind]:
    if action is not None and action.event not in _ONE_A_CASE:
        return frozenset()
    rows = await conn.fetch(QUERIES.open_kinds_of_case, ticket.case_id, ticket.id)
    return frozenset(TicketKind(row["ticket_kind"]) for row in rows)


async def _strikable(conn: Connection, ticket: Ticket, entry: object) -> frozenset[int]:
    if type(entry) is not int or not 0 < entry <= _ID_MAX:
        return frozenset()
    found = await conn.fetchval(QUERIES.strikable_entry, ticket.id, entry)
    return frozenset() if found is None else frozenset({found})


async def _fallback(conn: Connection, ticket: Ticket) -> str | None:
    desks = [organisation_of_row(row) for row in await conn.fetch(QUERIES.desks_of, list(ticket.area_path))]
    desk = duty_desk(desks, ticket.area_path)
    return None if desk is None else desk.id


async def insert(conn: Connection, ticket: Ticket, submitted: Transition) -> Ticket:
    """Write a ticket that was just opened; returns it with its id."""
    due = ticket.due
    ticket_id = await conn.fetchval(
        QUERIES.insert_ticket,
        ticket.ticket_kind,
        ticket.case_id,
        ticket.incident_id,
        ticket.kind,
        ticket.state,
        ticket.version,
        ticket.grade,
        ticket.incident_grade,
        ticket.demand,
        ticket.area_id,
        list(ticket.area_path),
        ticket.place,
        ticket.lon,
        ticket.lat,
        ticket.opened_at,
        due.due_at if due else None,
        due.clock if due else None,
        ticket.external_due_at,
    )
    ticket = replace(ticket, id=TicketId(ticket_id))
    await writing.put_clocks(conn, ticket, ())
    await add_record(conn, ticket.id, submitted)
    return ticket


async def add_record(conn: Connection, ticket_id: TicketId, record: Transition | Entry) -> None:
    """Append one line to the record."""
    if isinstance(record, Entry):
        await conn.execute(
            QUERIES.insert_entry,
            ticket_id,
            record.version,
            record.at,
            record.entry,
            record.actor,
            record.actor_name,
            record.actor_role,
            dict(record.body),
        )
        return
    await conn.execute(
        QUERIES.insert_transition,
        ticket_id,
        record.version,
        record.event,
        record.from_state,
        record.to_state,
        record.actor,
        record.actor_name,
        record.actor_role,
        record.organisation_id,
        record.at,
        record.reason,
        dict(record.fields),
    )


def _record(row: dict[str, Any]) -> Transition | Entry:
    if row["entry"] is not None:
        return Entry(
            version=row["version"],
            at=row["at"],
            entry=EntryKind(row["entry"]),
            actor=row["actor"],
            actor_name=row["actor_name"],
            actor_role=row["actor_role"],
            body=row["body"],
            id=row["place"],
        )
    return Transition(
        version=row["version"],
        event=TicketEvent(row["event"]),
        from_state=TicketState(row["from_state"]) if row["from_state"] is not None else None,
        to_state=TicketState(row["to_state"]),
        actor=row["actor"],
        actor_name=row["actor_name"],
        actor_role=row["actor_role"],
        organisation_id=row["organisation_id"],
        at=row["at"],
        reason=row["reason"],
        fields=row["body"],
    )

"""Tickets between the database and the rules: rows become the frozen model, and what changed becomes rows."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from dispatcher.tickets.clocks import Rules
from dispatcher.tickets.errors import TicketNotFound
from dispatcher.tickets.guards import Context
from dispatcher.tickets.model import (
    Assignment,
    AssignmentRole,
    ClockName,
    ClockRun,
    Entry,
    EntryKind,
    Report,
    Ticket,
    TicketEvent,
    TicketId,
    TicketState,
    Transition,
)
from registry.calendar import read_calendar
from registry.limits import read_ladder, read_limits
from registry.organisations import DutyHours, Organisation, OrganisationKind
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
            "state": TicketState(columns["state"]),
            "area_path": tuple(columns["area_path"]),
            "returns_requested": frozenset(columns["returns_requested"]),
        },
        assignments=tuple(
            Assignment(**dict(each) | {"role": AssignmentRole(each["role"])})
            for each in await conn.fetch(QUERIES.read_assignments, ticket_id)
        ),
        clocks=tuple(
            ClockRun(**dict(each) | {"clock": ClockName(each["clock"])})
            for each in await conn.fetch(QUERIES.read_clocks, ticket_id)
        ),
        reports=tuple(
            Report(
                each["call_id"],
                each["joined_at"],
                each["callback_wanted"],
                each["called_back_at"],
                each["callback_outcome"],
                each["satisfaction"],
            )
            for each in await conn.fetch(QUERIES.read_reports, ticket_id)
        ),
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
    )


async def read_context(conn: Connection, ticket: Ticket, named: Collection[str], at: datetime) -> Context:
    """What the rules look up for one action: the organisations that it names, and the clocks' data."""
    organisations = await _organisations(conn, named) if named else {}
    return Context(organisations, await read_rules(conn, at, [ticket.kind]))


async def insert(conn: Connection, ticket: Ticket, submitted: Transition) -> Ticket:
    """Write a ticket that was just opened; returns it with its id."""
    due = ticket.due
    ticket_id = await conn.fetchval(
        QUERIES.insert_ticket,
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
    )
    ticket = replace(ticket, id=TicketId(ticket_id))
    await _put_clocks(conn, ticket, ())
    await add_record(conn, ticket.id, submitted)
    return ticket


async def update(conn: Connection, before: Ticket, after: Ticket) -> None:
    """Write what changed. The caller holds the row; raises AssertionError where the version moved all the same."""
    due = after.due
    swapped = await conn.fetchval(
        QUERIES.update_ticket,
        after.id,
        before.version,
        after.version,
        after.state,
        after.grade,
        after.incident_grade,
        after.demand,
        after.number,
        after.lead_organisation_id,
        after.return_requested_by,
        after.merged_into,
        after.accepted_at,
        after.closed_at,
        due.due_at if due else None,
        due.clock if due else None,
        after.overdue,
        after.rework_count,
        after.wrong_dispatch_count,
        after.injured,
        after.case_id,
        after.incident_id,
    )
    if swapped is None:
        raise AssertionError(f"ticket {after.id} was changed without being held")
    known = set(before.assignments)
    # Endings come before beginnings in the tuple: one lead stands at a time, also between two statements.
    await conn.executemany(
        QUERIES.put_assignment,
        [
            (
                after.id,
                each.generation,
                each.organisation_id,
                each.role,
                each.reason,
                each.assigned_at,
                each.signed_at,
                each.ended_at,
            )
            for each in after.assignments
            if each not in known
        ],
    )
    await _put_clocks(conn, after, before.clocks)
    for report in set(after.reports) - set(before.reports):
        await _put_report(conn, after.id, report)


async def _put_report(conn: Connection, ticket_id: TicketId, report: Report) -> None:
    await conn.execute(
        QUERIES.put_report,
        report.call_id,
        ticket_id,
        report.joined_at,
        report.callback_wanted,
        report.called_back_at,
        report.outcome,
        report.satisfaction,
    )


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


async def _put_clocks(conn: Connection, ticket: Ticket, before: Collection[ClockRun]) -> None:
    changed = [run for run in ticket.clocks if run not in before]
    # Stops first: a clock runs once at a time, also between two statements.
    changed.sort(key=lambda run: run.running)
    await conn.executemany(
        QUERIES.put_clock,
        [
            (
                ticket.id,
                run.clock,
                run.organisation_id,
                run.run,
                run.limit_id,
                run.halved,
                run.working,
                run.started_at,
                run.due_at,
                run.provisional,
                dict(run.explanation),
                run.stopped_at,
                run.stop_reason,
                run.breached_at,
                run.fired_pct,
                run.next_pct,
                run.next_at,
            )
            for run in changed
        ],
    )


async def _organisations(conn: Connection, named: Collection[str]) -> Mapping[str, Organisation]:
    rows = await conn.fetch(QUERIES.organisations_named, list(named))
    return {
        row["id"]: Organisation(
            **dict(row)
            | {
                "kind": OrganisationKind(row["kind"]),
                "area_path": tuple(row["area_path"]),
                "duty": DutyHours(row["duty"]),
            }
        )
        for row in rows
    }


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

"""Writes what changed in a ticket: its row, its assignments, clocks, reports, requests and sub-tasks."""

from collections.abc import Collection, Iterable

from dispatcher.tickets.model import ClockRun, Report, Ticket, TicketId
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


async def update(conn: Connection, before: Ticket, after: Ticket) -> None:
    """Write what changed. The caller holds the row; raises AssertionError where the version moved all the same."""
    if after.number != before.number:
        await conn.execute(QUERIES.number_ticket, after.id, after.number)
    swapped = await conn.fetchval(QUERIES.update_ticket, *_columns(before, after))
    if swapped is None:
        raise AssertionError(f"ticket {after.id} was changed without being held")
    await _put_assignments(conn, before, after)
    await put_clocks(conn, after, before.clocks)
    await _put_reports(conn, after.id, set(after.reports) - set(before.reports))
    await _put_requests(conn, before, after)
    await _put_subtasks(conn, before, after)


async def put_clocks(conn: Connection, ticket: Ticket, before: Collection[ClockRun]) -> None:
    """Write the clocks that are new or changed."""
    changed = [run for run in ticket.clocks if run not in before]
    if not changed:
        return
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
                run.subtask,
                run.counted_from,
                run.spent,
                run.paused_at,
                list(run.fired),
                run.next_action,
                run.next_at,
            )
            for run in changed
        ],
    )


def _columns(before: Ticket, after: Ticket) -> tuple[object, ...]:
    due = after.due
    return (
        after.id,
        before.version,
        after.version,
        after.state,
        after.grade,
        after.incident_grade,
        after.demand,
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
        after.state_before,
        after.state_before_merge,
        list(after.merged_reports),
        after.controlled_at,
        after.objection_count,
        after.reopen_count,
        sorted(after.denied_units),
        sorted(after.appealed_units),
        after.arbitration_count,
        after.final_award,
        after.reply_approved_at,
        after.converted,
        after.supervised,
        after.residual_grade,
        after.plan_days,
        after.interim_done,
        after.publicity_from,
        after.look_back_from,
        after.look_back_at,
        after.look_back_count,
        after.relapse_count,
        after.external_due_at,
    )


async def _put_assignments(conn: Connection, before: Ticket, after: Ticket) -> None:
    if after.assignments == before.assignments:
        return
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


async def _put_reports(conn: Connection, ticket_id: TicketId, reports: Iterable[Report]) -> None:
    for report in reports:
        await conn.execute(
            QUERIES.put_report,
            report.call_id,
            ticket_id,
            report.joined_at,
            report.callback_wanted,
            report.called_back_at,
            report.outcome,
            report.satisfaction,
            report.must_call,
            list(report.attempts),
        )


async def _put_requests(conn: Connection, before: Ticket, after: Ticket) -> None:
    for each in after.requests:
        if each not in before.requests:
            await conn.execute(
                QUERIES.put_request,
                after.id,
                each.number,
                each.kind,
                each.asked_by,
                each.organisation_id,
                each.asked_at,
                each.days,
                each.code,
                each.call_id,
                each.decided_at,
                each.granted,
            )


async def _put_subtasks(conn: Connection, before: Ticket, after: Ticket) -> None:
    for each in after.subtasks:
        if each not in before.subtasks:
            await conn.execute(
                QUERIES.put_subtask,
                after.id,
                each.number,
                each.title,
                each.organisation_id,
                each.mandatory,
                each.state,
                each.changed_at,
                each.after,
                each.days,
                each.before,
            )

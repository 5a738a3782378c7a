"""Counts provisional due times anew when the calendar of their year has come (ruling A7)."""

from dataclasses import replace
from datetime import datetime

from dispatcher.tickets import store
from dispatcher.tickets.announcing import CHANGED, announce
from dispatcher.tickets.model import ClockRun, EntryKind, Ticket
from dispatcher.tickets.records import read_ticket
from dispatcher.tickets.writing import update
from runtime.pool import Connection


async def recount(conn: Connection, ticket_id: int, at: datetime) -> Ticket:
    """Give the running provisional clocks of a ticket the due times that its log has under the working days of today.

    The caller holds the row. A breach that was recorded stays, and so does a limit that was replaced meanwhile.
    """
    before = await read_ticket(conn, ticket_id)
    computed = {run.key: run for run in (await store.recompute(conn, ticket_id)).clocks}
    clocks = tuple(_recounted(run, computed.get(run.key)) for run in before.clocks)
    after = replace(before, clocks=clocks)
    moved = [
        {
            "clock": new.clock.value,
            "organisation_id": new.organisation_id,
            "run": new.run,
            "due_at": _iso(new),
            "was": _iso(old),
        }
        for old, new in zip(before.clocks, clocks, strict=True)
        if new != old
    ]
    await update(conn, before, after)
    if moved:
        await store.add_entry(conn, after, EntryKind.RECOUNTED, {"clocks": moved}, at)
        await announce(conn, after, CHANGED, at)
    return after


def _recounted(run: ClockRun, computed: ClockRun | None) -> ClockRun:
    if not run.running or not run.provisional or run.breached_at is not None:
        # What cannot be counted anew is at least not asked for again and again.
        return run if not (run.running and run.provisional) else replace(run, provisional=False)
    if computed is None or computed.limit_id != run.limit_id:
        return replace(run, provisional=False)
    return replace(
        run,
        due_at=computed.due_at,
        provisional=computed.provisional,
        explanation=computed.explanation,
        next_action=computed.next_action,
        next_at=computed.next_at,
    )


def _iso(run: ClockRun) -> str:
    return run.due_at.isoformat()

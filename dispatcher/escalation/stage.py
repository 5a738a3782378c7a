"""The escalation stage of a step: fires every threshold that the domain's clock has passed, exactly once."""

from datetime import datetime
from typing import Any, Final, Protocol

from prometheus_client import Counter

from dispatcher.channels import outbox
from dispatcher.escalation.ladder import Firing, firing_of
from dispatcher.incidents.step import Advanced
from dispatcher.rules.rulebook import Rulebook
from dispatcher.tickets import lifecycle, store
from dispatcher.tickets.announcing import REMINDER, announce
from dispatcher.tickets.clocks import Rules
from dispatcher.tickets.model import ClockRun, Ticket
from dispatcher.tickets.records import read_rules, read_ticket, update
from registry.limits import EscalationAction
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

BATCH_TICKETS: Final = 200
URGED: Final = "ticket.urged"
_NOBODY: Final = "nobody"

FIRED_TOTAL = Counter("dispatcher_thresholds_fired_total", "Thresholds of clocks that fired", ["clock", "action"])
SKIPPED_TOTAL = Counter("dispatcher_escalations_skipped_total", "Escalations that nobody could hear")


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...

    @property
    def rulebook(self) -> Rulebook: ...


async def advance(step: Moment) -> Advanced:
    """Fire what is due at the step's time. One index scan where nothing is."""
    fired = taken = 0
    rules: Rules | None = None
    left: list[int] = []  # Held by a user's action: the next step looks again.
    while rows := await step.conn.fetch(QUERIES.due_tickets, step.at, left, BATCH_TICKETS):
        rules = rules or await read_rules(step.conn, step.at, ())
        due = [row["ticket_id"] for row in rows]
        held = [row["id"] for row in await step.conn.fetch(QUERIES.hold_tickets, due)]
        left += sorted(set(due) - set(held))
        for ticket_id in held:
            fired += await _fire_all(step, ticket_id, rules)
        taken += len(held)
    return Advanced(taken, fired)


async def _fire_all(step: Moment, ticket_id: int, rules: Rules) -> int:
    before = await read_ticket(step.conn, ticket_id)
    after, firings = before, list[tuple[Firing, dict[str, Any]]]()
    while (run := _next_due(after, step)) is not None and run.next_pct is not None:
        pct = run.next_pct
        firing = firing_of(after, run, pct, rules.ladder, step.rulebook.organisations)
        after = lifecycle.fired(after, run.clock, run.organisation_id, run.run, pct, rules)
        if await _is_first(step, after, firing):
            firings.append((firing, await _remember(step, after, firing)))
    await update(step.conn, before, after)
    for firing, body in firings:
        row = await announce(step.conn, after, REMINDER, step.at, **body)
        await _tell(step, after, firing, {"ticket": row, **body})
    return len(firings)


def _next_due(ticket: Ticket, step: Moment) -> ClockRun | None:
    reached = [run for run in ticket.running if run.next_at is not None and run.next_at <= step.at]
    return min(reached, key=lambda run: (run.next_at or step.at, run.key), default=None)


async def _is_first(step: Moment, ticket: Ticket, firing: Firing) -> bool:
    run = firing.run
    return bool(
        await step.conn.fetchval(
            QUERIES.fire,
            ticket.id,
            run.clock,
            run.organisation_id,
            run.run,
            firing.pct,
            firing.action,
            step.at,
        )
    )


async def _remember(step: Moment, ticket: Ticket, firing: Firing) -> dict[str, Any]:
    """Write the line of the timeline; an escalation that nobody could hear is skipped and says so."""
    run = firing.run
    body: dict[str, Any] = {
        "clock": run.clock.value,
        "organisation_id": run.organisation_id,
        "run": run.run,
        "pct": firing.pct,
        "action": firing.action.value,
        "due_at": run.due_at.isoformat(),
        "told": firing.organisation_id,
    }
    heard = firing.organisation_id is not None and await step.conn.fetchval(
        QUERIES.somebody_hears, firing.organisation_id, list(firing.roles)
    )
    if not heard:
        body["skipped"] = _NOBODY
        SKIPPED_TOTAL.inc()
    await store.add_entry(step.conn, ticket, firing.entry, body, step.at)
    FIRED_TOTAL.labels(run.clock.value, firing.action.value).inc()
    return body


async def _tell(step: Moment, ticket: Ticket, firing: Firing, body: dict[str, Any]) -> None:
    run = firing.run
    organisation_id = firing.organisation_id
    if organisation_id is None:
        return
    await outbox.enqueue(
        step.conn,
        idempotency_key=f"clock-{ticket.id}-{run.clock}-{run.organisation_id}-{run.run}-{firing.pct}",
        organisation_id=organisation_id,
        ticket_id=ticket.id,
        topic=REMINDER if firing.action is EscalationAction.REMIND else URGED,
        body=body,
        at=step.at,
    )

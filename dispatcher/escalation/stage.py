"""The escalation stage of a step: whatever the domain's clock has passed happens, each thing exactly once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from prometheus_client import Counter

from dispatcher.channels import outbox
from dispatcher.escalation.ladder import Firing, firing_of
from dispatcher.escalation.model import PLANS, cause_of
from dispatcher.escalation.paging import Pager
from dispatcher.escalation.reaching import Reaching
from dispatcher.incidents.step import Advanced
from dispatcher.rules.rulebook import Rulebook
from dispatcher.tickets import acting, lifecycle, recounting, store
from dispatcher.tickets.announcing import REMINDER, announce
from dispatcher.tickets.clocks import Rules
from dispatcher.tickets.model import Action, ClockName, ClockRun, Ticket, TicketEvent, TicketState
from dispatcher.tickets.records import read_rules, read_ticket
from dispatcher.tickets.writing import update
from registry.limits import EscalationAction
from registry.rosters.store import PageRules, read_page_rules
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

BATCH_TICKETS: Final = 200
URGED: Final = "ticket.urged"
_NOBODY: Final = "nobody"

FIRED_TOTAL = Counter("dispatcher_thresholds_fired_total", "Steps of the ladder that were taken", ["clock", "action"])
SKIPPED_TOTAL = Counter("dispatcher_escalations_skipped_total", "Escalations that nobody could hear")
RECOUNTED_TOTAL = Counter("dispatcher_tickets_recounted_total", "Tickets whose provisional due times were counted anew")


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...

    @property
    def rulebook(self) -> Rulebook: ...


async def advance(step: Moment) -> Advanced:
    """Take every step that is due, end suspensions, look back, recount what was provisional. Cheap where nothing is."""
    recounted = await _recount(step)
    taken, fired = await _fire_due(step)
    looked = await _look_back(step)
    return Advanced(taken + looked + recounted, fired + looked + recounted)


@dataclass(frozen=True, slots=True)
class _Means:
    """What a step of the ladder goes by, read once a step of the dispatcher."""

    rules: Rules
    page_rules: PageRules
    pager: Pager


async def _fire_due(step: Moment) -> tuple[int, int]:
    fired = taken = 0
    means: _Means | None = None
    left: list[int] = []  # Held by a user's action: the next step looks again.
    while rows := await step.conn.fetch(QUERIES.due_tickets, step.at, left, BATCH_TICKETS):
        means = means or await _means(step)
        due = [row["ticket_id"] for row in rows]
        held = [row["id"] for row in await step.conn.fetch(QUERIES.hold_tickets, due)]
        left += sorted(set(due) - set(held))
        for ticket_id in held:
            fired += await _fire_all(step, ticket_id, means)
        taken += len(held)
    return taken, fired


async def _means(step: Moment) -> _Means:
    return _Means(
        rules=await read_rules(step.conn, step.at, ()),
        page_rules=await read_page_rules(step.conn),
        pager=Pager(step.conn, step.at, step.rulebook, Reaching(step.conn, step.at)),
    )


@dataclass(slots=True)
class _Fired:
    """What one ticket's clocks came to in this step."""

    ticket: Ticket
    told: list[tuple[Firing, dict[str, Any]]] = field(default_factory=list)


async def _fire_all(step: Moment, ticket_id: int, means: _Means) -> int:
    before = await read_ticket(step.conn, ticket_id)
    if _suspension_is_over(before, step.at):
        action = Action(TicketEvent.RESUME, before.version)
        before = (await acting.act(step.conn, ticket_id, action, store.AUTO, step.at)).ticket
    result = _Fired(before)
    run = _next_due(result.ticket, step.at)
    while run is not None and run.next_action is not None:
        heard = await _fire(step, result, run, run.next_action, means)
        after = next(each for each in result.ticket.clocks if each.key == run.key)
        # A step that resolves to nobody is skipped at once: nobody waits for somebody who is not there.
        run = after if not heard and after.next_action is not None else _next_due(result.ticket, step.at)
    await update(step.conn, before, result.ticket)
    for firing, body in result.told:
        row = await announce(step.conn, result.ticket, REMINDER, step.at, **body)
        await _tell(step, result.ticket, firing, {"ticket": row, **body})
        await _page(result.ticket, firing, means)
    return len(result.told)


async def _fire(step: Moment, result: _Fired, run: ClockRun, action: EscalationAction, means: _Means) -> bool:
    """Take one step; whether somebody hears it, or need not yet."""
    ticket = result.ticket
    supervisors = None
    if action is EscalationAction.REVIEW:
        supervisors = await step.conn.fetchval(QUERIES.supervisors_of, list(ticket.area_path))
    firing = firing_of(ticket, run, action, step.rulebook.organisations, supervisors)
    result.ticket = lifecycle.fired(ticket, run.key, action, step.at, means.rules)
    if not await _is_first(step, ticket, firing):
        return True
    body = await _remember(step, result.ticket, firing, means.pager.reaching)
    result.told.append((firing, body))
    return "skipped" not in body or not firing.skips_at_once


def _suspension_is_over(ticket: Ticket, at: datetime) -> bool:
    return ticket.state is TicketState.SUSPENDED and any(
        run.clock is ClockName.REVIEW and run.due_at <= at for run in ticket.running
    )


def _next_due(ticket: Ticket, at: datetime) -> ClockRun | None:
    reached = [run for run in ticket.running if run.next_at is not None and run.next_at <= at]
    return min(reached, key=lambda run: (run.next_at or at, run.key), default=None)


async def _look_back(step: Moment) -> int:
    """Open again what was closed out 30 or 90 days ago, for somebody to look at."""
    rows = await step.conn.fetch(QUERIES.due_look_backs, step.at, BATCH_TICKETS)
    for row in rows:
        action = Action(TicketEvent.START_LOOK_BACK, row["version"])
        await acting.act(step.conn, row["id"], action, store.AUTO, step.at)
    return len(rows)


async def _recount(step: Moment) -> int:
    rows = await step.conn.fetch(QUERIES.recountable_tickets, BATCH_TICKETS)
    for row in rows:
        await recounting.recount(step.conn, row["id"], step.at)
        RECOUNTED_TOTAL.inc()
    return len(rows)


async def _is_first(step: Moment, ticket: Ticket, firing: Firing) -> bool:
    run = firing.run
    return bool(
        await step.conn.fetchval(
            QUERIES.fire, ticket.id, run.clock, run.organisation_id, run.run, firing.action, step.at
        )
    )


async def _remember(step: Moment, ticket: Ticket, firing: Firing, reaching: Reaching) -> dict[str, Any]:
    """Write the line of the timeline; an escalation that nobody could hear is skipped and says so."""
    run = firing.run
    body: dict[str, Any] = {
        "clock": run.clock.value,
        "organisation_id": run.organisation_id,
        "run": run.run,
        "action": firing.action.value,
        "due_at": run.due_at.isoformat(),
        "told": firing.organisation_id,
    }
    if firing.action is EscalationAction.SUPERVISE:
        reply = next((each for each in ticket.running if each.clock is ClockName.REPLY), None)
        body["reply_due_at"] = reply.due_at.isoformat() if reply is not None else None
    heard = firing.organisation_id is not None and await reaching.hears(
        firing.organisation_id, PLANS[firing.action], firing.action, firing.roles
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
        idempotency_key=f"clock-{ticket.id}-{run.clock}-{run.organisation_id}-{run.run}-{firing.action}",
        organisation_id=organisation_id,
        ticket_id=ticket.id,
        topic=REMINDER if firing.action is EscalationAction.REMIND else URGED,
        body=body,
        at=step.at,
    )


async def _page(ticket: Ticket, firing: Firing, means: _Means) -> None:
    """Tell the persons that the step means, level by level."""
    if firing.organisation_id is None:
        return
    run = firing.run
    cause = cause_of(run, firing.action)
    rule = means.page_rules.find(kind=ticket.kind, grade=ticket.grade)
    await means.pager.open_page(ticket, firing.organisation_id, rule, cause=cause, action=firing.action, run=run)

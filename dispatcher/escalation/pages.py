"""The paging stage of a step: who was assigned is paged, and a page without an answer goes to its next level."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from asyncpg import Record

from dispatcher.escalation.model import Page, PageLevel, PageState, cause_of
from dispatcher.escalation.paging import Pager, cancel_messages
from dispatcher.escalation.reaching import QUERIES, Reaching
from dispatcher.escalation.stage import Moment
from dispatcher.incidents.step import Advanced
from dispatcher.tickets.model import Ticket
from dispatcher.tickets.records import read_ticket
from registry.limits import EscalationAction
from registry.rosters.store import PageRules, read_page_rules

BATCH_ASKS: Final = 500
BATCH_TICKETS: Final = 200


async def advance(step: Moment) -> Advanced:
    """Page for every new assignment that asks for it, then take every level that is due. Cheap where nothing is."""
    await _hush(step)
    opened = await _open_pages(step)
    climbed = await _climb_due(step)
    return Advanced(opened + climbed, opened + climbed)


def pager_of(step: Moment) -> Pager:
    return Pager(step.conn, step.at, step.rulebook, Reaching(step.conn, step.at))


async def _hush(step: Moment) -> None:
    """Whoever did something with the ticket answered its pages: what of them has not left yet never does."""
    while found := [row["id"] for row in await step.conn.fetch(QUERIES.pages_to_hush, BATCH_TICKETS)]:
        for page_id in found:
            await cancel_messages(step.conn, page_id, PageState.ACKNOWLEDGED, step.at)
        await step.conn.execute(QUERIES.hushed, found)


async def _open_pages(step: Moment) -> int:
    opened = 0
    rules: PageRules | None = None
    pager = pager_of(step)
    left: list[int] = []  # Held by a user's action: the next step looks again.
    while asks := await step.conn.fetch(QUERIES.page_asks, left, BATCH_ASKS):
        rules = rules or await read_page_rules(step.conn)
        paging = [ask for ask in asks if _pages(ask, rules)]
        tickets = sorted({ask["ticket_id"] for ask in paging})
        held = {row["id"] for row in await step.conn.fetch(QUERIES.hold_tickets, tickets)}
        left += sorted(set(tickets) - held)
        for ask in paging:
            if ask["ticket_id"] in held:
                opened += await _open_page(pager, ask, rules)
        # An ask of a ticket that is held by somebody else stays.
        done = [ask for ask in asks if ask["ticket_id"] not in left]
        await step.conn.execute(
            QUERIES.answer_asks,
            [ask["ticket_id"] for ask in done],
            [ask["organisation_id"] for ask in done],
            [ask["generation"] for ask in done],
        )
    return opened


def _pages(ask: Record, rules: PageRules) -> bool:
    rule = rules.find(kind=ask["kind"], grade=ask["grade"])
    return ask["stands"] and rule is not None and rule.page


async def _open_page(pager: Pager, ask: Record, rules: PageRules) -> bool:
    # Now that it is held: it may have grown graver, or the unit may have left it.
    ticket = await read_ticket(pager.conn, ask["ticket_id"])
    unit = ask["organisation_id"]
    standing = {(each.generation, each.organisation_id) for each in ticket.active}
    rule = rules.find(kind=ticket.kind, grade=ticket.grade)
    if not ticket.open or (ask["generation"], unit) not in standing or rule is None or not rule.page:
        return False
    cause = f"assigned-{ask['generation']}-{ticket.grade}"
    return await pager.open_page(ticket, unit, rule, cause=cause) is not None


async def _climb_due(step: Moment) -> int:
    climbed = 0
    pager = pager_of(step)
    left: list[int] = []
    while rows := await step.conn.fetch(QUERIES.due_pages, step.at, left, BATCH_TICKETS):
        due = [row["ticket_id"] for row in rows]
        held = [row["id"] for row in await step.conn.fetch(QUERIES.hold_tickets, due)]
        left += sorted(set(due) - set(held))
        by_ticket: dict[int, list[Record]] = defaultdict(list)
        for row in await step.conn.fetch(QUERIES.due_pages_of_tickets, held, step.at):
            by_ticket[row["ticket_id"]].append(row)
        for ticket_id, pages in by_ticket.items():
            climbed += await _climb_all(pager, ticket_id, pages)
    return climbed


async def _climb_all(pager: Pager, ticket_id: int, rows: Sequence[Record]) -> int:
    ticket = await read_ticket(pager.conn, ticket_id)
    for taken, row in enumerate(rows, start=1):
        page = _page(dict(row))
        if row["over"] or not _is_due(ticket, page):
            await pager.end(page)
        elif await pager.take_answer(ticket, page):
            return taken  # Others may be answered by it too: what is left is read again.
        else:
            await pager.climb(ticket, page, [PageLevel(each) for each in row["taken"]])
    return len(rows)


def _is_due(ticket: Ticket, page: Page) -> bool:
    """Whether the clock still runs whose step a page is for; whatever stopped it, nobody has to answer any more."""
    action = page.action
    return action is None or any(cause_of(run, action) == page.cause for run in ticket.running)


def _page(columns: dict[str, Any]) -> Page:
    action = columns["action"]
    return Page(
        id=columns["id"],
        ticket_id=columns["ticket_id"],
        organisation_id=columns["organisation_id"],
        cause=columns["cause"],
        action=None if action is None else EscalationAction(action),
        grade=columns["grade"],
        everyone=columns["everyone"],
        ack_s=columns["ack_s"],
        opened_at=columns["opened_at"],
    )

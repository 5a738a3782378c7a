"""Pages: an organisation's matter goes to who is on duty there, then to the next level, until somebody answers.

Every level of a page is a row with a key, so that a step that is taken again tells nobody twice.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prometheus_client import Counter

from dispatcher.channels import messages, stream
from dispatcher.escalation.delivery import key_of, tell_person, worded
from dispatcher.escalation.model import PLANS, ROLE_OF, Page, PageLevel, PageOutcome, PageState, Reached
from dispatcher.escalation.reaching import QUERIES, Reaching
from dispatcher.rules.rulebook import Rulebook
from dispatcher.tickets import store
from dispatcher.tickets.model import ClockName, ClockRun, EntryKind, Ticket
from dispatcher.tickets.routing import duty_desk
from registry.limits import EscalationAction
from registry.rosters.store import PageRule
from runtime.pool import Connection

OPENED: Final = "page.opened"
ACKNOWLEDGED: Final = "page.acknowledged"
UNANSWERED: Final = "page.unanswered"

LEVELS_TOTAL = Counter("dispatcher_page_levels_total", "Levels of pages that were taken", ["level", "outcome"])
UNANSWERED_TOTAL = Counter("dispatcher_pages_unanswered_total", "Pages that no level answered")


@dataclass(frozen=True, slots=True)
class Pager:
    """Opens pages and takes their levels, within one step."""

    conn: Connection
    at: datetime
    rulebook: Rulebook
    reaching: Reaching

    async def open_page(
        self,
        ticket: Ticket,
        organisation_id: str,
        rule: PageRule | None,
        *,
        cause: str,
        action: EscalationAction | None = None,
        run: ClockRun | None = None,
    ) -> Page | None:
        """Page an organisation, from the first level of its plan on; None where this was done before.

        The caller holds the ticket. `action` is the step of the ladder that the clock `run` has reached; a reminder
        presses nobody, whatever the rule says.
        """
        everyone = rule is not None and rule.everyone
        ack_s = None if rule is None or action is EscalationAction.REMIND else rule.ack_s
        page_id = await self.conn.fetchval(
            QUERIES.insert_page, ticket.id, organisation_id, cause, action, ticket.grade, everyone, ack_s, self.at
        )
        if page_id is None:
            return None
        page = Page(page_id, ticket.id, organisation_id, cause, action, ticket.grade, everyone, ack_s, self.at)
        if action is None:
            for row in await self.conn.fetch(QUERIES.end_older_pages, ticket.id, organisation_id, page_id):
                await cancel_messages(self.conn, row["id"], PageState.ENDED, self.at)
            await self._publish(ticket, page, OPENED)
        await self.climb(ticket, page, (), run)
        return page

    async def climb(
        self, ticket: Ticket, page: Page, taken: Collection[PageLevel], run: ClockRun | None = None
    ) -> None:
        """Take the next level; one that comes to nobody is skipped at once. Behind the last, an alarm."""
        reached: list[Reached] = []
        state, next_at = PageState.UNANSWERED, None
        for level in PLANS[page.action]:
            if level in taken:
                continue
            reached += await self._take(ticket, page, level, run)
            if reached and reached[-1].outcome is not PageOutcome.NOBODY:
                pressed = page.ack_s is not None
                state = PageState.OPEN if pressed else PageState.TOLD
                next_at = self.at + timedelta(seconds=page.ack_s or 0) if pressed else None
                break
        if state is PageState.UNANSWERED and page.action is EscalationAction.REMIND:
            state = (
                PageState.TOLD
            )  # The timeline says that nobody heard it; the next step of the ladder is no reminder.
        await self.conn.execute(QUERIES.move_page, page.id, state, next_at)
        await self._note(ticket, page, reached, state)
        if state is PageState.UNANSWERED:
            UNANSWERED_TOTAL.inc()
            await self._publish(ticket, page, UNANSWERED)

    async def end(self, page: Page) -> None:
        """The matter ended before anybody answered."""
        await self.conn.execute(QUERIES.move_page, page.id, PageState.ENDED, None)
        await cancel_messages(self.conn, page.id, PageState.ENDED, self.at)

    async def take_answer(self, ticket: Ticket, page: Page) -> bool:
        """Whether somebody answered the message itself: that answers every page that his organisation was told of."""
        for row in await self.conn.fetch(QUERIES.list_recipients, page.id):
            key = key_of(page.id, PageLevel(row["level"]), row["contact_id"], row["user_id"])
            standing = await messages.standing(self.conn, key)
            if standing is not None and standing.answered_at is not None:
                by = f"contact:{row['contact_id']}" if row["user_id"] is None else f"user:{row['user_id']}"
                answered = (ticket.id, row["organisation_id"], by, standing.answered_at)
                await self.conn.execute(QUERIES.answer_pages, *answered)
                await cancel_messages(self.conn, page.id, PageState.ACKNOWLEDGED, self.at)
                await self._publish(ticket, page, ACKNOWLEDGED)
                return True
        return False

    async def _take(self, ticket: Ticket, page: Page, level: PageLevel, run: ClockRun | None) -> list[Reached]:
        """Take one level; nothing where there is no such level, or it was taken before."""
        organisation_id = self._of_level(ticket, page, level)
        if organisation_id is None:
            return []
        first = level in (PLANS[page.action][0], PageLevel.DESK)
        reached = await self.reaching.reach(organisation_id, level, page.action, everyone=page.everyone, first=first)
        same = [each for each in PageLevel if ROLE_OF[each] is ROLE_OF[level]]
        if await self.conn.fetchval(
            QUERIES.told_already, ticket.id, page.id, organisation_id, self.at, same, page.action
        ):
            reached = Reached(level, organisation_id, (), PageOutcome.TOLD)
        if not await self.conn.fetchval(QUERIES.take_level, page.id, level, organisation_id, self.at, reached.outcome):
            return []
        LEVELS_TOTAL.labels(level.value, reached.outcome.value).inc()
        await self._tell(ticket, page, reached, run)
        return [reached]

    def _of_level(self, ticket: Ticket, page: Page, level: PageLevel) -> str | None:
        if level is not PageLevel.DESK:
            return page.organisation_id
        desk = duty_desk(self.rulebook.organisations, ticket.area_path)
        return None if desk is None or desk.id == page.organisation_id else desk.id

    async def _tell(self, ticket: Ticket, page: Page, reached: Reached, run: ClockRun | None) -> None:
        kind = self.rulebook.taxonomy.kinds.get(ticket.kind)
        reply = next((each.due_at for each in ticket.running if each.clock is ClockName.REPLY), None)
        topic, fields = worded(ticket, page, ticket.kind if kind is None else kind.zh_name, run, reply, self.at)
        for each in reached.recipients:
            await self.conn.execute(
                QUERIES.insert_recipient, page.id, reached.level, each.contact_id, each.user_id, each.reason
            )
            await tell_person(
                self.conn,
                each,
                key=key_of(page.id, reached.level, each.contact_id, each.user_id),
                ticket_id=ticket.id,
                topic=topic,
                grade=page.grade,
                fields=fields,
                at=self.at,
            )

    async def _note(self, ticket: Ticket, page: Page, reached: Sequence[Reached], state: PageState) -> None:
        """One line of the timeline: which levels were taken, who was told and why, and which had nobody."""
        levels = [
            {
                "level": each.level.value,
                "organisation_id": each.organisation_id,
                "outcome": each.outcome.value,
                "persons": [
                    {"contact_id": one.contact_id, "user_id": one.user_id, "reason": one.reason}
                    for one in each.recipients
                ],
            }
            for each in reached
        ]
        body = {
            "about": "page",
            "page_id": page.id,
            "organisation_id": page.organisation_id,
            "cause": page.cause,
            "state": state.value,
            "levels": levels,
        }
        await store.add_entry(self.conn, ticket, EntryKind.MESSAGE, body, self.at)

    async def _publish(self, ticket: Ticket, page: Page, topic: str) -> None:
        await stream.publish(
            self.conn,
            topic=topic,
            area_path=ticket.area_path,
            organisation_ids=[page.organisation_id],
            body={
                "page": {
                    "id": page.id,
                    "ticket_id": ticket.id,
                    "number": ticket.number,
                    "grade": page.grade,
                    "organisation_id": page.organisation_id,
                }
            },
            at=self.at,
        )


async def cancel_messages(conn: Connection, page_id: int, reason: PageState, at: datetime) -> None:
    """What of a page has not left yet never does: it is not needed any more."""
    for row in await conn.fetch(QUERIES.list_recipients, page_id):
        key = key_of(page_id, PageLevel(row["level"]), row["contact_id"], row["user_id"])
        await messages.cancel(conn, key, reason=reason.value, at=at)

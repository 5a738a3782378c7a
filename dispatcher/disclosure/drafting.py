"""Opens disclosures: from a fact of a ticket, for a month, for a matter without a ticket, for a correction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import structlog

from dispatcher.accounts.model import User
from dispatcher.disclosure.model import DisclosureState, MatterOutcome, levels_allowed
from dispatcher.disclosure.reading import QUERIES
from dispatcher.tickets.deadlines import Deadline, deadline
from dispatcher.tickets.model import TicketEvent
from registry.calendar import WorkCalendar, day_of, read_calendar
from registry.disclosures import (
    DisclosureBook,
    DisclosureItem,
    DisclosureLevel,
    DisclosureMoment,
    DisclosureRule,
    NeverReason,
)
from registry.limits import Limit, read_limits
from registry.numbering import take_number
from runtime.pool import Connection

log = structlog.get_logger(__name__)

NUMBER: Final = "PD"
RULE: Final = "rule:disclosure"
LAW: Final = "d_publish_law"

_RESULT: Final = (TicketEvent.RESOLVE, TicketEvent.REPORT_COMPLETE)
_PLAN: Final = (TicketEvent.PLAN_SUBMIT,)
_PROGRESS: Final = (TicketEvent.INTERIM_DONE, TicketEvent.REPORT_COMPLETE)
_WORDS: Final = {
    DisclosureMoment.CLOSED: _RESULT,
    DisclosureMoment.PLAN_APPROVED: _PLAN,
    DisclosureMoment.MILESTONE: _PROGRESS,
}
_TITLES: Final = {
    DisclosureMoment.CLOSED: "处置结果",
    DisclosureMoment.PLAN_APPROVED: "整治方案",
    DisclosureMoment.MILESTONE: "整治进展",
    DisclosureMoment.WARNING: "预警",
    DisclosureMoment.MATTER: "情况公开",
}
_PLAN_LINES: Final = (
    ("responsibility", "责任"),
    ("measures", "措施"),
    ("funds", "经费"),
    ("days", "期限(日)"),
    ("contingency", "应急安排"),
    ("result", "结果"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a disclosure is opened with; `clocks` are the target and the limit of the law, None where nothing is due."""

    item: DisclosureItem
    moment: DisclosureMoment
    level: DisclosureLevel
    publisher_id: str
    area_id: str
    title: str
    text: str
    ticket_id: int | None = None
    ticket_version: int | None = None
    never_reason: NeverReason | None = None
    month: date | None = None
    outcome: MatterOutcome | None = None
    clocks: tuple[Deadline, Deadline] | None = None
    replaces: int | None = None
    editors: tuple[str, ...] | None = None  # Whose words they are; None: of who opens it.
    redactions: tuple[Mapping[str, Any], ...] = ()
    waivers: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Clockwork:
    """The data that clocks of disclosures obey."""

    book: DisclosureBook
    law: Limit
    calendar: WorkCalendar

    def clocks(self, rule: DisclosureRule, since: datetime) -> tuple[Deadline, Deadline]:
        """Our target and the outer limit of the law, both from when the information was formed."""
        return deadline(rule.limit, since, self.calendar), deadline(self.law, since, self.calendar)


async def read_clockwork(conn: Connection, book: DisclosureBook, at: datetime) -> Clockwork:
    law = (await read_limits(conn, ())).find(LAW, kind="", grade=4, demand=None)
    if law is None:
        raise LookupError(LAW)
    return Clockwork(book, law, await read_calendar(conn, at))


async def open_for_ticket(
    conn: Connection, rules: Clockwork, ticket_id: int, version: int, moment: DisclosureMoment, since: datetime
) -> int | None:
    """The disclosure that a fact of a ticket makes due; None where no rule names it or it stands already."""
    found = await _ruled(conn, rules, ticket_id, moment)
    if found is None:
        return None
    subject, rule = found
    if await conn.fetchval(QUERIES.occasion_is_taken, ticket_id, version):
        return None
    opened = Opened(
        item=rule.item,
        moment=moment,
        level=rule.level,
        publisher_id=subject["publisher_id"],
        area_id=subject["area_id"],
        title=f"{subject['kind_zh']}{_TITLES[moment]}",
        text=await _words(conn, ticket_id, version, moment),
        ticket_id=ticket_id,
        ticket_version=version,
        clocks=rules.clocks(rule, since),
    )
    return await open_disclosure(conn, opened, at=since, by=None)


async def open_status(conn: Connection, rules: Clockwork, ticket_id: int, opened_on: date, at: datetime) -> int | None:
    """How far a rectification is that lasts since a day and owes a status; None where nothing is told of it."""
    found = await _ruled(conn, rules, ticket_id, DisclosureMoment.MILESTONE)
    if found is None:
        return None
    subject, rule = found
    allowed = levels_allowed(rule.item, DisclosureMoment.MILESTONE, undisclosed=False, ticket_open=True)
    lines = [f"自{opened_on}起整治{(day_of(at) - opened_on).days}日,尚未销号。"]
    said = await _words(conn, ticket_id, None, DisclosureMoment.MILESTONE)
    opened = Opened(
        item=rule.item,
        moment=DisclosureMoment.MILESTONE,
        level=rule.level if rule.level in allowed else DisclosureLevel.PRESENCE_ONLY,
        publisher_id=subject["publisher_id"],
        area_id=subject["area_id"],
        title=f"{subject['kind_zh']}整治月度进展",
        text="\n".join([*lines, said] if said else lines),
        ticket_id=ticket_id,
        clocks=rules.clocks(rule, at),
    )
    return await open_disclosure(conn, opened, at=at, by=None, monthly=True)


async def _ruled(
    conn: Connection, rules: Clockwork, ticket_id: int, moment: DisclosureMoment
) -> tuple[Mapping[str, Any], DisclosureRule] | None:
    """A ticket that is told one by one at a moment, and by which rule."""
    subject = await conn.fetchrow(QUERIES.read_subject, ticket_id)
    if subject is None:
        return None
    rule = rules.book.rule_of(DisclosureItem(subject["item"]), moment)
    # What is never told one by one is counted in the month's statistics and opens nothing.
    if rule is None or rule.level is DisclosureLevel.STATISTICS or subject["kind"] in rules.book.undisclosed:
        return None
    if subject["publisher_id"] is None or subject["area_id"] is None:
        log.warning("disclosure_without_publisher", ticket_id=ticket_id)
        return None
    return dict(subject), rule


async def open_disclosure(
    conn: Connection, opened: Opened, *, at: datetime, by: User | None, **fields: Any
) -> int | None:
    """Write a draft and its first record; None where its occasion or month has one. `by` None: the platform did it."""
    target, law = opened.clocks or (None, None)
    disclosure_id: int | None = await conn.fetchval(
        QUERIES.insert_disclosure,
        await take_number(conn, NUMBER, at),
        opened.ticket_id,
        opened.ticket_version,
        opened.moment,
        opened.item,
        opened.level,
        opened.never_reason,
        opened.publisher_id,
        opened.area_id,
        opened.month,
        opened.title,
        opened.text,
        opened.outcome,
        list(opened.editors) if opened.editors is not None else [] if by is None else [by.actor],
        at,
        target and target.due_at,
        target and target.remind_at,
        target and dict(target.explanation),
        law and law.due_at,
        law and dict(law.explanation),
        opened.replaces,
        list(opened.redactions),
        list(opened.waivers),
    )
    if disclosure_id is not None:
        await conn.execute(
            QUERIES.insert_record,
            disclosure_id,
            1,
            "open",
            None,
            DisclosureState.DRAFT,
            at,
            RULE if by is None else by.actor,
            RULE if by is None else by.zh_name,
            None if by is None else by.organisation_id,
            None,
            {"moment": opened.moment.value, **fields},
        )
    return disclosure_id


async def _words(conn: Connection, ticket_id: int, version: int | None, moment: DisclosureMoment) -> str:
    """The unit's own words, as the draft's first text; what residents read of them the editor decides."""
    events: Sequence[str] = [event.value for event in _WORDS.get(moment, ())]
    said = await conn.fetchrow(QUERIES.read_words, ticket_id, version, events) if events else None
    if said is None:
        return ""
    lines = [f"{zh}:{said['fields'][name]}" for name, zh in _PLAN_LINES if said["fields"].get(name)]
    return "\n".join(lines)

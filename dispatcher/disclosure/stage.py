"""The disclosure stage of a step: what is due is drafted, who is late is reminded, then recorded. Cheap when idle."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from prometheus_client import Counter

from dispatcher.channels import outbox
from dispatcher.disclosure import duties
from dispatcher.disclosure.drafting import (
    RULE,
    Clockwork,
    Opened,
    open_disclosure,
    open_for_ticket,
    open_status,
    read_clockwork,
)
from dispatcher.disclosure.model import DisclosureState, Withdrawal
from dispatcher.disclosure.overdue import break_law, break_target
from dispatcher.disclosure.periods import last_moment, month_before, month_of, month_span, quarter_of
from dispatcher.disclosure.reading import QUERIES, count_month
from dispatcher.incidents.step import Advanced
from registry.calendar import day_of, read_calendar
from registry.disclosures import DisclosureBook, DisclosureItem, DisclosureMoment, read_disclosure_book, read_duty_rules
from runtime.pool import Connection

BATCH: Final = 200
REMINDER: Final = "disclosure.reminder"
OVERDUE: Final = "disclosure.overdue"
DOUBTED: Final = "disclosure.withdrawal_proposed"
_REOPENED: Final = "事项重新办理,原公开内容撤回,办结后另行公开"
_NOT_PUBLIC: Final = "工单事项属不逐件公开的类别,建议撤回"

OPENED_TOTAL = Counter("dispatcher_disclosures_opened_total", "Disclosures that a fact made due", ["moment"])
BREACHED_TOTAL = Counter("dispatcher_disclosures_breached_total", "Publications that came late", ["limit"])


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...


async def advance(step: Moment) -> Advanced:
    """Do whatever is due at the step's time, each thing once."""
    conn, at = step.conn, step.at
    quarter, _ = quarter_of(at)
    due = await conn.fetchrow(QUERIES.anything_due, at, _month_name(at), quarter, day_of(at).isoformat())
    if due is None or not any(due.values()):
        return Advanced(0, 0)
    book = await read_disclosure_book(conn)
    rules = await read_clockwork(conn, book, at)
    done = 0
    if due["occasions"]:
        done += await _open_occasions(conn, rules, at)
    if due["month"]:
        done += await _open_month(conn, rules, at)
    if due["day"]:
        done += await _open_statuses(conn, rules, at)
    if due["corrections"]:
        done += await _propose_withdrawals(conn, book, at)
    if due["recountable"]:
        done += await _recount(conn, rules)
    if due["reminders"]:
        done += await _remind(conn, at)
    if due["breaches"] or due["law_breaches"]:
        done += await _record_breaches(conn, at)
    if due["quarter"] or due["duties"]:
        done += await _follow_duties(conn, quarter if due["quarter"] else None, at)
    return Advanced(done, done)


async def _open_occasions(conn: Connection, rules: Clockwork, at: datetime) -> int:
    rows = await conn.fetch(QUERIES.take_occasions, at, BATCH)
    for row in sorted(rows, key=lambda each: (each["at"], each["ticket_id"], each["version"])):
        moment = DisclosureMoment(row["moment"])
        if moment is DisclosureMoment.REOPENED:
            await _take_back(conn, row["ticket_id"], at)
        elif await open_for_ticket(conn, rules, row["ticket_id"], row["version"], moment, row["at"]) is not None:
            OPENED_TOTAL.labels(moment.value).inc()
    return len(rows)


async def _take_back(conn: Connection, ticket_id: int, at: datetime) -> None:
    """What was said of the end of a ticket that goes on is no longer true; its next end makes a new report due."""
    for row in await conn.fetch(QUERIES.standing_reports, ticket_id):
        await conn.execute(QUERIES.bump_version, row["id"])
        await conn.execute(QUERIES.withdraw_disclosure, row["id"], at, _REOPENED)
        await conn.execute(
            QUERIES.insert_record,
            row["id"],
            row["version"] + 1,
            "withdraw",
            row["state"],
            DisclosureState.WITHDRAWN,
            at,
            RULE,
            RULE,
            None,
            _REOPENED,
            {"code": Withdrawal.REOPENED.value},
        )


async def _open_statuses(conn: Connection, rules: Clockwork, at: datetime) -> int:
    """Of each rectification that lasts one status a month. It is due from now on: who was not asked is not late."""
    day = day_of(at)
    rows = await conn.fetch(QUERIES.take_statuses, day, month_of(at), at, BATCH)
    for row in rows:
        if await open_status(conn, rules, row["ticket_id"], row["opened_on"], at) is not None:
            OPENED_TOTAL.labels("status").inc()
    if len(rows) < BATCH:  # Else the next step goes on with this day.
        await conn.fetchval(QUERIES.take_period, day.isoformat(), at)
    return len(rows)


async def _propose_withdrawals(conn: Connection, book: DisclosureBook, at: datetime) -> int:
    """What residents read of a kind that is never told: whoever published it is asked once; a person decides."""
    rows = await conn.fetch(QUERIES.take_corrections, at, BATCH)
    for row in sorted(rows, key=lambda each: each["id"]):
        if row["kind"] not in book.undisclosed:
            continue  # The list was corrected again.
        for found in await conn.fetch(QUERIES.published_of_ticket, row["ticket_id"], row["kind"]):
            await _propose_withdrawal(conn, dict(found), row["kind"], at)
    return len(rows)


async def _propose_withdrawal(conn: Connection, found: Mapping[str, Any], kind: str, at: datetime) -> None:
    code = Withdrawal.NOT_PUBLIC.value
    await conn.execute(QUERIES.propose_withdrawal, found["id"], at)
    await conn.execute(
        QUERIES.insert_record,
        found["id"],
        found["version"] + 1,
        "propose_withdrawal",
        DisclosureState.PUBLISHED,
        DisclosureState.PUBLISHED,
        at,
        RULE,
        RULE,
        None,
        _NOT_PUBLIC,
        {"code": code, "kind": kind},
    )
    await outbox.enqueue(
        conn,
        idempotency_key=f"{DOUBTED}-{found['id']}",
        organisation_id=found["publisher_organisation_id"],
        ticket_id=None,
        topic=DOUBTED,
        body={"disclosure_id": found["id"], "number": found["number"], "code": code},
        at=at,
    )


async def _open_month(conn: Connection, rules: Clockwork, at: datetime) -> int:
    """Draft the statistics of the month that ended, for every government that had something to count."""
    if not await conn.fetchval(QUERIES.take_period, _month_name(at), at):
        return 0
    month = month_before(at)
    begin, end = month_span(month)
    rule = rules.book.rules.get((DisclosureItem.OTHER, DisclosureMoment.MONTH))
    if rule is None:
        return 0
    opened = 0
    for area in await conn.fetch(QUERIES.statistics_areas):
        if not await count_month(conn, area["area_id"], begin, end):
            continue
        draft = Opened(
            item=rule.item,
            moment=rule.moment,
            level=rule.level,
            publisher_id=area["publisher_id"],
            area_id=area["area_id"],
            title=f"{area['zh']}{month.year}年{month.month}月不逐件公开事项统计",
            text="",
            month=month,
            clocks=rules.clocks(rule, last_moment(end)),
        )
        opened += await open_disclosure(conn, draft, at=at, by=None) is not None
    return opened


async def _recount(conn: Connection, rules: Clockwork) -> int:
    """The calendar of a year came: due times that were counted from weekdays are counted anew."""
    rows = await conn.fetch(QUERIES.recountable, BATCH)
    for row in rows:
        rule = rules.book.rule_of(DisclosureItem(row["item"]), DisclosureMoment(row["moment"]))
        if rule is None:
            continue
        here = Clockwork(rules.book, rules.law, await read_calendar(conn, row["opened_at"]))
        since = row["opened_at"] if row["month"] is None else last_moment(month_span(row["month"])[1])
        target, law = here.clocks(rule, since)
        await conn.execute(
            QUERIES.recount,
            row["id"],
            target.due_at,
            target.remind_at,
            dict(target.explanation),
            law.due_at,
            dict(law.explanation),
        )
    return len(rows)


async def _remind(conn: Connection, at: datetime) -> int:
    rows = await conn.fetch(QUERIES.due_reminders, at, BATCH)
    for row in rows:
        await conn.execute(QUERIES.mark_reminded, row["id"], at)
        await _tell(conn, row["publisher_organisation_id"], REMINDER, row["id"], row["number"], row["due_at"], at)
    return len(rows)


async def _record_breaches(conn: Connection, at: datetime) -> int:
    rows = await conn.fetch(QUERIES.due_breaches, at, BATCH)
    for row in rows:
        if await break_target(conn, row["id"]):
            BREACHED_TOTAL.labels("target").inc()
            await _tell(conn, row["publisher_organisation_id"], OVERDUE, row["id"], row["number"], row["due_at"], at)
    late = await conn.fetch(QUERIES.due_law_breaches, at, BATCH)
    for row in late:
        if await break_law(conn, row["id"]):
            BREACHED_TOTAL.labels("law").inc()
    return len(rows) + len(late)


async def _follow_duties(conn: Connection, quarter: str | None, at: datetime) -> int:
    rules = await read_duty_rules(conn)
    calendar = await read_calendar(conn, at)
    planned = 0
    if quarter is not None and await conn.fetchval(QUERIES.take_period, quarter, at):
        planned = await duties.plan_quarter(conn, rules, calendar, at)
    return planned + await duties.follow(conn, rules, calendar, at, BATCH)


async def _tell(
    conn: Connection, organisation_id: str, topic: str, disclosure_id: int, number: str, due_at: datetime, at: datetime
) -> None:
    await outbox.enqueue(
        conn,
        idempotency_key=f"{topic}-{disclosure_id}",
        organisation_id=organisation_id,
        ticket_id=None,
        topic=topic,
        body={"disclosure_id": disclosure_id, "number": number, "due_at": due_at.isoformat()},
        at=at,
    )


def _month_name(at: datetime) -> str:
    return f"{month_before(at):%Y-%m}"

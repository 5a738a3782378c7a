"""Reports upward: owed by an accepted ticket's grade, drafted from it, approved by another; late is a breach."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dispatcher.accounts.model import User
from dispatcher.admission.errors import ActRefused, EntryRefused, Outpaced, SubjectNotFound
from dispatcher.admission.procedures import Act, Hop, Refused, choose
from dispatcher.handovers.calls import QUERIES, RULE
from dispatcher.handovers.drafting import SECTIONS, draft
from dispatcher.handovers.parties import Party, stands_as
from dispatcher.handovers.subjects import Subject
from dispatcher.handovers.words import Deed, UpwardPart, UpwardState
from dispatcher.tickets import clocks
from dispatcher.tickets.breaches import Breach, BreachType, open_breach, record_end
from registry.calendar import WorkCalendar, read_calendar
from registry.limits import LimitBook, read_limits
from registry.numbering import take_number
from runtime.pool import Connection

REPORT: Final = "UR"
PHONE: Final = "u_phone"
WRITTEN: Final = "u_report"
_LAST: Final = 2**63 - 1
_S = UpwardState

TABLE: Final = (
    Hop("edit", (_S.DRAFT,), _S.DRAFT, Party.DESK),
    Hop("redraft", (_S.DRAFT,), _S.DRAFT, Party.DESK),
    Hop("phone", (_S.DRAFT, _S.APPROVED), "", Party.DESK, ("told",)),
    Hop("approve", (_S.DRAFT,), _S.APPROVED, Party.APPROVER),
    Hop("send_back", (_S.APPROVED,), _S.DRAFT, Party.APPROVER, ("reason",)),
    Hop("send", (_S.APPROVED,), _S.SENT, Party.DESK, ("receiver",)),
    Hop("receive", (_S.SENT,), _S.RECEIVED, Party.DESK, ("receipt_no",)),
    Hop("cancel", (_S.DRAFT, _S.APPROVED), _S.CANCELLED, Party.APPROVER, ("reason",)),
)


@dataclass(frozen=True, slots=True)
class Terms:
    """The limits and the working days that due times are counted by."""

    limits: LimitBook
    calendar: WorkCalendar

    def due(self, clock: str, part: UpwardPart, grade: int, since: datetime) -> tuple[datetime, dict[str, Any]] | None:
        """When it is due and how that came about; None where nothing is owed at this grade."""
        limit = self.limits.find(clock, kind="", grade=grade, demand=part)
        if limit is None:
            return None
        ends = clocks.due(limit, since, self.calendar, natural=False)
        return ends.at, dict(ends.explanation)


async def read_terms(conn: Connection, at: datetime) -> Terms:
    return Terms(await read_limits(conn, ()), await read_calendar(conn, at))


async def follow(conn: Connection, ticket: Mapping[str, Any], deed: Deed, at: datetime, terms: Terms) -> int:
    """Do what a deed on a ticket asks of the reports upward; how many were opened, shortened or cancelled."""
    rows = [dict(row) for row in await conn.fetch(QUERIES.reports_of_ticket, ticket["id"])]
    waiting = [row for row in rows if row["sent_at"] is None and row["state"] != _S.CANCELLED]
    match deed:
        case Deed.ACCEPT | Deed.GRADE if ticket["accepted_at"] is not None and not rows:
            return await owe(conn, ticket, UpwardPart.FIRST, at, terms)
        case Deed.GRADE | Deed.INJURED if waiting:
            return sum([await _shorten(conn, row, ticket["grade"], at, terms) for row in waiting])
        case Deed.GRADE | Deed.INJURED if rows and ticket["closed_at"] is None:
            return await owe(conn, ticket, UpwardPart.FOLLOW_UP, at, terms, like=UpwardPart.FIRST)
        case Deed.CLOSED if any(row["state"] != _S.CANCELLED for row in rows):
            return await owe(conn, ticket, UpwardPart.FINAL, at, terms)
        case Deed.VOIDED:
            for row in waiting:
                await notice_late(conn, row["id"], at)
                version = await conn.fetchval(QUERIES.cancel_report, row["id"])
                await _record_by_rule(conn, row["id"], version, "cancel", row["state"], _S.CANCELLED, at)
            return len(waiting)
        case _:
            return 0


async def owe(
    conn: Connection,
    ticket: Mapping[str, Any],
    part: UpwardPart,
    at: datetime,
    terms: Terms,
    *,
    like: UpwardPart | None = None,
) -> int:
    """Open the next report of a part with its draft; 0 where none is owed. `like`: as urgent as that part."""
    written = terms.due(WRITTEN, like or part, ticket["grade"], at)
    if written is None:
        return 0
    phone = terms.due(PHONE, part, ticket["grade"], at)
    before = [row for row in await conn.fetch(QUERIES.reports_of_ticket, ticket["id"]) if row["part"] == part]
    if part is not UpwardPart.FOLLOW_UP and before:
        return 0
    limits = {WRITTEN: written[1], **({PHONE: phone[1]} if phone else {})}
    report_id = await conn.fetchval(
        QUERIES.insert_report,
        await take_number(conn, REPORT, at),
        ticket["id"],
        ticket["incident_id"],
        part,
        len(before) + 1,
        ticket["grade"],
        ticket["area_path"],
        ticket["desk_id"],
        at,
        phone[0] if phone else None,
        written[0],
        limits,
        await _drafted(conn, part, ticket, at),
        RULE,
    )
    if report_id is None:
        return 0
    await _record_by_rule(conn, report_id, 1, "draft", None, _S.DRAFT, at)
    return 1


async def act(conn: Connection, report_id: int, asked: Act, user: User, at: datetime) -> None:
    """One action on a report. Raises SubjectNotFound, Outpaced, ActRefused, EntryRefused."""
    claimed = await conn.fetchval(QUERIES.claim_report, report_id, asked.version)
    row = await read(conn, report_id, user.scope)
    if claimed is None:
        raise Outpaced(Subject.REPORT, row["version"], row["state"])
    hop = choose(TABLE, row["state"], asked, lambda party: stands_as(user, Party(party), row["area_path"]))
    if isinstance(hop, Refused):
        raise ActRefused(Subject.REPORT, row["state"], asked.event, hop)
    if hop.event == "cancel":
        await notice_late(conn, report_id, at)  # What was late by then stays so.
    after = await _after(conn, row, hop, asked, user, at)
    await conn.execute(
        QUERIES.move_report,
        report_id,
        after["state"],
        after["content"],
        after["drafted_by"],
        after["approved_by"],
        after["phoned_at"],
        after["sent_at"],
        after["receiver"],
        after["receipt_no"],
        after["received_at"],
        _next_due(after, at, unnoticed_since=row["next_due_at"]),
    )
    await _end_clocks(conn, row, after, at)
    if hop.event == "send":
        await _owe_next(conn, row, at)
    said = {name: asked.fields[name] for name in hop.fields if name != "reason"}
    if hop.event == "edit":
        said = {"content": after["content"]}
    await conn.execute(
        QUERIES.insert_report_record,
        report_id,
        row["version"],
        hop.event,
        row["state"],
        after["state"],
        at,
        user.actor,
        user.zh_name,
        asked.reason,
        said,
    )


async def notice_late(conn: Connection, report_id: int, at: datetime) -> dict[str, Any] | None:
    """Record the breach of each clock that `at` has passed; the report where it is late. The caller holds it."""
    row = await read(conn, report_id, None)
    if row["phone_due_at"] is not None and row["phoned_at"] is None and row["phone_due_at"] <= at:
        await open_breach(conn, _late(row, PHONE, None))
    late = row["sent_at"] is None and row["due_at"] <= at
    if late:
        await open_breach(conn, _late(row, WRITTEN, None))
    await conn.execute(QUERIES.wait_for_report, report_id, _next_due(row, at))
    return row if late else None


async def page(
    conn: Connection,
    area_id: str | None,
    *,
    state: str | None = None,
    ticket_id: int | None = None,
    due: bool = False,
    before_id: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Reports of a place: newest first, or only what is owed, the first due first."""
    rows = await conn.fetch(QUERIES.list_reports, area_id, state, ticket_id, before_id or _LAST, None, due, limit)
    return [dict(row) for row in rows]


async def read(conn: Connection, report_id: int, area_id: str | None) -> dict[str, Any]:
    """One report. Raises SubjectNotFound, also for what the viewer may not see."""
    row = await conn.fetchrow(QUERIES.list_reports, area_id, None, None, _LAST, report_id, False, 1)
    if row is None:
        raise SubjectNotFound(Subject.REPORT, report_id)
    return dict(row)


def events_for(row: Mapping[str, Any], user: User) -> list[str]:
    """What the user could do with the report now."""
    return [
        hop.event
        for hop in TABLE
        if row["state"] in hop.from_states and stands_as(user, Party(hop.party), row["area_path"])
    ]


async def _after(
    conn: Connection, row: Mapping[str, Any], hop: Hop, asked: Act, user: User, at: datetime
) -> dict[str, Any]:
    after = dict(row) | {"state": UpwardState(hop.to_state or row["state"])}
    match hop.event:
        case "edit":
            after |= {"content": _edited(row["content"], asked), "drafted_by": user.actor}
        case "redraft":
            ticket = dict(await conn.fetchrow(QUERIES.read_ticket, row["ticket_id"]) or {})
            content = await _drafted(conn, UpwardPart(row["part"]), ticket, at)
            after |= {"content": content, "drafted_by": RULE}
        case "phone":
            after |= {"phoned_at": row["phoned_at"] or at}
        case "approve":
            if row["drafted_by"] == user.actor:
                raise EntryRefused("event", "is approved by another person than who wrote it")
            after |= {"approved_by": user.actor}
        case "send_back":
            after |= {"approved_by": None}
        case "send":
            after |= {"sent_at": at, "receiver": asked.fields["receiver"]}
        case "receive":
            after |= {"receipt_no": asked.fields["receipt_no"], "received_at": at}
    return after


def _edited(content: Mapping[str, str], asked: Act) -> dict[str, str]:
    unknown = sorted(set(asked.fields) - {"title", *SECTIONS})
    if unknown or not asked.fields:
        raise EntryRefused(unknown[0] if unknown else "fields", f"one of title, {', '.join(SECTIONS)}")
    for name, text in asked.fields.items():
        if not isinstance(text, str) or not text.strip():
            raise EntryRefused(name, "every section says something")
    return {**content, **asked.fields}


async def _drafted(conn: Connection, part: UpwardPart, ticket: Mapping[str, Any], at: datetime) -> dict[str, str]:
    measures = [dict(row) for row in await conn.fetch(QUERIES.list_measures, ticket["id"])]
    services = [dict(row) for row in await conn.fetch(QUERIES.handovers_of_ticket, ticket["id"])]
    return draft(part, ticket, measures, services, at)


async def _owe_next(conn: Connection, row: Mapping[str, Any], at: datetime) -> None:
    """Behind a first report or a follow-up another follow-up is owed, until the matter is controlled or closed."""
    ticket = await conn.fetchrow(QUERIES.read_ticket, row["ticket_id"])
    if ticket is None or row["part"] == UpwardPart.FINAL:
        return
    if ticket["controlled_at"] is None and ticket["closed_at"] is None:
        await owe(conn, dict(ticket), UpwardPart.FOLLOW_UP, at, await read_terms(conn, at))


async def _shorten(conn: Connection, row: Mapping[str, Any], grade: int, at: datetime, terms: Terms) -> int:
    """A graver grade, or changed casualties: due at the earlier of the old time and the change plus the new limit."""
    urgent = UpwardPart.FIRST if row["part"] == UpwardPart.FOLLOW_UP else UpwardPart(row["part"])
    written = terms.due(WRITTEN, urgent, grade, at)
    phone = terms.due(PHONE, UpwardPart(row["part"]), grade, at)
    after = dict(row) | {"grade": grade, "limits": dict(row["limits"])}
    if written is not None and written[0] < row["due_at"]:
        after |= {"due_at": written[0], "limits": {**after["limits"], WRITTEN: written[1]}}
    if phone is not None and row["phoned_at"] is None and phone[0] < (row["phone_due_at"] or phone[0]):
        after |= {"phone_due_at": phone[0], "limits": {**after["limits"], PHONE: phone[1]}}
    if after == dict(row):
        return 0
    await conn.execute(
        QUERIES.shorten_report,
        row["id"],
        grade,
        after["phone_due_at"],
        after["due_at"],
        after["limits"],
        _next_due(after, at, unnoticed_since=row["next_due_at"]),
    )
    return 1


async def _end_clocks(conn: Connection, row: Mapping[str, Any], after: Mapping[str, Any], at: datetime) -> None:
    for clock, done_at, due_at in (
        (PHONE, "phoned_at", row["phone_due_at"]),
        (WRITTEN, "sent_at", row["due_at"]),
    ):
        if row[done_at] is None and after[done_at] is not None and due_at is not None and at > due_at:
            await open_breach(conn, _late(row, clock, at))
            await record_end(conn, _key(row, clock), at)


def _next_due(row: Mapping[str, Any], at: datetime, *, unnoticed_since: datetime | None = None) -> datetime | None:
    """The next due time that nobody noticed yet: behind `at`, or waited for since then though the step has not come."""
    if row["state"] == UpwardState.CANCELLED:
        return None
    waiting = [row["due_at"]] if row["sent_at"] is None else []
    if row["phoned_at"] is None and row["sent_at"] is None and row["phone_due_at"] is not None:
        waiting.append(row["phone_due_at"])
    since = min(at + timedelta.resolution, unnoticed_since or datetime.max.replace(tzinfo=UTC))
    return min((due_at for due_at in waiting if due_at >= since), default=None)


async def _record_by_rule(
    conn: Connection, report_id: int, version: int, event: str, from_state: str | None, to_state: _S, at: datetime
) -> None:
    await conn.execute(
        QUERIES.insert_report_record, report_id, version, event, from_state, to_state, at, RULE, RULE, None, {}
    )


def _late(row: Mapping[str, Any], clock: str, actual_at: datetime | None) -> Breach:
    due_at: datetime = row["phone_due_at"] if clock == PHONE else row["due_at"]
    return Breach(
        source_key=_key(row, clock),
        type=BreachType.OVERDUE_REPORT,
        clock=clock,
        unit_id=row["unit_organisation_id"],
        area_path=tuple(row["area_path"]),
        happened_at=due_at,
        explanation={**row["limits"].get(clock, {}), "report": row["number"], "part": row["part"]},
        ticket_id=row["ticket_id"],
        grade=row["grade"],
        started_at=row["opened_at"],
        due_at=due_at,
        actual_at=actual_at,
    )


def _key(row: Mapping[str, Any], clock: str) -> str:
    return f"upward:{row['id']}:{clock}"

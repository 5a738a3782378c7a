"""Reads tickets for people: the queue, the detail with what the reader may do now, the timeline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from dispatcher.attachments import store as attachments
from dispatcher.attachments.views import AttachmentUse
from dispatcher.channels.masking import masked_name, masked_phone, masked_text
from dispatcher.tickets import clocks, lifecycle
from dispatcher.tickets.errors import TicketNotFound
from dispatcher.tickets.evidence import TOPIC, named_attachments
from dispatcher.tickets.grammar import Field, FieldType, Row
from dispatcher.tickets.masking import masked_words, reads_reports
from dispatcher.tickets.model import Actor, ClockRun, Entry, EntryKind, Role, Ticket, TicketState, Transition
from dispatcher.tickets.records import QUERIES, read_context, read_log, read_rules, read_ticket
from dispatcher.tickets.views import (
    Action,
    ActionField,
    Assignment,
    ClockStep,
    Holder,
    Subtask,
    TicketClock,
    TicketClockExplained,
    TicketDetail,
    TicketReport,
    TicketRow,
    TimelineItem,
    Unit,
)
from registry.evidence import photos_needed
from runtime.pool import Connection

_NUMBERS: Final = frozenset({FieldType.INTEGER, FieldType.DECIMAL})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# What a cursor may hold at most: the last day of the calendar, and what the database counts up to.
_DUE_US_MAX: Final = (datetime(9999, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
_ID_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Sight:
    """What a reader may see: an area with what lies in it (None: everything), and the tickets of one organisation."""

    area_id: str | None
    organisation_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Which tickets to list; None does not narrow."""

    state: TicketState | None = None
    grade: int | None = None
    area_id: str | None = None
    organisation_id: str | None = None
    open: bool | None = None
    overdue: bool | None = None
    text: str | None = None
    view: "Workbench | None" = None
    user_id: int | None = None  # Whose view it is.
    unit_id: str | None = None


class Workbench(StrEnum):
    """The saved views of a person and of their unit; a subdistrict works with the last three."""

    MINE = "mine"  # 我的: held by the person inside their unit.
    INBOX = "inbox"  # 待签收: the unit has not signed.
    LED = "led"  # 牵头: the unit leads.
    CALLED = "called"  # 吹哨报到: the unit called others, who have their part.


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list; `next` continues it and is None at its end."""

    items: list[TicketRow]
    next: str | None


class CursorInvalid(ValueError):
    """A cursor that no page gave."""


async def ticket_row(conn: Connection, ticket_id: int) -> TicketRow:
    """One row as lists show it. Raises TicketNotFound."""
    record = await conn.fetchrow(QUERIES.read_row, ticket_id)
    if record is None:
        raise TicketNotFound(ticket_id)
    return _row(dict(record))


async def sees_ticket(conn: Connection, ticket_id: int, sight: Sight) -> bool:
    """Whether the ticket exists and the reader may see it."""
    return bool(await conn.fetchval(QUERIES.sees_ticket, ticket_id, sight.area_id, sight.organisation_id))


async def ticket_rows(
    conn: Connection, wanted: TicketFilter, sight: Sight, *, cursor: str | None = None, limit: int = 50
) -> Page:
    """The newest tickets first. Raises CursorInvalid."""
    pattern = _pattern(wanted.text)
    kinds = [row["id"] for row in await conn.fetch(QUERIES.kinds_named, pattern)] if pattern is not None else []
    await conn.execute(QUERIES.plan_each_time)
    rows = await conn.fetch(
        QUERIES.list_newest,
        wanted.state,
        wanted.grade,
        wanted.area_id,
        wanted.organisation_id,
        wanted.open,
        wanted.overdue,
        pattern,
        sight.area_id,
        sight.organisation_id,
        _numbers(cursor, _ID_MAX)[0],
        limit + 1,
        wanted.view,
        wanted.user_id,
        wanted.unit_id,
        kinds,
    )
    items = [_row(dict(row)) for row in rows[:limit]]
    return Page(items, str(items[-1].id) if len(rows) > limit else None)


async def ticket_queue(
    conn: Connection, wanted: TicketFilter, sight: Sight, *, cursor: str | None = None, limit: int = 50
) -> Page:
    """The open tickets, the gravest first, then what is due first; `wanted.open` is not asked. Raises CursorInvalid."""
    grade, due_us, last_id = _numbers(cursor, 4, _DUE_US_MAX, _ID_MAX)
    await conn.execute(QUERIES.plan_each_time)
    rows = await conn.fetch(
        QUERIES.list_queue,
        wanted.state,
        wanted.grade,
        wanted.area_id,
        wanted.organisation_id,
        wanted.overdue,
        _pattern(wanted.text),
        sight.area_id,
        sight.organisation_id,
        grade,
        _EPOCH + due_us * _MICROSECOND if due_us else None,
        last_id,
        limit + 1,
        wanted.view,
        wanted.user_id,
        wanted.unit_id,
    )
    items = [_row(dict(row)) for row in rows[:limit]]
    return Page(items, _queue_cursor(items[-1]) if len(rows) > limit else None)


async def ticket_detail(conn: Connection, ticket_id: int, actor: Actor, at: datetime) -> TicketDetail:
    """Everything about a ticket, and what this actor may do with it now. Raises TicketNotFound."""
    ticket = await read_ticket(conn, ticket_id)
    row = await ticket_row(conn, ticket_id)
    explanation = await conn.fetchval(QUERIES.read_explanation, ticket.incident_id)
    reports = await conn.fetch(QUERIES.list_reports, ticket_id) if reads_reports(ticket, actor) else []
    return TicketDetail(
        **row.model_dump(),
        assignments=[
            Assignment(
                organisation=Unit(id=each["organisation_id"], zh_name=each["zh_name"], en_name=each["en_name"]),
                role=each["role"],
                reason=each["reason"],
                assigned_at=each["assigned_at"],
                signed_at=each["signed_at"],
                ended_at=each["ended_at"],
            )
            for each in await conn.fetch(QUERIES.list_assignments, ticket_id)
        ],
        holders=[_holder(dict(each)) for each in await conn.fetch(QUERIES.list_holders, ticket_id)],
        clocks=_clocks(ticket),
        reports=[_report(dict(each)) for each in reports],
        explanation=explanation,
        actions=await _actions(conn, ticket, actor, at),
    )


def _once(rows: tuple[Row, ...]) -> Iterable[Row]:
    """The first row of each event: who may use several of them sees one button."""
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(row.event, row)
    return found.values()


async def allowed_actions(conn: Connection, ticket: Ticket, actor: Actor, at: datetime) -> tuple[Row, ...]:
    """The rows of the table that this actor may use now, as far as that can be said before the fields are filled."""
    return lifecycle.allowed_actions(ticket, actor, at, await read_context(conn, ticket, None, at))


async def timeline(
    conn: Connection, ticket_id: int, *, unstruck: bool = False, knows_reporters: bool = True
) -> list[TimelineItem]:
    """What happened to a ticket, oldest first, numbers cut from words; empty where there is no such ticket.

    What a struck line says is shown where `unstruck` asks for it, to auditors.
    """
    log = await read_log(conn, ticket_id)
    struck = {record.body["entry"] for record in log if isinstance(record, Entry) and record.entry is EntryKind.STRUCK}
    shown = {
        (each.id, each.version): each
        for each in await attachment_uses(conn, ticket_id, knows_reporters=knows_reporters)
    }
    return [_with_attachments(_item(record, struck, unstruck=unstruck), shown) for record in log]


async def attachment_uses(conn: Connection, ticket_id: int, *, knows_reporters: bool = True) -> list[AttachmentUse]:
    """The photos and documents of a ticket, in the order in which they were named; empty where there is none.

    Where the camera stood may be a reporter's home: it is left out for who must not know reporters (ruling A11).
    """
    found = [AttachmentUse.of_use(each) for each in await attachments.used_on(conn, TOPIC, ticket_id)]
    return found if knows_reporters else [each.model_copy(update={"lon": None, "lat": None}) for each in found]


def _with_attachments(item: TimelineItem, shown: Mapping[tuple[int, int | None], AttachmentUse]) -> TimelineItem:
    named = named_attachments(item.fields or item.body or {})
    found = [shown[each, item.version] for each in named if (each, item.version) in shown]
    return item.model_copy(update={"attachments": found}) if found else item


async def explained_clocks(conn: Connection, ticket_id: int, at: datetime) -> list[TicketClockExplained]:
    """Every run of every clock, how its due time came about, and the steps of the ladder. Raises TicketNotFound."""
    ticket = await read_ticket(conn, ticket_id)
    rules = await read_rules(conn, at, [ticket.kind])
    return [_explained(ticket, run, shown, rules) for run, shown in zip(ticket.clocks, _clocks(ticket), strict=True)]


async def subtasks(conn: Connection, ticket_id: int) -> list[Subtask]:
    """The sub-tasks of a ticket, in their order; empty where there is no such ticket."""
    return [
        Subtask(
            number=row["number"],
            title=masked_text(row["title"]),
            organisation=Unit(id=row["organisation_id"], zh_name=row["zh_name"], en_name=row["en_name"]),
            mandatory=row["mandatory"],
            state=row["state"],
            changed_at=row["changed_at"],
            after=row["after"],
            due_at=row["due_at"],
        )
        for row in await conn.fetch(QUERIES.list_subtasks, ticket_id)
    ]


def _explained(ticket: Ticket, run: ClockRun, shown: TicketClock, rules: clocks.Rules) -> TicketClockExplained:
    taken = [ClockStep(action=action.value, at=None) for action in run.fired]
    ahead = [ClockStep(action=action.value, at=at) for at, action in clocks.steps_left(run, ticket.grade, rules)]
    return TicketClockExplained(
        **shown.model_dump(),
        run=run.run,
        subtask=run.subtask or None,
        working=run.working,
        paused_at=run.paused_at,
        steps=[*taken, *ahead],
    )


def reads_struck(actor: Actor) -> bool:
    """Whether the actor still reads what was struck."""
    return Role.AUDITOR in actor.roles


def _row(columns: dict[str, Any]) -> TicketRow:
    lead_id, zh_name, en_name = (columns.pop(name) for name in ("lead_organisation_id", "lead_zh", "lead_en"))
    del columns["area_path"]
    lead = Unit(id=lead_id, zh_name=zh_name, en_name=en_name) if lead_id is not None else None
    return TicketRow(**columns, lead=lead)


def _clocks(ticket: Ticket) -> list[TicketClock]:
    return [
        TicketClock(
            clock=run.clock,
            organisation_id=run.organisation_id or None,
            started_at=run.started_at,
            due_at=run.due_at,
            stopped_at=run.stopped_at,
            stop_reason=run.stop_reason,
            breached_at=run.breached_at,
            provisional=run.provisional,
            explanation=dict(run.explanation),
        )
        for run in ticket.clocks
    ]


def _holder(columns: dict[str, Any]) -> Holder:
    unit = Unit(id=columns.pop("organisation_id"), zh_name=columns.pop("zh_name"), en_name=columns.pop("en_name"))
    return Holder(organisation=unit, **columns)


def _report(columns: dict[str, Any]) -> TicketReport:
    """The report with numbers cut from its words; of an anonymous or confidential caller not even the mask."""
    hidden = [columns.pop("anonymous"), columns.pop("confidential")]
    name, phone = columns.pop("caller_name"), columns.pop("caller_phone")
    return TicketReport(
        **columns | {"text": masked_text(columns["text"])},
        caller_name=None if any(hidden) else masked_name(name),
        caller_phone=None if any(hidden) else masked_phone(phone),
    )


async def _actions(conn: Connection, ticket: Ticket, actor: Actor, at: datetime) -> list[Action]:
    rows = list(_once(await allowed_actions(conn, ticket, actor, at)))
    needed = await photos_needed(conn, ticket.ticket_kind, [row.event for row in rows], ticket.grade, ticket.demand)
    return [_action(row, needed.get(row.event, 0)) for row in rows]


def _action(row: Row, photos: int) -> Action:
    return Action(
        event=row.event,
        to_state=row.to_state,
        fields=[_field(field, photos) for field in row.fields],
        needs_reason=row.needs_reason,
    )


def _field(field: Field, photos: int) -> ActionField:
    minimum = field.minimum if field.type in _NUMBERS else None
    return ActionField(
        name=field.name,
        type=field.type.value,
        required=field.required,
        choices=list(field.choices) or None,
        minimum=photos if field.type is FieldType.ATTACHMENTS else minimum,
        maximum=field.maximum if field.type in _NUMBERS else None,
    )


def _item(record: Transition | Entry, struck: set[int], *, unstruck: bool) -> TimelineItem:
    if isinstance(record, Entry):
        is_struck = record.id in struck
        return TimelineItem(
            at=record.at,
            entry=record.entry,
            version=record.version,
            actor_name=record.actor_name,
            actor_role=record.actor_role,
            body=masked_words(record.body) if unstruck or not is_struck else {},
            id=record.id,
            struck=is_struck,
        )
    return TimelineItem(
        at=record.at,
        entry="transition",
        event=record.event,
        from_state=record.from_state,
        to_state=record.to_state,
        version=record.version,
        actor_name=record.actor_name,
        actor_role=record.actor_role,
        organisation_id=record.organisation_id,
        reason=None if record.reason is None else masked_text(record.reason),
        fields=masked_words(record.fields),
    )


def _pattern(text: str | None) -> str | None:
    if text is None:
        return None
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _numbers(cursor: str | None, *maxima: int) -> list[int | None]:
    """The numbers of a cursor, each at most its maximum."""
    if cursor is None:
        return [None] * len(maxima)
    parts = cursor.split("-")
    if len(parts) != len(maxima) or not all(part.isascii() and part.isdecimal() and len(part) <= 19 for part in parts):
        raise CursorInvalid(cursor)
    numbers = [int(part) for part in parts]
    if any(number > maximum for number, maximum in zip(numbers, maxima, strict=True)):
        raise CursorInvalid(cursor)
    return list(numbers)


def _queue_cursor(row: TicketRow) -> str:
    due_us = (row.due_at - _EPOCH) // _MICROSECOND if row.due_at is not None else 0
    return f"{row.grade}-{due_us}-{row.id}"

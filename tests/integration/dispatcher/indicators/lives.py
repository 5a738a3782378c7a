"""Random lives of tickets through the real engine and a real database, over weeks of time."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from dispatcher.escalation import stage as escalation
from dispatcher.tickets import acting, lifecycle, store
from dispatcher.tickets.errors import ActionRefused
from dispatcher.tickets.grammar import Field, FieldType, Row
from dispatcher.tickets.model import Action, Actor, Entry, Role, Ticket, TicketEvent, TicketKind
from dispatcher.tickets.records import read_context, read_log, read_ticket
from runtime.pool import SYSTEM, Pool, transaction
from tests.integration.dispatcher.indicators.oracle import Call, Life
from tests.integration.dispatcher.tickets import town
from tests.integration.dispatcher.tickets.town import AT, E, StepOfTown, person

KINDS = ("streetlight_out", "outdoor_fire")
CAST: tuple[Actor, ...] = (
    town.OFFICER,
    town.LEADER,
    town.HANDLER,
    town.HEAD,
    town.CREW,
    town.VERIFIER,
    town.AGENT,
    person(Role.CALL_TAKER, "t-desk", number=8),
    person(Role.SUPERVISOR, "t-desk", number=9),
    person(Role.DEPT_HEAD, "t-police", number=10),
    person(Role.DEPT_HANDLER, "t-urban", number=11),
    person(Role.DEPT_HEAD, "t-urban", number=12),
    person(Role.SUBDISTRICT, "t-desk", number=13),
)
# What would end most lives at once comes up seldom.
SELDOM = {E.VOID, E.REFUSE_ACCEPT, E.ANSWER, E.COUNTERSIGN_REFUSAL, E.REJECT, E.MERGE, E.UNMERGE, E.ASK_FACT}
SELDOM |= {E.REDISPATCH, E.GRADE, E.SPLIT, E.LINK, E.SUPERVISE, E.FLAG_REPORT, E.ADD_SUBTASK, E.CHANGE_LEAD, E.CONVERT}
_MINUTES = (1, 1, 1, 1, 2, 2, 3, 3, 5, 20, 90, 900, 3000)


class Lives:
    """Some tickets, and the time, which never stands still between two things that happen."""

    def __init__(self, pool: Pool, seed: int) -> None:
        self.pool = pool
        self.random = Random(seed)
        self.at: datetime = AT
        self.ids: list[int] = []
        self.calls: dict[int, Call] = {}
        self.lines: list[int | None] = []  # Of the ticket that somebody acts on.

    async def run(self, steps: int) -> None:
        await self.open()
        for _ in range(steps):
            self.pass_time()
            if self.random.random() < 0.07:
                await self.open()
            if self.random.random() < 0.06:
                await self.report()
            if self.random.random() < 0.15:
                await self.fire()
            await self.act()
            self.ids = await self._all_ids()

    def pass_time(self) -> None:
        self.at += timedelta(minutes=self.random.choice(_MINUTES), seconds=self.random.randint(1, 59))

    async def open(self) -> None:
        kind, grade = self.random.choice(KINDS), self.random.randint(1, 4)
        async with transaction(self.pool, scope=SYSTEM) as conn:
            incident_id, case_id = await town.incident(conn, kind=kind, grade=grade, at=self.at)
            joint = self.random.random() < 0.25
            draft = town.draft(
                incident_id,
                case_id,
                kind=kind,
                grade=grade,
                time_critical=await conn.fetchval("SELECT time_critical FROM event_kinds WHERE id = $1", kind),
                ticket_kind=TicketKind.JOINT_RECTIFICATION if joint else TicketKind.CALL_RESPONSE,
            )
            self.ids.append(await store.open_ticket(conn, draft, self.at))
        if not joint and self.random.random() < 0.5:
            await self.report(self.ids[-1])
        self.pass_time()

    async def report(self, ticket_id: int | None = None) -> None:
        async with transaction(self.pool, scope=SYSTEM) as conn:
            ticket = await read_ticket(conn, ticket_id or self.random.choice(self.ids))
            if not ticket.open or ticket.ticket_kind is TicketKind.JOINT_RECTIFICATION:
                return
            anonymous = self.random.random() < 0.3
            # Some calls are understood, and join, only hours afterwards.
            received_at = self.at - timedelta(hours=self.random.choice((0, 0, 0, 7, 60)))
            key = f"call {len(self.calls)}"
            call_id = await town.call(conn, key=key, anonymous=anonymous, at=received_at)
            await store.join_report(conn, ticket.id, call_id, None, self.at)
        self.calls[call_id] = Call("13812345678", anonymous, received_at, ticket.kind, ticket.area_path)

    async def fire(self) -> None:
        async with transaction(self.pool, scope=SYSTEM) as conn:
            await escalation.advance(await StepOfTown.begin(conn, self.at))

    async def act(self) -> None:
        """Something that somebody may do with one of the tickets."""
        async with transaction(self.pool, scope=SYSTEM) as conn:
            open_ids = [
                row["id"] for row in await conn.fetch("SELECT id FROM tickets WHERE closed_at IS NULL ORDER BY id")
            ]
            # Mostly the oldest that is open, so that lives come to an end; at times one that has ended.
            pool = (open_ids[:2] or self.ids) if self.random.random() < 0.9 else self.ids
            ticket = await read_ticket(conn, self.random.choice(pool))
            context = await read_context(conn, ticket, None, self.at)
            possible = [
                (actor, row)
                for actor in CAST
                for row in lifecycle.allowed_actions(ticket, actor, self.at, context)
                if row.event not in SELDOM or self.random.random() < 0.07
            ]
            moving = [each for each in possible if each[1].to_state is not None]
            chosen = moving if moving and self.random.random() < 0.75 else possible
            if not chosen:
                return
            actor, row = self.random.choice(chosen)
            self.lines = [record.id for record in await read_log(conn, ticket.id) if isinstance(record, Entry)]
            action = Action(row.event, ticket.version, "理由", self._fields(ticket, row))
            try:
                async with conn.transaction():
                    await acting.act(conn, ticket.id, action, actor, self.at)
            except ActionRefused:
                return

    def _fields(self, ticket: Ticket, row: Row) -> Mapping[str, Any]:
        asked = [each for each in row.fields if each.required or self.random.random() < 0.5]
        found = {field.name: self._value(ticket, field) for field in asked if field.type is not FieldType.ATTACHMENTS}
        if row.event in (TicketEvent.ARRIVE, TicketEvent.CONTROL, TicketEvent.ROLL):
            found.pop("happened_at", None)
        return found

    def _value(self, ticket: Ticket, field: Field) -> object:  # noqa: PLR0911 - a return a type of field
        match field.type:
            case FieldType.ORGANISATION:
                return self.random.choice(("t-fire", "t-police", "t-urban"))
            case FieldType.ORGANISATIONS:
                return self.random.choice(([], ["t-police"], ["t-urban"]))
            case FieldType.CHOICE:
                return self.random.choice(field.choices)
            case FieldType.INTEGER if field.name == "entry":
                return self.random.choice(self.lines or [1])
            case FieldType.INTEGER if field.name in ("survivor", "ticket"):
                return self.random.choice(self.ids)
            case FieldType.INTEGER if field.name == "call_id":
                reports = [each.call_id for each in ticket.reports] or [1]
                return self.random.choice(reports)
            case FieldType.INTEGER:
                return self.random.randint(max(0, field.minimum), max(field.minimum, 4))
            case FieldType.DECIMAL:
                return self.random.choice((1, 6, 40))
            case FieldType.TIME:
                return (self.at - timedelta(minutes=1)).isoformat()
            case _:
                return "文字"

    async def _all_ids(self) -> list[int]:
        """Splits and conversions open further ones."""
        async with self.pool.acquire() as conn:
            return [row["id"] for row in await conn.fetch("SELECT id FROM tickets ORDER BY id")]

    async def told(self) -> list[Life]:
        """Every ticket as its log alone makes it."""
        async with transaction(self.pool, scope=SYSTEM) as conn:
            return [
                Life(await store.recompute(conn, ticket_id), tuple(await read_log(conn, ticket_id)))
                for ticket_id in self.ids
            ]

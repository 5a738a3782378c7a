"""The tickets stage of a step: an incident that asks for work gets one ticket, and what joins it joins the ticket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from prometheus_client import Counter

from dispatcher.incidents.model import IncidentChange
from dispatcher.incidents.step import Advanced
from dispatcher.rules.rulebook import Rulebook
from dispatcher.tickets import store
from dispatcher.tickets.announcing import CHANGED, OPENED, announce, tell_units
from dispatcher.tickets.model import Action, EntryKind, Ticket, TicketDraft, TicketEvent, TicketState, Transition
from dispatcher.tickets.questions import Context
from dispatcher.tickets.records import QUERIES, read_rules, read_ticket
from dispatcher.tickets.routing import RouteReason, Routing, route
from dispatcher.tickets.writing import update
from registry.event_kinds import GROUP_OF_ALL, EventKind, KindMode
from registry.rosters.duty import off_duty_at
from registry.rosters.store import read_rosters
from registry.unit_calls import UnitCall, calls_of, read_unit_calls
from runtime.pool import Connection

LOG = structlog.get_logger(__name__)

OPENED_TOTAL = Counter("dispatcher_tickets_opened_total", "Tickets opened by the step", ["mode"])
HELD_TOTAL = Counter("dispatcher_tickets_held_total", "Departments whose part a duty desk holds", ["reason"])

_RELIEVED = (TicketState.DISPATCHED, TicketState.ACKNOWLEDGED)
"""While nobody is on the way a rule may give the lead to another unit."""


class Work(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...

    @property
    def rulebook(self) -> Rulebook: ...

    @property
    def incidents(self) -> Sequence[IncidentChange]: ...


@dataclass(slots=True)
class _Touched:
    """A ticket that this step opened or changed, and what is to be told of it once at the end."""

    ticket: Ticket
    before: Ticket
    opened: bool
    transitions: list[Transition]

    def note(self, acted: store.Acted) -> None:
        self.ticket = acted.ticket
        if isinstance(acted.record, Transition):
            self.transitions.append(acted.record)


async def advance(step: Work) -> Advanced:
    """Open, join, raise and merge tickets for the incidents that this step changed; tell of each ticket once."""
    if not step.incidents or GROUP_OF_ALL in step.rulebook.taxonomy.groups:
        return Advanced(len(step.incidents), 0)
    held = await _hold(step.conn, step.incidents)
    if not held.any and not any(_asks(change) for change in step.incidents):
        return Advanced(len(step.incidents), 0)
    context = Context(
        {organisation.id: organisation for organisation in step.rulebook.organisations},
        await read_rules(step.conn, step.at),
    )
    desk = _Desk(step.conn, step.at, context, step.rulebook.taxonomy.kinds, held)
    for change in step.incidents:
        await desk.take(change)
    return Advanced(len(step.incidents), await desk.tell())


@dataclass(slots=True)
class _Held:
    """The tickets of the step's cases: their rows are held, so that users' actions wait instead of colliding."""

    open: dict[int, int] = field(default_factory=dict)  # case -> its open ticket
    grades: dict[int, int] = field(default_factory=dict)  # open ticket -> the gravest that its incidents had before
    ended: dict[int, int] = field(default_factory=dict)  # case -> its newest ticket, where none is open

    @property
    def any(self) -> bool:
        return bool(self.open or self.ended)


async def _hold(conn: Connection, changes: Sequence[IncidentChange]) -> _Held:
    held = _Held()
    cases = {change.case_id for change in changes}
    cases |= {case_id for change in changes for case_id in _gone_cases(change)}
    for row in await conn.fetch(QUERIES.hold_open_tickets_of_cases, sorted(cases)):
        held.open[row["case_id"]] = row["id"]
        held.grades[row["id"]] = row["incident_grade"]
    for row in await conn.fetch(QUERIES.newest_tickets_of_cases, sorted(cases - held.open.keys())):
        held.ended[row["case_id"]] = row["id"]
    return held


def _asks(change: IncidentChange) -> bool:
    """Whether the incident may ask for a ticket where its case has none."""
    return change.mode is not KindMode.NOTICE_ONLY or any(event.call_id is not None for event in change.new_events)


class _Desk:
    """One step's work on the tickets that it holds."""

    def __init__(
        self, conn: Connection, at: datetime, context: Context, kinds: Mapping[str, EventKind], held: _Held
    ) -> None:
        self._conn = conn
        self._at = at
        self._context = context
        self._kinds = kinds
        self._open = held.open
        self._grades = held.grades
        self._ended = held.ended
        self._touched: dict[int, _Touched] = {}
        self._unit_calls: tuple[UnitCall, ...] | None = None

    async def take(self, change: IncidentChange) -> None:
        if not (change.opened or change.new_events or change.absorbed or change.joined_cases):
            await self._regrade(change)
            return
        await self._merge(change)
        calls = list(dict.fromkeys(event.call_id for event in change.new_events if event.call_id is not None))
        touched = await self._ticket_of(change, reported=bool(calls))
        if touched is None:
            return
        devices = [event for event in change.new_events if event.call_id is None]
        if devices and not touched.opened:
            await store.join_events(self._conn, touched.ticket, devices, self._at)
            if touched.ticket.state is TicketState.VERIFYING_FACT:
                await self._act(touched, TicketEvent.CONFIRM_FACT, source="device", finding="confirmed")
        for call_id in calls:
            touched.ticket = await store.join_report(
                self._conn, touched.ticket.id, call_id, None, self._at, rules=self._context.rules
            )
        if touched.ticket.open:
            touched.ticket = await store.raise_grade(
                self._conn, touched.ticket, change.grade, self._at, self._context.rules
            )
        if calls and touched.ticket.open and touched.ticket.lead_organisation_id in touched.ticket.complained_of:
            await self._relieve(touched)
        if change.mode is KindMode.AUTO_TICKET and touched.ticket.state is TicketState.NEW:
            await self._accept_and_dispatch(touched)

    async def _regrade(self, change: IncidentChange) -> None:
        """Nothing joined: only a graver incident concerns its ticket."""
        open_id = self._open.get(change.case_id)
        if open_id is None:
            return
        held = self._grades.get(open_id)  # None: opened in this step.
        if held is not None and change.grade >= held:
            return  # As most changes of a step: the ticket need not be read.
        touched = await self._touch(open_id)
        if change.grade < touched.ticket.incident_grade:
            touched.ticket = await store.raise_grade(
                self._conn, touched.ticket, change.grade, self._at, self._context.rules
            )

    async def tell(self) -> int:
        """Put every touched ticket on the stream and a message to its units; returns how many there were."""
        for touched in self._touched.values():
            topic = OPENED if touched.opened else CHANGED
            units = frozenset(assignment.organisation_id for assignment in touched.before.active)
            row = await announce(self._conn, touched.ticket, topic, self._at, also=units)
            if touched.transitions:
                await tell_units(self._conn, touched.before, touched.ticket, touched.transitions[-1], row)
        return len(self._touched)

    async def _ticket_of(self, change: IncidentChange, *, reported: bool) -> _Touched | None:
        open_id = self._open.get(change.case_id)
        if open_id is not None:
            return await self._touch(open_id)
        ended_id = self._ended.get(change.case_id)
        # Devices that go on after the work ended show it in the record; only a person's report opens the matter again.
        if ended_id is not None and not reported:
            return await self._touch(ended_id)
        if reported or change.mode is not KindMode.NOTICE_ONLY:
            return await self._open_ticket(change)
        return None

    async def _open_ticket(self, change: IncidentChange) -> _Touched:
        call_id = next((event.call_id for event in change.new_events if event.call_id is not None), None)
        call = await self._conn.fetchrow(QUERIES.read_call, call_id) if call_id is not None else None
        kind = self._kinds.get(change.kind)
        draft = TicketDraft(
            case_id=change.case_id,
            incident_id=change.incident_id,
            kind=change.kind,
            time_critical=kind is not None and kind.time_critical,
            grade=change.grade,
            demand=call["demand"] if call is not None else None,
            external_due_at=call["external_due_at"] if call is not None else None,
            area_id=change.area_id,
            area_path=change.area_path,
            place=change.place,
            lon=change.lon,
            lat=change.lat,
        )
        ticket_id = await store.open_ticket(self._conn, draft, self._at, rules=self._context.rules)
        self._open[change.case_id] = ticket_id
        OPENED_TOTAL.labels(change.mode.value).inc()
        touched = await self._touch(ticket_id)
        touched.opened = True
        return touched

    async def _accept_and_dispatch(self, touched: _Touched) -> None:
        await self._act(touched, TicketEvent.ACCEPT)
        ticket = touched.ticket
        kind = self._kinds[ticket.kind]
        routing = await self._route(ticket, kind)
        for held in routing.held:
            HELD_TOTAL.labels(held.reason.value).inc()
        if routing.lead is None:
            LOG.warning("ticket_unrouted", ticket=ticket.id, kind=ticket.kind, area=ticket.area_id)
            body = {"about": "unrouted", **routing.as_record()}
            await store.add_entry(self._conn, ticket, EntryKind.MESSAGE, body, self._at)
            return
        await self._act(touched, TicketEvent.DISPATCH, routing)

    async def _relieve(self, touched: _Touched) -> None:
        """Who just joined complains of the lead: another one takes it, or a person is told that somebody has to."""
        ticket = touched.ticket
        routing = await self._route(ticket, self._kinds[ticket.kind]) if ticket.kind in self._kinds else None
        if ticket.state in _RELIEVED and routing is not None and routing.lead is not None:
            await self._act(touched, TicketEvent.REDISPATCH, routing, reason=RouteReason.COMPLAINED_OF.value)
            return
        body = {"about": "lead_complained_of", "organisation_id": ticket.lead_organisation_id}
        await store.add_entry(self._conn, ticket, EntryKind.MESSAGE, body, self._at)

    async def _route(self, ticket: Ticket, kind: EventKind) -> Routing:
        """Where a ticket goes; a unit whose rosters have nobody now is held by the desk."""
        if self._unit_calls is None:
            self._unit_calls = await read_unit_calls(self._conn)
        find = partial(
            route,
            kind,
            ticket.area_path,
            self._context.organisations.values(),
            self._at,
            self._context.rules.calendar,
            trades=[c.trade for c in calls_of(self._unit_calls, kind.id, ticket.area_path, ticket.grade, self._at)],
            complained_of=ticket.complained_of,
        )
        routing = find()
        meant = [each for each in (routing.lead, *routing.co) if each is not None]
        off_duty = off_duty_at(await read_rosters(self._conn, organisations=meant, since=self._at), self._at)
        return find(off_duty=off_duty) if off_duty else routing

    async def _act(
        self,
        touched: _Touched,
        event: TicketEvent,
        routing: Routing | None = None,
        *,
        reason: str | None = None,
        **said: str,
    ) -> None:
        fields: dict[str, object] = {**said}
        if routing is not None:
            fields |= {"lead": routing.lead, "co": list(routing.co)}
        action = Action(
            event,
            touched.ticket.version,
            reason,
            fields=fields,
            routing=None if routing is None else routing.as_record(),
        )
        acted = await store.apply(self._conn, touched.ticket, action, store.AUTO, self._at, self._context)
        touched.note(acted)

    async def _merge(self, change: IncidentChange) -> None:
        """Incidents that proved to be one have one open ticket: the one that was accepted first."""
        absorbed = _gone_cases(change)
        cases = [case_id for case_id in dict.fromkeys((change.case_id, *absorbed)) if case_id in self._open]
        candidates = [(case_id, await self._touch(self._open[case_id])) for case_id in cases]
        if not candidates:
            ended = [self._ended[case_id] for case_id in absorbed if case_id in self._ended]
            if ended and change.case_id not in self._ended:
                self._ended[change.case_id] = max(ended)
            return
        candidates.sort(key=lambda each: _seniority(each[1].ticket))
        survivor = candidates[0][1]
        for case_id, loser in candidates[1:]:
            merged, survivor.ticket = await store.merge_into(
                self._conn, loser.ticket, survivor.ticket, self._at, self._context
            )
            loser.note(merged)
            del self._open[case_id]
        gone = {incident_id for incident_id, _, _ in change.absorbed}
        # A ticket of a case that was only joined stays with the incident that it was opened for.
        own = change.incident_id if survivor.ticket.incident_id in gone else survivor.ticket.incident_id
        moved = replace(survivor.ticket, case_id=change.case_id, incident_id=own)
        if moved != survivor.ticket:
            await update(self._conn, survivor.ticket, moved)
            survivor.ticket = moved
        for case_id in cases:
            self._open.pop(case_id, None)
        self._open[change.case_id] = survivor.ticket.id

    async def _touch(self, ticket_id: int) -> _Touched:
        touched = self._touched.get(ticket_id)
        if touched is None:
            ticket = await read_ticket(self._conn, ticket_id)
            touched = self._touched[ticket_id] = _Touched(ticket, ticket, opened=False, transitions=[])
        return touched


def _gone_cases(change: IncidentChange) -> list[int]:
    """The cases that became the incident's in this step."""
    gone = (*(case_id for _, case_id, _ in change.absorbed), *change.joined_cases)
    return [case_id for case_id in dict.fromkeys(gone) if case_id != change.case_id]


def _seniority(ticket: Ticket) -> tuple[bool, datetime, int]:
    """What was accepted first stays, then what was opened first."""
    return (ticket.accepted_at is None, ticket.accepted_at or ticket.opened_at, ticket.id)

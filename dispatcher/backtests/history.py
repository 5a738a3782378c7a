"""Runs stored history through the dispatcher's own stages under given rules, in a session of its own."""

import hashlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from dispatcher.backtests.shadow import QUERIES, count_tables
from dispatcher.engine.stages import STAGES
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.model import IncidentChange
from dispatcher.incidents.step import Step
from dispatcher.patterns.book import read_book
from dispatcher.rules.activation import next_stretch
from dispatcher.rules.rulebook import Rulebook
from events.feed import read_log
from events.model import LIVE_STREAM
from events.ticks import in_log_order
from registry.event_kinds import GROUP_OF_ALL, KindMode
from runtime.pool import Connection

BATCH_EVENTS: Final = 4000
COUNTED_FIRST: Final = 2000
BEGINNING: Final = datetime(1, 1, 2, tzinfo=UTC)
END: Final = datetime(9999, 12, 30, tzinfo=UTC)

# Every other stage follows from incidents and changes none: who must act, who hears of it, what is made of it later.
TRIED: Final = frozenset({"recall", "incidents", "patterns"})

Progress = Callable[[int], Awaitable[None]]
"""Told how many events were taken so far; may raise to stop."""


class TicketReason(StrEnum):
    """Why an incident would have a ticket."""

    AUTO_TICKET = "auto_ticket"  # Opened and dispatched by itself.
    REVIEW = "review"  # Opened for an officer to judge.
    REPORT = "report"  # A person reported it: every report has a ticket, whatever the rules.


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the log: in each stream the positions after `first` up to `last`."""

    first: Mapping[str, int]
    last: Mapping[str, int]

    @property
    def events(self) -> int:
        return sum(max(0, last - self.first[stream]) for stream, last in self.last.items())


@dataclass(frozen=True, slots=True)
class FoundIncident:
    """An incident as the rules made it. Named by its first event: the same in every run that finds the same set."""

    key: str  # canonical uid, hexadecimal
    kind: str
    kind_group: str
    grade: int
    status: str
    late: bool
    first_at: datetime
    events: int
    place: str | None
    area_id: str | None
    ticket: TicketReason | None
    case: "FoundCase"

    @property
    def ticket_counted(self) -> TicketReason | None:
        """The ticket, where it is not counted with another incident of the case."""
        return self.ticket if self.case.first == self.key else None


@dataclass(frozen=True, slots=True)
class FoundCase:
    """The incidents that patterns joined, by their events: the same in every run that joins the same set."""

    events: int
    digest: bytes
    first: str = field(compare=False)  # of its incidents, by their key: the case's one ticket is counted with it


@dataclass(frozen=True, slots=True)
class Found:
    """All incidents of a run by their key, and which events each holds."""

    incidents: dict[str, FoundIncident]
    members: dict[bytes, str]  # uid of an event -> key of its incident


@dataclass(slots=True)
class _Tickets:
    """Which case would have had a ticket, by the rule of the tickets stage, without opening any."""

    of_case: dict[int, TicketReason] = field(default_factory=dict)

    def take(self, change: IncidentChange) -> None:
        for case_id in (*(case_id for _, case_id, _ in change.absorbed), *change.joined_cases):
            reason = self.of_case.pop(case_id, None) if case_id != change.case_id else None
            if reason is not None:
                self.of_case.setdefault(change.case_id, reason)
        if not (change.opened or change.new_events or change.absorbed):
            return
        known = self.of_case.get(change.case_id)
        if change.mode is KindMode.AUTO_TICKET:
            self.of_case[change.case_id] = TicketReason.AUTO_TICKET
        elif known is None and any(event.call_id is not None for event in change.new_events):
            self.of_case[change.case_id] = TicketReason.REPORT
        elif known is None and change.mode is KindMode.REVIEW:
            self.of_case[change.case_id] = TicketReason.REVIEW


async def advance(step: Step) -> None:
    """What the leader does with a step, as far as incidents go."""
    for name, stage in STAGES:
        if name in TRIED:
            await stage(step)


async def read_span(conn: Connection, from_at: datetime, to_at: datetime, warm_up: timedelta) -> Span:
    """What was received in [from_at - warm_up, to_at)."""
    begin = max(BEGINNING, from_at - warm_up) if from_at > BEGINNING + warm_up else BEGINNING
    rows = await conn.fetch(QUERIES.read_span, begin, to_at, LIVE_STREAM)
    return Span(
        {row["stream"]: row["first_seq"] for row in rows},
        {row["stream"]: max(row["last_seq"], row["first_seq"]) for row in rows},
    )


async def warm_up_of(conn: Connection, *rulebooks: Rulebook) -> timedelta:
    """How long before a span an event may still matter within it."""
    reach_s = [0]
    for rulebook in rulebooks:
        groups = rulebook.taxonomy.groups.values()
        reach_s += [2 * group.t_s + group.g_s + group.lateness_s for group in groups]
        late_s = max(group.lateness_s for group in groups)
        reach_s += [2 * pattern.t_s + late_s for pattern in (await read_book(conn, rulebook)).patterns]
    return timedelta(seconds=max(reach_s))


async def run_history(
    conn: Connection, rulebook: Rulebook, span: Span, kernels: Executor, on_progress: Progress
) -> Found:
    """Read the span as the leader would and let the incidents stage work on it; `conn` is a shadow session."""
    async with conn.transaction():
        memory = await Memory.rebuild(conn, rulebook)
    positions, at, tickets, taken = dict(span.first), BEGINNING, _Tickets(), 0
    counted_at = COUNTED_FIRST
    async with conn.transaction():
        await conn.executemany(QUERIES.put_head, sorted(span.last.items()))
    while True:
        async with conn.transaction():
            events, _ = in_log_order(await read_log(conn, positions, BATCH_EVENTS), positions)
            events, reached = next_stretch(events, positions)  # as the leader's steps end
            if not events:
                break
            at = max(at, *(event.received_at for event in events))
            step = Step(conn=conn, at=at, epoch=0, rulebook=rulebook, events=events, kernels=kernels, memory=memory)
            await advance(step)
        for change in step.incidents:
            tickets.take(change)
        positions = reached
        taken += len(events)
        if taken >= counted_at:
            counted_at = 2 * taken
            await count_tables(conn)
        await on_progress(taken)
    if GROUP_OF_ALL in rulebook.taxonomy.groups:
        tickets.of_case.clear()
    return await read_found(conn, tickets.of_case)


async def read_found(conn: Connection, tickets: Mapping[int, TicketReason]) -> Found:
    """What stands in the tables of a shadow session; `tickets` by case."""
    async with conn.transaction():
        rows = await conn.fetch(QUERIES.found_incidents)
        members = await conn.fetch(QUERIES.found_events)
    keys = {row["id"]: row["canonical_uid"].hex() for row in rows}
    case_of = {row["id"]: row["case_id"] for row in rows}
    firsts = {row["case_id"]: keys[row["id"]] for row in reversed(rows)}
    uids: dict[int, list[bytes]] = defaultdict(list)
    for row in members:
        uids[case_of[row["incident_id"]]].append(row["event_uid"])
    cases = {case_id: _case(uids[case_id], first) for case_id, first in firsts.items()}
    return Found(
        incidents={
            keys[row["id"]]: FoundIncident(
                key=keys[row["id"]],
                kind=row["kind"],
                kind_group=row["kind_group"],
                grade=row["grade"],
                status=row["status"],
                late=row["late"],
                first_at=row["first_at"],
                events=row["event_count"],
                place=row["place"],
                area_id=row["area_id"],
                ticket=tickets.get(row["case_id"]),
                case=cases[row["case_id"]],
            )
            for row in rows
        },
        members={row["event_uid"]: keys[row["incident_id"]] for row in members},
    )


def _case(uids: list[bytes], first: str) -> FoundCase:
    return FoundCase(len(uids), hashlib.sha256(b"".join(sorted(uids))).digest(), first)

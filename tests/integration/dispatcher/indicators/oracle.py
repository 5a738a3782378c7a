"""What every indicator of tickets should count, in plain Python over the log of each ticket: the specification."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from dispatcher.indicators.model import Figure
from dispatcher.tickets.model import (
    AssignmentRole,
    ClockName,
    Entry,
    EntryKind,
    Ticket,
    TicketEvent,
    TicketKind,
    TicketState,
    Transition,
)

E = TicketEvent
S = TicketState
HELD = ("office_closed", "no_organisation", "nobody_on_duty", "complained_of")
# Late for these is the desks' own doing: no unit's.
OF_DESKS = frozenset(
    f"c_{name}" for name in ("triage", "refusal", "dispatch", "verify", "callback", "arbitrate", "review")
) | {"j_admit", "j_review", "j_inspect", "j_close"}
HANDED_ON = (E.MERGE, E.REDISPATCH, E.ACCEPT_RETURN, E.AWARD, E.AWARD_FALLBACK, E.CHANGE_LEAD)


@dataclass(frozen=True)
class Fact:
    """One thing that an indicator counts."""

    indicator: str
    at: datetime
    ticket_id: int
    unit: str | None
    kind: str
    grade: int
    numerator: int = 0
    denominator: int = 1
    population: int = 1
    excluded: bool = False

    @property
    def figure(self) -> Figure:
        return Figure(self.numerator, self.denominator, self.population, int(self.excluded))


@dataclass(frozen=True)
class Life:
    """A ticket as its log alone makes it, and the log."""

    ticket: Ticket
    log: tuple[Transition | Entry, ...]

    @property
    def deeds(self) -> list[Transition]:
        return [record for record in self.log if isinstance(record, Transition)]

    def grade_at(self, at: datetime) -> int:
        grade = 0
        for record in self.log:
            if record.at > at:
                continue
            told = record.fields if isinstance(record, Transition) else record.body
            if isinstance(record, Transition) and record.event in (E.SUBMIT, E.PROPOSE, E.GRADE):
                grade = told["grade"]
            elif isinstance(record, Transition) and record.event is E.ADMIT:
                grade = told["level"]
            elif isinstance(record, Transition) and record.event is E.RELAPSE:
                grade = max(1, grade - 1)
            elif isinstance(record, Entry) and record.entry is EntryKind.GRADE_CHANGED:
                grade = told["grade"]
        return grade

    def lead_at(self, at: datetime) -> tuple[str | None, str | None]:
        """The lead and why it is, as of just before `at`."""
        for each in sorted(self.ticket.assignments, key=lambda each: each.generation):
            stands = each.assigned_at <= at and (each.ended_at is None or each.ended_at >= at)
            if each.role is AssignmentRole.LEAD and stands:
                return each.organisation_id, each.reason
        return None, None

    def device_found(self, calls: Mapping[int, "Call"]) -> bool:
        """Whether devices opened it before anybody called, also somebody whose call joined it afterwards."""
        first = self.deeds[0]
        reported = any(
            isinstance(record, Entry)
            and record.entry is EntryKind.REPORT_JOINED
            and min(record.at, calls[record.body["call_id"]].received_at) <= first.at
            for record in self.log
        )
        return first.actor.startswith("rule:") and not reported

    def contacted(self, since: datetime, until: datetime) -> bool:
        """Whether a contact between the two stands: none of it was struck."""
        entries = [record for record in self.log if isinstance(record, Entry)]
        struck = {record.body["entry"] for record in entries if record.entry is EntryKind.STRUCK}
        return any(
            record.entry is EntryKind.CONTACT and since <= record.at <= until and record.id not in struck
            for record in entries
        )


def facts(life: Life, calls: Mapping[int, "Call"]) -> Iterator[Fact]:
    """Everything that a ticket adds to any indicator."""
    yield from _of_clocks(life)
    yield from _of_assignments(life)
    yield from _of_deeds(life, calls)
    yield from _of_reports(life, calls)


IN_TIME: dict[str, dict[ClockName, tuple[TicketEvent, ...]]] = {
    "response": {ClockName.CONTACT: (E.CONTACT,)},
    "acceptance_in_time": {ClockName.TRIAGE: (E.ACCEPT, E.ANSWER, E.REFUSE_ACCEPT, E.COUNTERSIGN_REFUSAL)},
    "signing_in_time": dict.fromkeys((ClockName.SIGN, ClockName.LEAD, ClockName.COSIGN), (E.ACKNOWLEDGE, E.COSIGN)),
    "arrival_in_time": {ClockName.ARRIVE: (E.ARRIVE,)},
    "completion_in_time": {
        ClockName.RESOLVE: (E.RESOLVE,),
        ClockName.CONTROL: (E.CONTROL,),
        ClockName.RECTIFY: (E.REPORT_COMPLETE,),
    },
}


def _of_clocks(life: Life) -> Iterator[Fact]:
    for run in life.ticket.clocks:
        at = run.breached_at or run.stopped_at
        if at is None:
            continue
        grade = life.grade_at(at)
        unit = run.organisation_id or life.lead_at(at)[0]
        fact = Fact("", at, life.ticket.id, unit, life.ticket.kind, grade)
        for indicator, ruled in IN_TIME.items():
            if run.clock not in ruled:
                continue
            if (run.clock is ClockName.RESOLVE and grade <= 2) or (run.clock is ClockName.CONTROL and grade > 2):
                continue
            late = run.breached_at is not None
            met = not late and run.stop_reason in ruled[run.clock]
            if run.clock is ClockName.CONTACT:
                met = met and life.contacted(run.started_at, run.due_at)
            no_visit = run.clock is ClockName.ARRIVE and grade == 4 and run.working and run.stop_reason == E.RESOLVE
            yield replace(
                fact,
                indicator=indicator,
                numerator=int(met),
                denominator=int(late or (run.stop_reason not in HANDED_ON and not no_visit)),
            )
        if run.breached_at is not None and run.stopped_at is not None and run.breached_at > run.started_at:
            times = (run.stopped_at - run.started_at) / (run.breached_at - run.started_at)
            ended = replace(fact, at=run.stopped_at, unit=None if run.clock in OF_DESKS else unit)
            yield replace(ended, indicator="times_over", numerator=int(times * 1000 + 1e-9))


def _of_assignments(life: Life) -> Iterator[Fact]:
    for each in life.ticket.assignments:
        grade = life.grade_at(each.assigned_at)
        fact = Fact("returns", each.assigned_at, life.ticket.id, each.organisation_id, life.ticket.kind, grade)
        if each.reason in HELD:
            continue
        yield fact
        if each.role is AssignmentRole.LEAD:
            yield replace(fact, indicator="suspension")
            yield replace(fact, indicator="extension")
            if life.ticket.ticket_kind is TicketKind.CALL_RESPONSE:
                yield replace(fact, indicator="wrong_dispatch", unit=None)


def _of_deeds(life: Life, calls: Mapping[int, "Call"]) -> Iterator[Fact]:
    asker: str | None = None
    suspended_at: datetime | None = None
    for deed in life.deeds:
        lead, reason = life.lead_at(deed.at)
        fact = Fact("", deed.at, life.ticket.id, lead, life.ticket.kind, life.grade_at(deed.at))
        only_numerator = replace(fact, numerator=1, denominator=0, population=0)
        yield from _of_deed(deed, fact, asker)
        yield from _of_devices(life, deed, fact, calls)
        match deed.event:
            case E.REQUEST_RETURN | E.DECLINE:
                yield replace(only_numerator, indicator="returns", unit=deed.organisation_id)
                asker = deed.organisation_id
            case E.APPEAL:
                asker = deed.organisation_id
            case E.SUSPEND:
                yield replace(only_numerator, indicator="suspension")
            case E.GRANT_EXTENSION:
                yield replace(only_numerator, indicator="extension")
            case _:
                pass
        moved = deed.event in (E.REDISPATCH, E.ACCEPT_RETURN, E.AWARD, E.AWARD_FALLBACK)
        meant = lead is not None and reason not in HELD and deed.fields.get("lead") != lead
        if moved and meant and life.ticket.ticket_kind is TicketKind.CALL_RESPONSE:
            yield replace(only_numerator, indicator="wrong_dispatch", unit=None)
        if suspended_at is not None and deed.from_state is S.SUSPENDED is not deed.to_state:
            yield replace(fact, indicator="suspension_age", numerator=round((deed.at - suspended_at).total_seconds()))
        if deed.event is E.SUSPEND:
            suspended_at = deed.at


def _of_deed(deed: Transition, fact: Fact, asker: str | None) -> Iterator[Fact]:
    fields: Mapping[str, Any] = deed.fields
    sent_back = deed.event in (E.VERIFY_FAIL, E.CALLBACK_UNRESOLVED, E.INSPECT_FAIL)
    if sent_back or deed.event is E.INSPECT_OK or (deed.to_state is S.CLOSED is not deed.from_state):
        yield replace(fact, indicator="rework", numerator=int(sent_back))
    if deed.event in (E.CALLBACK_DONE, E.CALLBACK_UNRESOLVED, E.CONFIRM_WITHDRAWAL):
        done = deed.event is E.CALLBACK_DONE
        outcome = fields.get("outcome") if done else None
        reached = outcome != "unreachable"  # who withdrew told somebody independent so
        called = replace(fact, denominator=int(reached))
        yield replace(called, indicator="resolution", numerator=int(outcome == "resolved"))
        happy = reached and done and (fields.get("satisfaction") or 0) >= 3
        yield replace(called, indicator="satisfaction", numerator=int(happy))
    if deed.event in (E.ACCEPT_RETURN, E.DENY_RETURN, E.AWARD, E.AWARD_FALLBACK):
        assigned = {fields.get("lead"), *(fields.get("co") or ())}
        upheld = deed.event is E.ACCEPT_RETURN or (deed.event is not E.DENY_RETURN and asker not in assigned)
        yield replace(fact, indicator="returns_upheld", unit=asker, numerator=int(upheld))
        yield replace(fact, indicator="buck_passing", unit=asker, numerator=int(not upheld))


def _of_devices(life: Life, deed: Transition, fact: Fact, calls: Mapping[int, "Call"]) -> Iterator[Fact]:
    found = life.device_found(calls)
    if deed.event is E.SUBMIT:
        yield replace(fact, indicator="found_by_devices", unit=None, numerator=int(found))
    ended = deed.to_state in (S.CLOSED, S.VOIDED, S.NOT_ACCEPTED, S.ANSWERED) and deed.from_state is not deed.to_state
    if ended and life.ticket.ticket_kind is TicketKind.CALL_RESPONSE and found:
        false = deed.event is E.VOID and deed.fields.get("code") in ("test", "proven_false", "sensor_fault")
        yield replace(fact, indicator="false_alarms", unit=None, numerator=int(false))


@dataclass(frozen=True)
class Call:
    """A report as it came in."""

    phone: str
    anonymous: bool
    received_at: datetime
    kind: str
    area_path: tuple[str, ...]


def _of_reports(life: Life, calls: Mapping[int, Call]) -> Iterator[Fact]:
    for record in life.log:
        if not isinstance(record, Entry) or record.entry is not EntryKind.REPORT_JOINED or "joined_at" in record.body:
            continue
        call = calls[record.body["call_id"]]
        before = [
            other
            for number, other in calls.items()
            if number != record.body["call_id"]
            and (other.phone, other.kind, other.area_path) == (call.phone, call.kind, call.area_path)
            and call.received_at - timedelta(days=90) <= other.received_at < call.received_at
            and not other.anonymous
        ]
        fact = Fact("repeat_demand", record.at, life.ticket.id, None, life.ticket.kind, life.grade_at(record.at))
        yield replace(fact, numerator=int(bool(before) and not call.anonymous))

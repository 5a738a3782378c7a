"""Random lives of a ticket: whatever people try in whatever order, the invariants of the state machine hold."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dispatcher.tickets import effects, lifecycle
from dispatcher.tickets.grammar import FieldType, Row
from dispatcher.tickets.model import (
    RULE_ROLE,
    TERMINAL,
    Action,
    Actor,
    AssignmentRole,
    ClockName,
    Entry,
    EntryKind,
    Report,
    Role,
    Ticket,
    TicketEvent,
    TicketState,
    Transition,
)
from dispatcher.tickets.transitions import TRANSITIONS
from registry.organisations import OrganisationKind
from tests.unit.dispatcher.tickets.world import (
    AGENT,
    AT,
    CO_HANDLER,
    CO_HEAD,
    CONTEXT,
    CREW,
    HANDLER,
    HEAD,
    LEADER,
    OFFICER,
    ORGANISATIONS,
    RULES,
    TAKER,
    VERIFIER,
    opened,
    person,
)

ACTORS = [
    *(person(role, unit) for role in Role for unit in (None, "fire", "police", "desk", "checkers", "committee-qs")),
    *(person(role, None, "cd-other") for role in (Role.DUTY_OFFICER, Role.SHIFT_LEADER)),
    Actor.rule("auto"),
]
# Those who between them can bring a ticket to its end.
CAST = [OFFICER, LEADER, TAKER, HANDLER, HEAD, CREW, CO_HANDLER, CO_HEAD, VERIFIER, AGENT, Actor.rule("auto")]
ENDS_EARLY = {TicketEvent.VOID, TicketEvent.MERGE, TicketEvent.REFUSE_ACCEPT}
BEFORE_DISPATCH = {TicketState.NEW, TicketState.ACCEPTED, TicketState.NOT_ACCEPTED}
PUBLIC = {
    TicketState.ACCEPTED,
    TicketState.DISPATCHED,
    TicketState.ACKNOWLEDGED,
    TicketState.RETURN_REQUESTED,
    TicketState.EN_ROUTE,
    TicketState.ON_SCENE,
    TicketState.CONTROLLED,
    TicketState.REWORK,
}


def _value(name: str, row_type: FieldType, choices: tuple[str, ...], draw: Any) -> object:
    match row_type:
        case FieldType.TEXT:
            return "文字"
        case FieldType.ORGANISATION:
            return draw(st.sampled_from(["fire", "police", "desk", "fire", "committee-qs", "nobody"]))
        case FieldType.ORGANISATIONS:
            return draw(
                st.lists(st.sampled_from(["police", "housing", "police", "committee-qs"]), max_size=2, unique=True)
            )
        case FieldType.CHOICE:
            return draw(st.sampled_from(choices))
        case FieldType.INTEGER:
            return draw(st.integers(0, 5)) if name != "call_id" else draw(st.integers(1, 3))


class TicketLife(RuleBasedStateMachine):
    """One ticket; each step is an attempt by anybody at anything, or something that happens by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime = AT
        self.origin: Ticket = opened(grade=3)
        self.ticket: Ticket = self.origin
        self.log: list[Transition | Entry] = []
        self.calls = 0
        self.breaches: dict[tuple[ClockName, str, int], datetime] = {}

    @rule(minutes=st.sampled_from([0, 1, 5, 60, 600, 3000]))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(data=st.data(), row=st.integers(0, len(TRANSITIONS) - 1), actor=st.integers(0, len(ACTORS) - 1))
    def somebody_tries_something(self, data: st.DataObject, row: int, actor: int) -> None:
        self._attempt(data, TRANSITIONS[row], ACTORS[actor], data.draw(st.sampled_from([None, "理由"])))

    @precondition(lambda self: self.ticket.open)
    @rule(data=st.data(), steps=st.integers(1, 4))
    def work_goes_on(self, data: st.DataObject, steps: int) -> None:
        for _ in range(steps):
            self._work(data, lambda row: row.event not in ENDS_EARLY)

    @precondition(lambda self: self.ticket.open)
    @rule(data=st.data(), chance=st.integers(0, 5))
    def work_ends_early(self, data: st.DataObject, chance: int) -> None:
        if chance == 5:
            self._work(data, lambda row: row.event in ENDS_EARLY)

    @precondition(lambda self: self.ticket.open)
    @rule(wanted=st.booleans(), demand=st.sampled_from([None, "help", "complaint"]))
    def report_joins(self, wanted: bool, demand: str | None) -> None:
        self.calls += 1
        self.ticket = effects.joined(self.ticket, Report(self.calls, self.at, wanted), demand, RULES)
        self._enter(EntryKind.REPORT_JOINED, {"call_id": self.calls, "callback_wanted": wanted, "demand": demand})

    @precondition(lambda self: self.ticket.open)
    @rule(grade=st.integers(1, 4))
    def incident_rises(self, grade: int) -> None:
        after = lifecycle.raise_with_incident(self.ticket, grade, self.at, RULES)
        if after is not self.ticket:
            self.ticket = after
            self._enter(EntryKind.GRADE_CHANGED, {"incident_grade": grade, "grade": after.grade})

    @rule()
    def thresholds_fire(self) -> None:
        while True:
            reached = [run for run in self.ticket.running if run.next_at is not None and run.next_at <= self.at]
            if not reached:
                return
            run = reached[0]
            assert run.next_pct is not None
            self.ticket = lifecycle.fired(self.ticket, run.clock, run.organisation_id, run.run, run.next_pct, RULES)
            self._enter(
                EntryKind.ESCALATION,
                {
                    "clock": run.clock.value,
                    "organisation_id": run.organisation_id,
                    "run": run.run,
                    "pct": run.next_pct,
                },
            )

    def _work(self, data: st.DataObject, fits: Callable[[Row], bool]) -> None:
        possible = [
            (actor, row)
            for actor in CAST
            for row in lifecycle.allowed_actions(self.ticket, actor, self.at, CONTEXT)
            if row.entry is None and fits(row)
        ]
        if possible:
            actor, row = possible[data.draw(st.integers(0, len(possible) - 1))]
            self._attempt(data, row, actor, "理由")

    def _attempt(self, data: st.DataObject, row: Row, actor: Actor, reason: str | None) -> None:
        before = self.ticket
        fields = {
            field.name: _value(field.name, field.type, field.choices, data.draw)
            for field in row.fields
            if field.required or data.draw(st.booleans())
        }
        decided = lifecycle.decide(before, Action(row.event, before.version, reason, fields), actor, self.at, CONTEXT)
        if isinstance(decided, lifecycle.Refused):
            return
        self.ticket = decided.ticket
        self.log.append(decided.record)
        record = decided.record
        # 6: every line names actor, role and time; a transition its version, and a reason where one is required.
        assert record.actor == actor.id
        assert record.actor_role == (RULE_ROLE if actor.is_rule else record.actor_role)
        assert record.at == self.at
        assert not decided.row.needs_reason or reason
        if isinstance(record, Transition):
            assert self.ticket.version == before.version + 1 == record.version
        else:
            assert self.ticket.version == before.version
        # 4: who checks or calls back is never of a handling unit.
        if record.actor_role in {Role.VERIFIER.value, Role.CALLBACK_AGENT.value} and isinstance(record, Transition):
            assert actor.organisation_id not in before.handling_units
        # 8: no rule ends a grave ticket.
        if before.open and not self.ticket.open and before.grade <= 2:
            assert not actor.is_rule or (record.actor_role == RULE_ROLE and self.ticket.state is TicketState.MERGED)
        assert actor.area_id != "cd-other"

    def _enter(self, entry: EntryKind, body: dict[str, object]) -> None:
        self.log.append(
            Entry(
                version=self.ticket.version,
                at=self.at,
                entry=entry,
                actor="rule:auto",
                actor_name="rule:auto",
                actor_role=RULE_ROLE,
                body=body,
            )
        )

    @invariant()
    def exactly_one_lead_from_dispatch_on(self) -> None:
        leads = [each.organisation_id for each in self.ticket.active if each.role is AssignmentRole.LEAD]
        assert leads == [lead for lead in [self.ticket.lead_organisation_id] if lead is not None]
        if self.ticket.state not in BEFORE_DISPATCH | {TicketState.MERGED, TicketState.VOIDED}:
            assert len(leads) == 1

    @invariant()
    def public_clock_never_pauses(self) -> None:
        runs = any(run.clock is ClockName.RESOLVE for run in self.ticket.running)
        assert runs == (self.ticket.state in PUBLIC)

    @invariant()
    def an_end_has_no_running_clock_and_anything_else_has_one(self) -> None:
        assert bool(self.ticket.running) == (self.ticket.state not in TERMINAL)
        assert (self.ticket.closed_at is not None) == (self.ticket.state in TERMINAL)

    @invariant()
    def committee_is_never_assigned_and_has_no_clock(self) -> None:
        for name in (*self.ticket.handling_units, *(run.organisation_id for run in self.ticket.clocks)):
            assert not name or ORGANISATIONS[name].kind is not OrganisationKind.COMMITTEE

    @invariant()
    def every_report_is_kept(self) -> None:
        assert [report.call_id for report in self.ticket.reports] == list(range(1, self.calls + 1))
        if self.ticket.state is TicketState.CLOSED:
            assert not any(report.waits_for_callback for report in self.ticket.reports)

    @invariant()
    def clock_runs_once_at_a_time_and_a_breach_stays(self) -> None:
        running = [(run.clock, run.organisation_id) for run in self.ticket.running]
        assert len(set(running)) == len(running)
        now = {run.key: run.breached_at for run in self.ticket.clocks if run.breached_at is not None}
        assert self.breaches.items() <= now.items()
        self.breaches = now

    def teardown(self) -> None:
        """12: recomputing everything from the log equals what was kept."""
        event(f"ended {self.ticket.state}")
        assert lifecycle.replay(self.origin, self.log, RULES) == self.ticket
        assert not any(isinstance(record, Transition) and record.event is TicketEvent.SUBMIT for record in self.log)


TestTicketLife = TicketLife.TestCase
TestTicketLife.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_same_action_on_a_version_that_moved_on_is_another_action() -> None:
    # 11: the version is the idempotency of an action; the second of two equal ones finds another state.
    ticket = opened()
    first = lifecycle.decide(ticket, Action(TicketEvent.ACCEPT, 1), ACTORS[-1], AT, CONTEXT)
    assert isinstance(first, lifecycle.Decided)
    second = lifecycle.decide(first.ticket, Action(TicketEvent.ACCEPT, 1), ACTORS[-1], AT, CONTEXT)
    assert isinstance(second, lifecycle.Refused)
    assert replace(first.ticket) == first.ticket

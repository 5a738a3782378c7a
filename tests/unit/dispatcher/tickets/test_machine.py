"""Random lives of tickets of both kinds: whatever people try in whatever order, the invariants hold.

`RONGAN_HYPOTHESIS=thorough` runs 20,000 steps and more of each kind.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dispatcher.tickets import effects, lifecycle, replaying
from dispatcher.tickets.grammar import Field, FieldType, Row
from dispatcher.tickets.model import (
    RULE_ROLE,
    SETTLED,
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
    TicketKind,
    TicketState,
    Transition,
)
from dispatcher.tickets.questions import Context
from dispatcher.tickets.refusing import Refused
from dispatcher.tickets.transitions import OPENING, TABLES
from registry.organisations import OrganisationKind
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
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
    SUBDISTRICT,
    SUPERVISOR,
    TAKER,
    VERIFIER,
    done,
    opened,
    person,
)

E = TicketEvent
S = TicketState
RULE = Actor.rule("auto")
UNITS = (None, "fire", "police", "desk", "checkers", "committee-qs")
ACTORS = [
    *(person(role, unit) for role in Role for unit in UNITS),
    *(person(role, None, "cd-other") for role in (Role.DUTY_OFFICER, Role.SHIFT_LEADER, Role.SUPERVISOR)),
    RULE,
]
# Those who between them can bring a ticket to its end.
CAST = [
    OFFICER,
    LEADER,
    TAKER,
    HANDLER,
    HEAD,
    CREW,
    CO_HANDLER,
    CO_HEAD,
    VERIFIER,
    AGENT,
    SUBDISTRICT,
    SUPERVISOR,
    person(Role.DEPT_HEAD, "housing"),
    person(Role.COMMITTEE, "committee-qs"),
    RULE,
]
ENDS_EARLY = {E.VOID, E.MERGE, E.REFUSE_ACCEPT, E.COUNTERSIGN_REFUSAL, E.ANSWER, E.REJECT}
# A second ticket that others are merged into.
SURVIVOR = replace(done(opened(grade=1), ACCEPT), id=type(opened().id)(99))
NO_LEAD = {
    *(S.NEW, S.VERIFYING_FACT, S.ACCEPTED, S.NOT_ACCEPTED, S.ANSWERED, S.MERGED, S.VOIDED),
    *(S.PROPOSED, S.REJECTED, S.ADMITTED),
}
PUBLIC = {
    TicketKind.CALL_RESPONSE: (
        ClockName.RESOLVE,
        {
            *(S.ACCEPTED, S.DISPATCHED, S.ACKNOWLEDGED, S.RETURN_REQUESTED, S.ARBITRATION, S.EN_ROUTE),
            *(S.ON_SCENE, S.CONTROLLED, S.SUSPENDED, S.REWORK),
        },
    ),
    TicketKind.JOINT_RECTIFICATION: (ClockName.RECTIFY, {S.IN_PROGRESS, S.SUSPENDED, S.REWORK}),
}
ASKED_OF = ("fire", "police", "desk", "fire", "housing", "committee-qs", "nobody")


def value(field: Field, draw: Any, at: datetime) -> object:  # noqa: PLR0911 - a return a type of field
    match field.type:
        case FieldType.TEXT:
            return "文字"
        case FieldType.ORGANISATION:
            return draw(st.sampled_from(ASKED_OF))
        case FieldType.ORGANISATIONS:
            return draw(
                st.lists(st.sampled_from(["police", "housing", "police", "committee-qs"]), max_size=2, unique=True)
            )
        case FieldType.CHOICE:
            return draw(st.sampled_from(field.choices))
        case FieldType.INTEGER if field.name == "survivor":
            return draw(st.sampled_from([99, 1, 5]))
        case FieldType.INTEGER:
            return draw(st.integers(max(0, field.minimum), max(field.minimum, 4)))
        case FieldType.DECIMAL:
            return draw(st.sampled_from([0, 1, 6, 40]))
        case FieldType.TIME:
            return (at - timedelta(minutes=draw(st.sampled_from([0, 30])))).isoformat()
        case FieldType.ATTACHMENTS:
            return draw(st.lists(st.sampled_from([7, 8]), max_size=2, unique=True))


class TicketLife(RuleBasedStateMachine):
    """One ticket; each step is an attempt by anybody at anything, or something that happens by itself."""

    kind: ClassVar[TicketKind] = TicketKind.CALL_RESPONSE

    def __init__(self) -> None:
        super().__init__()
        self.at: datetime = AT
        self.origin: Ticket = opened(grade=3, ticket_kind=self.kind)
        self.ticket: Ticket = self.origin
        self.survivor: Ticket = replace(SURVIVOR, ticket_kind=self.kind)
        self.log: list[Transition | Entry] = []
        self.calls = 0
        self.split_off: set[int] = set()
        self.breaches: dict[tuple[ClockName, str, int], datetime] = {}

    @property
    def context(self) -> Context:
        return replace(CONTEXT, others={99: self.survivor}, fallback="desk", strikable=frozenset({1}))

    @rule(minutes=st.sampled_from([0, 1, 5, 60, 600, 3000, 50_000]))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    @rule(data=st.data(), actor=st.integers(0, len(ACTORS) - 1))
    def somebody_tries_something(self, data: st.DataObject, actor: int) -> None:
        table = TABLES[self.kind]
        row = table[data.draw(st.integers(0, len(table) - 1))]
        self._attempt(data, row, ACTORS[actor], data.draw(st.sampled_from([None, "理由"])))

    @rule(data=st.data(), steps=st.integers(1, 5))
    def work_goes_on(self, data: st.DataObject, steps: int) -> None:
        for _ in range(steps):
            self._work(data, lambda row: row.event not in ENDS_EARLY)

    @precondition(lambda self: self.ticket.open)
    @rule(data=st.data(), chance=st.integers(0, 5))
    def work_ends_early(self, data: st.DataObject, chance: int) -> None:
        if chance == 5:
            self._work(data, lambda row: row.event in ENDS_EARLY)

    @precondition(lambda self: self.ticket.open and self.kind is TicketKind.CALL_RESPONSE)
    @rule(wanted=st.booleans(), demand=st.sampled_from([None, "help", "complaint"]), many=st.sampled_from([1, 1, 25]))
    def reports_join(self, wanted: bool, demand: str | None, many: int) -> None:
        for _ in range(many):
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
        while reached := [run for run in self.ticket.running if run.next_at is not None and run.next_at <= self.at]:
            run = reached[0]
            assert run.next_action is not None
            self.ticket = lifecycle.fired(self.ticket, run.key, run.next_action, self.at, RULES)
            self._enter(
                EntryKind.ESCALATION,
                {
                    "clock": run.clock.value,
                    "organisation_id": run.organisation_id,
                    "run": run.run,
                    "action": run.next_action.value,
                },
            )

    def _work(self, data: st.DataObject, fits: Callable[[Row], bool]) -> None:
        possible = [
            (actor, row)
            for actor in CAST
            for row in lifecycle.allowed_actions(self.ticket, actor, self.at, self.context)
            if row.entry is None and fits(row)
        ]
        if possible:
            # Those that move the state come up as often as all the others together.
            moving = [each for each in possible if each[1].to_state is not None]
            moves: bool = data.draw(st.booleans())
            chosen = moving if moving and moves else possible
            actor, row = chosen[data.draw(st.integers(0, len(chosen) - 1))]
            self._attempt(data, row, actor, "理由")

    def _attempt(self, data: st.DataObject, row: Row, actor: Actor, reason: str | None) -> None:
        before = self.ticket
        fields = {
            field.name: value(field, data.draw, self.at)
            for field in row.fields
            if field.required or data.draw(st.booleans())
        }
        action = Action(row.event, before.version, reason, fields)
        decided = lifecycle.decide(before, action, actor, self.at, self.context)
        if isinstance(decided, Refused):
            return
        self.ticket = decided.ticket
        self.log.append(decided.record)
        self._elsewhere(before, decided.row, fields)
        event(f"did {row.event}")
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
        self._judge(before, record, actor)

    def _judge(self, before: Ticket, record: Transition | Entry, actor: Actor) -> None:
        # 4: who checks or calls back is never of a handling unit.
        independent = {E.START_VERIFICATION, E.VERIFY_OK, E.VERIFY_FAIL, E.CALLBACK_DONE, E.INSPECT_OK, E.LOOK_BACK_OK}
        if isinstance(record, Transition) and record.event in independent:
            assert actor.organisation_id not in before.handling_units
        # 8: no rule ends a grave ticket.
        if before.open and not self.ticket.open and before.grade <= 2:
            assert not actor.is_rule or self.ticket.state is S.MERGED
        # 2: what was promised to the public is never put off by a return, an award, a merge or a re-dispatch.
        if isinstance(record, Transition) and record.event not in {E.GRANT_EXTENSION, E.RESUME, E.GRADE}:
            clock, _ = PUBLIC[self.kind]
            now = {run.key: run for run in self.ticket.clocks if run.clock is clock}
            for run in before.clocks:
                if run.clock is clock and run.running and now[run.key].running and not before.subtasks:
                    assert now[run.key].due_at <= run.due_at
                    assert now[run.key].ticking or record.event is E.SUSPEND or not run.ticking
        assert actor.area_id != "cd-other"

    def _elsewhere(self, before: Ticket, row: Row, fields: dict[str, object]) -> None:
        if row.event is E.MERGE:
            self.survivor = replace(self.survivor, reports=before.reports)
        elif row.event is E.UNMERGE:
            self.survivor = replace(self.survivor, reports=())
        elif row.event is E.SPLIT and "call_id" in fields:
            self.split_off.add(int(str(fields["call_id"])))

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
        if self.ticket.state not in NO_LEAD:
            assert len(leads) == 1
        active = [each.organisation_id for each in self.ticket.active]
        assert len(set(active)) == len(active)

    @invariant()
    def public_clock_runs_from_acceptance_to_the_result(self) -> None:
        clock, states = PUBLIC[self.kind]
        runs = [run for run in self.ticket.running if run.clock is clock]
        assert bool(runs) == (self.ticket.state in states)
        assert all(run.ticking == (self.ticket.state is not S.SUSPENDED) for run in runs)

    @invariant()
    def an_end_has_no_running_clock_and_anything_else_has_one(self) -> None:
        assert bool(self.ticket.running) == (self.ticket.state not in TERMINAL)
        assert (self.ticket.closed_at is not None) == (self.ticket.state in TERMINAL)
        assert any(run.ticking for run in self.ticket.running) == (self.ticket.state not in TERMINAL)

    @invariant()
    def no_end_has_an_open_mandatory_subtask(self) -> None:
        if not self.ticket.open:
            assert all(each.state in SETTLED for each in self.ticket.subtasks)

    @invariant()
    def subtask_has_a_clock_of_its_own_while_somebody_has_it_in_hand(self) -> None:
        running = {run.subtask for run in self.ticket.running if run.clock is ClockName.SUBTASK}
        assert running <= {each.number for each in self.ticket.subtasks if each.state not in SETTLED}

    @invariant()
    def committee_is_never_assigned_and_has_no_clock(self) -> None:
        units = [each.organisation_id for each in self.ticket.subtasks]
        for name in (*units, *self.ticket.handling_units, *(run.organisation_id for run in self.ticket.clocks)):
            assert not name or ORGANISATIONS[name].kind is not OrganisationKind.COMMITTEE

    @invariant()
    def every_report_is_kept_somewhere(self) -> None:
        here = [report.call_id for report in self.ticket.reports]
        there = [report.call_id for report in self.survivor.reports]
        assert sorted([*here, *there, *self.split_off]) == list(range(1, self.calls + 1))
        if self.ticket.state is S.CLOSED:
            assert not any(report.waits_for_callback for report in self.ticket.reports)

    @invariant()
    def clock_runs_once_at_a_time_and_a_breach_stays(self) -> None:
        running = [(run.clock, run.organisation_id, run.subtask) for run in self.ticket.running]
        assert len(set(running)) == len(running)
        assert len({run.key for run in self.ticket.clocks}) == len(self.ticket.clocks)
        assert all(len(set(run.fired)) == len(run.fired) for run in self.ticket.clocks)
        now = {run.key: run.breached_at for run in self.ticket.clocks if run.breached_at is not None}
        assert self.breaches.items() <= now.items()
        self.breaches = now

    @invariant()
    def at_most_two_suspensions_and_one_extension(self) -> None:
        granted = [each.kind.value for each in self.ticket.requests if each.granted]
        assert granted.count("suspension") <= 2
        assert granted.count("extension") <= 1

    def teardown(self) -> None:
        """12: recomputing everything from the log equals what was kept."""
        event(f"ended {self.ticket.state}")
        assert replaying.replay(self.origin, self.log, RULES) == self.ticket
        opening = OPENING[self.kind].event
        assert not any(isinstance(record, Transition) and record.event is opening for record in self.log)


class JointLife(TicketLife):
    kind = TicketKind.JOINT_RECTIFICATION


_THOROUGH = settings.get_current_profile_name() == "thorough"
_SETTINGS = settings(max_examples=600 if _THOROUGH else 60, stateful_step_count=40, deadline=None)
TestTicketLife = TicketLife.TestCase
TestTicketLife.settings = _SETTINGS
TestJointLife = JointLife.TestCase
TestJointLife.settings = _SETTINGS


def test_same_action_on_a_version_that_moved_on_is_another_action() -> None:
    # 11: the version is the idempotency of an action; the second of two equal ones finds another state.
    ticket = opened()
    first = lifecycle.decide(ticket, Action(TicketEvent.ACCEPT, 1), RULE, AT, CONTEXT)
    assert isinstance(first, lifecycle.Decided)
    second = lifecycle.decide(first.ticket, Action(TicketEvent.ACCEPT, 1), RULE, AT, CONTEXT)
    assert isinstance(second, Refused)

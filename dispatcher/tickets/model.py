"""A ticket as the rules see it: state, assignments, clocks, reports, and what is asked of it. Pure and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NewType, Self

from dispatcher.accounts.model import User, UserRole
from dispatcher.tickets.words import (
    SETTLED,
    TERMINAL,
    AssignmentRole,
    ClockName,
    EntryKind,
    RequestKind,
    SubtaskState,
    TicketEvent,
    TicketKind,
    TicketState,
)
from registry.limits import EscalationAction

__all__ = [
    "RULE_ROLE",
    "SETTLED",
    "TERMINAL",
    "Action",
    "Actor",
    "Assignment",
    "AssignmentRole",
    "ClockName",
    "ClockRun",
    "Entry",
    "EntryKind",
    "Report",
    "Request",
    "RequestKind",
    "Role",
    "Subtask",
    "SubtaskState",
    "Ticket",
    "TicketDraft",
    "TicketEvent",
    "TicketId",
    "TicketKind",
    "TicketState",
    "Transition",
]

TicketId = NewType("TicketId", int)

Role = UserRole
"""The roles of the table are the roles of users; there is one list."""

MASS_REPORTERS: Final = 20
"""Above so many reporters an incident is a mass incident (ruling A12)."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One organisation's part; a new dispatch is a new generation and ends the older ones."""

    generation: int
    organisation_id: str
    role: AssignmentRole
    reason: str  # Why this organisation: `officer`, or the reason of the routing.
    assigned_at: datetime
    signed_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClockRun:
    """One run of one clock. `organisation_id` is empty where the clock is the ticket's own."""

    clock: ClockName
    organisation_id: str
    run: int
    limit_id: int | None
    halved: bool
    working: bool  # Counts working time; False: natural time.
    started_at: datetime
    due_at: datetime
    provisional: bool
    explanation: Mapping[str, Any]
    stopped_at: datetime | None = None
    stop_reason: str | None = None
    breached_at: datetime | None = None
    subtask: int = 0  # The sub-task whose clock it is; 0: none.
    counted_from: datetime | None = None  # Since when it counts without a pause; None: since it started.
    spent: timedelta = timedelta()  # What it had used before, in its own time.
    paused_at: datetime | None = None
    fired: tuple[EscalationAction, ...] = ()  # Each step of the ladder is taken once.
    next_action: EscalationAction | None = None
    next_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Begun and not stopped; a paused clock runs too, though nothing comes due."""
        return self.stopped_at is None

    @property
    def ticking(self) -> bool:
        return self.stopped_at is None and self.paused_at is None

    @property
    def key(self) -> tuple[ClockName, str, int]:
        return (self.clock, self.organisation_id, self.run)


@dataclass(frozen=True, slots=True)
class Report:
    """A person's report on the ticket, with its own call-back."""

    call_id: int
    joined_at: datetime
    callback_wanted: bool
    called_back_at: datetime | None = None
    outcome: str | None = None
    satisfaction: int | None = None
    must_call: bool = False  # Asked for a call, or was harmed: an approved reply to many does not do.
    attempts: tuple[datetime, ...] = ()  # Calls that did not reach the reporter.

    @property
    def waits_for_callback(self) -> bool:
        return self.callback_wanted and self.called_back_at is None and self.outcome is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one person asked for and another decides."""

    number: int
    kind: RequestKind
    asked_by: str
    organisation_id: str | None
    asked_at: datetime
    days: int | None = None
    code: str | None = None
    call_id: int | None = None
    decided_at: datetime | None = None
    granted: bool | None = None

    @property
    def pending(self) -> bool:
        return self.granted is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtask:
    """One unit's part with a result of its own; `after` names the sub-task that must be finished before it."""

    number: int
    title: str
    organisation_id: str
    mandatory: bool
    state: SubtaskState
    changed_at: datetime
    after: int | None = None
    days: int | None = None
    before: SubtaskState | None = None  # What it was when the ticket ended without it.

    @property
    def stands_in_the_way(self) -> bool:
        return self.mandatory and self.state not in SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDraft:
    """What a ticket is opened with."""

    case_id: int
    incident_id: int | None  # None: a joint rectification that no incident led to.
    kind: str
    time_critical: bool
    grade: int
    demand: str | None
    area_id: str | None
    area_path: tuple[str, ...]
    place: str | None
    lon: float | None
    lat: float | None
    ticket_kind: TicketKind = TicketKind.CALL_RESPONSE
    external_due_at: datetime | None = None  # What another system promised; the earlier limit wins.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One ticket with everything that the rules need to decide. A joint one has its hazard level as its grade."""

    id: TicketId
    case_id: int
    incident_id: int | None  # None: a joint rectification that no incident led to.
    kind: str
    time_critical: bool
    state: TicketState
    version: int
    grade: int
    incident_grade: int
    demand: str | None
    area_id: str | None
    area_path: tuple[str, ...]
    place: str | None
    lon: float | None
    lat: float | None
    opened_at: datetime
    ticket_kind: TicketKind = TicketKind.CALL_RESPONSE
    external_due_at: datetime | None = None
    number: str | None = None
    lead_organisation_id: str | None = None
    return_requested_by: str | None = None
    merged_into: TicketId | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    rework_count: int = 0
    wrong_dispatch_count: int = 0
    injured: int = 0
    state_before: TicketState | None = None  # What a suspension goes back to.
    state_before_merge: TicketState | None = None
    merged_reports: tuple[int, ...] = ()  # The reports that a merge took along; an unmerge brings them back.
    controlled_at: datetime | None = None
    objection_count: int = 0
    reopen_count: int = 0
    denied_units: frozenset[str] = frozenset()  # Units whose return was refused: each may appeal once.
    appealed_units: frozenset[str] = frozenset()
    arbitration_count: int = 0  # Awards given: the subdistrict's, then the supervisor's, which is final.
    final_award: bool = False
    reply_approved_at: datetime | None = None
    converted: bool = False
    supervised: bool = False
    residual_grade: int | None = None  # The hazard level that the inspection left.
    plan_days: int | None = None
    interim_done: bool = False
    publicity_from: datetime | None = None
    look_back_from: datetime | None = None  # The closing-out that the look-backs count from.
    look_back_at: datetime | None = None
    look_back_count: int = 0
    relapse_count: int = 0
    returns_requested: frozenset[str] = frozenset()  # Units that used their one request.
    complained_of: frozenset[str] = frozenset()  # Units that its reports, or those of its case, complain of.
    merged_units: frozenset[str] = frozenset()  # Units that handled what was merged into it.
    assignments: tuple[Assignment, ...] = ()
    clocks: tuple[ClockRun, ...] = ()
    reports: tuple[Report, ...] = ()
    requests: tuple[Request, ...] = ()
    subtasks: tuple[Subtask, ...] = ()

    @property
    def open(self) -> bool:
        return self.state not in TERMINAL

    @property
    def active(self) -> tuple[Assignment, ...]:
        """The assignments that stand."""
        return tuple(assignment for assignment in self.assignments if assignment.ended_at is None)

    @property
    def handling_units(self) -> frozenset[str]:
        """Every organisation that ever was assigned, to it or to what was merged into it."""
        return frozenset(assignment.organisation_id for assignment in self.assignments) | self.merged_units

    @property
    def running(self) -> tuple[ClockRun, ...]:
        return tuple(clock for clock in self.clocks if clock.running)

    @property
    def due(self) -> ClockRun | None:
        """The ticking clock that ends first."""
        return min(
            (clock for clock in self.running if clock.ticking),
            key=lambda clock: (clock.due_at, clock.key),
            default=None,
        )

    @property
    def overdue(self) -> bool:
        """Whether a running clock's breach was noticed."""
        return any(clock.breached_at is not None for clock in self.running)

    @property
    def mass(self) -> bool:
        """Whether one approved reply may answer most of its reporters (ruling A12)."""
        return len(self.reports) > MASS_REPORTERS

    def request(self, kind: RequestKind) -> Request | None:
        """The pending request of a kind."""
        return next((each for each in self.requests if each.kind is kind and each.pending), None)

    def granted(self, kind: RequestKind) -> int:
        return sum(each.kind is kind and each.granted is True for each in self.requests)

    def subtask(self, number: object) -> Subtask | None:
        return next((each for each in self.subtasks if each.number == number), None)

    def assignment_of(self, organisation_id: str | None) -> Assignment | None:
        return next((each for each in self.active if each.organisation_id == organisation_id), None)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user in a role, or a rule of the platform. `area_id` None: no area bounds what it may do."""

    id: str  # `user:<id>` or `rule:<name>`
    name: str
    roles: frozenset[Role]
    organisation_id: str | None
    area_id: str | None
    is_rule: bool = False
    may_know_reporters: bool = True

    @classmethod
    def of_user(cls, user: User) -> Self:
        return cls(
            id=user.actor,
            name=user.zh_name,
            roles=user.roles,
            organisation_id=user.organisation_id,
            area_id=user.scope,
            may_know_reporters=user.may_know_reporters,
        )

    @classmethod
    def rule(cls, name: str) -> Self:
        return cls(
            id=f"rule:{name}",
            name=f"rule:{name}",
            roles=frozenset(),
            organisation_id=None,
            area_id=None,
            is_rule=True,
        )


RULE_ROLE: Final = "rule"
"""What the record says as the role of an actor that is no person."""


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody asks for. `version` is the one that they saw; `routing` is filled by rules only."""

    event: TicketEvent
    version: int
    reason: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    routing: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One row of the log."""

    version: int  # The version that the ticket has after it.
    event: TicketEvent
    from_state: TicketState | None
    to_state: TicketState
    actor: str
    actor_name: str
    actor_role: str
    organisation_id: str | None
    at: datetime
    reason: str | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the timeline that is no transition."""

    version: int
    at: datetime
    entry: EntryKind
    actor: str
    actor_name: str
    actor_role: str
    body: Mapping[str, Any]
    id: int | None = None  # Once it is stored: by this it can be struck.

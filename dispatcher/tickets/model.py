"""A ticket as the rules see it: state, assignments, clocks, reports, and what is asked of it. Pure and frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NewType, Self

from dispatcher.accounts.model import User, UserRole

TicketId = NewType("TicketId", int)

Role = UserRole
"""The roles of the table are the roles of users; there is one list."""


class TicketState(StrEnum):
    """Equal to the SQL enum `ticket_state`."""

    NEW = "new"  # 待受理: from an incident or a report, not yet judged.
    VERIFYING_FACT = "verifying_fact"  # 待核实: confirmation was asked for.
    NOT_ACCEPTED = "not_accepted"  # 不予受理: coded reason, legal basis, notice to the reporter.
    ANSWERED = "answered"  # 当场答复: a consultation answered at once.
    MERGED = "merged"  # 已并案: pointer to the surviving ticket.
    ACCEPTED = "accepted"  # 已受理(立案): graded, numbered, clocks running.
    DISPATCHED = "dispatched"  # 已派遣: lead and co-units set, waiting for signatures.
    ACKNOWLEDGED = "acknowledged"  # 已签收: the lead signed.
    RETURN_REQUESTED = "return_requested"  # 退单申请: a unit says that it is not its matter.
    ARBITRATION = "arbitration"  # 争议裁定: the subdistrict, then the supervisor decides.
    EN_ROUTE = "en_route"  # 赶赴现场
    ON_SCENE = "on_scene"  # 已到场
    CONTROLLED = "controlled"  # 已控制(排险): the danger is removed, repair may follow.
    SUSPENDED = "suspended"  # 挂账: outside cause, approved, with a review date.
    RESOLVED = "resolved"  # 已处置: the unit reports that it is done.
    VERIFYING = "verifying"  # 核查中: independent check.
    REWORK = "rework"  # 返工: back to the same unit, counted.
    AWAITING_CALLBACK = "awaiting_callback"  # 待回访
    CLOSED = "closed"  # 已结案
    VOIDED = "voided"  # 已作废: test, proven false, sensor fault.


TERMINAL: Final = frozenset(
    {TicketState.NOT_ACCEPTED, TicketState.ANSWERED, TicketState.MERGED, TicketState.CLOSED, TicketState.VOIDED}
)


class TicketEvent(StrEnum):
    """What may be done to a ticket; the transition table says when and by whom."""

    SUBMIT = "submit"  # 上报
    ACCEPT = "accept"  # 受理
    REFUSE_ACCEPT = "refuse_accept"  # 不予受理
    MERGE = "merge"  # 并案
    DISPATCH = "dispatch"  # 派遣
    REDISPATCH = "redispatch"  # 改派
    ACKNOWLEDGE = "acknowledge"  # 签收
    CONTACT = "contact"  # 首次联系
    ROLL = "roll"  # 出动
    ARRIVE = "arrive"  # 到场
    CONTROL = "control"  # 控制
    REQUEST_RETURN = "request_return"  # 申请退单
    ACCEPT_RETURN = "accept_return"  # 同意退单
    DENY_RETURN = "deny_return"  # 驳回退单
    RESOLVE = "resolve"  # 处置完成
    START_VERIFICATION = "start_verification"  # 开始核查
    VERIFY_OK = "verify_ok"  # 核查通过
    VERIFY_FAIL = "verify_fail"  # 核查不通过
    CALLBACK_DONE = "callback_done"  # 回访完成
    CALLBACK_UNRESOLVED = "callback_unresolved"  # 回访未解决
    VOID = "void"  # 作废
    NOTE = "note"  # 备注
    GRADE = "grade"  # 定级


class AssignmentRole(StrEnum):
    """Equal to the SQL enum `assignment_role`."""

    LEAD = "lead"  # 牵头: answers for the whole ticket.
    CO = "co"  # 协同: signs and works beside it.


class EntryKind(StrEnum):
    """What the timeline shows beside transitions; equal to the SQL enum `ticket_entry`."""

    NOTE = "note"  # Somebody's words.
    CONTACT = "contact"  # A unit reached the reporter.
    EVENT_JOINED = "event_joined"  # Further events of its incidents.
    REPORT_JOINED = "report_joined"  # A person's report became part of it.
    INCIDENT_JOINED = "incident_joined"  # Another incident or ticket turned out to be the same matter.
    GRADE_CHANGED = "grade_changed"  # By the incident's rise; an officer's grade is a transition.
    REMINDER = "reminder"  # A clock came near its end.
    ESCALATION = "escalation"  # A clock ended.
    MESSAGE = "message"  # Something was told, or nobody was there to be told.


class ClockName(StrEnum):
    """The clocks of a call-response ticket, as the rows of `limits` name them."""

    TRIAGE = "c_triage"  # 受理时限
    DISPATCH = "c_dispatch"  # 派遣时限
    SIGN = "c_sign"  # 签收时限: one for each assigned unit.
    CONTACT = "c_contact"  # 首次联系
    ARRIVE = "c_arrive"  # 到场时限
    CONTROL = "c_control"  # 控制/初步反馈: public, from acceptance.
    RESOLVE = "c_resolve"  # 办结时限: public, from acceptance; never pauses for returns or re-dispatch.
    VERIFY = "c_verify"  # 核查时限
    CALLBACK = "c_callback"  # 回访时限
    ARBITRATE = "c_arbitrate"  # 裁定时限: how long a requested return may wait.
    RETURN_WINDOW = "c_return"  # 退单窗口: never runs; measures from the assignment.


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
    fired_pct: int = 0
    next_pct: int | None = None
    next_at: datetime | None = None

    @property
    def running(self) -> bool:
        return self.stopped_at is None

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

    @property
    def waits_for_callback(self) -> bool:
        return self.callback_wanted and self.called_back_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDraft:
    """What a ticket is opened with."""

    case_id: int
    incident_id: int
    kind: str
    time_critical: bool
    grade: int
    demand: str | None
    area_id: str | None
    area_path: tuple[str, ...]
    place: str | None
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One call-response ticket with everything that the rules need to decide."""

    id: TicketId
    case_id: int
    incident_id: int
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
    number: str | None = None
    lead_organisation_id: str | None = None
    return_requested_by: str | None = None
    merged_into: TicketId | None = None
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    rework_count: int = 0
    wrong_dispatch_count: int = 0
    injured: int = 0
    returns_requested: frozenset[str] = frozenset()  # Units that used their one request.
    assignments: tuple[Assignment, ...] = ()
    clocks: tuple[ClockRun, ...] = ()
    reports: tuple[Report, ...] = ()

    @property
    def open(self) -> bool:
        return self.state not in TERMINAL

    @property
    def active(self) -> tuple[Assignment, ...]:
        """The assignments that stand."""
        return tuple(assignment for assignment in self.assignments if assignment.ended_at is None)

    @property
    def handling_units(self) -> frozenset[str]:
        """Every organisation that ever was assigned."""
        return frozenset(assignment.organisation_id for assignment in self.assignments)

    @property
    def running(self) -> tuple[ClockRun, ...]:
        return tuple(clock for clock in self.clocks if clock.running)

    @property
    def due(self) -> ClockRun | None:
        """The running clock that ends first."""
        return min(self.running, key=lambda clock: (clock.due_at, clock.key), default=None)

    @property
    def overdue(self) -> bool:
        """Whether a running clock's breach was noticed."""
        return any(clock.breached_at is not None for clock in self.running)

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

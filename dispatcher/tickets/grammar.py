"""What a row of a transition table is made of: fields, guards, conditions, effects, and the clocks it moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dispatcher.tickets.model import ClockName, EntryKind, RequestKind, Role, TicketEvent, TicketState


class FieldType(StrEnum):
    """What a field of an action holds."""

    TEXT = "text"  # 1 to 4000 characters.
    ORGANISATION = "organisation"  # One id.
    ORGANISATIONS = "organisations"  # A list of ids, each once.
    CHOICE = "choice"  # One of `choices`.
    INTEGER = "integer"  # From `minimum` to `maximum`.
    DECIMAL = "decimal"  # A number from `minimum` to `maximum`.
    TIME = "time"  # An aware time, ISO 8601.
    ATTACHMENTS = "attachments"  # A list of ids of uploads, each once.


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field that an action takes."""

    name: str
    type: FieldType
    required: bool = True
    choices: tuple[str, ...] = ()
    minimum: int = 0
    maximum: int = 0


class Unit(StrEnum):
    """Which assigned unit the actor must belong to; without one the ticket's area decides."""

    LEAD = "lead"  # The lead.
    CO = "co"  # A co-unit.
    ASSIGNED = "assigned"  # Any of them.


class Condition(StrEnum):
    """What chooses between two rows of the same event and state."""

    LAST_CALLBACK = "last_callback"  # At most one report still waits for its call-back.
    MORE_CALLBACKS = "more_callbacks"  # Further reports wait.
    CALLBACK_WANTED = "callback_wanted"  # A report waits for its call-back.
    NO_CALLBACK_WANTED = "no_callback_wanted"  # Device only, anonymous, silent contact, or all called back before.
    LEAD_HAD_SIGNED = "lead_had_signed"  # Before the return was asked for.
    UNSIGNED_LEAD_ASKED = "unsigned_lead_asked"  # The lead itself asked, without having signed.
    CO_UNIT_ASKED_FIRST = "co_unit_asked_first"  # A co-unit asked before the lead signed.
    LAST_COSIGN = "last_cosign"  # At most one co-unit has not signed.
    MORE_COSIGNS = "more_cosigns"  # Further co-units have not signed.


class Guard(StrEnum):
    """A rule that may refuse an action; its value is the stable code that the refusal carries."""

    ONE_LEAD = "exactly_one_lead"  # The lead is named once and is no co-unit.
    KNOWN_ORGANISATION = "unknown_organisation"  # Every organisation named exists.
    ART45 = "ART45_DIRECT_ASSIGNMENT"  # No residents' committee is ever ordered.
    NOT_OF_HANDLING_UNIT = "actor_of_handling_unit"  # Who checks or calls back never belongs to a unit that handled it.
    # The unit complained of neither leads, nor checks, nor calls back (ruling A11).
    LEAD_NOT_COMPLAINED_OF = "lead_complained_of"
    NOT_OF_UNIT_COMPLAINED_OF = "actor_complained_of"
    LEAD_HAS_TO_LEAVE = "lead_may_stay"  # Work that was begun is taken from nobody else.
    WITHIN_RETURN_WINDOW = "return_window_passed"
    RETURN_ONCE = "return_already_requested"  # Once a unit and ticket.
    COMPLAINT_NEEDS_COUNTERSIGN = (
        "complaint_needs_countersign"  # Complaints, reports, and after an objection (Art. 50).
    )
    GRAVE_RETURN_NEEDS_SHIFT_LEADER = "grave_return_needs_shift_leader"  # Returns of grades I and II.
    NO_INJURED = "injured_persons"  # A grade I or II ticket with injured persons is never voided.
    NOT_SIGNED_BEFORE = "already_signed"
    GRADE_DIFFERS = "grade_unchanged"
    CALL_WAITS = "call_not_waiting"  # The named report belongs to the ticket and waits for its call-back.
    REASON_UNLESS_RESOLVED = "reason_unless_resolved"  # A call-back that did not end in `resolved` says why.
    GRAVE_NEEDS_PERSON = "grave_needs_person"  # No rule ever ends a grade I or II ticket.
    MILD_ONLY = "grave_is_not_questioned"  # Facts are asked for in grades III and IV only.
    CONSULTATION_ONLY = "not_a_consultation"  # Only consultations and praise are answered at once.
    OBJECTION_ONCE = "objection_already_made"
    WITHIN_OBJECTION_WINDOW = "objection_window_passed"
    SURVIVOR_FITS = "survivor_unfit"  # Another open ticket of the same kind, no milder and in the same place.
    UNMERGE_IN_TIME = "unmerge_window_passed"  # 24 hours, while the surviving ticket is open.
    NO_OTHER_OPEN = "case_has_open_ticket"  # One open ticket a case and kind.
    KNOWN_TICKET = "unknown_ticket"
    REPORT_OF_TICKET = "report_not_of_ticket"
    AWARD_NOT_FINAL = "award_is_final"
    DENIED_BEFORE = "return_not_denied"  # Only a unit whose return was refused appeals.
    APPEAL_ONCE = "appeal_already_made"
    SUPERVISOR_DECIDES_LAST = "second_award_needs_supervisor"
    FALLBACK_KNOWN = "no_fallback_unit"
    BACKFILL_PLAUSIBLE = "time_implausible"  # Not ahead, not before the assignment, and with a reason.
    NOT_ASKED_YET = "request_pending"
    ASKED = "nothing_requested"
    NOT_OWN_REQUEST = "own_request"  # Nobody decides what they asked for themselves.
    EXTENSION_FITS = "extension_not_possible"  # Once, before the due time, at most the limit again, never for grade I.
    APPROVER_OF_GRADE = "approver_too_junior"
    SUSPENSION_FITS = "suspension_not_possible"  # At most two, never for grade I, grade II after control only.
    SUBTASKS_DONE = "subtasks_open"  # Every mandatory sub-task is finished.
    CONTROLLED_FIRST = "not_controlled_yet"  # Grades I and II, and what was converted, are controlled before they end.
    CALLING_HOURS = "outside_calling_hours"  # Residents are called from 09:00 to 20:00.
    TRIES_BEFORE_UNREACHABLE = "too_few_tries"  # Three, on two days.
    MASS_INCIDENT = "not_a_mass_incident"
    WITHIN_REOPEN_WINDOW = "reopen_window_passed"
    ENTRY_STRIKABLE = "entry_not_strikable"  # Somebody's words, once.
    REPLY_DUE = "no_supervision_order"
    SUBTASK_KNOWN = "unknown_subtask"
    SUBTASK_STATE = "subtask_state"
    SUBTASK_OF_UNIT = "subtask_of_another_unit"
    PREDECESSOR_FINISHED = "predecessor_open"
    UNIT_ASSIGNED = "unit_not_assigned"
    LEVEL_DECIDER = "level_needs_supervisor"  # Levels 1 and 2 are the supervisor's, 3 and 4 also the subdistrict's.
    LEC_AGREES = "lec_disagrees"  # L x E x C, where it is given, gives the level.
    LEAD_SIGNED = "lead_not_signed"
    ALL_COSIGNED = "cosigners_missing"
    PLAN_WITHIN_LIMIT = "plan_exceeds_limit"  # Levels 1 to 3; level 4 may take what its plan says.
    PUBLICITY_OVER = "publicity_runs"
    PUBLICITY_RUNS = "publicity_over"
    ATTACHMENT_KNOWN = "unknown_attachment"  # Each was uploaded, and by the actor or for its unit, and not given up.
    PHOTO_NOT_REUSED = "photo_reused"  # No photo proves two things: see `evidence.reuses`.
    PHOTOS_SUFFICIENT = "photos_missing"  # As many new photos as the rows of `evidence_rules` ask for.
    EVIDENCE_STANDS = "evidence_reused"  # What the result shows did not come to light elsewhere since.
    RESIDUAL_ACCEPTED = "residual_risk_not_accepted"  # Level 4, or a higher one accepted by name.


class Effect(StrEnum):
    """What a row does beyond its state and its clocks."""

    NUMBER = "number"  # The ticket gets its number and its time of acceptance.
    TAKE_DEMAND = "take_demand"  # The demand type that the action names becomes the ticket's.
    ASSIGN = "assign"  # A new generation of lead and co-units; older ones end.
    UNASSIGN = "unassign"  # All assignments end.
    SIGN = "sign"  # The actor's unit signed.
    BIND = "bind"  # The unit that asked to return is bound as if it had signed.
    ASK_RETURN = "ask_return"  # Remember which unit asked.
    END_RETURN = "end_return"  # The request is decided.
    DENY_RETURN = "deny_return"  # The unit may appeal once.
    APPEAL = "appeal"
    AWARD = "award"  # An arbitration was decided; the supervisor's decision is final.
    FALL_BACK = "fall_back"  # The lead is the desk of the district.
    COUNT_WRONG_DISPATCH = "count_wrong_dispatch"  # Unless the duty desk only held it.
    COUNT_REWORK = "count_rework"
    COUNT_INJURED = "count_injured"  # The number of injured that the action names, if it names one.
    COUNT_OBJECTION = "count_objection"
    COUNT_REOPEN = "count_reopen"
    CALL_BACK = "call_back"  # One report has had its call-back.
    NOTE_ATTEMPT = "note_attempt"  # One report was called in vain.
    FORGET_ATTEMPTS = "forget_attempts"  # The unit goes back to work: calls in vain before do not count after it.
    CALL_AGAIN = "call_again"  # What was said of the first result is no answer about the second.
    MUST_CALL = "must_call"  # One report has to be called whatever was approved for the many.
    APPROVE_REPLY = "approve_reply"
    SETTLE_BY_REPLY = "settle_by_reply"  # The approved reply answers those who need no call.
    WITHDRAW = "withdraw"  # One report was withdrawn, as somebody independent confirmed.
    POINT_TO_SURVIVOR = "point_to_survivor"
    REMEMBER_STATE = "remember_state"  # For a suspension or a merge that will be undone.
    GO_BACK = "go_back"  # The state is the one remembered.
    RESTORE = "restore"  # As if it had never been merged: clocks run from where they stood.
    REGRADE = "regrade"  # The grade that the action names; running clocks are re-based.
    CONTROLLED = "controlled"  # The danger is removed: what grades I and II are measured on.
    EXTEND = "extend"  # The public clock gets the days that were asked for.
    PAUSE = "pause"  # The public clock stands still.
    GO_ON = "go_on"  # It counts again.
    CONVERT = "convert"  # A joint ticket is proposed from this one.
    SPLIT = "split"  # A part becomes a ticket of its own.
    LINK = "link"
    SUPERVISE = "supervise"
    ADD_SUBTASK = "add_subtask"
    MOVE_SUBTASK = "move_subtask"
    ADD_CO = "add_co"  # Co-units join, each with a sub-task.
    RELEASE = "release"  # The unit that declined leaves; another one may take its part.
    LEAD_ONLY = "lead_only"  # A new lead in the place of the old; co-units stay.
    SET_LEVEL = "set_level"  # The level that the panel fixed.
    TAKE_PLAN = "take_plan"  # How many days the plan takes.
    INTERIM = "interim"
    RESIDUAL = "residual"  # The level that is left, and the publicity begins.
    SCHEDULE = "schedule"  # The next look-back.
    WORSEN = "worsen"  # One level more severe.


# Two persons: one asks, another decides.
ASKS: Final[Mapping[TicketEvent, RequestKind]] = {
    TicketEvent.REQUEST_REFUSAL: RequestKind.REFUSAL,
    TicketEvent.REQUEST_EXTENSION: RequestKind.EXTENSION,
    TicketEvent.REQUEST_SUSPENSION: RequestKind.SUSPENSION,
    TicketEvent.REQUEST_WITHDRAWAL: RequestKind.WITHDRAWAL,
}
GRANTS: Final[Mapping[TicketEvent, RequestKind]] = {
    TicketEvent.COUNTERSIGN_REFUSAL: RequestKind.REFUSAL,
    TicketEvent.GRANT_EXTENSION: RequestKind.EXTENSION,
    TicketEvent.SUSPEND: RequestKind.SUSPENSION,
    TicketEvent.CONFIRM_WITHDRAWAL: RequestKind.WITHDRAWAL,
}
DENIES: Final[Mapping[TicketEvent, RequestKind]] = {
    TicketEvent.DENY_REFUSAL: RequestKind.REFUSAL,
    TicketEvent.DENY_EXTENSION: RequestKind.EXTENSION,
    TicketEvent.DENY_SUSPENSION: RequestKind.SUSPENSION,
    TicketEvent.DENY_WITHDRAWAL: RequestKind.WITHDRAWAL,
}


@dataclass(frozen=True, slots=True)
class Stop:
    """A clock that ends; `whose` narrows a clock of units to one of them."""

    clock: ClockName
    whose: Effect | None = (
        None  # SIGN: the actor's own; BIND: that of the unit that asked; MOVE_SUBTASK: the sub-task's.
    )


@dataclass(frozen=True, slots=True)
class Start:
    """A clock that begins unless it runs already; c_sign begins for every assigned unit, j_cosign for every co-unit."""

    clock: ClockName
    halved: bool = False
    days: str | None = None  # The field, or `plan`, that may name fewer days than the limit.


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. `to_state` None: the state stays; `entry`: the row is a line of the timeline and moves no version."""

    event: TicketEvent
    from_states: tuple[TicketState, ...]
    to_state: TicketState | None
    roles: tuple[Role, ...]
    by_rule: bool = False
    unit: Unit | None = None
    when: Condition | None = None
    guards: tuple[Guard, ...] = ()
    needs_reason: bool = False
    fields: tuple[Field, ...] = ()
    stops: tuple[Stop, ...] = ()
    starts: tuple[Start, ...] = ()
    effects: tuple[Effect, ...] = ()
    entry: EntryKind | None = None

    @property
    def asks(self) -> RequestKind | None:
        """The kind of request that this row makes."""
        return ASKS.get(self.event)

    @property
    def grants(self) -> RequestKind | None:
        return GRANTS.get(self.event)

    @property
    def decides(self) -> RequestKind | None:
        """The kind of request that this row decides."""
        return GRANTS.get(self.event) or DENIES.get(self.event)

    @property
    def goes_back(self) -> bool:
        """Whether the state afterwards is the remembered one."""
        return Effect.GO_BACK in self.effects

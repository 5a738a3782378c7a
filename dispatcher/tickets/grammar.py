"""What a row of the transition table is made of: fields, guards, conditions, effects, and the clocks it moves."""

from dataclasses import dataclass
from enum import StrEnum

from dispatcher.tickets.model import ClockName, EntryKind, Role, TicketEvent, TicketState


class FieldType(StrEnum):
    """What a field of an action holds."""

    TEXT = "text"  # 1 to 4000 characters.
    ORGANISATION = "organisation"  # One id.
    ORGANISATIONS = "organisations"  # A list of ids, each once.
    CHOICE = "choice"  # One of `choices`.
    INTEGER = "integer"  # From `minimum` to `maximum`.


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


class Guard(StrEnum):
    """A rule that may refuse an action; its value is the stable code that the refusal carries."""

    ONE_LEAD = "exactly_one_lead"  # The lead is named once and is no co-unit.
    KNOWN_ORGANISATION = "unknown_organisation"  # Every organisation named exists.
    ART45 = "ART45_DIRECT_ASSIGNMENT"  # No residents' committee is ever ordered.
    NOT_OF_HANDLING_UNIT = "actor_of_handling_unit"  # Who checks or calls back never belongs to a unit that handled it.
    WITHIN_RETURN_WINDOW = "return_window_passed"
    RETURN_ONCE = "return_already_requested"  # Once a unit and ticket.
    COMPLAINT_NEEDS_SHIFT_LEADER = "complaint_needs_shift_leader"  # Non-acceptance of complaints and reports (Art. 50).
    GRAVE_RETURN_NEEDS_SHIFT_LEADER = "grave_return_needs_shift_leader"  # Returns of grades I and II.
    NO_INJURED = "injured_persons"  # A grade I or II ticket with injured persons is never voided.
    NOT_SIGNED_BEFORE = "already_signed"
    GRADE_DIFFERS = "grade_unchanged"
    CALL_WAITS = "call_not_waiting"  # The named report belongs to the ticket and waits for its call-back.
    REASON_UNLESS_RESOLVED = "reason_unless_resolved"  # A call-back that did not end in `resolved` says why.
    GRAVE_NEEDS_PERSON = "grave_needs_person"  # No rule ever ends a grade I or II ticket.


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
    COUNT_WRONG_DISPATCH = "count_wrong_dispatch"  # Unless the duty desk only held it.
    COUNT_REWORK = "count_rework"
    COUNT_INJURED = "count_injured"  # The number of injured that the action names, if it names one.
    CALL_BACK = "call_back"  # One report has had its call-back.
    POINT_TO_SURVIVOR = "point_to_survivor"
    REGRADE = "regrade"  # The grade that the action names; running clocks are re-based.


@dataclass(frozen=True, slots=True)
class Stop:
    """A clock that ends; `whose` narrows a clock of units to one of them."""

    clock: ClockName
    whose: Effect | None = None  # SIGN: the actor's own; BIND: that of the unit that asked to return.


@dataclass(frozen=True, slots=True)
class Start:
    """A clock that begins unless it runs already; c_sign begins for every assigned unit."""

    clock: ClockName
    halved: bool = False


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

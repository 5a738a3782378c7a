"""The transition table of a call-response ticket, as data: who may do what in which state, and what follows."""

from typing import Final

from dispatcher.tickets.grammar import Condition, Effect, Field, FieldType, Guard, Row, Start, Stop, Unit
from dispatcher.tickets.model import TERMINAL, ClockName, EntryKind, Role, TicketEvent, TicketState

_S: Final = TicketState
_R: Final = Role
_C: Final = ClockName

# States that this table does not reach yet; their rows come with fact-finding, arbitration, suspension and answers.
NOT_REACHED_YET: Final = frozenset({_S.VERIFYING_FACT, _S.ANSWERED, _S.ARBITRATION, _S.SUSPENDED})

_OPEN: Final = tuple(state for state in _S if state not in TERMINAL and state not in NOT_REACHED_YET)
_REACHED: Final = tuple(state for state in _S if state not in NOT_REACHED_YET)
_AT_WORK: Final = (_S.ACKNOWLEDGED, _S.EN_ROUTE, _S.ON_SCENE, _S.CONTROLLED, _S.REWORK)
_UNIT_ROLES: Final = (_R.DEPT_HANDLER, _R.DEPT_HEAD, _R.FIELD_UNIT)
_DESK_ROLES: Final = (_R.DUTY_OFFICER, _R.SHIFT_LEADER)
_DEMANDS: Final = ("consultation", "help", "suggestion", "complaint", "report", "praise")
_REFUSALS: Final = ("other_legal_channel", "repeated", "outside_area", "secret", "malicious")

_LEAD: Final = Field(name="lead", type=FieldType.ORGANISATION)
_CO: Final = Field(name="co", type=FieldType.ORGANISATIONS, required=False)
_INJURED: Final = Field(name="injured", type=FieldType.INTEGER, required=False, maximum=10_000)
_CALL: Final = Field(name="call_id", type=FieldType.INTEGER, required=False, minimum=1, maximum=2**63 - 1)
_OUTCOME: Final = Field(name="outcome", type=FieldType.CHOICE, choices=("resolved", "unresolved", "unreachable"))
_SATISFACTION: Final = Field(name="satisfaction", type=FieldType.INTEGER, required=False, minimum=1, maximum=5)
_NAMED_UNITS: Final = (Guard.KNOWN_ORGANISATION, Guard.ONE_LEAD, Guard.ART45)
_INDEPENDENT: Final = (Guard.NOT_OF_HANDLING_UNIT,)

_INTAKE: Final = (
    Row(
        event=TicketEvent.SUBMIT,
        from_states=(),
        to_state=_S.NEW,
        roles=(_R.CALL_TAKER,),
        by_rule=True,
        starts=(Start(_C.TRIAGE),),
    ),
    Row(
        event=TicketEvent.ACCEPT,
        from_states=(_S.NEW,),
        to_state=_S.ACCEPTED,
        roles=(_R.CALL_TAKER, *_DESK_ROLES),
        by_rule=True,
        fields=(Field(name="demand", type=FieldType.CHOICE, required=False, choices=_DEMANDS), _INJURED),
        stops=(Stop(_C.TRIAGE),),
        starts=(Start(_C.DISPATCH), Start(_C.CONTROL), Start(_C.RESOLVE)),
        effects=(Effect.TAKE_DEMAND, Effect.COUNT_INJURED, Effect.NUMBER),
    ),
    Row(
        event=TicketEvent.REFUSE_ACCEPT,
        from_states=(_S.NEW,),
        to_state=_S.NOT_ACCEPTED,
        roles=(_R.CALL_TAKER, _R.SHIFT_LEADER),
        guards=(Guard.COMPLAINT_NEEDS_SHIFT_LEADER,),
        needs_reason=True,
        fields=(Field(name="code", type=FieldType.CHOICE, choices=_REFUSALS),),
    ),
    Row(
        event=TicketEvent.MERGE,
        from_states=_OPEN,
        to_state=_S.MERGED,
        roles=(),
        by_rule=True,
        fields=(Field(name="survivor", type=FieldType.INTEGER, minimum=1, maximum=2**63 - 1),),
        effects=(Effect.POINT_TO_SURVIVOR,),
    ),
    Row(
        event=TicketEvent.VOID,
        from_states=_OPEN,
        to_state=_S.VOIDED,
        roles=(_R.SHIFT_LEADER,),
        guards=(Guard.NO_INJURED,),
        needs_reason=True,
    ),
)


def _deny_return(when: Condition, to_state: TicketState, *, starts: tuple[Start, ...] = ()) -> Row:
    return Row(
        event=TicketEvent.DENY_RETURN,
        from_states=(_S.RETURN_REQUESTED,),
        to_state=to_state,
        roles=_DESK_ROLES,
        when=when,
        guards=(Guard.GRAVE_RETURN_NEEDS_SHIFT_LEADER,),
        needs_reason=True,
        stops=(Stop(_C.ARBITRATE), Stop(_C.SIGN, Effect.BIND)),
        starts=starts,
        effects=(Effect.BIND, Effect.END_RETURN),
    )


_ASSIGNMENT: Final = (
    Row(
        event=TicketEvent.DISPATCH,
        from_states=(_S.ACCEPTED,),
        to_state=_S.DISPATCHED,
        roles=_DESK_ROLES,
        by_rule=True,
        guards=_NAMED_UNITS,
        fields=(_LEAD, _CO),
        stops=(Stop(_C.DISPATCH),),
        starts=(Start(_C.SIGN),),
        effects=(Effect.ASSIGN,),
    ),
    Row(
        event=TicketEvent.REDISPATCH,
        from_states=(_S.DISPATCHED, _S.ACKNOWLEDGED),
        to_state=_S.DISPATCHED,
        roles=_DESK_ROLES,
        guards=_NAMED_UNITS,
        needs_reason=True,
        fields=(_LEAD, _CO),
        stops=(Stop(_C.SIGN), Stop(_C.CONTACT), Stop(_C.ARRIVE)),
        starts=(Start(_C.SIGN),),
        effects=(Effect.COUNT_WRONG_DISPATCH, Effect.ASSIGN),
    ),
    Row(
        event=TicketEvent.ACKNOWLEDGE,
        from_states=(_S.DISPATCHED,),
        to_state=_S.ACKNOWLEDGED,
        roles=(_R.DEPT_HANDLER, _R.DEPT_HEAD, *_DESK_ROLES),
        unit=Unit.LEAD,
        guards=(Guard.NOT_SIGNED_BEFORE,),
        stops=(Stop(_C.SIGN, Effect.SIGN),),
        starts=(Start(_C.CONTACT), Start(_C.ARRIVE)),
        effects=(Effect.SIGN,),
    ),
    # 首接负责: while a return is being decided the clocks run on, so units may sign and reach the reporter.
    Row(
        event=TicketEvent.ACKNOWLEDGE,
        from_states=(_S.RETURN_REQUESTED,),
        to_state=None,
        roles=(_R.DEPT_HANDLER, _R.DEPT_HEAD, *_DESK_ROLES),
        unit=Unit.LEAD,
        guards=(Guard.NOT_SIGNED_BEFORE,),
        stops=(Stop(_C.SIGN, Effect.SIGN),),
        starts=(Start(_C.CONTACT), Start(_C.ARRIVE)),
        effects=(Effect.SIGN,),
    ),
    Row(
        event=TicketEvent.ACKNOWLEDGE,
        from_states=(_S.DISPATCHED, _S.RETURN_REQUESTED, *_AT_WORK),
        to_state=None,
        roles=(_R.DEPT_HANDLER, _R.DEPT_HEAD, *_DESK_ROLES),
        unit=Unit.CO,
        guards=(Guard.NOT_SIGNED_BEFORE,),
        stops=(Stop(_C.SIGN, Effect.SIGN),),
        effects=(Effect.SIGN,),
    ),
    Row(
        event=TicketEvent.REQUEST_RETURN,
        from_states=(_S.DISPATCHED, _S.ACKNOWLEDGED),
        to_state=_S.RETURN_REQUESTED,
        roles=(_R.DEPT_HEAD,),
        unit=Unit.ASSIGNED,
        guards=(Guard.WITHIN_RETURN_WINDOW, Guard.RETURN_ONCE, Guard.KNOWN_ORGANISATION, Guard.ART45),
        needs_reason=True,
        fields=(
            Field(name="basis", type=FieldType.TEXT),
            Field(name="suggested_unit", type=FieldType.ORGANISATION, required=False),
        ),
        starts=(Start(_C.ARBITRATE),),
        effects=(Effect.ASK_RETURN,),
    ),
    Row(
        event=TicketEvent.ACCEPT_RETURN,
        from_states=(_S.RETURN_REQUESTED,),
        to_state=_S.ACCEPTED,
        roles=_DESK_ROLES,
        guards=(Guard.GRAVE_RETURN_NEEDS_SHIFT_LEADER,),
        stops=(Stop(_C.ARBITRATE), Stop(_C.SIGN), Stop(_C.CONTACT), Stop(_C.ARRIVE)),
        starts=(Start(_C.DISPATCH),),
        effects=(Effect.COUNT_WRONG_DISPATCH, Effect.END_RETURN, Effect.UNASSIGN),
    ),
    _deny_return(Condition.LEAD_HAD_SIGNED, _S.ACKNOWLEDGED),
    _deny_return(Condition.UNSIGNED_LEAD_ASKED, _S.ACKNOWLEDGED, starts=(Start(_C.CONTACT), Start(_C.ARRIVE))),
    _deny_return(Condition.CO_UNIT_ASKED_FIRST, _S.DISPATCHED),
)

_WORK: Final = (
    Row(
        event=TicketEvent.CONTACT,
        from_states=(_S.DISPATCHED, _S.RETURN_REQUESTED, *_AT_WORK),
        to_state=None,
        roles=_UNIT_ROLES,
        unit=Unit.ASSIGNED,
        fields=(
            Field(name="channel", type=FieldType.CHOICE, choices=("phone", "visit", "message")),
            Field(name="record", type=FieldType.TEXT, required=False),
        ),
        stops=(Stop(_C.CONTACT),),
        entry=EntryKind.CONTACT,
    ),
    Row(
        event=TicketEvent.ROLL,
        from_states=(_S.ACKNOWLEDGED,),
        to_state=_S.EN_ROUTE,
        roles=_UNIT_ROLES,
        unit=Unit.ASSIGNED,
    ),
    Row(
        event=TicketEvent.ARRIVE,
        from_states=(_S.ACKNOWLEDGED, _S.EN_ROUTE, _S.REWORK),
        to_state=_S.ON_SCENE,
        roles=_UNIT_ROLES,
        unit=Unit.ASSIGNED,
        fields=(_INJURED,),
        stops=(Stop(_C.ARRIVE),),
        effects=(Effect.COUNT_INJURED,),
    ),
    Row(
        event=TicketEvent.CONTROL,
        from_states=(_S.ON_SCENE,),
        to_state=_S.CONTROLLED,
        roles=_UNIT_ROLES,
        unit=Unit.ASSIGNED,
        fields=(Field(name="feedback", type=FieldType.TEXT), _INJURED),
        stops=(Stop(_C.CONTROL),),
        effects=(Effect.COUNT_INJURED,),
    ),
    Row(
        event=TicketEvent.RESOLVE,
        from_states=(_S.ACKNOWLEDGED, _S.ON_SCENE, _S.CONTROLLED, _S.REWORK),
        to_state=_S.RESOLVED,
        roles=(_R.DEPT_HANDLER, _R.DEPT_HEAD),
        unit=Unit.LEAD,
        fields=(Field(name="result", type=FieldType.TEXT), _INJURED),
        stops=(Stop(_C.RESOLVE), Stop(_C.CONTROL), Stop(_C.ARRIVE), Stop(_C.CONTACT), Stop(_C.SIGN)),
        starts=(Start(_C.VERIFY),),
        effects=(Effect.COUNT_INJURED,),
    ),
)

_CLOSURE: Final = (
    Row(
        event=TicketEvent.START_VERIFICATION,
        from_states=(_S.RESOLVED,),
        to_state=_S.VERIFYING,
        roles=(_R.VERIFIER,),
        guards=_INDEPENDENT,
    ),
    Row(
        event=TicketEvent.VERIFY_OK,
        from_states=(_S.VERIFYING,),
        to_state=_S.AWAITING_CALLBACK,
        roles=(_R.VERIFIER,),
        when=Condition.CALLBACK_WANTED,
        guards=_INDEPENDENT,
        stops=(Stop(_C.VERIFY),),
        starts=(Start(_C.CALLBACK),),
    ),
    Row(
        event=TicketEvent.VERIFY_OK,
        from_states=(_S.VERIFYING,),
        to_state=_S.CLOSED,
        roles=(_R.VERIFIER,),
        when=Condition.NO_CALLBACK_WANTED,
        guards=(*_INDEPENDENT, Guard.GRAVE_NEEDS_PERSON),
        stops=(Stop(_C.VERIFY),),
    ),
    Row(
        event=TicketEvent.VERIFY_FAIL,
        from_states=(_S.VERIFYING,),
        to_state=_S.REWORK,
        roles=(_R.VERIFIER,),
        guards=_INDEPENDENT,
        needs_reason=True,
        stops=(Stop(_C.VERIFY),),
        starts=(Start(_C.RESOLVE, halved=True),),
        effects=(Effect.COUNT_REWORK,),
    ),
    Row(
        event=TicketEvent.CALLBACK_DONE,
        from_states=(_S.AWAITING_CALLBACK,),
        to_state=_S.CLOSED,
        roles=(_R.CALLBACK_AGENT,),
        when=Condition.LAST_CALLBACK,
        guards=(*_INDEPENDENT, Guard.GRAVE_NEEDS_PERSON, Guard.CALL_WAITS, Guard.REASON_UNLESS_RESOLVED),
        fields=(_OUTCOME, _SATISFACTION, _CALL),
        stops=(Stop(_C.CALLBACK),),
        effects=(Effect.CALL_BACK,),
    ),
    Row(
        event=TicketEvent.CALLBACK_DONE,
        from_states=(_S.AWAITING_CALLBACK,),
        to_state=None,
        roles=(_R.CALLBACK_AGENT,),
        when=Condition.MORE_CALLBACKS,
        guards=(*_INDEPENDENT, Guard.CALL_WAITS, Guard.REASON_UNLESS_RESOLVED),
        fields=(_OUTCOME, _SATISFACTION, _CALL),
        effects=(Effect.CALL_BACK,),
    ),
    Row(
        event=TicketEvent.CALLBACK_UNRESOLVED,
        from_states=(_S.AWAITING_CALLBACK,),
        to_state=_S.REWORK,
        roles=(_R.CALLBACK_AGENT,),
        guards=_INDEPENDENT,
        needs_reason=True,
        stops=(Stop(_C.CALLBACK),),
        starts=(Start(_C.RESOLVE, halved=True),),
        effects=(Effect.COUNT_REWORK,),
    ),
)

_BESIDE: Final = (
    Row(
        event=TicketEvent.NOTE,
        from_states=_REACHED,
        to_state=None,
        roles=tuple(role for role in _R if role not in {_R.AUDITOR, _R.ENGINEER, _R.COMMITTEE, *_UNIT_ROLES}),
        by_rule=True,
        fields=(Field(name="text", type=FieldType.TEXT),),
        entry=EntryKind.NOTE,
    ),
    Row(
        event=TicketEvent.NOTE,
        from_states=_REACHED,
        to_state=None,
        roles=_UNIT_ROLES,
        unit=Unit.ASSIGNED,
        fields=(Field(name="text", type=FieldType.TEXT),),
        entry=EntryKind.NOTE,
    ),
    Row(
        event=TicketEvent.GRADE,
        from_states=_OPEN,
        to_state=None,
        roles=_DESK_ROLES,
        guards=(Guard.GRADE_DIFFERS,),
        needs_reason=True,
        fields=(Field(name="grade", type=FieldType.INTEGER, minimum=1, maximum=4),),
        effects=(Effect.REGRADE,),
    ),
)

TRANSITIONS: Final[tuple[Row, ...]] = (*_INTAKE, *_ASSIGNMENT, *_WORK, *_CLOSURE, *_BESIDE)


def rows_for(event: TicketEvent, state: TicketState) -> tuple[Row, ...]:
    """The rows of an event in a state; several where a condition or the actor's unit chooses."""
    return tuple(row for row in TRANSITIONS if row.event == event and state in row.from_states)

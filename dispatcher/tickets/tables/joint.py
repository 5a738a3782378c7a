"""Joint rectification from the proposal to the approved plan: admission, lead, signatures, plan."""

from typing import Final

from dispatcher.tickets.grammar import Condition, Effect, Field, FieldType, Guard, Row, Start, Stop, Unit
from dispatcher.tickets.model import ClockName, TicketEvent, TicketState
from dispatcher.tickets.tables.parts import (
    ATTACHMENTS,
    BASIS,
    DECIDERS,
    DESK_ROLES,
    EVIDENCE,
    LEAD,
    NAMED_UNITS,
    PREPARED,
    PROVES,
    RECTIFIED,
    SUGGESTED,
    R,
    S,
    number,
    organisation,
    text,
)
from dispatcher.tickets.tables.shapes import DECIDER, HEAD, by_lead, decide

_C: Final = ClockName
_LEVEL: Final = number("level", 1, 4)
_INVITED: Final = Field(name="co", type=FieldType.ORGANISATIONS)
_LEC: Final = tuple(
    Field(name=name, type=FieldType.DECIMAL, required=False, maximum=100)
    for name in ("lec_likelihood", "lec_exposure", "lec_consequence")
)


def _cosign(from_states: tuple[TicketState, ...], when: Condition | None, to_state: TicketState | None) -> Row:
    return Row(
        event=TicketEvent.COSIGN,
        from_states=from_states,
        to_state=to_state,
        roles=HEAD,
        unit=Unit.CO,
        when=when,
        guards=(Guard.NOT_SIGNED_BEFORE,),
        stops=(Stop(_C.COSIGN, Effect.SIGN),),
        effects=(Effect.SIGN,),
    )


def _settle(event: TicketEvent, when: Condition | None, to_state: TicketState) -> Row:
    """A refused signature is decided: the unit is bound, or it leaves and another one may take its part."""
    bound = event is TicketEvent.DENY_RETURN
    return Row(
        event=event,
        from_states=(S.ARBITRATION,),
        to_state=to_state,
        roles=DECIDERS,
        when=when,
        guards=(*DECIDER, *(() if bound else (Guard.KNOWN_ORGANISATION, Guard.ART45))),
        needs_reason=True,
        fields=() if bound else (organisation("replacement", required=False),),
        stops=(Stop(_C.ARBITRATE), Stop(_C.COSIGN, Effect.BIND)),
        starts=() if bound else (Start(_C.COSIGN), Start(_C.SUBTASK)),
        effects=(Effect.BIND if bound else Effect.RELEASE, Effect.END_RETURN),
    )


_ADMISSION: Final = (
    Row(
        event=TicketEvent.PROPOSE,
        from_states=(),
        to_state=S.PROPOSED,
        roles=(*DESK_ROLES, *DECIDERS, R.COMMITTEE),
        by_rule=True,
        starts=(Start(_C.ADMIT),),
    ),
    decide(
        TicketEvent.ADMIT,
        S.PROPOSED,
        S.ADMITTED,
        guards=(Guard.LEC_AGREES,),
        fields=(_LEVEL, *_LEC),
        stops=(Stop(_C.ADMIT),),
        starts=(Start(_C.INTERIM), Start(_C.LEAD)),
        effects=(Effect.SET_LEVEL, Effect.NUMBER),
    ),
    decide(TicketEvent.REJECT, S.PROPOSED, S.REJECTED, needs_reason=True, stops=(Stop(_C.ADMIT),)),
    Row(
        event=TicketEvent.OBJECT,
        from_states=(S.REJECTED,),
        to_state=S.PROPOSED,
        roles=(*DESK_ROLES, *DECIDERS, R.COMMITTEE),
        guards=(Guard.OBJECTION_ONCE, Guard.WITHIN_OBJECTION_WINDOW, Guard.NO_OTHER_OPEN),
        needs_reason=True,
        starts=(Start(_C.ADMIT),),
        effects=(Effect.COUNT_OBJECTION,),
    ),
    decide(
        TicketEvent.ASSIGN_LEAD,
        S.ADMITTED,
        S.LEAD_ASSIGNED,
        guards=NAMED_UNITS,
        fields=(LEAD,),
        # The plan's clock runs at once: a lead that does not sign uses up its own time.
        starts=(Start(_C.PLAN),),
        effects=(Effect.ASSIGN,),
    ),
    Row(
        event=TicketEvent.CHANGE_LEAD,
        # Not while a unit's refusal is being decided: it could be named lead and then be let go.
        from_states=(*(state for state in PREPARED[1:] if state is not S.ARBITRATION), *RECTIFIED),
        to_state=None,
        roles=DECIDERS,
        guards=(*DECIDER, *NAMED_UNITS),
        needs_reason=True,
        fields=(LEAD,),
        stops=(Stop(_C.LEAD),),
        starts=(Start(_C.LEAD),),
        effects=(Effect.LEAD_ONLY,),
    ),
    by_lead(
        TicketEvent.ACKNOWLEDGE,
        (*PREPARED[1:], *RECTIFIED),
        None,
        guards=(Guard.NOT_SIGNED_BEFORE,),
        stops=(Stop(_C.LEAD),),
        effects=(Effect.SIGN,),
    ),
)

_PLAN: Final = (
    by_lead(
        TicketEvent.INVITE_CO,
        (S.LEAD_ASSIGNED,),
        S.CO_SIGNING,
        guards=(Guard.LEAD_SIGNED, Guard.KNOWN_ORGANISATION, Guard.ART45),
        fields=(_INVITED, text("matter")),
        starts=(Start(_C.COSIGN), Start(_C.SUBTASK)),
        effects=(Effect.ADD_CO,),
    ),
    by_lead(TicketEvent.START_PLANNING, (S.LEAD_ASSIGNED,), S.PLANNING, guards=(Guard.LEAD_SIGNED,)),
    _cosign((S.CO_SIGNING,), Condition.LAST_COSIGN, S.PLANNING),
    _cosign((S.CO_SIGNING,), Condition.MORE_COSIGNS, None),
    _cosign((S.PLANNING, S.PLAN_REVIEW, *RECTIFIED), None, None),
    Row(
        event=TicketEvent.DECLINE,
        from_states=(S.CO_SIGNING,),
        to_state=S.ARBITRATION,
        roles=HEAD,
        unit=Unit.CO,
        guards=(Guard.NOT_SIGNED_BEFORE, Guard.RETURN_ONCE, Guard.KNOWN_ORGANISATION, Guard.ART45),
        needs_reason=True,
        fields=(BASIS, SUGGESTED),
        starts=(Start(_C.ARBITRATE),),
        effects=(Effect.ASK_RETURN,),
    ),
    _settle(TicketEvent.DENY_RETURN, Condition.LAST_COSIGN, S.PLANNING),
    _settle(TicketEvent.DENY_RETURN, Condition.MORE_COSIGNS, S.CO_SIGNING),
    _settle(TicketEvent.ACCEPT_RETURN, None, S.CO_SIGNING),
    # Where the last co-unit was released nobody is left to sign.
    by_lead(TicketEvent.START_PLANNING, (S.CO_SIGNING,), S.PLANNING, guards=(Guard.LEAD_SIGNED, Guard.ALL_COSIGNED)),
    # Silence never signs; it does not stop the others either. Who is silent stays bound to sign, overdue.
    decide(TicketEvent.START_PLANNING, S.CO_SIGNING, S.PLANNING, needs_reason=True),
    by_lead(
        TicketEvent.PLAN_SUBMIT,
        (S.PLANNING,),
        S.PLAN_REVIEW,
        guards=(Guard.LEAD_SIGNED, Guard.PLAN_WITHIN_LIMIT),
        # 五落实: responsibility, measures, funds, time limit, contingency.
        fields=(
            text("responsibility"),
            text("measures"),
            text("funds"),
            number("days", 1, 730),
            text("contingency"),
        ),
        stops=(Stop(_C.PLAN),),
        starts=(Start(_C.PLAN_REVIEW),),
        effects=(Effect.TAKE_PLAN,),
    ),
    decide(
        TicketEvent.PLAN_APPROVE,
        S.PLAN_REVIEW,
        S.IN_PROGRESS,
        stops=(Stop(_C.PLAN_REVIEW),),
        starts=(Start(_C.RECTIFY, days="plan"), Start(_C.PROGRESS)),
    ),
    decide(
        TicketEvent.PLAN_RETURN,
        S.PLAN_REVIEW,
        S.PLANNING,
        needs_reason=True,
        stops=(Stop(_C.PLAN_REVIEW),),
        starts=(Start(_C.PLAN, halved=True),),
    ),
    by_lead(
        TicketEvent.INTERIM_DONE,
        (*PREPARED[1:], *RECTIFIED),
        None,
        roles=(R.DEPT_HANDLER, R.DEPT_HEAD),
        guards=PROVES,
        fields=(text("measures"), EVIDENCE, ATTACHMENTS),
        stops=(Stop(_C.INTERIM),),
        effects=(Effect.INTERIM,),
    ),
)

JOINT_PLAN: Final = (*_ADMISSION, *_PLAN)

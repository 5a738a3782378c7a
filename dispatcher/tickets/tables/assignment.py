"""Call-response from dispatch to signature: returns, arbitration, appeal, and the district as the last resort."""

from typing import Final

from dispatcher.tickets.grammar import Condition, Effect, Guard, Row, Start, Stop, Unit
from dispatcher.tickets.model import ClockName, TicketEvent, TicketState
from dispatcher.tickets.tables.parts import (
    AT_WORK,
    BASIS,
    CO,
    DECIDERS,
    DESK_ROLES,
    DISPUTED,
    LEAD,
    NAMED_UNITS,
    SIGNERS,
    SUGGESTED,
    R,
    S,
)

_C: Final = ClockName
_SIGNS: Final = (Stop(_C.SIGN, Effect.SIGN),)
_BEGINS: Final = (Start(_C.CONTACT), Start(_C.ARRIVE))
_OF_UNITS: Final = (Stop(_C.SIGN), Stop(_C.CONTACT), Stop(_C.ARRIVE))


def _deny_return(when: Condition, to_state: TicketState, *, starts: tuple[Start, ...] = ()) -> Row:
    return Row(
        event=TicketEvent.DENY_RETURN,
        from_states=(S.RETURN_REQUESTED,),
        to_state=to_state,
        roles=DESK_ROLES,
        when=when,
        guards=(Guard.GRAVE_RETURN_NEEDS_SHIFT_LEADER,),
        needs_reason=True,
        stops=(Stop(_C.ARBITRATE), Stop(_C.SIGN, Effect.BIND)),
        starts=starts,
        effects=(Effect.BIND, Effect.DENY_RETURN, Effect.END_RETURN),
    )


ASSIGNMENT: Final = (
    Row(
        event=TicketEvent.DISPATCH,
        from_states=(S.ACCEPTED,),
        to_state=S.DISPATCHED,
        roles=DESK_ROLES,
        by_rule=True,
        guards=NAMED_UNITS,
        fields=(LEAD, CO),
        stops=(Stop(_C.DISPATCH),),
        starts=(Start(_C.SIGN),),
        effects=(Effect.ASSIGN,),
    ),
    # By the rule where a reporter who joined complains of the lead.
    Row(
        event=TicketEvent.REDISPATCH,
        from_states=(S.DISPATCHED, S.ACKNOWLEDGED),
        to_state=S.DISPATCHED,
        roles=DESK_ROLES,
        by_rule=True,
        guards=NAMED_UNITS,
        needs_reason=True,
        fields=(LEAD, CO),
        stops=_OF_UNITS,
        starts=(Start(_C.SIGN),),
        effects=(Effect.COUNT_WRONG_DISPATCH, Effect.ASSIGN),
    ),
    # On the way or at the place a rule takes nobody away; a person decides who goes on.
    Row(
        event=TicketEvent.REDISPATCH,
        from_states=(S.EN_ROUTE, S.ON_SCENE, S.CONTROLLED, S.REWORK),
        to_state=S.DISPATCHED,
        roles=DESK_ROLES,
        guards=(Guard.LEAD_HAS_TO_LEAVE, *NAMED_UNITS),
        needs_reason=True,
        fields=(LEAD, CO),
        stops=_OF_UNITS,
        starts=(Start(_C.SIGN),),
        effects=(Effect.ASSIGN,),
    ),
    Row(
        event=TicketEvent.ACKNOWLEDGE,
        from_states=(S.DISPATCHED,),
        to_state=S.ACKNOWLEDGED,
        roles=SIGNERS,
        unit=Unit.LEAD,
        guards=(Guard.NOT_SIGNED_BEFORE,),
        stops=_SIGNS,
        starts=_BEGINS,
        effects=(Effect.SIGN,),
    ),
    # 首接负责: while a return is being decided the clocks run on, so units may sign and reach the reporter.
    Row(
        event=TicketEvent.ACKNOWLEDGE,
        from_states=DISPUTED,
        to_state=None,
        roles=SIGNERS,
        unit=Unit.LEAD,
        guards=(Guard.NOT_SIGNED_BEFORE,),
        stops=_SIGNS,
        starts=_BEGINS,
        effects=(Effect.SIGN,),
    ),
    Row(
        event=TicketEvent.ACKNOWLEDGE,
        from_states=(S.DISPATCHED, *DISPUTED, *AT_WORK, S.SUSPENDED),
        to_state=None,
        roles=SIGNERS,
        unit=Unit.CO,
        guards=(Guard.NOT_SIGNED_BEFORE,),
        stops=_SIGNS,
        effects=(Effect.SIGN,),
    ),
    Row(
        event=TicketEvent.REQUEST_RETURN,
        from_states=(S.DISPATCHED, S.ACKNOWLEDGED),
        to_state=S.RETURN_REQUESTED,
        roles=(R.DEPT_HEAD,),
        unit=Unit.ASSIGNED,
        guards=(
            Guard.AWARD_NOT_FINAL,
            Guard.WITHIN_RETURN_WINDOW,
            Guard.RETURN_ONCE,
            Guard.KNOWN_ORGANISATION,
            Guard.ART45,
        ),
        needs_reason=True,
        fields=(BASIS, SUGGESTED),
        starts=(Start(_C.ARBITRATE),),
        effects=(Effect.ASK_RETURN,),
    ),
    Row(
        event=TicketEvent.ACCEPT_RETURN,
        from_states=(S.RETURN_REQUESTED,),
        to_state=S.ACCEPTED,
        roles=DESK_ROLES,
        guards=(Guard.GRAVE_RETURN_NEEDS_SHIFT_LEADER,),
        stops=(Stop(_C.ARBITRATE), *_OF_UNITS),
        starts=(Start(_C.DISPATCH),),
        effects=(Effect.COUNT_WRONG_DISPATCH, Effect.END_RETURN, Effect.UNASSIGN),
    ),
    _deny_return(Condition.LEAD_HAD_SIGNED, S.ACKNOWLEDGED),
    _deny_return(Condition.UNSIGNED_LEAD_ASKED, S.ACKNOWLEDGED, starts=_BEGINS),
    _deny_return(Condition.CO_UNIT_ASKED_FIRST, S.DISPATCHED),
    # What the desk cannot decide goes to the subdistrict; until then whoever received it first acts (先办后议).
    Row(
        event=TicketEvent.ARBITRATE,
        from_states=(S.RETURN_REQUESTED,),
        to_state=S.ARBITRATION,
        roles=DESK_ROLES,
        needs_reason=True,
        stops=(Stop(_C.ARBITRATE),),
        starts=(Start(_C.ARBITRATE),),
    ),
    Row(
        event=TicketEvent.APPEAL,
        from_states=(S.DISPATCHED, S.ACKNOWLEDGED),
        to_state=S.ARBITRATION,
        roles=(R.DEPT_HEAD,),
        unit=Unit.ASSIGNED,
        guards=(Guard.AWARD_NOT_FINAL, Guard.DENIED_BEFORE, Guard.APPEAL_ONCE),
        needs_reason=True,
        fields=(BASIS,),
        starts=(Start(_C.ARBITRATE),),
        effects=(Effect.APPEAL,),
    ),
    Row(
        event=TicketEvent.AWARD,
        from_states=(S.ARBITRATION,),
        to_state=S.DISPATCHED,
        roles=DECIDERS,
        guards=(Guard.SUPERVISOR_DECIDES_LAST, *NAMED_UNITS),
        needs_reason=True,
        fields=(BASIS, LEAD, CO),
        stops=(Stop(_C.ARBITRATE), *_OF_UNITS),
        starts=(Start(_C.SIGN),),
        effects=(Effect.COUNT_WRONG_DISPATCH, Effect.END_RETURN, Effect.ASSIGN, Effect.AWARD),
    ),
    # 兜底: nobody fits, so the desk of the district takes it; counted by its event.
    Row(
        event=TicketEvent.AWARD_FALLBACK,
        from_states=(S.ARBITRATION,),
        to_state=S.DISPATCHED,
        roles=DECIDERS,
        guards=(Guard.SUPERVISOR_DECIDES_LAST, Guard.FALLBACK_KNOWN, Guard.LEAD_NOT_COMPLAINED_OF),
        needs_reason=True,
        fields=(BASIS,),
        stops=(Stop(_C.ARBITRATE), *_OF_UNITS),
        starts=(Start(_C.SIGN),),
        effects=(Effect.FALL_BACK, Effect.COUNT_WRONG_DISPATCH, Effect.END_RETURN, Effect.ASSIGN, Effect.AWARD),
    ),
)

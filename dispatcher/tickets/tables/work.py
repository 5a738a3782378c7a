"""Call-response at work: contact, arrival, control, more time, standing still for an outside cause, the result."""

from typing import Final

from dispatcher.tickets.grammar import Effect, Guard, Row, Start, Stop, Unit
from dispatcher.tickets.model import ClockName, EntryKind, TicketEvent, TicketState
from dispatcher.tickets.tables.parts import (
    AT_WORK,
    ATTACHMENTS,
    CITES,
    DAYS,
    DESK_ROLES,
    DISPUTED,
    EVIDENCE,
    HAPPENED_AT,
    INJURED,
    PROVES,
    SUSPENSIONS,
    UNIT_ROLES,
    R,
    S,
    choice,
    number,
    text,
)

_C: Final = ClockName
_EXTENDABLE: Final = (S.DISPATCHED, *DISPUTED, *AT_WORK)
_SUSPENDABLE: Final = (S.ACKNOWLEDGED, S.ON_SCENE, S.CONTROLLED)
_APPROVERS: Final = (*DESK_ROLES, R.SUPERVISOR)
_FEEDBACK: Final = text("feedback")


def _on_the_way(event: TicketEvent, from_states: tuple[TicketState, ...], to_state: TicketState | None) -> Row:
    """Rolling, arriving and controlling; while a return is decided the first receiver acts and the state stays."""
    fields = {TicketEvent.ROLL: (), TicketEvent.ARRIVE: (INJURED,), TicketEvent.CONTROL: (_FEEDBACK, INJURED)}[event]
    stops = {TicketEvent.ROLL: (), TicketEvent.ARRIVE: (Stop(_C.ARRIVE),), TicketEvent.CONTROL: (Stop(_C.CONTROL),)}
    effects: tuple[Effect, ...] = () if event is TicketEvent.ROLL else (Effect.COUNT_INJURED,)
    return Row(
        event=event,
        from_states=from_states,
        to_state=to_state,
        roles=UNIT_ROLES,
        unit=Unit.ASSIGNED,
        guards=(Guard.BACKFILL_PLAUSIBLE, *CITES),
        fields=(*fields, ATTACHMENTS, HAPPENED_AT),
        stops=stops[event],
        effects=(*effects, Effect.CONTROLLED) if event is TicketEvent.CONTROL else effects,
    )


WORK: Final = (
    Row(
        event=TicketEvent.CONTACT,
        from_states=(S.DISPATCHED, *DISPUTED, *AT_WORK, S.SUSPENDED),
        to_state=None,
        roles=UNIT_ROLES,
        unit=Unit.ASSIGNED,
        # The number of the recorded call, or what the reporter signed: nobody is reached by a tick in a box.
        fields=(choice("channel", ("phone", "visit", "message")), text("record")),
        stops=(Stop(_C.CONTACT),),
        entry=EntryKind.CONTACT,
    ),
    _on_the_way(TicketEvent.ROLL, (S.ACKNOWLEDGED,), S.EN_ROUTE),
    _on_the_way(TicketEvent.ARRIVE, (S.ACKNOWLEDGED, S.EN_ROUTE, S.REWORK), S.ON_SCENE),
    _on_the_way(TicketEvent.ARRIVE, DISPUTED, None),
    _on_the_way(TicketEvent.CONTROL, (S.ON_SCENE,), S.CONTROLLED),
    _on_the_way(TicketEvent.CONTROL, DISPUTED, None),
    Row(
        event=TicketEvent.REQUEST_EXTENSION,
        from_states=_EXTENDABLE,
        to_state=None,
        roles=(R.DEPT_HEAD,),
        unit=Unit.LEAD,
        guards=(Guard.NOT_ASKED_YET, Guard.EXTENSION_FITS),
        needs_reason=True,
        fields=(DAYS,),
    ),
    Row(
        event=TicketEvent.GRANT_EXTENSION,
        from_states=_EXTENDABLE,
        to_state=None,
        roles=_APPROVERS,
        guards=(Guard.ASKED, Guard.NOT_OWN_REQUEST, Guard.APPROVER_OF_GRADE, Guard.EXTENSION_FITS),
        effects=(Effect.EXTEND,),
    ),
    Row(
        event=TicketEvent.DENY_EXTENSION,
        from_states=_EXTENDABLE,
        to_state=None,
        roles=_APPROVERS,
        guards=(Guard.ASKED, Guard.NOT_OWN_REQUEST, Guard.APPROVER_OF_GRADE),
        needs_reason=True,
    ),
    Row(
        event=TicketEvent.REQUEST_SUSPENSION,
        from_states=_SUSPENDABLE,
        to_state=None,
        roles=(R.DEPT_HEAD,),
        unit=Unit.LEAD,
        guards=(Guard.NOT_ASKED_YET, Guard.SUSPENSION_FITS),
        needs_reason=True,
        fields=(choice("code", SUSPENSIONS), number("days", 1, 30)),
    ),
    Row(
        event=TicketEvent.SUSPEND,
        from_states=_SUSPENDABLE,
        to_state=S.SUSPENDED,
        roles=_APPROVERS,
        guards=(Guard.ASKED, Guard.NOT_OWN_REQUEST, Guard.APPROVER_OF_GRADE, Guard.SUSPENSION_FITS),
        starts=(Start(_C.REVIEW, days="request"),),
        effects=(Effect.REMEMBER_STATE, Effect.PAUSE),
    ),
    Row(
        event=TicketEvent.DENY_SUSPENSION,
        from_states=_SUSPENDABLE,
        to_state=None,
        roles=_APPROVERS,
        guards=(Guard.ASKED, Guard.NOT_OWN_REQUEST, Guard.APPROVER_OF_GRADE),
        needs_reason=True,
    ),
    # By the rule when the review date has come: a clock that nobody starts again would stand still quietly.
    Row(
        event=TicketEvent.RESUME,
        from_states=(S.SUSPENDED,),
        to_state=None,
        roles=(*DESK_ROLES, R.SUPERVISOR),
        by_rule=True,
        stops=(Stop(_C.REVIEW),),
        effects=(Effect.GO_ON, Effect.GO_BACK),
    ),
    Row(
        event=TicketEvent.RESOLVE,
        from_states=(S.ACKNOWLEDGED, S.ON_SCENE, S.CONTROLLED, S.REWORK),
        to_state=S.RESOLVED,
        roles=(R.DEPT_HANDLER, R.DEPT_HEAD),
        unit=Unit.LEAD,
        guards=(Guard.LEAD_NOT_COMPLAINED_OF, Guard.CONTROLLED_FIRST, Guard.SUBTASKS_DONE, *PROVES),
        fields=(text("result"), EVIDENCE, ATTACHMENTS, INJURED),
        stops=(Stop(_C.RESOLVE), Stop(_C.CONTROL), Stop(_C.ARRIVE), Stop(_C.CONTACT), Stop(_C.SIGN)),
        starts=(Start(_C.VERIFY),),
        effects=(Effect.COUNT_INJURED,),
    ),
)

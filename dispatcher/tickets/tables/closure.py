"""Call-response from the result to the end and back: verification, call-backs, withdrawal, reopening, voiding."""

from typing import Final

from dispatcher.tickets.grammar import Condition, Effect, Guard, Row, Start, Stop
from dispatcher.tickets.model import ClockName, EntryKind, TicketEvent
from dispatcher.tickets.tables.parts import (
    ATTACHMENTS,
    CALL,
    CALL_OPEN,
    CITES,
    INDEPENDENT,
    PROVES,
    VOIDS,
    R,
    S,
    choice,
    number,
    row_id,
    text,
)

_C: Final = ClockName
_OUTCOME: Final = choice("outcome", ("resolved", "partly", "unresolved", "unreachable", "refused"))
_SATISFACTION: Final = number("satisfaction", 1, 5, required=False)
_CALLED: Final = (
    *INDEPENDENT,
    Guard.CALL_WAITS,
    Guard.REASON_UNLESS_RESOLVED,
    Guard.TRIES_BEFORE_UNREACHABLE,
)
# A result whose photos turned up elsewhere since is not confirmed: what is left is rework.
_CONFIRMED: Final = (*INDEPENDENT, Guard.EVIDENCE_STANDS, *PROVES)
_AGAIN: Final = (Start(_C.RESOLVE, halved=True),)

CLOSURE: Final = (
    Row(
        event=TicketEvent.START_VERIFICATION,
        from_states=(S.RESOLVED,),
        to_state=S.VERIFYING,
        roles=(R.VERIFIER,),
        guards=INDEPENDENT,
    ),
    Row(
        event=TicketEvent.VERIFY_OK,
        from_states=(S.VERIFYING,),
        to_state=S.AWAITING_CALLBACK,
        roles=(R.VERIFIER,),
        when=Condition.CALLBACK_WANTED,
        guards=_CONFIRMED,
        fields=(ATTACHMENTS,),
        stops=(Stop(_C.VERIFY),),
        starts=(Start(_C.CALLBACK),),
        effects=(Effect.SETTLE_BY_REPLY,),
    ),
    # Device only, anonymous, silent contact, all called back before, or answered by the one reply to many.
    Row(
        event=TicketEvent.VERIFY_OK,
        from_states=(S.VERIFYING,),
        to_state=S.CLOSED,
        roles=(R.VERIFIER,),
        when=Condition.NO_CALLBACK_WANTED,
        guards=(*_CONFIRMED, Guard.GRAVE_NEEDS_PERSON),
        fields=(ATTACHMENTS,),
        stops=(Stop(_C.VERIFY),),
        effects=(Effect.SETTLE_BY_REPLY,),
    ),
    Row(
        event=TicketEvent.VERIFY_FAIL,
        from_states=(S.VERIFYING,),
        to_state=S.REWORK,
        roles=(R.VERIFIER,),
        guards=(*INDEPENDENT, *CITES),
        fields=(ATTACHMENTS,),
        needs_reason=True,
        stops=(Stop(_C.VERIFY),),
        starts=_AGAIN,
        effects=(Effect.COUNT_REWORK,),
    ),
    Row(
        event=TicketEvent.CALLBACK_ATTEMPT,
        from_states=(S.AWAITING_CALLBACK,),
        to_state=None,
        roles=(R.CALLBACK_AGENT,),
        guards=(*INDEPENDENT, Guard.CALL_WAITS, Guard.CALLING_HOURS),
        fields=(choice("result_of_try", ("no_answer", "busy", "switched_off", "hung_up")), CALL),
        effects=(Effect.NOTE_ATTEMPT,),
        entry=EntryKind.CALL_TRIED,
    ),
    Row(
        event=TicketEvent.CALLBACK_DONE,
        from_states=(S.AWAITING_CALLBACK,),
        to_state=S.CLOSED,
        roles=(R.CALLBACK_AGENT,),
        when=Condition.LAST_CALLBACK,
        guards=(*_CALLED, Guard.GRAVE_NEEDS_PERSON),
        fields=(_OUTCOME, _SATISFACTION, CALL),
        stops=(Stop(_C.CALLBACK),),
        effects=(Effect.CALL_BACK,),
    ),
    Row(
        event=TicketEvent.CALLBACK_DONE,
        from_states=(S.AWAITING_CALLBACK,),
        to_state=None,
        roles=(R.CALLBACK_AGENT,),
        when=Condition.MORE_CALLBACKS,
        guards=_CALLED,
        fields=(_OUTCOME, _SATISFACTION, CALL),
        effects=(Effect.CALL_BACK,),
    ),
    Row(
        event=TicketEvent.CALLBACK_UNRESOLVED,
        from_states=(S.AWAITING_CALLBACK,),
        to_state=S.REWORK,
        roles=(R.CALLBACK_AGENT,),
        guards=INDEPENDENT,
        needs_reason=True,
        stops=(Stop(_C.CALLBACK),),
        starts=_AGAIN,
        effects=(Effect.COUNT_REWORK, Effect.FORGET_ATTEMPTS),
    ),
    Row(
        event=TicketEvent.APPROVE_REPLY,
        from_states=CALL_OPEN,
        to_state=None,
        roles=(R.SHIFT_LEADER, R.SUPERVISOR),
        guards=(Guard.MASS_INCIDENT,),
        fields=(text("reply"),),
        effects=(Effect.APPROVE_REPLY,),
    ),
    Row(
        event=TicketEvent.FLAG_REPORT,
        from_states=CALL_OPEN,
        to_state=None,
        roles=(R.CALL_TAKER, R.DUTY_OFFICER, R.SHIFT_LEADER, R.CALLBACK_AGENT),
        guards=(Guard.REPORT_OF_TICKET,),
        fields=(row_id("call_id"), choice("why", ("asked_for_call", "harmed"))),
        effects=(Effect.MUST_CALL,),
    ),
    Row(
        event=TicketEvent.REQUEST_WITHDRAWAL,
        from_states=CALL_OPEN,
        to_state=None,
        roles=(R.CALL_TAKER, R.DUTY_OFFICER, R.SHIFT_LEADER),
        guards=(Guard.NOT_ASKED_YET, Guard.REPORT_OF_TICKET),
        needs_reason=True,
        fields=(row_id("call_id"),),
    ),
    # Counts only when somebody independent heard it from the reporter; the matter itself goes on (ruling A9).
    Row(
        event=TicketEvent.CONFIRM_WITHDRAWAL,
        from_states=CALL_OPEN,
        to_state=None,
        roles=(R.CALLBACK_AGENT, R.VERIFIER),
        guards=(*INDEPENDENT, Guard.ASKED, Guard.NOT_OWN_REQUEST),
        fields=(text("record"),),
        effects=(Effect.WITHDRAW,),
    ),
    Row(
        event=TicketEvent.DENY_WITHDRAWAL,
        from_states=CALL_OPEN,
        to_state=None,
        roles=(R.CALLBACK_AGENT, R.VERIFIER),
        guards=(*INDEPENDENT, Guard.ASKED, Guard.NOT_OWN_REQUEST),
        needs_reason=True,
    ),
    Row(
        event=TicketEvent.REOPEN,
        from_states=(S.CLOSED,),
        to_state=S.ACCEPTED,
        roles=(R.CALL_TAKER, R.COMMITTEE, R.VERIFIER, R.SUPERVISOR),
        by_rule=True,  # The reporter, by number and code.
        guards=(Guard.WITHIN_REOPEN_WINDOW, Guard.NO_OTHER_OPEN),
        needs_reason=True,
        starts=(Start(_C.DISPATCH), Start(_C.CONTROL), Start(_C.RESOLVE)),
        effects=(Effect.COUNT_REOPEN, Effect.UNASSIGN, Effect.CALL_AGAIN),
    ),
    Row(
        event=TicketEvent.VOID,
        from_states=CALL_OPEN,
        to_state=S.VOIDED,
        roles=(R.SHIFT_LEADER,),
        guards=(Guard.NO_INJURED,),
        needs_reason=True,
        fields=(choice("code", VOIDS, required=False),),
    ),
)

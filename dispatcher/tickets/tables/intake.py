"""Call-response from the report to the acceptance: facts, answers, refusals with their countersignature, objections."""

from typing import Final

from dispatcher.tickets.grammar import Effect, Guard, Row, Start, Stop
from dispatcher.tickets.model import ClockName, TicketEvent
from dispatcher.tickets.tables.parts import (
    ATTACHMENTS,
    CITES,
    DEMAND,
    DESK_ROLES,
    INJURED,
    LEGAL_BASIS,
    REFUSALS,
    R,
    S,
    choice,
    number,
    organisation,
    text,
)

_C: Final = ClockName
_CODE: Final = choice("code", REFUSALS)
_STOPS_TRIAGE: Final = (Stop(_C.TRIAGE),)
_STOPS_BOTH: Final = (*_STOPS_TRIAGE, Stop(_C.REFUSAL))

INTAKE: Final = (
    Row(
        event=TicketEvent.SUBMIT,
        from_states=(),
        to_state=S.NEW,
        roles=(R.CALL_TAKER,),
        by_rule=True,
        starts=(Start(_C.TRIAGE),),
    ),
    # The triage clock runs on: asking buys no time.
    Row(
        event=TicketEvent.ASK_FACT,
        from_states=(S.NEW,),
        to_state=S.VERIFYING_FACT,
        roles=(R.CALL_TAKER, *DESK_ROLES),
        guards=(Guard.MILD_ONLY, Guard.KNOWN_ORGANISATION, Guard.ART45),
        fields=(text("question"), organisation("asked", required=False)),
    ),
    Row(
        event=TicketEvent.CONFIRM_FACT,
        from_states=(S.VERIFYING_FACT,),
        to_state=S.NEW,
        roles=(R.VERIFIER, R.CALL_TAKER, *DESK_ROLES),
        by_rule=True,
        fields=(
            choice("source", ("verifier", "reporter", "device")),
            choice("finding", ("confirmed", "not_confirmed", "no_answer")),
            text("text", required=False),
            ATTACHMENTS,
        ),
        guards=(Guard.NOT_OF_UNIT_COMPLAINED_OF, *CITES),
    ),
    Row(
        event=TicketEvent.ANSWER,
        from_states=(S.NEW,),
        to_state=S.ANSWERED,
        roles=(R.CALL_TAKER, *DESK_ROLES),
        guards=(Guard.CONSULTATION_ONLY,),
        fields=(text("answer"), text("article"), number("article_version", 1, 2**31 - 1), DEMAND),
        stops=_STOPS_TRIAGE,
        effects=(Effect.TAKE_DEMAND,),
    ),
    Row(
        event=TicketEvent.ACCEPT,
        from_states=(S.NEW,),
        to_state=S.ACCEPTED,
        roles=(R.CALL_TAKER, *DESK_ROLES),
        by_rule=True,
        fields=(DEMAND, INJURED),
        stops=_STOPS_BOTH,
        starts=(Start(_C.DISPATCH), Start(_C.CONTROL), Start(_C.RESOLVE)),
        effects=(Effect.TAKE_DEMAND, Effect.COUNT_INJURED, Effect.NUMBER),
    ),
    Row(
        event=TicketEvent.REFUSE_ACCEPT,
        from_states=(S.NEW,),
        to_state=S.NOT_ACCEPTED,
        roles=(R.CALL_TAKER, R.SHIFT_LEADER),
        guards=(Guard.COMPLAINT_NEEDS_COUNTERSIGN,),
        needs_reason=True,
        fields=(_CODE, LEGAL_BASIS),
        stops=_STOPS_TRIAGE,
    ),
    # Two persons refuse what Art. 50 protects; the triage clock runs until the second has decided.
    Row(
        event=TicketEvent.REQUEST_REFUSAL,
        from_states=(S.NEW,),
        to_state=None,
        roles=(R.CALL_TAKER, *DESK_ROLES),
        guards=(Guard.NOT_ASKED_YET,),
        needs_reason=True,
        fields=(_CODE, LEGAL_BASIS),
        starts=(Start(_C.REFUSAL),),
    ),
    Row(
        event=TicketEvent.COUNTERSIGN_REFUSAL,
        from_states=(S.NEW,),
        to_state=S.NOT_ACCEPTED,
        roles=(R.SHIFT_LEADER, R.SUPERVISOR),
        guards=(Guard.ASKED, Guard.NOT_OWN_REQUEST),
        stops=_STOPS_BOTH,
    ),
    Row(
        event=TicketEvent.DENY_REFUSAL,
        from_states=(S.NEW,),
        to_state=None,
        roles=(R.SHIFT_LEADER, R.SUPERVISOR),
        guards=(Guard.ASKED, Guard.NOT_OWN_REQUEST),
        needs_reason=True,
        stops=(Stop(_C.REFUSAL),),
    ),
    Row(
        event=TicketEvent.OBJECT,
        from_states=(S.NOT_ACCEPTED,),
        to_state=S.NEW,
        roles=(R.CALL_TAKER, R.SUPERVISOR),
        by_rule=True,  # The reporter, by number and code.
        guards=(Guard.OBJECTION_ONCE, Guard.WITHIN_OBJECTION_WINDOW, Guard.NO_OTHER_OPEN),
        needs_reason=True,
        starts=(Start(_C.TRIAGE),),
        effects=(Effect.COUNT_OBJECTION,),
    ),
)

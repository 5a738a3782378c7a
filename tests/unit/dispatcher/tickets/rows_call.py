"""The rows of call-response from the report to the signature, described by hand."""

from dataclasses import replace
from datetime import timedelta

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Role, Ticket, TicketKind, TicketState
from tests.unit.dispatcher.tickets.rows import No, Row, cites, named
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AT,
    CO_HANDLER,
    CO_HEAD,
    CONTEXT,
    CREW,
    DISPATCH,
    HEAD,
    LEADER,
    OFFICER,
    SIGN,
    SUBDISTRICT,
    TAKER,
    VERIFIER,
    E,
    Step,
    done,
    opened,
    person,
)

S = TicketState
G = Guard
H, D = timedelta(hours=1), timedelta(days=1)
DESK = "duty_officer shift_leader"
INTAKE = f"call_taker {DESK}"
SIGNS = f"dept_handler dept_head {DESK}"
LEGAL: dict[str, object] = {"code": "outside_area", "legal_basis": "条例第五十条"}
# Grade III: every clock of the table runs.
NEW = opened(grade=3, reports=1)
ACCEPTED = done(NEW, ACCEPT)
SENT = done(ACCEPTED, DISPATCH)
SIGNED = done(SENT, SIGN)
BACK: Step = (E.REQUEST_RETURN, HEAD, {"basis": "三定方案第4条", "suggested_unit": "housing"})
BACK_CO: Step = (E.REQUEST_RETURN, CO_HEAD, BACK[2])
RETURNING = done(SENT, BACK)
REPENTED = done(SIGNED, BACK)
ARGUED = done(REPENTED, (E.ARBITRATE, OFFICER, {}))
TWIN = replace(CONTEXT, open_kinds=frozenset({TicketKind.CALL_RESPONSE}))
FALLBACK = replace(CONTEXT, fallback="desk")


def own(ticket: Ticket, role: Role) -> No:
    """The person who asked is not the one who decides."""
    decider = person(role, "desk")
    requests = tuple(replace(each, asked_by=decider.id) for each in ticket.requests)
    return No(G.NOT_OWN_REQUEST, ticket=replace(ticket, requests=requests), actor=decider)


REFUSED = done(NEW, (E.REFUSE_ACCEPT, TAKER, LEGAL))
REFUSAL = done(NEW, (E.REQUEST_REFUSAL, TAKER, LEGAL))
ASK: Step = (E.ASK_FACT, TAKER, {"question": "是否仍在漏水", "asked": "police"})
FACT: Step = (E.CONFIRM_FACT, VERIFIER, {"source": "verifier", "finding": "confirmed"})
ANSWER: Step = (
    E.ANSWER,
    TAKER,
    {"answer": "办理流程", "article": "kb-12", "article_version": 3, "demand": "consultation"},
)

INTAKE_ROWS = (
    Row(
        "ask_fact",
        NEW,
        ASK,
        S.VERIFYING_FACT,
        INTAKE,
        no=(*named(ASK, "asked"), No(G.MILD_ONLY, ticket=opened(grade=2))),
    ),
    Row(
        "confirm_fact",
        done(NEW, ASK),
        FACT,
        S.NEW,
        f"verifier {INTAKE}",
        no=(No(G.NOT_OF_UNIT_COMPLAINED_OF, complained_of=VERIFIER.organisation_id), *cites(FACT)),
    ),
    Row(
        "answer",
        NEW,
        ANSWER,
        S.ANSWERED,
        INTAKE,
        no=(No(G.CONSULTATION_ONLY, fields=ANSWER[2] | {"demand": "complaint"}),),
    ),
    Row(
        "accept",
        NEW,
        (E.ACCEPT, TAKER, {"demand": "help", "injured": 1}),
        S.ACCEPTED,
        INTAKE,
        "c_dispatch c_control c_resolve",
        "c_triage",
    ),
    Row(
        "accept, refusal asked for",
        REFUSAL,
        (E.ACCEPT, TAKER, {}),
        S.ACCEPTED,
        INTAKE,
        "c_dispatch c_control c_resolve",
        "c_triage c_refusal",
    ),
    Row(
        "refuse_accept",
        NEW,
        (E.REFUSE_ACCEPT, TAKER, LEGAL),
        S.NOT_ACCEPTED,
        "call_taker shift_leader",
        no=tuple(No(G.COMPLAINT_NEEDS_COUNTERSIGN, ticket=opened(demand=each)) for each in ("complaint", "report")),
        needs_reason=True,
    ),
    Row(
        "request_refusal",
        NEW,
        (E.REQUEST_REFUSAL, TAKER, LEGAL),
        S.NEW,
        INTAKE,
        "c_refusal",
        no=(No(G.NOT_ASKED_YET, ticket=REFUSAL),),
        needs_reason=True,
    ),
    Row(
        "countersign_refusal",
        REFUSAL,
        (E.COUNTERSIGN_REFUSAL, LEADER, {}),
        S.NOT_ACCEPTED,
        "shift_leader supervisor",
        no=(No(G.ASKED, ticket=NEW), own(REFUSAL, Role.SHIFT_LEADER)),
    ),
    Row(
        "deny_refusal",
        REFUSAL,
        (E.DENY_REFUSAL, LEADER, {}),
        S.NEW,
        "shift_leader supervisor",
        stops="c_refusal",
        no=(No(G.ASKED, ticket=NEW), own(REFUSAL, Role.SHIFT_LEADER)),
        needs_reason=True,
    ),
    Row(
        "object",
        REFUSED,
        (E.OBJECT, TAKER, {}),
        S.NEW,
        "call_taker supervisor",
        "c_triage",
        no=(
            No(G.OBJECTION_ONCE, ticket=replace(REFUSED, objection_count=1)),
            No(G.WITHIN_OBJECTION_WINDOW, at=AT + 30 * D),
            No(G.NO_OTHER_OPEN, context=TWIN),
        ),
        needs_reason=True,
    ),
)

SEND_ELSEWHERE: Step = (E.REDISPATCH, OFFICER, {"lead": "housing", "co": ["police"]})
AT_PLACE = done(SIGNED, (E.ARRIVE, CREW, {}))
ACCUSED = replace(AT_PLACE, complained_of=frozenset({"fire"}))
APPEAL: Step = (E.APPEAL, HEAD, {"basis": "三定方案第4条"})
DENIED = done(RETURNING, (E.DENY_RETURN, OFFICER, {}))
AWARD: Step = (E.AWARD, SUBDISTRICT, {"basis": "权责清单第9项", "lead": "housing", "co": ["police"]})
TAKEN_BY_DESK: Step = (E.AWARD_FALLBACK, SUBDISTRICT, {"basis": "兜底"})
SECOND = No(G.SUPERVISOR_DECIDES_LAST, ticket=replace(ARGUED, arbitration_count=1))
GRAVE_RETURN = No(G.GRAVE_RETURN_NEEDS_SHIFT_LEADER, ticket=replace(RETURNING, grade=2))
SIGNED_TWICE = No(G.NOT_SIGNED_BEFORE, ticket=done(RETURNING, SIGN))


def _denied(name: str, ticket: Ticket, to: S, starts: str, stops: str) -> Row:
    grave = No(G.GRAVE_RETURN_NEEDS_SHIFT_LEADER, ticket=replace(ticket, grade=2))
    step: Step = (E.DENY_RETURN, OFFICER, {})
    return Row(f"deny_return, {name}", ticket, step, to, DESK, starts, stops, (grave,), needs_reason=True)


ASSIGNMENT_ROWS = (
    Row("dispatch", ACCEPTED, DISPATCH, S.DISPATCHED, DESK, "c_sign", "c_dispatch", named(DISPATCH, "lead", lead=True)),
    Row(
        "redispatch",
        SIGNED,
        SEND_ELSEWHERE,
        S.DISPATCHED,
        DESK,
        "c_sign",
        "c_sign c_contact c_arrive",
        named(SEND_ELSEWHERE, "lead", lead=True),
        needs_reason=True,
    ),
    Row(
        "redispatch, the lead at the place is complained of",
        ACCUSED,
        SEND_ELSEWHERE,
        S.DISPATCHED,
        DESK,
        "c_sign",
        "c_sign c_contact",
        (
            No(G.LEAD_HAS_TO_LEAVE, ticket=AT_PLACE),
            *(no for no in named(SEND_ELSEWHERE, "lead", lead=True) if no.guard is not G.LEAD_NOT_COMPLAINED_OF),
            No(G.LEAD_NOT_COMPLAINED_OF, ticket=replace(AT_PLACE, complained_of=frozenset({"fire", "housing"}))),
        ),
        needs_reason=True,
    ),
    Row(
        "acknowledge, lead",
        SENT,
        SIGN,
        S.ACKNOWLEDGED,
        SIGNS,
        "c_contact c_arrive",
        "c_sign",
        (No(G.NOT_SIGNED_BEFORE, ticket=replace(SIGNED, state=S.DISPATCHED)),),
    ),
    Row(
        "acknowledge, disputed",
        RETURNING,
        SIGN,
        S.RETURN_REQUESTED,
        SIGNS,
        "c_contact c_arrive",
        "c_sign",
        (SIGNED_TWICE,),
    ),
    Row(
        "acknowledge, co-unit",
        SENT,
        (E.ACKNOWLEDGE, CO_HANDLER, {}),
        S.DISPATCHED,
        SIGNS,
        stops="c_sign",
        no=(No(G.NOT_SIGNED_BEFORE, ticket=done(SENT, (E.ACKNOWLEDGE, CO_HANDLER, {}))),),
    ),
    Row(
        "request_return",
        SENT,
        BACK,
        S.RETURN_REQUESTED,
        "dept_head",
        "c_arbitrate",
        no=(
            No(G.AWARD_NOT_FINAL, ticket=replace(SENT, arbitration_count=1)),
            No(G.WITHIN_RETURN_WINDOW, at=AT + D),
            No(G.RETURN_ONCE, ticket=replace(SENT, returns_requested=frozenset({"fire"}))),
            *named(BACK, "suggested_unit"),
        ),
        needs_reason=True,
    ),
    Row(
        "accept_return",
        REPENTED,
        (E.ACCEPT_RETURN, OFFICER, {}),
        S.ACCEPTED,
        DESK,
        "c_dispatch",
        "c_arbitrate c_sign c_contact c_arrive",
        (GRAVE_RETURN,),
    ),
    _denied("lead had signed", done(SIGNED, BACK_CO), S.ACKNOWLEDGED, "", "c_arbitrate c_sign"),
    _denied("unsigned lead asked", RETURNING, S.ACKNOWLEDGED, "c_contact c_arrive", "c_arbitrate c_sign"),
    _denied("co-unit asked first", done(SENT, BACK_CO), S.DISPATCHED, "", "c_arbitrate c_sign"),
    Row(
        "arbitrate",
        RETURNING,
        (E.ARBITRATE, OFFICER, {}),
        S.ARBITRATION,
        DESK,
        "c_arbitrate",
        "c_arbitrate",
        needs_reason=True,
    ),
    Row(
        "appeal",
        DENIED,
        APPEAL,
        S.ARBITRATION,
        "dept_head",
        "c_arbitrate",
        no=(
            No(G.AWARD_NOT_FINAL, ticket=replace(DENIED, final_award=True)),
            No(G.DENIED_BEFORE, ticket=SIGNED),
            No(G.APPEAL_ONCE, ticket=replace(DENIED, appealed_units=frozenset({"fire"}))),
        ),
        needs_reason=True,
    ),
    Row(
        "award",
        ARGUED,
        AWARD,
        S.DISPATCHED,
        "subdistrict supervisor",
        "c_sign",
        "c_arbitrate c_sign c_contact c_arrive",
        (SECOND, *named(AWARD, "lead", lead=True)),
        needs_reason=True,
    ),
    Row(
        "award_fallback",
        ARGUED,
        TAKEN_BY_DESK,
        S.DISPATCHED,
        "subdistrict supervisor",
        "c_sign",
        "c_arbitrate c_sign c_contact c_arrive",
        (SECOND, No(G.FALLBACK_KNOWN, context=CONTEXT), No(G.LEAD_NOT_COMPLAINED_OF, complained_of="desk")),
        needs_reason=True,
        context=FALLBACK,
    ),
)

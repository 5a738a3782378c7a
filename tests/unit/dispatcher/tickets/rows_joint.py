"""The rows of joint rectification from the proposal to the approved plan, described by hand."""

from dataclasses import replace
from datetime import timedelta

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Role, Ticket, TicketEvent, TicketKind, TicketState
from tests.unit.dispatcher.tickets.rows import No, Row, named, outside, proves
from tests.unit.dispatcher.tickets.world import (
    AT,
    CO_HEAD,
    CONTEXT,
    HEAD,
    SUBDISTRICT,
    SUPERVISOR,
    VERIFIER,
    E,
    Step,
    done,
    opened,
    person,
)

S = TicketState
G = Guard
D = timedelta(days=1)
DECIDES = "subdistrict supervisor"
PLAN: dict[str, object] = {
    "responsibility": "消防牵头",
    "measures": "拆除",
    "funds": "区财政 20 万",
    "contingency": "值守",
    "days": 20,
}
MILDER = opened(grade=4, ticket_kind=TicketKind.JOINT_RECTIFICATION)
PROPOSED = opened(grade=3, ticket_kind=TicketKind.JOINT_RECTIFICATION)
ADMIT: Step = (E.ADMIT, SUBDISTRICT, {"level": 3})
LEAD: Step = (E.ASSIGN_LEAD, SUBDISTRICT, {"lead": "fire"})
SIGN: Step = (E.ACKNOWLEDGE, HEAD, {})
INVITE: Step = (E.INVITE_CO, HEAD, {"co": ["police", "housing"], "matter": "清理通道"})
COSIGN: Step = (E.COSIGN, CO_HEAD, {})
ALONE: Step = (E.START_PLANNING, HEAD, {})
SUBMIT: Step = (E.PLAN_SUBMIT, HEAD, PLAN)
REPORT: Step = (E.REPORT_COMPLETE, HEAD, {"result": "已整改"})
PASS: Step = (E.INSPECT_OK, VERIFIER, {"evidence": "照片 4 张", "residual": 4})
DECLINE: Step = (E.DECLINE, CO_HEAD, {"basis": "三定方案", "suggested_unit": "desk"})
ADMITTED = done(PROPOSED, ADMIT)
LED = done(ADMITTED, LEAD)
SIGNED = done(LED, SIGN)
INVITED = done(SIGNED, INVITE)
ONE_LEFT = done(INVITED, (E.COSIGN, person(Role.DEPT_HEAD, "housing"), {}))
DECLINED = done(INVITED, DECLINE)
PLANNING = done(SIGNED, ALONE)
REVIEWED = done(PLANNING, SUBMIT)
WORKING = done(REVIEWED, (E.PLAN_APPROVE, SUBDISTRICT, {}))
REPORTED = done(WORKING, REPORT)
INSPECTED = done(REPORTED, (E.START_INSPECTION, VERIFIER, {}))
PUBLIC = done(INSPECTED, PASS)
CLOSED = done(PUBLIC, (E.CLOSE_OUT, SUBDISTRICT, {}), at=AT + 10 * D)
LOOKED = done(CLOSED, (E.START_LOOK_BACK, VERIFIER, {}), at=AT + 40 * D)
RELAPSED = done(LOOKED, (E.RELAPSE, VERIFIER, {}), at=AT + 40 * D)
REJECTED = done(PROPOSED, (E.REJECT, SUBDISTRICT, {}))
TWIN = replace(CONTEXT, open_kinds=frozenset({TicketKind.JOINT_RECTIFICATION}))
CHECKS = outside(Role.VERIFIER)
UNSIGNED = No(G.LEAD_SIGNED, ticket=LED)


def grave(ticket: Ticket) -> No:
    """Levels 1 and 2 are the supervisor's."""
    return No(G.LEVEL_DECIDER, ticket=replace(ticket, grade=2))


def decided(
    event: TicketEvent,
    ticket: Ticket,
    to: S,
    starts: str = "",
    stops: str = "",
    *no: No,
    fields: dict[str, object] | None = None,
    name: str = "",
    needs_reason: bool = False,
    at: timedelta = timedelta(),
) -> Row:
    step: Step = (event, SUBDISTRICT, fields or {})
    said = name or event.value
    refusals = (grave(ticket), *no)
    return Row(said, ticket, step, to, DECIDES, starts, stops, refusals, needs_reason=needs_reason, at=AT + at)


PROPOSES = f"duty_officer shift_leader {DECIDES} committee"
LEC: dict[str, object] = {"level": 3, "lec_likelihood": 6, "lec_exposure": 3, "lec_consequence": 15}
ANEW: Step = (E.CHANGE_LEAD, SUBDISTRICT, {"lead": "police"})
REPLACED: Step = (E.ACCEPT_RETURN, SUBDISTRICT, {"replacement": "desk"})
INTERIM: Step = (E.INTERIM_DONE, HEAD, {"measures": "围挡"})
OBJECT: Step = (E.OBJECT, SUBDISTRICT, {})

JOINT_PLAN_ROWS = (
    decided(
        E.ADMIT,
        MILDER,
        S.ADMITTED,
        "j_interim j_lead",
        "j_admit",
        No(G.LEVEL_DECIDER, fields={"level": 2}),
        No(G.LEC_AGREES, fields=LEC),
        fields=ADMIT[2],
    ),
    decided(E.REJECT, PROPOSED, S.REJECTED, needs_reason=True),
    Row(
        "object to the rejection",
        REJECTED,
        OBJECT,
        S.PROPOSED,
        PROPOSES,
        "j_admit",
        no=(
            No(G.OBJECTION_ONCE, ticket=replace(REJECTED, objection_count=1)),
            No(G.WITHIN_OBJECTION_WINDOW, at=AT + 30 * D),
            No(G.NO_OTHER_OPEN, context=TWIN),
        ),
        needs_reason=True,
    ),
    decided(
        E.ASSIGN_LEAD,
        ADMITTED,
        S.LEAD_ASSIGNED,
        "j_plan",
        "",
        *named(LEAD, "lead"),
        fields=LEAD[2],
    ),
    decided(
        E.CHANGE_LEAD,
        LED,
        S.LEAD_ASSIGNED,
        "j_lead",
        "j_lead",
        *named(ANEW, "lead"),
        fields=ANEW[2],
        needs_reason=True,
    ),
    Row(
        "acknowledge",
        LED,
        SIGN,
        S.LEAD_ASSIGNED,
        "dept_head",
        stops="j_lead",
        no=(No(G.NOT_SIGNED_BEFORE, ticket=SIGNED),),
    ),
    Row(
        "invite_co",
        SIGNED,
        INVITE,
        S.CO_SIGNING,
        "dept_head",
        "j_cosign j_subtask",
        no=(UNSIGNED, *named(INVITE, "co")),
    ),
    Row("start_planning, no co-units", SIGNED, ALONE, S.PLANNING, "dept_head", no=(UNSIGNED,)),
    Row(
        "cosign, the last",
        ONE_LEFT,
        COSIGN,
        S.PLANNING,
        "dept_head",
        stops="j_cosign",
        no=(No(G.NOT_SIGNED_BEFORE, ticket=replace(done(ONE_LEFT, COSIGN), state=S.CO_SIGNING)),),
    ),
    Row(
        "cosign, more to sign",
        INVITED,
        COSIGN,
        S.CO_SIGNING,
        "dept_head",
        stops="j_cosign",
        no=(No(G.NOT_SIGNED_BEFORE, ticket=done(INVITED, COSIGN)),),
    ),
    Row(
        "cosign, late",
        done(ONE_LEFT, (E.START_PLANNING, SUPERVISOR, {})),
        COSIGN,
        S.PLANNING,
        "dept_head",
        stops="j_cosign",
        no=(No(G.NOT_SIGNED_BEFORE, ticket=done(ONE_LEFT, COSIGN)),),
    ),
    Row(
        "decline",
        INVITED,
        DECLINE,
        S.ARBITRATION,
        "dept_head",
        "c_arbitrate",
        no=(
            No(G.NOT_SIGNED_BEFORE, ticket=done(INVITED, COSIGN)),
            No(G.RETURN_ONCE, ticket=replace(INVITED, returns_requested=frozenset({"police"}))),
            *named(DECLINE, "suggested_unit"),
        ),
        needs_reason=True,
    ),
    decided(
        E.DENY_RETURN,
        done(ONE_LEFT, DECLINE),
        S.PLANNING,
        "",
        "c_arbitrate j_cosign",
        name="deny_return, the last",
        needs_reason=True,
    ),
    decided(
        E.DENY_RETURN,
        DECLINED,
        S.CO_SIGNING,
        "",
        "c_arbitrate j_cosign",
        name="deny_return, more to sign",
        needs_reason=True,
    ),
    decided(
        E.ACCEPT_RETURN,
        DECLINED,
        S.CO_SIGNING,
        "j_cosign j_subtask",
        "c_arbitrate j_cosign j_subtask",
        *named(REPLACED, "replacement"),
        fields=REPLACED[2],
        needs_reason=True,
    ),
    Row(
        "start_planning, all released",
        done(
            SIGNED, (E.INVITE_CO, HEAD, {"co": ["police"], "matter": "x"}), DECLINE, (E.ACCEPT_RETURN, SUBDISTRICT, {})
        ),
        ALONE,
        S.PLANNING,
        f"dept_head {DECIDES}",
        no=(No(G.ALL_COSIGNED, ticket=INVITED), No(G.LEAD_SIGNED, ticket=replace(LED, state=S.CO_SIGNING))),
    ),
    decided(E.START_PLANNING, INVITED, S.PLANNING, name="start_planning, over silence", needs_reason=True),
    Row(
        "plan_submit",
        PLANNING,
        SUBMIT,
        S.PLAN_REVIEW,
        "dept_head",
        "j_review",
        "j_plan",
        (No(G.LEAD_SIGNED, ticket=replace(LED, state=S.PLANNING)), No(G.PLAN_WITHIN_LIMIT, fields=PLAN | {"days": 31})),
    ),
    decided(E.PLAN_APPROVE, REVIEWED, S.IN_PROGRESS, "j_rectify j_progress", "j_review"),
    decided(E.PLAN_RETURN, REVIEWED, S.PLANNING, "j_plan", "j_review", needs_reason=True),
    Row("interim_done", LED, INTERIM, S.LEAD_ASSIGNED, "dept_handler dept_head", stops="j_interim", no=proves(INTERIM)),
)

"""The rows of joint rectification from the approved plan to the last look-back, described by hand."""

from dataclasses import replace
from datetime import timedelta

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Role, TicketState
from tests.unit.dispatcher.tickets.rows import No, Row, cites, proves, stands
from tests.unit.dispatcher.tickets.rows_call import own
from tests.unit.dispatcher.tickets.rows_joint import (
    ANEW,
    CHECKS,
    CLOSED,
    DECIDES,
    INSPECTED,
    INVITED,
    LOOKED,
    OBJECT,
    PASS,
    PROPOSED,
    PUBLIC,
    RELAPSED,
    REPORT,
    REPORTED,
    SUBMIT,
    TWIN,
    WORKING,
    decided,
)
from tests.unit.dispatcher.tickets.world import AT, HANDLER, HEAD, SUBDISTRICT, SUPERVISOR, VERIFIER, E, Step, done

S = TicketState
G = Guard
D = timedelta(days=1)
PROGRESS: Step = (E.PROGRESS, HANDLER, {"text": "已拆除一半", "done_pct": 50})
ASK_DAYS: Step = (E.REQUEST_EXTENSION, HEAD, {"days": 5, "basis": "雨季"})
ASK_REST: Step = (E.REQUEST_SUSPENSION, HEAD, {"code": "season", "days": 30, "basis": "雨季"})
LONGER, RESTING = done(WORKING, ASK_DAYS), done(WORKING, ASK_REST)
TWICE = replace(RESTING, requests=tuple(replace(each, granted=True) for _ in range(2) for each in RESTING.requests))
NOBODY_ASKED = No(G.ASKED, ticket=WORKING)
LATE = No(G.EXTENSION_FITS, at=AT + 90 * D)
SHOWN: Step = (E.LOOK_BACK_OK, VERIFIER, {"evidence": "照片"})
FAIL: Step = (E.INSPECT_FAIL, VERIFIER, {})
# The request made a third time waits beside the two that were granted.
THIRD = replace(TWICE, requests=(*TWICE.requests, *RESTING.requests))

JOINT_WORK_ROWS = (
    Row(
        "progress",
        WORKING,
        PROGRESS,
        S.IN_PROGRESS,
        "dept_handler dept_head",
        "j_progress",
        "j_progress",
        cites(PROGRESS),
    ),
    Row(
        "request_extension",
        WORKING,
        ASK_DAYS,
        S.IN_PROGRESS,
        "dept_head",
        no=(No(G.NOT_ASKED_YET, ticket=LONGER), LATE),
    ),
    decided(E.GRANT_EXTENSION, LONGER, S.IN_PROGRESS, "", "", NOBODY_ASKED, own(LONGER, Role.SUBDISTRICT), LATE),
    decided(
        E.DENY_EXTENSION,
        LONGER,
        S.IN_PROGRESS,
        "",
        "",
        NOBODY_ASKED,
        own(LONGER, Role.SUBDISTRICT),
        needs_reason=True,
    ),
    Row(
        "request_suspension",
        WORKING,
        ASK_REST,
        S.IN_PROGRESS,
        "dept_head",
        no=(No(G.NOT_ASKED_YET, ticket=RESTING), No(G.SUSPENSION_FITS, ticket=TWICE)),
    ),
    decided(
        E.SUSPEND,
        RESTING,
        S.SUSPENDED,
        "c_review",
        "j_progress",
        NOBODY_ASKED,
        own(RESTING, Role.SUBDISTRICT),
        No(G.SUSPENSION_FITS, ticket=THIRD),
    ),
    decided(
        E.DENY_SUSPENSION,
        RESTING,
        S.IN_PROGRESS,
        "",
        "",
        NOBODY_ASKED,
        own(RESTING, Role.SUBDISTRICT),
        needs_reason=True,
    ),
    Row(
        "resume",
        done(RESTING, (E.SUSPEND, SUBDISTRICT, {})),
        (E.RESUME, SUBDISTRICT, {}),
        S.IN_PROGRESS,
        DECIDES,
        "j_progress",
        "c_review",
    ),
    Row(
        "report_complete",
        WORKING,
        REPORT,
        S.REPORTED_COMPLETE,
        "dept_head",
        "j_inspect",
        "j_rectify j_progress j_interim",
        (
            No(G.LEAD_NOT_COMPLAINED_OF, complained_of="fire"),
            No(G.LEAD_SIGNED, ticket=done(WORKING, ANEW, (E.CHANGE_LEAD, SUBDISTRICT, {"lead": "fire"}))),
            No(
                G.SUBTASKS_DONE,
                ticket=done(INVITED, (E.START_PLANNING, SUPERVISOR, {}), SUBMIT, (E.PLAN_APPROVE, SUPERVISOR, {})),
            ),
            *proves(REPORT),
        ),
    ),
    Row(
        "start_inspection",
        REPORTED,
        (E.START_INSPECTION, VERIFIER, {}),
        S.INSPECTION,
        "verifier",
        no=(CHECKS,),
    ),
    Row(
        "inspect_ok",
        INSPECTED,
        PASS,
        S.PUBLICITY,
        "verifier",
        "j_close",
        "j_inspect",
        (CHECKS, stands(PASS), *proves(PASS)),
    ),
    Row(
        "inspect_fail",
        INSPECTED,
        FAIL,
        S.REWORK,
        "verifier",
        "j_rectify j_progress",
        "j_inspect",
        (CHECKS, *cites(FAIL)),
        needs_reason=True,
    ),
    Row(
        "object to the result",
        PUBLIC,
        OBJECT,
        S.INSPECTION,
        f"call_taker committee {DECIDES}",
        "j_inspect",
        "j_close",
        (No(G.PUBLICITY_RUNS, at=AT + 10 * D),),
        needs_reason=True,
    ),
    decided(
        E.CLOSE_OUT,
        PUBLIC,
        S.CLOSED_OUT,
        "",
        "",
        No(G.PUBLICITY_OVER, at=AT + D),
        No(G.RESIDUAL_ACCEPTED, ticket=replace(PUBLIC, residual_grade=3)),
        at=10 * D,
    ),
    Row(
        "start_look_back",
        CLOSED,
        (E.START_LOOK_BACK, VERIFIER, {}),
        S.LOOK_BACK,
        "verifier supervisor",
        "j_inspect",
        no=(No(G.NO_OTHER_OPEN, context=TWIN),),
    ),
    Row("look_back_ok", LOOKED, SHOWN, S.CLOSED_OUT, "verifier", no=(CHECKS, *proves(SHOWN))),
    Row(
        "relapse",
        LOOKED,
        (E.RELAPSE, VERIFIER, {}),
        S.RELAPSED,
        "verifier supervisor",
        "j_admit",
        "j_inspect",
        needs_reason=True,
    ),
    Row(
        "restart",
        RELAPSED,
        (E.RESTART, SUPERVISOR, {}),
        S.IN_PROGRESS,
        DECIDES,
        "j_rectify j_progress j_interim",
        "j_admit",
        (No(G.LEVEL_DECIDER, actor=SUBDISTRICT),),
    ),
    Row("void", PROPOSED, (E.VOID, SUPERVISOR, {}), S.VOIDED, "supervisor", needs_reason=True),
)

"""The rows of call-response from the result to the end and back, described by hand."""

from dataclasses import replace
from datetime import timedelta

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Role, TicketEvent, TicketState
from tests.unit.dispatcher.tickets.rows import No, Row, cites, outside, proves, stands
from tests.unit.dispatcher.tickets.rows_call import INTAKE, TWIN, own
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AGENT,
    AT,
    CONTEXT,
    LEADER,
    RULE,
    TAKER,
    TO_RESOLVED,
    TO_VERIFYING,
    VERIFIER,
    E,
    Step,
    done,
    opened,
)

S = TicketState
G = Guard
D = timedelta(days=1)
OK: Step = (E.VERIFY_OK, VERIFIER, {})
FAIL: Step = (E.VERIFY_FAIL, VERIFIER, {})
CHECKED = done(opened(grade=3, reports=1), *TO_VERIFYING)
UNHEARD = done(opened(grade=3), *TO_VERIFYING)  # By devices alone: nobody waits for a call.
WAITING, BOTH = done(CHECKED, OK), done(opened(grade=3, reports=2), *TO_VERIFYING, OK)
TRIED: Step = (E.CALLBACK_ATTEMPT, AGENT, {"result_of_try": "no_answer"})
CALLED: Step = (E.CALLBACK_DONE, AGENT, {"outcome": "resolved", "call_id": 1})
CHECKS, CALLS = outside(Role.VERIFIER), outside(Role.CALLBACK_AGENT, "police")
STRANGER = No(G.CALL_WAITS, fields=CALLED[2] | {"call_id": 77})
UNREACHED = {"outcome": "unreachable", "call_id": 1}
HEARD = (
    CALLS,
    STRANGER,
    No(G.REASON_UNLESS_RESOLVED, fields={"outcome": "partly", "call_id": 1}, reason=None),
    No(G.TRIES_BEFORE_UNREACHABLE, fields=UNREACHED),
    No(G.TRIES_BEFORE_UNREACHABLE, fields=UNREACHED, ticket=done(WAITING, TRIED, TRIED, TRIED)),  # On one day.
)
MANY = opened(grade=3, reports=21)
WITHDRAW: Step = (E.REQUEST_WITHDRAWAL, TAKER, {"call_id": 1})
WITHDRAWN = done(opened(grade=3, reports=1), ACCEPT, WITHDRAW)
FLAG: Step = (E.FLAG_REPORT, TAKER, {"call_id": 1, "why": "harmed"})
CLOSED = done(UNHEARD, OK)
CONFIRM: Step = (E.CONFIRM_WITHDRAWAL, AGENT, {"record": "录音 9"})
HANDLED = done(CHECKED, WITHDRAW)


def _withdrawal(event: TicketEvent, fields: dict[str, object], *, needs_reason: bool = False) -> Row:
    refusals = (
        replace(CALLS, ticket=HANDLED),
        No(G.ASKED, ticket=done(opened(grade=3, reports=1), ACCEPT)),
        own(WITHDRAWN, Role.CALLBACK_AGENT),
    )
    step: Step = (event, AGENT, fields)
    who = "callback_agent verifier"
    return Row(event.value, WITHDRAWN, step, S.ACCEPTED, who, no=refusals, needs_reason=needs_reason)


CLOSURE_ROWS = (
    Row(
        "start_verification",
        done(opened(grade=3), *TO_RESOLVED),
        (E.START_VERIFICATION, VERIFIER, {}),
        S.VERIFYING,
        "verifier",
        no=(CHECKS,),
    ),
    Row(
        "verify_ok, callback wanted",
        CHECKED,
        OK,
        S.AWAITING_CALLBACK,
        "verifier",
        "c_callback",
        "c_verify",
        (CHECKS, stands(OK), *proves(OK)),
    ),
    Row("verify_ok, no callback wanted", UNHEARD, OK, S.CLOSED, "verifier", no=(CHECKS, stands(OK), *proves(OK))),
    Row(
        "verify_fail",
        CHECKED,
        FAIL,
        S.REWORK,
        "verifier",
        "c_resolve",
        "c_verify",
        (CHECKS, *cites(FAIL)),
        needs_reason=True,
    ),
    Row(
        "callback_attempt",
        WAITING,
        TRIED,
        S.AWAITING_CALLBACK,
        "callback_agent",
        no=(CALLS, No(G.CALL_WAITS, fields=TRIED[2] | {"call_id": 77}), No(G.CALLING_HOURS, at=AT + D / 2)),
        line=True,
    ),
    Row("callback_done, the last", WAITING, CALLED, S.CLOSED, "callback_agent", no=HEARD),
    Row("callback_done, more wait", BOTH, CALLED, S.AWAITING_CALLBACK, "callback_agent", no=HEARD),
    Row(
        "callback_unresolved",
        WAITING,
        (E.CALLBACK_UNRESOLVED, AGENT, {}),
        S.REWORK,
        "callback_agent",
        "c_resolve",
        "c_callback",
        (CALLS,),
        needs_reason=True,
    ),
    Row(
        "approve_reply",
        MANY,
        (E.APPROVE_REPLY, LEADER, {"reply": "已恢复供水"}),
        S.NEW,
        "shift_leader supervisor",
        no=(No(G.MASS_INCIDENT, ticket=opened(grade=3, reports=20)),),
    ),
    Row(
        "flag_report",
        MANY,
        FLAG,
        S.NEW,
        f"{INTAKE} callback_agent",
        no=(No(G.REPORT_OF_TICKET, fields=FLAG[2] | {"call_id": 77}),),
    ),
    Row(
        "request_withdrawal",
        MANY,
        WITHDRAW,
        S.NEW,
        INTAKE,
        no=(No(G.NOT_ASKED_YET, ticket=WITHDRAWN), No(G.REPORT_OF_TICKET, fields={"call_id": 77})),
        needs_reason=True,
    ),
    _withdrawal(E.CONFIRM_WITHDRAWAL, CONFIRM[2]),
    _withdrawal(E.DENY_WITHDRAWAL, {}, needs_reason=True),
    Row(
        "reopen",
        CLOSED,
        (E.REOPEN, TAKER, {}),
        S.ACCEPTED,
        "call_taker committee verifier supervisor",
        "c_dispatch c_control c_resolve",
        no=(No(G.WITHIN_REOPEN_WINDOW, at=AT + 30 * D), No(G.NO_OTHER_OPEN, context=TWIN)),
        needs_reason=True,
    ),
    Row(
        "reopen, by number and code",
        CLOSED,
        (E.REOPEN, RULE, {}),
        S.ACCEPTED,
        "call_taker committee verifier supervisor",
        "c_dispatch c_control c_resolve",
        needs_reason=True,
    ),
    Row(
        "void",
        opened(grade=3),
        (E.VOID, LEADER, {}),
        S.VOIDED,
        "shift_leader",
        no=tuple(
            No(G.NO_INJURED, ticket=done(opened(grade=each), (E.ACCEPT, LEADER, {"injured": 1}))) for each in (1, 2)
        ),
        needs_reason=True,
        context=CONTEXT,
    ),
)

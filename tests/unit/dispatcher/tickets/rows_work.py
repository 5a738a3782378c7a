"""The rows of call-response from the contact to the result, described by hand."""

from dataclasses import replace
from datetime import timedelta

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Role, Ticket, TicketState
from tests.unit.dispatcher.tickets.rows import No, Row, cites, proves
from tests.unit.dispatcher.tickets.rows_call import RETURNING, SIGNED, own
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AT,
    CREW,
    DISPATCH,
    HANDLER,
    HEAD,
    LEADER,
    OFFICER,
    SIGN,
    E,
    Step,
    done,
    opened,
)

S = TicketState
G = Guard
H, D = timedelta(hours=1), timedelta(days=1)
UNIT = "dept_handler dept_head field_unit"
APPROVES = "duty_officer shift_leader supervisor"
ON_SCENE = done(SIGNED, (E.ARRIVE, CREW, {}))
GRAVE = {grade: done(opened(grade=grade, reports=1), ACCEPT, DISPATCH, SIGN) for grade in (1, 2)}
ASK_DAYS: Step = (E.REQUEST_EXTENSION, HEAD, {"days": 2})
ASK_REST: Step = (E.REQUEST_SUSPENSION, HEAD, {"code": "weather", "days": 10})
LONGER, RESTING = done(SIGNED, ASK_DAYS), done(SIGNED, ASK_REST)
PENDING = No(G.ASKED, ticket=SIGNED)
CONTACT: Step = (E.CONTACT, HANDLER, {"channel": "phone", "record": "录音 3"})
ARRIVE: Step = (E.ARRIVE, CREW, {"injured": 1})
CONTROL: Step = (E.CONTROL, CREW, {"feedback": "已排险", "injured": 1})
RESOLVE: Step = (E.RESOLVE, HANDLER, {"result": "已清理", "injured": 1})
SUBTASK: Step = (E.ADD_SUBTASK, OFFICER, {"assignee": "police", "title": "交通管制"})
TIRED = replace(RESTING, requests=tuple(replace(each, granted=True) for _ in range(2) for each in RESTING.requests))


def _on_the_way(name: str, ticket: Ticket, step: Step, to: S, stops: str = "") -> Row:
    late = No(G.BACKFILL_PLAUSIBLE, fields=step[2] | {"happened_at": (AT + H).isoformat()})
    return Row(name, ticket, step, to, UNIT, stops=stops, no=(late, *cites(step)))


WORK_ROWS = (
    Row("contact", SIGNED, CONTACT, S.ACKNOWLEDGED, UNIT, stops="c_contact", line=True),
    _on_the_way("roll", SIGNED, (E.ROLL, CREW, {}), S.EN_ROUTE),
    _on_the_way("arrive", SIGNED, ARRIVE, S.ON_SCENE, "c_arrive"),
    _on_the_way("arrive, disputed", done(RETURNING, SIGN), ARRIVE, S.RETURN_REQUESTED, "c_arrive"),
    _on_the_way("control", ON_SCENE, CONTROL, S.CONTROLLED, "c_control"),
    _on_the_way("control, disputed", RETURNING, CONTROL, S.RETURN_REQUESTED, "c_control"),
    Row(
        "request_extension",
        SIGNED,
        ASK_DAYS,
        S.ACKNOWLEDGED,
        "dept_head",
        no=(
            No(G.NOT_ASKED_YET, ticket=LONGER),
            No(G.EXTENSION_FITS, ticket=GRAVE[1], fields={"days": 1}),
            No(G.EXTENSION_FITS, fields={"days": 6}),
            No(G.EXTENSION_FITS, at=AT + 30 * D),
        ),
        needs_reason=True,
    ),
    Row(
        "grant_extension",
        LONGER,
        (E.GRANT_EXTENSION, LEADER, {}),
        S.ACKNOWLEDGED,
        APPROVES,
        no=(
            PENDING,
            own(LONGER, Role.SHIFT_LEADER),
            No(G.APPROVER_OF_GRADE, actor=OFFICER),
            No(G.APPROVER_OF_GRADE, ticket=replace(LONGER, grade=2)),
            No(G.EXTENSION_FITS, at=AT + 30 * D),
        ),
    ),
    Row(
        "deny_extension",
        LONGER,
        (E.DENY_EXTENSION, LEADER, {}),
        S.ACKNOWLEDGED,
        APPROVES,
        no=(PENDING, own(LONGER, Role.SHIFT_LEADER), No(G.APPROVER_OF_GRADE, actor=OFFICER)),
        needs_reason=True,
    ),
    Row(
        "request_suspension",
        SIGNED,
        ASK_REST,
        S.ACKNOWLEDGED,
        "dept_head",
        no=(
            No(G.NOT_ASKED_YET, ticket=RESTING),
            *(No(G.SUSPENSION_FITS, ticket=GRAVE[grade]) for grade in (1, 2)),
            No(G.SUSPENSION_FITS, ticket=replace(TIRED, state=S.ACKNOWLEDGED)),
        ),
        needs_reason=True,
    ),
    Row(
        "suspend",
        RESTING,
        (E.SUSPEND, OFFICER, {}),
        S.SUSPENDED,
        APPROVES,
        "c_review",
        no=(
            PENDING,
            own(RESTING, Role.DUTY_OFFICER),
            No(G.APPROVER_OF_GRADE, ticket=replace(RESTING, grade=2)),
            No(G.SUSPENSION_FITS, ticket=replace(RESTING, grade=1), actor=LEADER),
        ),
    ),
    Row(
        "deny_suspension",
        RESTING,
        (E.DENY_SUSPENSION, OFFICER, {}),
        S.ACKNOWLEDGED,
        APPROVES,
        no=(PENDING, own(RESTING, Role.DUTY_OFFICER), No(G.APPROVER_OF_GRADE, ticket=replace(RESTING, grade=2))),
        needs_reason=True,
    ),
    Row(
        "resume",
        done(RESTING, (E.SUSPEND, OFFICER, {})),
        (E.RESUME, OFFICER, {}),
        S.ACKNOWLEDGED,
        APPROVES,
        stops="c_review",
    ),
    Row(
        "resolve",
        SIGNED,
        RESOLVE,
        S.RESOLVED,
        "dept_handler dept_head",
        "c_verify",
        "c_resolve c_control c_contact c_arrive c_sign",
        (
            No(G.LEAD_NOT_COMPLAINED_OF, complained_of="fire"),
            No(G.CONTROLLED_FIRST, ticket=GRAVE[2]),
            No(G.CONTROLLED_FIRST, ticket=replace(ON_SCENE, converted=True)),
            No(G.SUBTASKS_DONE, ticket=done(ON_SCENE, SUBTASK)),
            *proves(RESOLVE),
        ),
    ),
)

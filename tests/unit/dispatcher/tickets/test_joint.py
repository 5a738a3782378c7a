"""The life of a joint rectification: admission, signatures, plan, sub-tasks, inspection, look-back, relapse."""

from datetime import timedelta

import pytest

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import AssignmentRole, ClockName, Role, SubtaskState, Ticket, TicketKind, TicketState
from dispatcher.tickets.refusing import RefusalReason
from tests.unit.dispatcher.tickets.world import (
    AT,
    CO_HANDLER,
    CO_HEAD,
    HANDLER,
    HEAD,
    RULE,
    SUBDISTRICT,
    SUPERVISOR,
    VERIFIER,
    E,
    Step,
    done,
    opened,
    person,
    refused,
)

D = timedelta(days=1)
S = TicketState
HOUSING = person(Role.DEPT_HEAD, "housing")
PLAN: dict[str, object] = {
    "responsibility": "消防牵头",
    "measures": "拆除违建",
    "funds": "区财政 20 万",
    "days": 20,
    "contingency": "夜间值守",
}


def proposed(level: int = 3) -> Ticket:
    return opened(grade=level, ticket_kind=TicketKind.JOINT_RECTIFICATION)


def admit(level: int = 3) -> Step:
    return (E.ADMIT, SUPERVISOR, {"level": level})


LEAD: Step = (E.ASSIGN_LEAD, SUPERVISOR, {"lead": "fire"})
SIGNED: Step = (E.ACKNOWLEDGE, HEAD, {})
INVITE: Step = (E.INVITE_CO, HEAD, {"co": ["police", "housing"], "matter": "清理通道"})
COSIGN: Step = (E.COSIGN, CO_HEAD, {})
COSIGN_HOUSING: Step = (E.COSIGN, HOUSING, {})
SUBMIT: Step = (E.PLAN_SUBMIT, HEAD, PLAN)
APPROVE: Step = (E.PLAN_APPROVE, SUPERVISOR, {})
ALONE: tuple[Step, ...] = (admit(), LEAD, SIGNED, (E.START_PLANNING, HEAD, {}), SUBMIT, APPROVE)
COMPLETE: Step = (E.REPORT_COMPLETE, HEAD, {"result": "已整改"})
INSPECT: tuple[Step, ...] = (
    (E.START_INSPECTION, VERIFIER, {}),
    (E.INSPECT_OK, VERIFIER, {"evidence": "照片 4 张", "residual": 4}),
)
CLOSE: Step = (E.CLOSE_OUT, SUPERVISOR, {})


def running(ticket: Ticket) -> set[tuple[str, str]]:
    return {(run.clock.value, run.organisation_id) for run in ticket.running}


def subtask(event: E, actor: object, number: int, **fields: object) -> Step:
    return (event, actor, {"subtask": number, **fields})  # type: ignore[return-value]


def test_path_with_co_units_runs_its_clocks() -> None:
    ticket = proposed()
    seen = [(ticket.state, running(ticket))]
    for step in (admit(), LEAD, SIGNED, INVITE, COSIGN, COSIGN_HOUSING, SUBMIT, APPROVE):
        ticket = done(ticket, step)
        seen.append((ticket.state, running(ticket)))
    interim, parts = ("j_interim", ""), {("j_subtask", "police"), ("j_subtask", "housing")}
    assert seen == [
        (S.PROPOSED, {("j_admit", "")}),
        (S.ADMITTED, {interim, ("j_lead", "")}),
        (S.LEAD_ASSIGNED, {interim, ("j_lead", ""), ("j_plan", "")}),
        (S.LEAD_ASSIGNED, {interim, ("j_plan", "")}),
        (S.CO_SIGNING, {interim, ("j_plan", ""), ("j_cosign", "police"), ("j_cosign", "housing"), *parts}),
        (S.CO_SIGNING, {interim, ("j_plan", ""), ("j_cosign", "housing"), *parts}),
        (S.PLANNING, {interim, ("j_plan", ""), *parts}),
        (S.PLAN_REVIEW, {interim, ("j_review", ""), *parts}),
        (S.IN_PROGRESS, {interim, ("j_rectify", ""), ("j_progress", ""), *parts}),
    ]
    rectify = next(run for run in ticket.running if run.clock is ClockName.RECTIFY)
    assert rectify.due_at == AT + 20 * D  # The plan names fewer days than the limit of 30.


@pytest.mark.parametrize(
    ("level", "limit"),
    [(1, timedelta(hours=2)), (2, None), (3, None), (4, None)],
)
def test_admission_has_its_own_limit(level: int, limit: timedelta | None) -> None:
    run = next(run for run in proposed(level).running if run.clock is ClockName.ADMIT)
    assert run.explanation["limit"]["value"] == {1: 2, 2: 1, 3: 3, 4: 5}[level]
    assert limit is None or run.due_at == AT + limit


def test_grave_levels_are_the_supervisors() -> None:
    ticket = proposed(3)
    assert refused(ticket, (E.ADMIT, SUBDISTRICT, {"level": 2})).guard is Guard.LEVEL_DECIDER
    assert done(ticket, (E.ADMIT, SUBDISTRICT, {"level": 3})).state is S.ADMITTED
    assert refused(proposed(1), (E.REJECT, SUBDISTRICT, {})).guard is Guard.LEVEL_DECIDER
    assert done(proposed(2), admit(1)).supervised  # Level 1 is listed.


def test_lec_that_is_given_gives_the_level() -> None:
    factors: dict[str, object] = {"lec_likelihood": 6, "lec_exposure": 3, "lec_consequence": 15}
    assert refused(proposed(), (E.ADMIT, SUPERVISOR, {"level": 3, **factors})).guard is Guard.LEC_AGREES
    assert done(proposed(), (E.ADMIT, SUPERVISOR, {"level": 2, **factors})).grade == 2
    del factors["lec_exposure"]
    assert refused(proposed(), (E.ADMIT, SUPERVISOR, {"level": 2, **factors})).guard is Guard.LEC_AGREES


def test_rejection_is_objected_to_once() -> None:
    ticket = done(proposed(), (E.REJECT, SUBDISTRICT, {}), (E.OBJECT, person(Role.COMMITTEE, "committee-qs"), {}))
    assert ticket.state is S.PROPOSED
    again = done(ticket, (E.REJECT, SUBDISTRICT, {}))
    assert refused(again, (E.OBJECT, SUPERVISOR, {})).guard is Guard.OBJECTION_ONCE


def test_silence_never_signs_and_does_not_stop_the_others() -> None:
    ticket = done(proposed(), admit(), LEAD, SIGNED, INVITE, COSIGN)
    later = AT + 30 * D
    assert refused(ticket, (E.START_PLANNING, HEAD, {}), at=later).guard is Guard.ALL_COSIGNED
    on = done(ticket, (E.START_PLANNING, SUPERVISOR, {}), at=later)
    silent = on.assignment_of("housing")
    assert silent is not None
    assert silent.signed_at is None
    assert ("j_cosign", "housing") in running(on)
    assert ("j_cosign", "housing") not in running(done(on, COSIGN_HOUSING, at=later))


def test_declined_signature_is_decided_and_its_part_goes_to_another() -> None:
    decline: Step = (E.DECLINE, CO_HEAD, {"basis": "三定方案", "suggested_unit": "desk"})
    ticket = done(proposed(), admit(), LEAD, SIGNED, INVITE, decline)
    assert (ticket.state, ("c_arbitrate", "") in running(ticket)) == (S.ARBITRATION, True)
    bound = done(ticket, (E.DENY_RETURN, SUBDISTRICT, {}))
    assert bound.state is S.CO_SIGNING
    released = done(ticket, (E.ACCEPT_RETURN, SUBDISTRICT, {"replacement": "desk"}))
    assert {each.organisation_id for each in released.active} == {"fire", "housing", "desk"}
    assert [each.organisation_id for each in released.subtasks] == ["desk", "housing"]
    committee: Step = (E.ACCEPT_RETURN, SUBDISTRICT, {"replacement": "committee-qs"})
    assert refused(ticket, committee).guard is Guard.ART45


def test_lead_is_not_changed_while_a_declined_signature_is_decided() -> None:
    """Who declined could be named lead and then be let go: the ticket would have none."""
    decline: Step = (E.DECLINE, CO_HEAD, {"basis": "三定方案", "suggested_unit": "desk"})
    ticket = done(proposed(), admit(), LEAD, SIGNED, INVITE, decline)
    change: Step = (E.CHANGE_LEAD, SUPERVISOR, {"lead": "police"})
    assert refused(ticket, change).reason is RefusalReason.TRANSITION_NOT_ALLOWED
    decided = done(ticket, (E.DENY_RETURN, SUBDISTRICT, {}), change)
    assert [each.organisation_id for each in decided.active if each.role is AssignmentRole.LEAD] == ["police"]


@pytest.mark.parametrize(
    "step",
    [
        (E.ASSIGN_LEAD, SUPERVISOR, {"lead": "committee-qs"}),
        (E.INVITE_CO, HEAD, {"co": ["committee-qs"], "matter": "x"}),
        (E.CHANGE_LEAD, SUPERVISOR, {"lead": "committee-qs"}),
    ],
)
def test_committee_is_neither_lead_nor_co_unit(step: Step) -> None:
    ticket = done(proposed(), admit()) if step[0] is E.ASSIGN_LEAD else done(proposed(), admit(), LEAD, SIGNED)
    assert refused(ticket, step).guard is Guard.ART45


def test_new_lead_signs_for_what_it_takes_over() -> None:
    ticket = done(proposed(), *ALONE, (E.CHANGE_LEAD, SUPERVISOR, {"lead": "police"}))
    assert (ticket.state, ticket.lead_organisation_id) == (S.IN_PROGRESS, "police")
    assert ("j_lead", "") in running(ticket)
    complete: Step = (E.REPORT_COMPLETE, CO_HEAD, {"result": "完成"})
    assert refused(ticket, complete).guard is Guard.LEAD_SIGNED
    assert done(ticket, (E.ACKNOWLEDGE, CO_HEAD, {}), complete).state is S.REPORTED_COMPLETE


def test_plan_keeps_to_the_limit_but_at_the_lowest_level() -> None:
    planning = done(proposed(), admit(), LEAD, SIGNED, (E.START_PLANNING, HEAD, {}))
    long: Step = (E.PLAN_SUBMIT, HEAD, PLAN | {"days": 45})
    assert refused(planning, long).guard is Guard.PLAN_WITHIN_LIMIT
    mild = done(proposed(4), admit(4), LEAD, SIGNED, (E.START_PLANNING, HEAD, {}))
    mild = done(mild, (E.PLAN_SUBMIT, HEAD, PLAN | {"days": 300}), APPROVE)
    rectify = next(run for run in mild.running if run.clock is ClockName.RECTIFY)
    assert (rectify.due_at, rectify.explanation["named_days"]) == (AT + 300 * D, 300)
    returned = done(done(planning, SUBMIT), (E.PLAN_RETURN, SUBDISTRICT, {}))
    assert returned.state is S.PLANNING


def test_subtasks_gate_the_completion_in_their_order() -> None:
    ticket = done(proposed(), admit(), LEAD, SIGNED, INVITE, COSIGN, COSIGN_HOUSING, SUBMIT, APPROVE)
    ticket = done(ticket, (E.ADD_SUBTASK, HANDLER, {"assignee": "police", "title": "复核", "after": 2, "days": 5}))
    own = next(run for run in ticket.running if run.subtask == 3)
    assert own.due_at == AT + 5 * D
    assert refused(ticket, COMPLETE).guard is Guard.SUBTASKS_DONE
    assert refused(ticket, subtask(E.SUBTASK_SIGN, HANDLER, 1)).guard is Guard.SUBTASK_OF_UNIT
    assert refused(ticket, subtask(E.SUBTASK_START, CO_HANDLER, 1)).guard is Guard.SUBTASK_STATE
    assert refused(ticket, subtask(E.SUBTASK_SIGN, CO_HANDLER, 9)).guard is Guard.SUBTASK_KNOWN
    for number in (1, 3):
        ticket = done(ticket, subtask(E.SUBTASK_SIGN, CO_HANDLER, number), subtask(E.SUBTASK_START, CO_HANDLER, number))
    early = subtask(E.SUBTASK_DONE, CO_HANDLER, 3, result="完成")
    assert refused(ticket, early).guard is Guard.PREDECESSOR_FINISHED
    ticket = done(ticket, subtask(E.SUBTASK_WAIVE, SUPERVISOR, 2), early)
    ticket = done(ticket, subtask(E.SUBTASK_DONE, CO_HANDLER, 1, result="完成"))
    own_check = person(Role.VERIFIER, "police")
    assert refused(ticket, subtask(E.SUBTASK_CHECK, own_check, 1)).guard is Guard.NOT_OF_HANDLING_UNIT
    ticket = done(ticket, subtask(E.SUBTASK_REDO, VERIFIER, 1), subtask(E.SUBTASK_DONE, CO_HANDLER, 1, result="再次"))
    assert refused(ticket, COMPLETE).guard is Guard.SUBTASKS_DONE  # Done is not checked.
    ticket = done(ticket, subtask(E.SUBTASK_CHECK, VERIFIER, 1), subtask(E.SUBTASK_CHECK, VERIFIER, 3), COMPLETE)
    assert running(ticket) == {("j_inspect", "")}


def test_subtask_of_a_unit_that_left_waits_for_another() -> None:
    ticket = done(proposed(), admit(), LEAD, SIGNED, INVITE, COSIGN, COSIGN_HOUSING)
    returned = done(ticket, subtask(E.SUBTASK_RETURN, CO_HEAD, 1, basis="三定方案"))
    assert returned.subtasks[0].state is SubtaskState.RETURNED
    assert ("j_subtask", "police") not in running(returned)
    again = done(returned, subtask(E.SUBTASK_REASSIGN, SUBDISTRICT, 1, assignee="housing"))
    assert (again.subtasks[0].organisation_id, again.subtasks[0].state) == ("housing", SubtaskState.ASSIGNED)


def test_progress_is_asked_for_again_and_again() -> None:
    ticket = done(proposed(), *ALONE)
    report: Step = (E.PROGRESS, HANDLER, {"text": "已拆除一半", "done_pct": 50})
    for day in (1, 2):
        ticket = done(ticket, report, at=AT + day * D)
        run = next(run for run in ticket.running if run.clock is ClockName.PROGRESS)
        assert (run.run, run.due_at) == (day + 1, AT + day * D + 14 * D)


def test_publicity_runs_its_days_and_an_objection_sends_it_back() -> None:
    ticket = done(proposed(), *ALONE, COMPLETE, *INSPECT)
    assert refused(ticket, CLOSE).guard is Guard.PUBLICITY_OVER
    objected = done(ticket, (E.OBJECT, person(Role.COMMITTEE, "committee-qs"), {}), at=AT + D)
    assert (objected.state, running(objected)) == (
        S.INSPECTION,
        {
            ("j_inspect", ""),
        },
    )
    late = AT + 10 * D
    assert refused(ticket, (E.OBJECT, SUBDISTRICT, {}), at=late).guard is Guard.PUBLICITY_RUNS
    closed = done(ticket, CLOSE, at=late)
    assert (closed.state, closed.look_back_at, closed.running) == (S.CLOSED_OUT, late + 30 * D, ())


def test_residual_risk_is_low_or_accepted_by_name() -> None:
    passed: Step = (E.INSPECT_OK, VERIFIER, {"evidence": "照片", "residual": 3})
    ticket = done(proposed(), *ALONE, COMPLETE, INSPECT[0], passed)
    late = AT + 10 * D
    assert refused(ticket, CLOSE, at=late).guard is Guard.RESIDUAL_ACCEPTED
    assert done(ticket, (E.CLOSE_OUT, SUPERVISOR, {"accepted_by": "李局长"}), at=late).state is S.CLOSED_OUT


def test_look_backs_after_thirty_and_ninety_days_then_it_rests() -> None:
    closed_at = AT + 10 * D
    ticket = done(proposed(), *ALONE, COMPLETE, *INSPECT)
    ticket = done(ticket, CLOSE, at=closed_at)
    look: tuple[Step, ...] = ((E.START_LOOK_BACK, RULE, {}), (E.LOOK_BACK_OK, VERIFIER, {"evidence": "照片"}))
    ticket = done(ticket, *look, at=closed_at + 30 * D)
    assert ticket.look_back_at == closed_at + 90 * D
    ticket = done(ticket, *look, at=closed_at + 90 * D)
    assert (ticket.state, ticket.look_back_at) == (S.CLOSED_OUT, None)


def test_relapse_is_one_level_more_severe_and_twice_is_listed() -> None:
    ticket = done(proposed(4), admit(4), *ALONE[1:])
    for count, level in ((1, 3), (2, 2)):
        ticket = done(ticket, COMPLETE, *INSPECT)
        ticket = done(ticket, CLOSE, at=AT + 20 * D)
        ticket = done(ticket, (E.START_LOOK_BACK, RULE, {}), (E.RELAPSE, VERIFIER, {}))
        assert (ticket.state, ticket.grade, ticket.relapse_count) == (S.RELAPSED, level, count)
        assert running(ticket) == {("j_admit", "")}
        assert ticket.supervised == (count == 2)
        ticket = done(ticket, (E.RESTART, SUPERVISOR, {}))
        assert {("j_rectify", ""), ("j_interim", "")} <= running(ticket)


def test_rework_goes_on_at_half_the_limit_to_a_new_report() -> None:
    ticket = done(proposed(), *ALONE, COMPLETE, INSPECT[0], (E.INSPECT_FAIL, VERIFIER, {}))
    assert (ticket.state, ticket.rework_count) == (S.REWORK, 1)
    rectify = next(run for run in ticket.running if run.clock is ClockName.RECTIFY)
    assert rectify.due_at == AT + 15 * D
    assert done(ticket, COMPLETE).state is S.REPORTED_COMPLETE


def test_suspension_stops_the_work_and_leaves_interim_measures_in_force() -> None:
    asked: Step = (E.REQUEST_SUSPENSION, HEAD, {"code": "season", "days": 30, "basis": "雨季"})
    ticket = done(proposed(), *ALONE, asked, (E.SUSPEND, SUBDISTRICT, {}))
    ticking = {run.clock.value for run in ticket.running if run.ticking}
    assert ticking == {"j_interim", "c_review"}
    again = done(ticket, (E.RESUME, RULE, {}), at=AT + 30 * D)
    assert again.state is S.IN_PROGRESS
    assert {"j_rectify", "j_progress"} <= {run.clock.value for run in again.running if run.ticking}

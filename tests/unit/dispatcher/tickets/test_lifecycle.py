"""The life of a ticket, from a report to its end, and every refusal on the way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatcher.tickets import lifecycle
from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import (
    Action,
    AssignmentRole,
    ClockName,
    RequestKind,
    Role,
    Ticket,
    TicketState,
)
from dispatcher.tickets.refusing import RefusalReason
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AGENT,
    AT,
    CO_HANDLER,
    CO_HEAD,
    CONTEXT,
    CREW,
    DISPATCH,
    HANDLER,
    HEAD,
    LEADER,
    OFFICER,
    RULE,
    SIGN,
    SUPERVISOR,
    TAKER,
    TO_RESOLVED,
    TO_VERIFYING,
    VERIFIER,
    E,
    Step,
    done,
    opened,
    person,
    refused,
)

DENY: Step = (E.DENY_RETURN, LEADER, {})
BACK: Step = (E.REQUEST_RETURN, HEAD, {"basis": "三定方案第4条", "suggested_unit": "housing"})
BACK_CO: Step = (E.REQUEST_RETURN, CO_HEAD, {"basis": "三定方案第4条", "suggested_unit": "housing"})
OK: Step = (E.VERIFY_OK, VERIFIER, {})
CALLED: Step = (E.CALLBACK_DONE, AGENT, {"outcome": "resolved", "satisfaction": 5})


def running(ticket: Ticket) -> set[tuple[str, str]]:
    return {(run.clock.value, run.organisation_id) for run in ticket.running}


def test_main_path_ends_closed_with_every_clock_stopped() -> None:
    ticket = done(opened(reports=1), *TO_VERIFYING, OK, CALLED)
    assert ticket.state is TicketState.CLOSED
    assert ticket.closed_at == AT
    assert ticket.running == ()
    assert ticket.version == 11
    assert ticket.reports[0].satisfaction == 5


def test_clocks_follow_the_states() -> None:
    ticket = opened(reports=1, grade=2)
    seen = [running(ticket)]
    for step in (ACCEPT, DISPATCH, SIGN):
        ticket = done(ticket, step)
        seen.append(running(ticket))
    public = {("c_control", ""), ("c_resolve", "")}
    assert seen == [
        {("c_triage", "")},
        {("c_dispatch", ""), *public},
        {("c_sign", "fire"), ("c_sign", "police"), *public},
        {("c_sign", "police"), ("c_contact", ""), ("c_arrive", ""), *public},
    ]


def test_without_a_reporter_nobody_is_contacted_and_nobody_called_back() -> None:
    ticket = done(opened(), *TO_VERIFYING)
    assert not any(run.clock is ClockName.CONTACT for run in ticket.clocks)
    assert done(ticket, OK).state is TicketState.CLOSED


def test_ticket_closes_with_its_last_call_back() -> None:
    ticket = done(opened(reports=2), *TO_VERIFYING, OK)
    ticket = done(ticket, (E.CALLBACK_DONE, AGENT, {"outcome": "resolved", "call_id": 2}))
    assert ticket.state is TicketState.AWAITING_CALLBACK
    assert [report.outcome for report in ticket.reports] == [None, "resolved"]
    gone = refused(ticket, (E.CALLBACK_DONE, AGENT, {"outcome": "resolved", "call_id": 2}))
    assert gone.guard is Guard.CALL_WAITS
    assert done(ticket, CALLED).state is TicketState.CLOSED


def test_unreached_reporter_needs_a_reason() -> None:
    ticket = done(opened(reports=1), *TO_VERIFYING, OK)
    step: Step = (E.CALLBACK_DONE, AGENT, {"outcome": "unreachable"})
    assert refused(ticket, step, reason=None).guard is Guard.REASON_UNLESS_RESOLVED
    tried: Step = (E.CALLBACK_ATTEMPT, AGENT, {"result_of_try": "no_answer"})
    for hours in (0, 1, 2):
        assert refused(ticket, step).guard is Guard.TRIES_BEFORE_UNREACHABLE
        ticket = done(ticket, tried, at=AT + timedelta(hours=hours))
    assert refused(ticket, step).guard is Guard.TRIES_BEFORE_UNREACHABLE  # Three, but on one day.
    assert refused(ticket, tried, at=AT + timedelta(hours=11)).guard is Guard.CALLING_HOURS  # 21:00
    ticket = done(ticket, tried, at=AT + timedelta(days=1))
    assert done(ticket, step).state is TicketState.CLOSED


@pytest.mark.parametrize("fail", ["verification", "call_back"])
def test_rework_goes_back_to_the_unit_at_half_the_limit(fail: str) -> None:
    ticket = done(opened(grade=2, reports=1), *TO_VERIFYING)
    if fail == "verification":
        ticket = done(ticket, (E.VERIFY_FAIL, VERIFIER, {}))
    else:
        ticket = done(ticket, OK, (E.CALLBACK_UNRESOLVED, AGENT, {}))
    assert (ticket.state, ticket.rework_count, ticket.lead_organisation_id) == (TicketState.REWORK, 1, "fire")
    second = next(run for run in ticket.running if run.clock is ClockName.RESOLVE)
    assert (second.run, second.halved, second.due_at) == (2, True, AT + timedelta(hours=12))
    again = done(ticket, (E.RESOLVE, HANDLER, {"result": "返工完成"}))
    assert again.state is TicketState.RESOLVED
    assert done(ticket, (E.ARRIVE, CREW, {})).state is TicketState.ON_SCENE


def test_accepted_return_goes_back_to_dispatch_and_is_counted() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH, BACK)
    assert ticket.state is TicketState.RETURN_REQUESTED
    assert ("c_resolve", "") in running(ticket)
    ticket = done(ticket, (E.ACCEPT_RETURN, OFFICER, {}))
    assert (ticket.state, ticket.wrong_dispatch_count, ticket.lead_organisation_id) == (TicketState.ACCEPTED, 1, None)
    assert ticket.active == ()
    assert running(ticket) == {("c_dispatch", ""), ("c_resolve", "")}
    ticket = done(ticket, (E.DISPATCH, OFFICER, {"lead": "police"}))
    assert [each.generation for each in ticket.active] == [2]


def test_denied_return_binds_the_lead() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH, BACK, DENY)
    assert ticket.state is TicketState.ACKNOWLEDGED
    lead = ticket.assignment_of("fire")
    assert lead is not None
    assert lead.signed_at == AT
    assert ("c_arrive", "") in running(ticket)
    assert refused(ticket, BACK).guard is Guard.RETURN_ONCE


def test_denied_return_of_a_co_unit_leaves_the_lead_to_sign() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH, BACK_CO, DENY)
    assert ticket.state is TicketState.DISPATCHED
    assert running(ticket) >= {("c_sign", "fire")}
    assert ("c_sign", "police") not in running(ticket)
    assert done(ticket, SIGN).state is TicketState.ACKNOWLEDGED


def test_denied_return_after_signing_starts_no_clock_twice() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH, SIGN, BACK_CO, DENY)
    assert ticket.state is TicketState.ACKNOWLEDGED
    assert sum(run.clock is ClockName.ARRIVE for run in ticket.clocks) == 1


def test_return_window_is_counted_from_the_assignment() -> None:
    ticket = done(opened(grade=2), ACCEPT, DISPATCH)
    late = AT + timedelta(minutes=10, seconds=1)
    assert refused(ticket, BACK, at=late).guard is Guard.WITHIN_RETURN_WINDOW
    assert done(ticket, BACK, at=AT + timedelta(minutes=10)).state is TicketState.RETURN_REQUESTED


def test_return_of_a_grave_ticket_needs_the_shift_leader() -> None:
    ticket = done(opened(grade=2), ACCEPT, DISPATCH, BACK)
    assert refused(ticket, (E.ACCEPT_RETURN, OFFICER, {})).guard is Guard.GRAVE_RETURN_NEEDS_SHIFT_LEADER
    assert done(ticket, (E.ACCEPT_RETURN, LEADER, {})).state is TicketState.ACCEPTED


def test_redispatch_ends_the_old_assignments_and_counts() -> None:
    ticket = done(opened(reports=1), ACCEPT, DISPATCH, SIGN)
    ticket = done(ticket, (E.REDISPATCH, OFFICER, {"lead": "police", "co": []}))
    assert (ticket.state, ticket.wrong_dispatch_count) == (TicketState.DISPATCHED, 1)
    assert [(each.organisation_id, each.role) for each in ticket.active] == [("police", AssignmentRole.LEAD)]
    assert running(ticket) == {("c_sign", "police"), ("c_resolve", "")}


def test_redispatch_from_the_duty_desk_is_no_wrong_dispatch() -> None:
    held = Action(E.DISPATCH, 2, fields={"lead": "desk"}, routing={"grounds": {"desk": "office_closed"}})
    decided = lifecycle.decide(done(opened(), ACCEPT), held, RULE, AT, CONTEXT)
    assert isinstance(decided, lifecycle.Decided)
    ticket = done(decided.ticket, (E.REDISPATCH, OFFICER, {"lead": "fire"}))
    assert ticket.wrong_dispatch_count == 0


def test_co_unit_signs_for_itself() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH, (E.ACKNOWLEDGE, CO_HANDLER, {}))
    assert ticket.state is TicketState.DISPATCHED
    assert running(ticket) == {("c_sign", "fire"), ("c_resolve", "")}
    assert ticket.version == 4
    assert refused(ticket, (E.ACKNOWLEDGE, CO_HANDLER, {})).guard is Guard.NOT_SIGNED_BEFORE


@pytest.mark.parametrize(
    ("fields", "guard"),
    [
        ({"lead": "committee-qs"}, Guard.ART45),
        ({"lead": "fire", "co": ["committee-qs"]}, Guard.ART45),
        ({"lead": "fire", "co": ["fire"]}, Guard.ONE_LEAD),
        ({"lead": "nobody"}, Guard.KNOWN_ORGANISATION),
        ({"lead": "fire", "co": ["nobody"]}, Guard.KNOWN_ORGANISATION),
    ],
    ids=["committee leads", "committee assists", "lead assists itself", "unknown lead", "unknown co-unit"],
)
def test_dispatch_is_refused_where(fields: dict[str, object], guard: Guard) -> None:
    assert refused(done(opened(), ACCEPT), (E.DISPATCH, OFFICER, fields)).guard is guard


def test_art45_refusal_carries_the_code_of_the_regulation() -> None:
    assert Guard.ART45.value == "ART45_DIRECT_ASSIGNMENT"


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({}, RefusalReason.FIELD_MISSING, "lead"),
        ({"lead": 5}, RefusalReason.FIELD_INVALID, "lead"),
        ({"lead": "fire", "co": "police"}, RefusalReason.FIELD_INVALID, "co"),
        ({"lead": "fire", "co": ["police", "police"]}, RefusalReason.FIELD_INVALID, "co"),
        ({"lead": "fire", "boss": "x"}, RefusalReason.FIELD_UNKNOWN, "boss"),
        ({"lead": "fi\0re"}, RefusalReason.FIELD_INVALID, "lead"),
    ],
)
def test_fields_are_checked(fields: dict[str, object], reason: RefusalReason, field: str) -> None:
    refusal = refused(done(opened(), ACCEPT), (E.DISPATCH, OFFICER, fields))
    assert (refusal.reason, refusal.field) == (reason, field)


def test_resolving_needs_a_result_and_control_its_first_feedback() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH, SIGN, (E.ARRIVE, CREW, {}))
    assert refused(ticket, (E.RESOLVE, HANDLER, {})).field == "result"
    assert refused(ticket, (E.CONTROL, CREW, {"feedback": "  "})).field == "feedback"


def test_verifier_of_a_handling_unit_is_refused_also_after_it_was_relieved() -> None:
    own = person(Role.VERIFIER, "fire")
    ticket = done(opened(), *TO_RESOLVED)
    assert refused(ticket, (E.START_VERIFICATION, own, {})).guard is Guard.NOT_OF_HANDLING_UNIT
    relieved = replace(ticket, assignments=tuple(replace(each, ended_at=AT) for each in ticket.assignments))
    assert refused(relieved, (E.START_VERIFICATION, own, {})).guard is Guard.NOT_OF_HANDLING_UNIT


def test_call_back_agent_of_a_handling_unit_is_refused() -> None:
    ticket = done(opened(reports=1), *TO_VERIFYING, OK)
    own = person(Role.CALLBACK_AGENT, "police")
    assert refused(ticket, (E.CALLBACK_DONE, own, {"outcome": "resolved"})).guard is Guard.NOT_OF_HANDLING_UNIT


def test_void_is_the_shift_leaders_and_never_with_injured_persons() -> None:
    ticket = done(opened(grade=1), ACCEPT, DISPATCH, SIGN, (E.ARRIVE, CREW, {"injured": 2}))
    assert refused(ticket, (E.VOID, OFFICER, {})).reason is RefusalReason.MISSING_ROLE
    assert refused(ticket, (E.VOID, LEADER, {})).guard is Guard.NO_INJURED
    assert refused(replace(ticket, injured=0), (E.VOID, LEADER, {}), reason=None).reason is RefusalReason.REASON_MISSING
    voided = done(replace(ticket, injured=0), (E.VOID, LEADER, {}))
    assert (voided.state, voided.running) == (TicketState.VOIDED, ())


def test_refusing_a_complaint_needs_two_persons() -> None:
    said: dict[str, object] = {"code": "outside_area", "legal_basis": "条例第五十条"}
    step: Step = (E.REFUSE_ACCEPT, TAKER, said)
    complaint = opened(demand="complaint")
    assert refused(complaint, step).guard is Guard.COMPLAINT_NEEDS_COUNTERSIGN
    assert refused(complaint, (E.COUNTERSIGN_REFUSAL, LEADER, {})).guard is Guard.ASKED
    asked = done(complaint, (E.REQUEST_REFUSAL, LEADER, said))
    # The triage clock runs on, and the second person has a clock of their own.
    assert asked.running[:-1] == complaint.running
    assert asked.running[-1].clock is ClockName.REFUSAL
    assert refused(asked, (E.COUNTERSIGN_REFUSAL, LEADER, {})).guard is Guard.NOT_OWN_REQUEST
    assert done(asked, (E.COUNTERSIGN_REFUSAL, SUPERVISOR, {})).closed_at == AT
    denied = done(asked, (E.DENY_REFUSAL, SUPERVISOR, {}))
    assert (denied.request(RequestKind.REFUSAL), denied.running) == (None, complaint.running)
    assert ClockName.REFUSAL not in {run.clock for run in done(asked, (E.ACCEPT, TAKER, {})).running}
    assert done(opened(demand="help"), step).state is TicketState.NOT_ACCEPTED
    assert refused(opened(), (E.REFUSE_ACCEPT, TAKER, said | {"code": "no_time"})).field == "code"
    assert refused(opened(), (E.REFUSE_ACCEPT, TAKER, {"code": "secret"})).field == "legal_basis"


def test_state_without_the_action_names_what_it_has() -> None:
    refusal = refused(opened(), DISPATCH)
    assert refusal.reason is RefusalReason.TRANSITION_NOT_ALLOWED
    assert set(refusal.allowed) >= {E.ACCEPT, E.REFUSE_ACCEPT, E.ANSWER, E.ASK_FACT, E.MERGE, E.VOID, E.NOTE, E.GRADE}
    assert E.DISPATCH not in refusal.allowed


def test_other_area_and_other_unit_are_refused() -> None:
    ticket = done(opened(), ACCEPT)
    stranger = person(Role.DUTY_OFFICER, None, "cd-other")
    assert refused(ticket, (E.DISPATCH, stranger, {"lead": "fire"})).reason is RefusalReason.MISSING_AREA
    housing = person(Role.DEPT_HANDLER, "housing")
    sent = done(ticket, DISPATCH)
    assert refused(sent, (E.ACKNOWLEDGE, housing, {})).reason is RefusalReason.MISSING_ORGANISATION
    assert refused(sent, (E.ACKNOWLEDGE, AGENT, {})).reason is RefusalReason.MISSING_ROLE


def test_rule_ends_nothing() -> None:
    ticket = done(opened(), *TO_VERIFYING)
    assert refused(ticket, (E.VERIFY_OK, RULE, {})).reason is RefusalReason.MISSING_ROLE


def test_graver_grade_pulls_running_clocks_in_and_milder_never_shortens() -> None:
    ticket = done(opened(grade=4), ACCEPT)
    later = AT + timedelta(minutes=5)
    raised = done(ticket, (E.GRADE, OFFICER, {"grade": 1}), at=later)
    due = {run.clock: run.due_at for run in raised.running}
    assert due[ClockName.DISPATCH] == later + timedelta(minutes=1)
    assert due[ClockName.RESOLVE] == later + timedelta(hours=24)
    assert due[ClockName.CONTROL] == later + timedelta(hours=1)  # None ran at grade IV.
    lowered = done(raised, (E.GRADE, OFFICER, {"grade": 3}), at=later)
    milder = {run.clock: run.due_at for run in lowered.running}
    assert milder[ClockName.DISPATCH] == AT + timedelta(minutes=30)
    assert all(milder[clock] >= due[clock] for clock in milder)
    # An officer's grade is compared and swapped like every decision: of two at once one wins.
    assert raised.version == ticket.version + 1
    assert refused(raised, (E.GRADE, OFFICER, {"grade": 1})).guard is Guard.GRADE_DIFFERS


def test_milder_grade_of_an_officer_stands_until_the_incident_is_graver_than_ever() -> None:
    ticket = done(opened(grade=2), (E.GRADE, OFFICER, {"grade": 4}))
    rules = CONTEXT.rules
    assert lifecycle.raise_with_incident(ticket, 2, AT, rules) is ticket
    risen = lifecycle.raise_with_incident(ticket, 1, AT, rules)
    assert (risen.grade, risen.incident_grade) == (1, 1)


def test_control_clock_that_a_milder_grade_ended_starts_again_with_a_graver_one() -> None:
    ticket = done(opened(grade=3), ACCEPT, (E.GRADE, OFFICER, {"grade": 4}))
    assert ("c_control", "") not in running(ticket)
    risen = lifecycle.raise_with_incident(ticket, 2, AT, CONTEXT.rules)
    assert ("c_control", "") in running(risen)


def test_injured_ticket_that_was_graded_down_is_not_voided() -> None:
    ticket = done(opened(grade=2), (E.ACCEPT, OFFICER, {"injured": 1}), (E.GRADE, OFFICER, {"grade": 4}))
    assert refused(ticket, (E.VOID, LEADER, {})).guard is Guard.NO_INJURED


def test_committee_is_not_even_suggested() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH)
    asked: Step = (E.REQUEST_RETURN, HEAD, {"basis": "权责清单", "suggested_unit": "committee-qs"})
    assert refused(ticket, asked).guard is Guard.ART45


def test_units_sign_and_reach_the_reporter_while_a_return_is_decided() -> None:
    """Their clocks run on, so they must be able to stop them (首接负责)."""
    ticket = done(opened(reports=1), ACCEPT, DISPATCH, BACK_CO)
    assert {("c_sign", "fire"), ("c_sign", "police")} <= running(ticket)
    signed = done(ticket, SIGN)
    assert signed.state is TicketState.RETURN_REQUESTED
    assert ("c_sign", "fire") not in running(signed)
    assert {("c_contact", ""), ("c_arrive", "")} <= running(signed)
    reached = done(signed, (E.CONTACT, HANDLER, {"channel": "phone", "record": "录音 7"}))
    assert ("c_contact", "") not in running(reached)
    denied = done(reached, (E.DENY_RETURN, OFFICER, {}))
    assert denied.state is TicketState.ACKNOWLEDGED
    assert not any(clock == "c_sign" for clock, _ in running(denied))

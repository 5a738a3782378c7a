"""The unit complained of never leads, checks or calls back, and reads no report (ruling A11)."""

from dataclasses import replace

import pytest

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.masking import reads_reports
from dispatcher.tickets.model import Role, Ticket, TicketKind, TicketState
from dispatcher.tickets.routing import Held, RouteReason, route
from tests.unit.dispatcher.tickets.test_joint import ALONE, COMPLETE
from tests.unit.dispatcher.tickets.test_routing import EVERYBODY, KIND
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AGENT,
    AT,
    CALENDAR,
    CITY,
    CONTEXT,
    CREW,
    DESK,
    DISPATCH,
    HANDLER,
    OFFICER,
    PATH,
    RULE,
    SIGN,
    SUPERVISOR,
    TAKER,
    TO_VERIFYING,
    VERIFIER,
    E,
    Step,
    done,
    opened,
    organisation,
    person,
    refused,
)

ELSEWHERE: dict[str, object] = {"lead": "police", "co": []}


def against(unit: str, ticket: Ticket) -> Ticket:
    return replace(ticket, complained_of=frozenset({unit}))


def test_next_organisation_of_the_department_leads_in_its_place() -> None:
    above = organisation("fire-city", department="fire_rescue", area=CITY)
    routing = route(KIND, PATH, (*EVERYBODY, above), AT, CALENDAR, complained_of={"fire"})
    assert (routing.lead, routing.grounds["fire-city"]) == ("fire-city", RouteReason.DEPARTMENT_OF_AREA)
    assert routing.held == (Held("fire_rescue", "fire", RouteReason.COMPLAINED_OF),)


def test_desk_holds_where_the_department_has_nobody_else() -> None:
    routing = route(KIND, PATH, EVERYBODY, AT, CALENDAR, complained_of={"fire"})
    assert (routing.lead, routing.grounds["desk"]) == ("desk", RouteReason.COMPLAINED_OF)
    assert routing.held == (Held("fire_rescue", "fire", RouteReason.COMPLAINED_OF),)


def test_desk_complained_of_holds_nothing_that_leads() -> None:
    above = organisation("desk-city", area=CITY, kind=DESK.kind)
    both = {"fire", "desk"}
    assert route(KIND, PATH, (*EVERYBODY, above), AT, CALENDAR, complained_of=both).lead == "desk-city"
    nobody = route(KIND, PATH, EVERYBODY, AT, CALENDAR, complained_of=both)
    assert (nobody.lead, nobody.co) == (None, ())


def test_co_unit_complained_of_keeps_its_part() -> None:
    routing = route(KIND, PATH, EVERYBODY, AT, CALENDAR, complained_of={"police"})
    assert (routing.lead, routing.co) == ("fire", ("police", "housing"))


def test_nobody_dispatches_to_it_but_as_a_co_unit() -> None:
    ticket = against("fire", done(opened(reports=1), ACCEPT))
    assert refused(ticket, DISPATCH).guard is Guard.LEAD_NOT_COMPLAINED_OF
    done(ticket, (E.DISPATCH, OFFICER, {"lead": "police", "co": ["fire"]}))
    arbitrated = replace(ticket, state=TicketState.ARBITRATION)
    award: Step = (E.AWARD, SUPERVISOR, {"basis": "三定方案", "lead": "fire", "co": []})
    assert refused(arbitrated, award).guard is Guard.LEAD_NOT_COMPLAINED_OF
    fallback: Step = (E.AWARD_FALLBACK, SUPERVISOR, {"basis": "三定方案"})
    to_fire = replace(CONTEXT, fallback="fire")
    assert refused(arbitrated, fallback, context=to_fire).guard is Guard.LEAD_NOT_COMPLAINED_OF
    admitted = against("fire", opened(ticket_kind=TicketKind.JOINT_RECTIFICATION))
    assign: Step = (E.ASSIGN_LEAD, SUPERVISOR, {"lead": "fire"})
    assert refused(replace(admitted, state=TicketState.ADMITTED), assign).guard is Guard.LEAD_NOT_COMPLAINED_OF


def test_lead_that_is_complained_of_at_work_hands_over_and_ends_nothing() -> None:
    begun = done(opened(reports=1), ACCEPT, DISPATCH, SIGN, (E.ARRIVE, CREW, {}))
    again: Step = (E.REDISPATCH, OFFICER, ELSEWHERE)
    assert refused(begun, again).guard is Guard.LEAD_HAS_TO_LEAVE
    ticket = against("fire", begun)
    assert refused(ticket, (E.RESOLVE, HANDLER, {"result": "已处置"})).guard is Guard.LEAD_NOT_COMPLAINED_OF
    moved = done(ticket, again)
    assert (moved.state, moved.lead_organisation_id) == (TicketState.DISPATCHED, "police")
    assert moved.wrong_dispatch_count == 0


def test_lead_of_a_rectification_that_is_complained_of_hands_over_and_reports_nothing_complete() -> None:
    ticket = against("fire", done(opened(grade=3, ticket_kind=TicketKind.JOINT_RECTIFICATION), *ALONE))
    assert refused(ticket, COMPLETE).guard is Guard.LEAD_NOT_COMPLAINED_OF
    assert done(ticket, (E.CHANGE_LEAD, SUPERVISOR, {"lead": "police"})).lead_organisation_id == "police"


def test_rule_that_relieves_a_lead_counts_no_wrong_dispatch() -> None:
    ticket = against("fire", done(opened(reports=1), ACCEPT, DISPATCH, SIGN))
    assert done(ticket, (E.REDISPATCH, RULE, ELSEWHERE)).wrong_dispatch_count == 0
    assert done(ticket, (E.REDISPATCH, OFFICER, ELSEWHERE)).wrong_dispatch_count == 1


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ((ACCEPT, DISPATCH, SIGN), (E.CONFIRM_WITHDRAWAL, AGENT, {"record": "录音"})),
        (TO_VERIFYING[:-1], (E.START_VERIFICATION, VERIFIER, {})),
        (TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {})),
        (TO_VERIFYING, (E.VERIFY_FAIL, VERIFIER, {})),
        ((*TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {})), (E.CALLBACK_ATTEMPT, AGENT, {"result_of_try": "busy"})),
        ((*TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {})), (E.CALLBACK_DONE, AGENT, {"outcome": "resolved"})),
        ((*TO_VERIFYING, (E.VERIFY_OK, VERIFIER, {})), (E.CALLBACK_UNRESOLVED, AGENT, {})),
        (
            ((E.ASK_FACT, TAKER, {"question": "何时起"}),),
            (E.CONFIRM_FACT, VERIFIER, {"source": "verifier", "finding": "not_confirmed"}),
        ),
    ],
)
def test_its_people_neither_check_nor_call_back(before: tuple[Step, ...], step: Step) -> None:
    ticket = against("checkers", done(opened(reports=1), *before))
    assert refused(ticket, step).guard is Guard.NOT_OF_UNIT_COMPLAINED_OF


def test_it_reads_no_report_whatever_the_role() -> None:
    ticket = against("fire", done(opened(reports=1), ACCEPT, DISPATCH))
    assert not reads_reports(ticket, HANDLER)
    assert not reads_reports(ticket, person(Role.SUPERVISOR, "fire"))
    assert reads_reports(ticket, person(Role.DEPT_HANDLER, "police"))


def test_complaint_about_a_unit_is_refused_by_two_persons_only() -> None:
    ticket = opened(reports=1, demand="help")
    refuse: Step = (E.REFUSE_ACCEPT, TAKER, {"code": "repeated", "legal_basis": "in_hand"})
    done(ticket, refuse)
    assert refused(against("fire", ticket), refuse).guard is Guard.COMPLAINT_NEEDS_COUNTERSIGN

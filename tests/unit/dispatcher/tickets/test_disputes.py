"""Returns that are argued: arbitration, appeal, awards that are final, the district as the last resort."""

from dataclasses import replace
from datetime import timedelta

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import ClockName, Ticket, TicketState
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AT,
    CONTEXT,
    CREW,
    DISPATCH,
    HANDLER,
    HEAD,
    LEADER,
    OFFICER,
    SIGN,
    SUBDISTRICT,
    SUPERVISOR,
    E,
    Step,
    done,
    opened,
    refused,
)

BACK: Step = (E.REQUEST_RETURN, HEAD, {"basis": "三定方案第4条", "suggested_unit": "housing"})
TO_ARBITRATION: tuple[Step, ...] = (ACCEPT, DISPATCH, BACK, (E.ARBITRATE, OFFICER, {}))
AWARD: Step = (E.AWARD, SUBDISTRICT, {"basis": "权责清单第9项", "lead": "fire", "co": ["police"]})
APPEAL: Step = (E.APPEAL, HEAD, {"basis": "三定方案第4条"})


def resolve_due(ticket: Ticket) -> object:
    return next(run.due_at for run in ticket.running if run.clock is ClockName.RESOLVE)


def test_public_clock_runs_through_return_arbitration_appeal_and_both_awards() -> None:
    ticket = done(opened(reports=1), ACCEPT)
    promised = resolve_due(ticket)
    for at, step in enumerate((DISPATCH, BACK, (E.ARBITRATE, OFFICER, {}), AWARD, SIGN, APPEAL)):
        ticket = done(ticket, step, at=AT + timedelta(minutes=at))
        assert resolve_due(ticket) == promised
    last: Step = (E.AWARD, SUPERVISOR, {"basis": "市级裁定", "lead": "housing"})
    ticket = done(ticket, last)
    assert (ticket.state, ticket.lead_organisation_id) == (TicketState.DISPATCHED, "housing")
    assert resolve_due(ticket) == promised
    assert ticket.final_award
    assert ticket.wrong_dispatch_count == 1  # The lead changed once.


def test_first_receiver_acts_while_it_is_argued() -> None:
    ticket = done(opened(grade=3, reports=1), *TO_ARBITRATION, SIGN)
    for step in (
        (E.CONTACT, HANDLER, {"channel": "phone", "record": "录音 3"}),
        (E.ARRIVE, CREW, {}),
        (E.CONTROL, CREW, {"feedback": "已排险"}),
    ):
        ticket = done(ticket, step)  # type: ignore[arg-type]
        assert ticket.state is TicketState.ARBITRATION
    stopped = {run.clock for run in ticket.clocks if not run.running}
    assert {ClockName.CONTACT, ClockName.ARRIVE, ClockName.CONTROL} <= stopped
    assert ticket.controlled_at == AT


def test_second_award_is_the_supervisors_and_ends_the_dispute() -> None:
    ticket = done(opened(), *TO_ARBITRATION, AWARD)
    assert refused(ticket, BACK).guard is Guard.AWARD_NOT_FINAL
    ticket = done(ticket, APPEAL)
    assert refused(ticket, AWARD).guard is Guard.SUPERVISOR_DECIDES_LAST
    ticket = done(ticket, (E.AWARD, SUPERVISOR, {"basis": "裁定", "lead": "fire"}))
    assert refused(ticket, APPEAL).guard is Guard.AWARD_NOT_FINAL


def test_denied_unit_appeals_once_and_nobody_else_does() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH)
    assert refused(ticket, APPEAL).guard is Guard.DENIED_BEFORE
    ticket = done(ticket, BACK, (E.DENY_RETURN, LEADER, {}), APPEAL, AWARD)
    assert refused(ticket, APPEAL).guard is Guard.APPEAL_ONCE


def test_nobody_fits_so_the_desk_of_the_district_takes_it() -> None:
    ticket = done(opened(), *TO_ARBITRATION)
    fallback: Step = (E.AWARD_FALLBACK, SUBDISTRICT, {"basis": "兜底"})
    assert refused(ticket, fallback).guard is Guard.FALLBACK_KNOWN
    ticket = done(ticket, fallback, context=replace(CONTEXT, fallback="desk"))
    assert ticket.lead_organisation_id == "desk"
    assert {run.organisation_id for run in ticket.running if run.clock is ClockName.SIGN} == {"desk"}


def test_committee_is_never_awarded_a_ticket() -> None:
    ticket = done(opened(), *TO_ARBITRATION)
    step: Step = (E.AWARD, SUPERVISOR, {"basis": "裁定", "lead": "committee-qs"})
    assert refused(ticket, step).guard is Guard.ART45

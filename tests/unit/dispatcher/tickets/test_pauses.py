"""More time and standing still: who asks, who decides by grade, what the public clock does meanwhile."""

from datetime import datetime, timedelta

import pytest

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.model import Actor, ClockName, RequestKind, Ticket, TicketState
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AT,
    CREW,
    DISPATCH,
    HEAD,
    LEADER,
    OFFICER,
    RULE,
    SIGN,
    SUPERVISOR,
    E,
    Step,
    done,
    opened,
    refused,
)

D = timedelta(days=1)
ASK_DAYS: Step = (E.REQUEST_EXTENSION, HEAD, {"days": 3})
ASK_PAUSE: Step = (E.REQUEST_SUSPENSION, HEAD, {"code": "weather", "days": 10})


def resolve(ticket: Ticket) -> tuple[datetime, bool]:
    run = next(run for run in ticket.running if run.clock is ClockName.RESOLVE)
    return run.due_at, run.ticking


@pytest.mark.parametrize(
    ("grade", "approver", "too_junior"),
    [(4, OFFICER, None), (3, LEADER, OFFICER), (2, SUPERVISOR, LEADER)],
    ids=["IV officer", "III shift leader", "II supervisor"],
)
def test_extension_is_granted_by_grade(grade: int, approver: Actor, too_junior: Actor | None) -> None:
    ticket = done(opened(grade=grade), ACCEPT, DISPATCH, SIGN, (E.REQUEST_EXTENSION, HEAD, {"days": 1}))
    before = resolve(ticket)
    if too_junior is not None:
        assert refused(ticket, (E.GRANT_EXTENSION, too_junior, {})).guard is Guard.APPROVER_OF_GRADE
    granted = done(ticket, (E.GRANT_EXTENSION, approver, {}))
    assert resolve(granted) > before
    assert refused(granted, ASK_DAYS).guard is Guard.EXTENSION_FITS  # Once.
    assert resolve(done(ticket, (E.DENY_EXTENSION, approver, {}))) == before


def test_extension_is_never_for_grade_one_never_late_and_never_longer_than_the_limit() -> None:
    grave = done(opened(grade=1), ACCEPT, DISPATCH, SIGN)
    assert refused(grave, ASK_DAYS).guard is Guard.EXTENSION_FITS
    mild = done(opened(grade=3), ACCEPT, DISPATCH, SIGN)
    assert refused(mild, ASK_DAYS, at=AT + 30 * D).guard is Guard.EXTENSION_FITS
    assert refused(mild, (E.REQUEST_EXTENSION, HEAD, {"days": 6})).guard is Guard.EXTENSION_FITS
    asked = done(mild, ASK_DAYS)
    assert refused(asked, ASK_DAYS).guard is Guard.NOT_ASKED_YET
    assert refused(asked, (E.GRANT_EXTENSION, LEADER, {}), at=AT + 30 * D).guard is Guard.EXTENSION_FITS


def test_suspension_pauses_the_public_clock_and_its_review_runs() -> None:
    ticket = done(opened(grade=3), ACCEPT, DISPATCH, SIGN, ASK_PAUSE)
    assert refused(ticket, (E.SUSPEND, HEAD, {})).roles
    before, _ = resolve(ticket)
    ticket = done(ticket, (E.SUSPEND, OFFICER, {}))
    assert (ticket.state, resolve(ticket)) == (TicketState.SUSPENDED, (before, False))
    review = next(run for run in ticket.running if run.clock is ClockName.REVIEW)
    assert review.due_at == AT + 10 * D  # The days of the request, never more than the limit.
    again = done(ticket, (E.RESUME, RULE, {}), at=review.due_at)
    assert again.state is TicketState.ACKNOWLEDGED
    assert resolve(again)[1]
    assert resolve(again)[0] > before
    assert all(run.breached_at is None for run in again.clocks if run.clock is ClockName.REVIEW)


def test_second_suspension_is_the_supervisors_and_there_is_no_third() -> None:
    ticket = done(opened(grade=4), ACCEPT, DISPATCH, SIGN)
    for approver in (OFFICER, SUPERVISOR):
        ticket = done(ticket, ASK_PAUSE)
        if approver is SUPERVISOR:
            assert refused(ticket, (E.SUSPEND, OFFICER, {})).guard is Guard.APPROVER_OF_GRADE
        ticket = done(ticket, (E.SUSPEND, approver, {}), (E.RESUME, OFFICER, {}))
    assert ticket.granted(RequestKind.SUSPENSION) == 2
    assert refused(ticket, ASK_PAUSE).guard is Guard.SUSPENSION_FITS


def test_grade_one_is_never_suspended_and_grade_two_only_when_controlled() -> None:
    first = done(opened(grade=1), ACCEPT, DISPATCH, SIGN)
    assert refused(first, ASK_PAUSE).guard is Guard.SUSPENSION_FITS
    second = done(opened(grade=2), ACCEPT, DISPATCH, SIGN, (E.ARRIVE, CREW, {}))
    assert refused(second, ASK_PAUSE).guard is Guard.SUSPENSION_FITS
    controlled = done(second, (E.CONTROL, CREW, {"feedback": "已控制"}), ASK_PAUSE)
    assert refused(controlled, (E.SUSPEND, OFFICER, {})).guard is Guard.APPROVER_OF_GRADE
    assert done(controlled, (E.SUSPEND, LEADER, {}), (E.RESUME, LEADER, {})).state is TicketState.CONTROLLED


def test_grave_ticket_ends_only_when_it_is_controlled() -> None:
    ticket = done(opened(grade=2), ACCEPT, DISPATCH, SIGN, (E.ARRIVE, CREW, {}))
    assert refused(ticket, (E.RESOLVE, HEAD, {"result": "完成"})).guard is Guard.CONTROLLED_FIRST
    converted = done(opened(grade=4), ACCEPT, DISPATCH, SIGN, (E.CONVERT, OFFICER, {"level": 2, "cause": "多部门"}))
    assert refused(converted, (E.RESOLVE, HEAD, {"result": "完成"})).guard is Guard.CONTROLLED_FIRST


def test_arrival_noted_later_needs_a_reason_and_stops_the_clock_when_it_was() -> None:
    ticket = done(opened(grade=2), ACCEPT, DISPATCH, SIGN)
    was, now = AT + timedelta(minutes=20), AT + timedelta(hours=1)
    step: Step = (E.ARRIVE, CREW, {"happened_at": was.isoformat()})
    assert refused(ticket, step, at=now, reason=None).guard is Guard.BACKFILL_PLAUSIBLE
    assert refused(ticket, step, at=AT + timedelta(minutes=5)).guard is Guard.BACKFILL_PLAUSIBLE  # Ahead of now.
    arrived = done(ticket, step, at=now)
    run = next(run for run in arrived.clocks if run.clock is ClockName.ARRIVE)
    assert (run.stopped_at, run.breached_at) == (was, None)

"""Whom a reached threshold concerns, and what it does to them."""

import pytest

from dispatcher.escalation.ladder import firing_of
from dispatcher.tickets.model import ClockName, ClockRun, EntryKind, Role, Ticket
from registry.limits import EscalationAction
from tests.unit.dispatcher.tickets.world import ACCEPT, DISPATCH, ORGANISATIONS, SIGN, TO_RESOLVED, done, opened

DESKS = tuple(ORGANISATIONS.values())


def run_of(ticket: Ticket, clock: ClockName, unit: str = "") -> ClockRun:
    return next(run for run in ticket.running if (run.clock, run.organisation_id) == (clock, unit))


@pytest.mark.parametrize(
    ("steps", "clock", "unit", "concerned"),
    [
        ((), ClockName.TRIAGE, "", "desk"),
        ((ACCEPT,), ClockName.DISPATCH, "", "desk"),
        ((ACCEPT,), ClockName.RESOLVE, "", "desk"),
        ((ACCEPT, DISPATCH), ClockName.SIGN, "police", "police"),
        ((ACCEPT, DISPATCH, SIGN), ClockName.ARRIVE, "", "fire"),
        ((ACCEPT, DISPATCH, SIGN), ClockName.RESOLVE, "", "fire"),
        (TO_RESOLVED, ClockName.VERIFY, "", "desk"),
    ],
)
def test_threshold_concerns_whoever_owes_the_work(
    steps: tuple[object, ...], clock: ClockName, unit: str, concerned: str
) -> None:
    ticket = done(opened(), *steps)  # type: ignore[arg-type]
    firing = firing_of(ticket, run_of(ticket, clock, unit), EscalationAction.REMIND, DESKS)
    assert firing.organisation_id == concerned


def test_reminder_goes_to_those_who_work_and_urging_to_those_who_lead() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH)
    run = run_of(ticket, ClockName.SIGN, "fire")
    reminder, urging = (
        firing_of(ticket, run, action, DESKS) for action in (EscalationAction.REMIND, EscalationAction.URGE)
    )
    assert (reminder.action, reminder.entry) == (EscalationAction.REMIND, EntryKind.REMINDER)
    assert Role.DEPT_HANDLER in reminder.roles
    assert (urging.action, urging.entry) == (EscalationAction.URGE, EntryKind.ESCALATION)
    assert Role.DEPT_HANDLER not in urging.roles
    assert Role.DEPT_HEAD in urging.roles


def test_grave_steps_go_past_the_unit() -> None:
    ticket = done(opened(grade=1), ACCEPT, DISPATCH)
    run = run_of(ticket, ClockName.SIGN, "police")
    found = {
        action: firing_of(ticket, run, action, DESKS, "watch")
        for action in (EscalationAction.PAGE_DEPUTY, EscalationAction.PAGE_DESK, EscalationAction.REVIEW)
    }
    assert [firing.organisation_id for firing in found.values()] == ["police", "desk", "watch"]
    assert found[EscalationAction.REVIEW].roles == (Role.SUPERVISOR,)


def test_without_a_desk_nobody_is_concerned() -> None:
    ticket = opened()
    assert firing_of(ticket, run_of(ticket, ClockName.TRIAGE), EscalationAction.URGE, ()).organisation_id is None


def test_reminder_waits_and_every_other_step_is_skipped_where_nobody_hears() -> None:
    ticket = opened()
    run = run_of(ticket, ClockName.TRIAGE)
    waiting = {action for action in EscalationAction if not firing_of(ticket, run, action, ()).skips_at_once}
    assert waiting == {EscalationAction.REMIND}

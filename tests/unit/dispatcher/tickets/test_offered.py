"""What a ticket offers to whom, and what the record says of what was done."""

from datetime import timedelta

from dispatcher.tickets import lifecycle
from dispatcher.tickets.model import Action, Actor, Entry, Role, Ticket, TicketEvent, TicketState, Transition
from tests.unit.dispatcher.tickets.world import (
    ACCEPT,
    AT,
    CONTEXT,
    DISPATCH,
    HANDLER,
    HEAD,
    OFFICER,
    SIGN,
    VERIFIER,
    E,
    attempt,
    done,
    opened,
    person,
)


def running(ticket: Ticket) -> set[tuple[str, str]]:
    return {(run.clock.value, run.organisation_id) for run in ticket.running}


def test_breach_is_recorded_when_a_clock_stops_late() -> None:
    ticket = opened(grade=2)
    late = done(ticket, ACCEPT, at=AT + timedelta(minutes=4))
    triage = late.clocks[0]
    assert (triage.breached_at, triage.stop_reason) == (AT + timedelta(minutes=3), "accept")


def test_notes_and_contacts_move_no_version() -> None:
    ticket = done(opened(reports=1), ACCEPT, DISPATCH, SIGN)
    noted = attempt(ticket, (E.NOTE, HANDLER, {"text": "门禁已开"}), reason=None)
    contacted = attempt(ticket, (E.CONTACT, HANDLER, {"channel": "phone", "record": "录音 7"}), reason=None)
    for decided in (noted, contacted):
        assert isinstance(decided, lifecycle.Decided)
        assert isinstance(decided.record, Entry)
        assert decided.ticket.version == ticket.version
    assert isinstance(contacted, lifecycle.Decided)
    assert ("c_contact", "") not in running(contacted.ticket)


def test_allowed_actions_are_those_of_the_person() -> None:
    ticket = done(opened(), ACCEPT, DISPATCH)

    def events(actor: Actor) -> list[TicketEvent]:
        return [row.event for row in lifecycle.allowed_actions(ticket, actor, AT, CONTEXT)]

    assert events(HANDLER)[:3] == [E.ACKNOWLEDGE, E.CONTACT, E.NOTE]
    assert events(HEAD)[:4] == [E.ACKNOWLEDGE, E.REQUEST_RETURN, E.CONTACT, E.REQUEST_EXTENSION]
    assert {E.REDISPATCH, E.NOTE, E.GRADE, E.MERGE, E.SPLIT, E.CONVERT} <= set(events(OFFICER))
    assert not {E.APPEAL, E.ACCEPT_RETURN, E.UNMERGE, E.SUSPEND, E.GRANT_EXTENSION} & set(events(OFFICER))
    assert not {E.ACKNOWLEDGE, E.DISPATCH, E.REDISPATCH, E.GRADE} & set(events(VERIFIER))
    assert events(person(Role.AUDITOR)) == []


def test_every_transition_names_actor_role_time_and_version() -> None:
    decided = lifecycle.decide(opened(), Action(E.ACCEPT, 1), OFFICER, AT, CONTEXT)
    assert isinstance(decided, lifecycle.Decided)
    record = decided.record
    assert isinstance(record, Transition)
    assert (record.actor_role, record.version, record.at, record.from_state) == ("duty_officer", 2, AT, TicketState.NEW)

"""The table alone proves: every state that is no end has an exit, somebody who may take it, and a running clock."""

from collections.abc import Iterator

import pytest

from dispatcher.tickets.grammar import Effect, Row
from dispatcher.tickets.model import TERMINAL, ClockName, Role, TicketEvent, TicketState
from dispatcher.tickets.transitions import NOT_REACHED_YET, TRANSITIONS

WORKING = [state for state in TicketState if state not in TERMINAL and state not in NOT_REACHED_YET]
# They fit every ticket, so they prove nothing about a state.
ANYWHERE = {TicketEvent.VOID, TicketEvent.MERGE}
# Clocks that start only where a limit or a reporter asks for them.
CONDITIONAL = {ClockName.CONTROL, ClockName.CONTACT}


def _moves() -> Iterator[tuple[Row, TicketState, TicketState]]:
    for row in TRANSITIONS:
        for state in row.from_states:
            if row.to_state is not None and row.to_state is not state:
                yield row, state, row.to_state


@pytest.mark.parametrize("state", WORKING)
def test_working_state_has_an_exit_with_an_actor(state: TicketState) -> None:
    exits = [row for row, source, _ in _moves() if source is state and row.event not in ANYWHERE]
    assert exits
    assert any(row.roles for row in exits)


@pytest.mark.parametrize("state", WORKING)
def test_working_state_reaches_an_end_without_void_and_merge(state: TicketState) -> None:
    reached, frontier = {state}, [state]
    while frontier:
        here = frontier.pop()
        for row, source, target in _moves():
            if source is here and row.event not in ANYWHERE and target not in reached:
                reached.add(target)
                frontier.append(target)
    assert TicketState.CLOSED in reached


@pytest.mark.parametrize("state", TERMINAL - {TicketState.ANSWERED})
def test_end_is_reached_and_left_by_nothing(state: TicketState) -> None:
    assert any(target is state for _, _, target in _moves())
    assert not any(source is state for _, source, _ in _moves())


def test_every_state_is_reached_or_named_as_missing() -> None:
    reached = {TicketState.NEW} | {target for _, _, target in _moves()}
    assert reached | NOT_REACHED_YET == set(TicketState)
    assert not reached & NOT_REACHED_YET


def _clocks_after(row: Row, running: frozenset[ClockName]) -> frozenset[ClockName]:
    # A stop for one unit leaves the others of its clock running, but guarantees none.
    stopped = {stop.clock for stop in row.stops}
    started = {start.clock for start in row.starts} - CONDITIONAL
    return frozenset((running - stopped) | started)


def test_every_working_state_has_a_running_clock_on_every_way_to_it() -> None:
    everything = frozenset(ClockName)
    guaranteed: dict[TicketState, frozenset[ClockName]] = dict.fromkeys(WORKING, everything)
    submit = next(row for row in TRANSITIONS if row.event is TicketEvent.SUBMIT)
    guaranteed[TicketState.NEW] = _clocks_after(submit, frozenset())
    changed = True
    while changed:
        changed = False
        for row in TRANSITIONS:
            for state in row.from_states:
                target = row.to_state or state
                if state not in guaranteed or target not in guaranteed:
                    continue
                after = guaranteed[target] & _clocks_after(row, guaranteed[state])
                if after != guaranteed[target]:
                    guaranteed[target], changed = after, True
    assert {state for state, clocks in guaranteed.items() if not clocks} == set()
    # The public clock never pauses from acceptance to the result, whatever is returned or sent elsewhere.
    for state in (
        TicketState.ACCEPTED,
        TicketState.DISPATCHED,
        TicketState.ACKNOWLEDGED,
        TicketState.RETURN_REQUESTED,
        TicketState.EN_ROUTE,
        TicketState.ON_SCENE,
        TicketState.CONTROLLED,
        TicketState.REWORK,
    ):
        assert ClockName.RESOLVE in guaranteed[state], state


def test_public_resolve_clock_is_stopped_by_the_result_alone() -> None:
    stopping = {row.event for row in TRANSITIONS if any(stop.clock is ClockName.RESOLVE for stop in row.stops)}
    assert stopping == {TicketEvent.RESOLVE}


def test_committee_auditor_and_engineer_act_on_nothing() -> None:
    for row in TRANSITIONS:
        assert not {Role.COMMITTEE, Role.AUDITOR, Role.ENGINEER} & set(row.roles), row.event


def test_only_opening_accepting_dispatching_merging_and_notes_are_done_by_rules() -> None:
    assert {row.event for row in TRANSITIONS if row.by_rule} == {
        TicketEvent.SUBMIT,
        TicketEvent.ACCEPT,
        TicketEvent.DISPATCH,
        TicketEvent.MERGE,
        TicketEvent.NOTE,
    }


def test_every_event_stands_in_the_table() -> None:
    assert {row.event for row in TRANSITIONS} == set(TicketEvent)


def test_entries_move_no_state_and_moves_are_no_entries() -> None:
    for row in TRANSITIONS:
        assert row.entry is None or row.to_state is None
        assert (Effect.REGRADE in row.effects) == (row.event is TicketEvent.GRADE)

"""The tables alone prove: every state that is no end has an exit, somebody who may take it, and a running clock."""

from collections.abc import Iterator

import pytest

from dispatcher.tickets.grammar import Effect, Row
from dispatcher.tickets.model import TERMINAL, ClockName, Role, TicketEvent, TicketKind, TicketState
from dispatcher.tickets.transitions import OPENING, STATES, TABLES, TRANSITIONS

WORKING = [(kind, state) for kind, states in STATES.items() for state in states if state not in TERMINAL]
# They fit every ticket, so they prove nothing about a state.
ANYWHERE = {TicketEvent.VOID, TicketEvent.MERGE}
# Clocks that start only where a limit or a reporter asks for them.
CONDITIONAL = {ClockName.CONTROL, ClockName.CONTACT, ClockName.INTERIM, ClockName.SUBTASK, ClockName.COSIGN}
PUBLIC = {TicketKind.CALL_RESPONSE: ClockName.RESOLVE, TicketKind.JOINT_RECTIFICATION: ClockName.RECTIFY}
ENDS = {TicketKind.CALL_RESPONSE: TicketState.CLOSED, TicketKind.JOINT_RECTIFICATION: TicketState.CLOSED_OUT}
# What a suspension or a merge may come from, and so go back to.
BACK = {TicketEvent.RESUME: TicketEvent.SUSPEND, TicketEvent.UNMERGE: TicketEvent.MERGE}


def targets(kind: TicketKind, row: Row, state: TicketState) -> tuple[TicketState, ...]:
    if row.goes_back:
        sources = [each.from_states for each in TABLES[kind] if each.event is BACK[row.event]]
        return tuple({each for states in sources for each in states})
    return (row.to_state or state,)


def moves(kind: TicketKind) -> Iterator[tuple[Row, TicketState, TicketState]]:
    for row in TABLES[kind]:
        for state in row.from_states:
            for target in targets(kind, row, state):
                if target is not state:
                    yield row, state, target


@pytest.mark.parametrize(("kind", "state"), WORKING)
def test_working_state_has_an_exit_with_an_actor(kind: TicketKind, state: TicketState) -> None:
    exits = [row for row, source, _ in moves(kind) if source is state and row.event not in ANYWHERE]
    assert exits
    assert any(row.roles for row in exits)


@pytest.mark.parametrize(("kind", "state"), WORKING)
def test_working_state_reaches_an_end_without_void_and_merge(kind: TicketKind, state: TicketState) -> None:
    reached, frontier = {state}, [state]
    while frontier:
        here = frontier.pop()
        for row, source, target in moves(kind):
            if source is here and row.event not in ANYWHERE and target not in reached:
                reached.add(target)
                frontier.append(target)
    assert ENDS[kind] in reached


@pytest.mark.parametrize("kind", TicketKind)
def test_table_reaches_exactly_the_states_of_its_kind(kind: TicketKind) -> None:
    reached = {OPENING[kind].to_state} | {target for _, _, target in moves(kind)}
    assert reached == set(STATES[kind])
    assert {state for row in TABLES[kind] for state in row.from_states} <= reached


def test_every_state_belongs_to_a_kind() -> None:
    assert {state for states in STATES.values() for state in states} == set(TicketState)


def test_an_end_is_left_by_a_resident_a_second_look_or_an_undone_merge_alone() -> None:
    left = {(source, row.event) for kind in TicketKind for row, source, _ in moves(kind) if source in TERMINAL}
    assert left == {
        (TicketState.NOT_ACCEPTED, TicketEvent.OBJECT),
        (TicketState.REJECTED, TicketEvent.OBJECT),
        (TicketState.CLOSED, TicketEvent.REOPEN),
        (TicketState.MERGED, TicketEvent.UNMERGE),
        (TicketState.CLOSED_OUT, TicketEvent.START_LOOK_BACK),
    }


def _clocks_after(row: Row, running: frozenset[ClockName]) -> frozenset[ClockName]:
    # A stop for one unit leaves the others of its clock running, but guarantees none.
    stopped = {stop.clock for stop in row.stops}
    started = {start.clock for start in row.starts} - CONDITIONAL
    paused = {ClockName.RESOLVE, ClockName.RECTIFY} if Effect.PAUSE in row.effects else set()
    return frozenset((running - stopped - paused) | started)


@pytest.mark.parametrize("kind", TicketKind)
def test_every_working_state_has_a_running_clock_on_every_way_to_it(kind: TicketKind) -> None:
    working = [state for state in STATES[kind] if state not in TERMINAL]
    everything = frozenset(ClockName)
    guaranteed: dict[TicketState, frozenset[ClockName]] = dict.fromkeys(working, everything)
    opening = OPENING[kind]
    assert opening.to_state is not None
    guaranteed[opening.to_state] = _clocks_after(opening, frozenset())
    changed = True
    while changed:
        changed = False
        for row in TABLES[kind]:
            # What a suspension paused and a merge stopped runs again: nothing is lost on the way back.
            if row.goes_back:
                continue
            for state in row.from_states:
                target = row.to_state or state
                before = frozenset() if state in TERMINAL else guaranteed[state]
                if target not in guaranteed:
                    continue
                after = guaranteed[target] & _clocks_after(row, before)
                if after != guaranteed[target]:
                    guaranteed[target], changed = after, True
    assert {state for state, clocks in guaranteed.items() if not clocks} == set()
    if kind is TicketKind.CALL_RESPONSE:
        # The public clock never pauses from acceptance to the result, whatever is returned or sent elsewhere.
        for state in (
            TicketState.ACCEPTED,
            TicketState.DISPATCHED,
            TicketState.ACKNOWLEDGED,
            TicketState.RETURN_REQUESTED,
            TicketState.ARBITRATION,
            TicketState.EN_ROUTE,
            TicketState.ON_SCENE,
            TicketState.CONTROLLED,
            TicketState.REWORK,
        ):
            assert ClockName.RESOLVE in guaranteed[state], state
    else:
        for state in (TicketState.IN_PROGRESS, TicketState.REWORK):
            assert ClockName.RECTIFY in guaranteed[state], state


def test_public_clock_is_stopped_by_the_result_and_paused_by_an_approved_suspension_alone() -> None:
    stopping = {
        row.event for kind, table in TABLES.items() for row in table for stop in row.stops if stop.clock is PUBLIC[kind]
    }
    assert stopping == {TicketEvent.RESOLVE, TicketEvent.REPORT_COMPLETE}
    assert {row.event for row in TRANSITIONS if Effect.PAUSE in row.effects} == {TicketEvent.SUSPEND}


def test_committee_proposes_objects_and_reopens_and_is_never_ordered_to_act() -> None:
    asked = {row.event for row in TRANSITIONS if Role.COMMITTEE in row.roles}
    assert asked == {TicketEvent.PROPOSE, TicketEvent.OBJECT, TicketEvent.REOPEN}
    for row in TRANSITIONS:
        assert not {Role.AUDITOR, Role.ENGINEER} & set(row.roles), row.event


def test_rules_open_accept_dispatch_merge_and_let_time_pass() -> None:
    assert {row.event for row in TRANSITIONS if row.by_rule} == {
        TicketEvent.SUBMIT,
        TicketEvent.CONFIRM_FACT,
        TicketEvent.ACCEPT,
        TicketEvent.DISPATCH,
        TicketEvent.REDISPATCH,  # where a reporter who joined complains of the lead
        TicketEvent.MERGE,
        TicketEvent.OBJECT,  # by number and code: who asks is no user
        TicketEvent.REOPEN,
        TicketEvent.NOTE,
        TicketEvent.RESUME,
        TicketEvent.PROPOSE,
        TicketEvent.START_LOOK_BACK,
        TicketEvent.RELAPSE,
    }


def test_every_event_stands_in_a_table_and_every_effect_in_a_row() -> None:
    assert {row.event for row in TRANSITIONS} == set(TicketEvent)
    named = {effect for row in TRANSITIONS for effect in row.effects}
    assert named == set(Effect)


def test_silence_never_signs() -> None:
    signing = [row for row in TRANSITIONS if Effect.SIGN in row.effects]
    assert signing
    assert not any(row.by_rule for row in signing)


def test_entries_move_no_state_and_moves_are_no_entries() -> None:
    for row in TRANSITIONS:
        assert row.entry is None or row.to_state is None
        assert (Effect.REGRADE in row.effects) == (row.event is TicketEvent.GRADE)

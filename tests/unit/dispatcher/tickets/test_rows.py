"""Every row of both transition tables is walked, allowed and refused, as it is described by hand beside this file.

The descriptions were written from the regulation's procedures and not from the tables, which are compared with them
here. A row that nobody described, a state that nobody named, and a guard that refuses nothing here, fail.
"""

from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.guards import passes
from dispatcher.tickets.lifecycle import Decided
from dispatcher.tickets.model import TERMINAL, ClockRun, Role, Ticket, TicketEvent, TicketKind, TicketState
from dispatcher.tickets.questions import Question
from dispatcher.tickets.refusing import RefusalReason, Refused
from dispatcher.tickets.transitions import OPENING, TABLES
from tests.unit.dispatcher.tickets.rows import No, Row
from tests.unit.dispatcher.tickets.rows_beside import BESIDE_ROWS
from tests.unit.dispatcher.tickets.rows_call import ASSIGNMENT_ROWS, INTAKE_ROWS
from tests.unit.dispatcher.tickets.rows_changes import CALL, JOINT
from tests.unit.dispatcher.tickets.rows_closure import CLOSURE_ROWS
from tests.unit.dispatcher.tickets.rows_joint import JOINT_PLAN_ROWS
from tests.unit.dispatcher.tickets.rows_joint_work import JOINT_WORK_ROWS
from tests.unit.dispatcher.tickets.rows_work import WORK_ROWS
from tests.unit.dispatcher.tickets.world import AT, CONTEXT, RULE, SUPERVISOR, VERIFIER, opened

ROWS = (
    *INTAKE_ROWS,
    *ASSIGNMENT_ROWS,
    *WORK_ROWS,
    *CLOSURE_ROWS,
    *JOINT_PLAN_ROWS,
    *JOINT_WORK_ROWS,
    *BESIDE_ROWS,
)


def refusals(row: Row) -> Iterator[No]:
    """Those described; and who has to be of no handling unit is of none that is complained of either (ruling A11)."""
    yield from row.no
    if any(no.guard is Guard.NOT_OF_HANDLING_UNIT for no in row.no):
        yield No(Guard.NOT_OF_UNIT_COMPLAINED_OF, complained_of=row.step[1].organisation_id)


REFUSALS = [(row, no) for row in ROWS for no in refusals(row)]
OPENED = {TicketKind.CALL_RESPONSE: TicketEvent.SUBMIT, TicketKind.JOINT_RECTIFICATION: TicketEvent.PROPOSE}
# What stands in the way twice: a lead has to be named, alone; and no rule may end a ticket at all.
SECOND_LOCKS = {
    (TicketEvent.ASSIGN_LEAD, Guard.ONE_LEAD),
    (TicketEvent.CHANGE_LEAD, Guard.ONE_LEAD),
    (TicketEvent.VERIFY_OK, Guard.GRAVE_NEEDS_PERSON),
    (TicketEvent.CALLBACK_DONE, Guard.GRAVE_NEEDS_PERSON),
}


# Groups of states, each once; what is open is everything but the ends.
GROUPS = {
    "at_work": "acknowledged en_route on_scene controlled rework",
    "disputed": "return_requested arbitration",
    "in_hand": "accepted dispatched disputed at_work suspended",
    "open": "new verifying_fact in_hand resolved verifying awaiting_callback",
    "call": "open not_accepted answered merged closed voided",
    "led": "lead_assigned co_signing arbitration planning plan_review in_progress rework",
    "j_open": "proposed admitted led suspended reported_complete inspection publicity look_back relapsed",
    "joint": "j_open rejected merged closed_out voided",
    "parts": "dispatched at_work",
    "j_parts": "co_signing planning in_progress rework",
}
SUBTASKS = ("sign", "start", "done", "check", "redo", "return", "reassign", "block", "waive")
FROM: dict[TicketKind, dict[str, str]] = {
    TicketKind.CALL_RESPONSE: {
        **dict.fromkeys(("ask_fact", "answer", "accept", "refuse_accept"), "new"),
        **dict.fromkeys(("request_refusal", "countersign_refusal", "deny_refusal"), "new"),
        "confirm_fact": "verifying_fact",
        "object": "not_accepted",
        "dispatch": "accepted",
        "redispatch": "dispatched at_work",
        **dict.fromkeys(("request_return", "appeal"), "dispatched acknowledged"),
        "acknowledge": "dispatched disputed at_work suspended",
        **dict.fromkeys(("accept_return", "deny_return", "arbitrate"), "return_requested"),
        **dict.fromkeys(("award", "award_fallback"), "arbitration"),
        "contact": "dispatched disputed at_work suspended",
        "roll": "acknowledged",
        "arrive": "acknowledged en_route rework disputed",
        "control": "on_scene disputed",
        **dict.fromkeys(("request_extension", "grant_extension", "deny_extension"), "dispatched disputed at_work"),
        **dict.fromkeys(("request_suspension", "suspend", "deny_suspension"), "acknowledged on_scene controlled"),
        "resume": "suspended",
        "resolve": "acknowledged on_scene controlled rework",
        "start_verification": "resolved",
        **dict.fromkeys(("verify_ok", "verify_fail"), "verifying"),
        **dict.fromkeys(("callback_attempt", "callback_done", "callback_unresolved"), "awaiting_callback"),
        **dict.fromkeys(("request_withdrawal", "confirm_withdrawal", "deny_withdrawal"), "open"),
        **dict.fromkeys(("approve_reply", "flag_report", "void", "merge", "grade"), "open"),
        **dict.fromkeys(("supervise", "reply_supervision"), "open"),
        **dict.fromkeys(("note", "strike", "link"), "call"),
        "reopen": "closed",
        "unmerge": "merged",
        **dict.fromkeys(("add_subtask", *(f"subtask_{each}" for each in SUBTASKS)), "parts"),
        **dict.fromkeys(("split", "convert"), "in_hand"),
    },
    TicketKind.JOINT_RECTIFICATION: {
        **dict.fromkeys(("admit", "reject"), "proposed"),
        "object": "rejected publicity",
        "assign_lead": "admitted",
        "change_lead": "lead_assigned co_signing planning plan_review in_progress rework",
        **dict.fromkeys(("acknowledge", "interim_done"), "led"),
        "invite_co": "lead_assigned",
        "start_planning": "lead_assigned co_signing",
        "cosign": "co_signing planning plan_review in_progress rework",
        "decline": "co_signing",
        **dict.fromkeys(("accept_return", "deny_return"), "arbitration"),
        "plan_submit": "planning",
        **dict.fromkeys(("plan_approve", "plan_return"), "plan_review"),
        **dict.fromkeys(("progress", "report_complete"), "in_progress rework"),
        **dict.fromkeys(("request_extension", "grant_extension", "deny_extension"), "in_progress"),
        **dict.fromkeys(("request_suspension", "suspend", "deny_suspension"), "in_progress"),
        "resume": "suspended",
        "start_inspection": "reported_complete",
        **dict.fromkeys(("inspect_ok", "inspect_fail"), "inspection"),
        "close_out": "publicity",
        "start_look_back": "closed_out",
        **dict.fromkeys(("look_back_ok", "relapse"), "look_back"),
        "restart": "relapsed",
        **dict.fromkeys(("void", "merge", "grade", "supervise", "reply_supervision"), "j_open"),
        **dict.fromkeys(("note", "strike", "link"), "joint"),
        "unmerge": "merged",
        **dict.fromkeys(("add_subtask", *(f"subtask_{each}" for each in SUBTASKS)), "j_parts"),
    },
}


def named_states(text: str) -> frozenset[TicketState]:
    """The states of words, groups resolved."""
    found = (named_states(GROUPS[word]) if word in GROUPS else {TicketState(word)} for word in text.split())
    return frozenset(state for states in found for state in states)


def name(row: Row) -> str:
    return f"{row.ticket.ticket_kind}: {row.id}"


def clocks(ticket: Ticket) -> dict[tuple[str, str, int], bool]:
    return {(run.clock.value, run.organisation_id, run.run): run.running for run in ticket.clocks}


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_row_does_what_it_says(row: Row) -> None:
    decided = row.tried()
    assert isinstance(decided, Decided), decided
    assert decided.ticket.state is row.to
    assert decided.ticket.version == row.ticket.version + (0 if row.line else 1)
    before, after = clocks(row.ticket), clocks(decided.ticket)
    stopped = {key[0] for key, running in before.items() if running and not after[key]}
    if row.to in TERMINAL:
        assert not any(after.values())
    else:
        assert {key[0] for key in after if key not in before} == set(row.starts.split())
        assert stopped == set(row.stops.split())


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_row_changes_this_and_nothing_else(row: Row) -> None:
    decided = row.tried()
    assert isinstance(decided, Decided)
    said = {TicketKind.CALL_RESPONSE: CALL, TicketKind.JOINT_RECTIFICATION: JOINT}[row.ticket.ticket_kind]
    values, _, moved = said.get(row.id, "").partition("|")
    before, after = row.ticket, decided.ticket
    beside = {each.name for each in fields(Ticket)} - {"state", "version", "clocks"}
    assert {each for each in beside if getattr(before, each) != getattr(after, each)} == set(values.split())
    kept = [(run, next(each for each in after.clocks if spot(each) == spot(run))) for run in before.running]
    ran_on = [(old, new) for old, new in kept if new.running]
    other = {old.clock.value for old, new in ran_on if (old.due_at, old.paused_at) != (new.due_at, new.paused_at)}
    assert other == set(moved.split())


def spot(run: ClockRun) -> tuple[object, ...]:
    return (*run.key, run.subtask)


def test_changes_are_those_of_rows_that_are_described() -> None:
    ids = {(row.ticket.ticket_kind, row.id) for row in ROWS}
    changes = {(TicketKind.CALL_RESPONSE, each) for each in CALL} | {
        (TicketKind.JOINT_RECTIFICATION, each) for each in JOINT
    }
    assert changes - ids == set()
    assert len(ids) == len(ROWS)


@pytest.mark.parametrize(("row", "no"), REFUSALS, ids=[f"{name(row)}: {no.guard.name.lower()}" for row, no in REFUSALS])
def test_row_is_refused_by(row: Row, no: No) -> None:
    refused = row.tried(no)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.guard) == (RefusalReason.GUARD, no.guard)


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_row_is_for_these_roles_and_no_others(row: Row) -> None:
    def may(role: Role) -> bool:
        decided = row.tried(actor=row.of_role(role))
        by_person = {RefusalReason.MISSING_ROLE, RefusalReason.MISSING_ORGANISATION}
        return isinstance(decided, Decided) or decided.reason not in by_person

    assert {role for role in Role if may(role)} == row.roles


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_row_asks_for_a_reason_where_it_says_so(row: Row) -> None:
    silent = row.tried(No(Guard.ONE_LEAD, reason=None))
    asked = isinstance(silent, Refused) and silent.reason is RefusalReason.REASON_MISSING
    assert asked == row.needs_reason


@pytest.mark.parametrize("kind", TicketKind)
def test_every_row_of_the_table_is_walked_and_every_guard_refuses(kind: TicketKind) -> None:
    described = [row for row in ROWS if row.ticket.ticket_kind is kind]
    fired = {id(decided.row) for row in described if isinstance(decided := row.tried(), Decided)}
    assert [row.event for row in TABLES[kind] if id(row) not in fired and row is not OPENING[kind]] == []
    assert OPENING[kind].event is OPENED[kind]  # Begun by `opened`, which every description starts with.
    broken = {(row.step[0], no.guard) for row in described for no in refusals(row)}
    asked = {(row.event, guard) for row in TABLES[kind] for guard in row.guards}
    assert asked - broken - SECOND_LOCKS == set()


@pytest.mark.parametrize(
    ("kind", "state", "clock"),
    [
        (TicketKind.CALL_RESPONSE, TicketState.NEW, "c_triage"),
        (TicketKind.JOINT_RECTIFICATION, TicketState.PROPOSED, "j_admit"),
    ],
)
def test_ticket_begins_with_its_first_row(kind: TicketKind, state: TicketState, clock: str) -> None:
    ticket = opened(grade=3, ticket_kind=kind)
    assert (ticket.state, ticket.version) == (state, 1)
    assert [(run.clock.value, run.running) for run in ticket.clocks] == [(clock, True)]


@pytest.mark.parametrize(("grade", "allowed"), [(1, False), (2, False), (3, True), (4, True)])
def test_second_lock_keeps_every_rule_from_ending_a_grave_ticket(grade: int, allowed: bool) -> None:
    row = next(row for row in TABLES[TicketKind.CALL_RESPONSE] if Guard.GRAVE_NEEDS_PERSON in row.guards)
    for actor, passed in ((RULE, allowed), (VERIFIER, True)):
        question = Question(opened(grade=grade), row, actor, AT, {}, None, CONTEXT)
        assert passes(Guard.GRAVE_NEEDS_PERSON, question) == passed


@pytest.mark.parametrize(
    ("fields", "allowed"), [({}, False), ({"lead": "fire", "co": ["fire"]}, False), ({"lead": "fire"}, True)]
)
def test_second_lock_keeps_the_lead_one(fields: dict[str, object], allowed: bool) -> None:
    row = next(row for row in TABLES[TicketKind.JOINT_RECTIFICATION] if row.event is TicketEvent.ASSIGN_LEAD)
    assert passes(Guard.ONE_LEAD, Question(opened(), row, SUPERVISOR, AT, fields, None, CONTEXT)) == allowed


@pytest.mark.parametrize(("kind", "event"), [(kind, event) for kind, states in FROM.items() for event in states])
def test_event_begins_in_these_states_and_no_others(kind: TicketKind, event: str) -> None:
    begins = {state for row in TABLES[kind] if row.event == event for state in row.from_states}
    assert begins == named_states(FROM[kind][event])


@pytest.mark.parametrize("kind", TicketKind)
def test_every_event_has_its_states_named(kind: TicketKind) -> None:
    assert {row.event.value for row in TABLES[kind]} - {OPENED[kind].value} == set(FROM[kind])


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (row, state)
        for row in ROWS
        for state in sorted(named_states(FROM[row.ticket.ticket_kind][row.step[0].value]))
        if state is not row.ticket.state
    ],
    ids=lambda each: each.value if isinstance(each, TicketState) else name(each),
)
def test_row_is_walked_in_every_state_that_it_names(row: Row, state: TicketState) -> None:
    """Where no other row of the event is meant for the state, the same person does the same there."""
    decided = row.tried(No(Guard.ONE_LEAD, ticket=replace(row.ticket, state=state)))
    if state in row_states(row):
        assert isinstance(decided, Decided), decided
        stays = row.to is row.ticket.state
        assert decided.ticket.state is (state if stays else row.to)


def row_states(row: Row) -> tuple[TicketState, ...]:
    decided = row.tried()
    assert isinstance(decided, Decided)
    return decided.row.from_states

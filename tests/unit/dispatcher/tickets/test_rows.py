"""Every row of both transition tables is walked, allowed and refused, as it is described by hand beside this file.

The descriptions were written from the regulation's procedures and not from the tables, which are compared with them
here. A row that nobody described, a state that nobody named, and a guard that refuses nothing here, fail.
"""

import pytest

from dispatcher.tickets.grammar import Guard
from dispatcher.tickets.guards import passes
from dispatcher.tickets.lifecycle import Decided
from dispatcher.tickets.model import TERMINAL, Role, Ticket, TicketEvent, TicketKind
from dispatcher.tickets.questions import Question
from dispatcher.tickets.refusing import RefusalReason, Refused
from dispatcher.tickets.transitions import OPENING, TABLES
from tests.unit.dispatcher.tickets.rows import No, Row
from tests.unit.dispatcher.tickets.rows_beside import BESIDE_ROWS
from tests.unit.dispatcher.tickets.rows_call import ASSIGNMENT_ROWS, INTAKE_ROWS
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
REFUSALS = [(row, no) for row in ROWS for no in row.no]
OPENED = {TicketKind.CALL_RESPONSE: TicketEvent.SUBMIT, TicketKind.JOINT_RECTIFICATION: TicketEvent.PROPOSE}
# What stands in the way twice: a lead has to be named, alone; and no rule may end a ticket at all.
SECOND_LOCKS = {
    (TicketEvent.ASSIGN_LEAD, Guard.ONE_LEAD),
    (TicketEvent.CHANGE_LEAD, Guard.ONE_LEAD),
    (TicketEvent.VERIFY_OK, Guard.GRAVE_NEEDS_PERSON),
    (TicketEvent.CALLBACK_DONE, Guard.GRAVE_NEEDS_PERSON),
}


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
    broken = {(row.step[0], no.guard) for row in described for no in row.no}
    asked = {(row.event, guard) for row in TABLES[kind] for guard in row.guards}
    assert asked - broken - SECOND_LOCKS == set()


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

"""One list of words: every enum of the code equals its type in the database."""

from enum import StrEnum

import pytest

from dispatcher.tickets.model import AssignmentRole, EntryKind, Role, TicketState
from registry.limits import LimitUnit
from runtime.pool import Connection


@pytest.mark.parametrize(
    ("name", "enum"),
    [
        ("ticket_state", TicketState),
        ("ticket_entry", EntryKind),
        ("assignment_role", AssignmentRole),
        ("user_role", Role),
        ("limit_unit", LimitUnit),
    ],
)
async def test_enum_equals_the_type_of_the_database(owner: Connection, name: str, enum: type[StrEnum]) -> None:
    rows = await owner.fetch(
        "SELECT e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typname = $1", name
    )
    assert {row["enumlabel"] for row in rows} == set(enum)

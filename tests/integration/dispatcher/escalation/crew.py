"""Rosters for the town: who is on duty at its fire station and at its desk."""

from datetime import time, timedelta

from registry.rosters import changes
from registry.rosters.model import DutyRole, ShiftUnit
from runtime.pool import Connection
from tests.integration.dispatcher.tickets.town import AT

DAY = timedelta(days=1)
BY = "user:1"


async def contact(conn: Connection, organisation_id: str, name: str, *, user_id: int | None = None) -> int:
    new = changes.NewContact(organisation_id, name, user_id, None if user_id else "13800000000")
    return await changes.add_contact(conn, new, BY, AT - 30 * DAY)


async def roster(conn: Connection, organisation_id: str, role: DutyRole, *rotations: list[int]) -> int:
    """A roster whose rotations have daily shifts from 08:00, the first participant on duty on the day of `AT`."""
    roster_id = await changes.add_roster(conn, organisation_id, role, "值班表", "Roster", BY, AT - 30 * DAY)
    for number, participants in enumerate(rotations, start=1):
        await rotate(conn, roster_id, participants, number=number)
    return roster_id


async def rotate(conn: Connection, roster_id: int, participants: list[int], *, number: int = 1) -> int:
    new = changes.NewRotation(
        number=number,
        participants=participants,
        handover_time=time(8),
        handover_weekday=None,
        shift_length=1,
        shift_unit=ShiftUnit.DAY,
        valid_from=AT,
        valid_until=None,
        source="test",
    )
    return await changes.add_rotation(conn, roster_id, new, BY, AT - 30 * DAY)

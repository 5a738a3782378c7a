"""Takes duty rosters in from rows, as a city or the demo community lists them: all or nothing."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Final

from registry.rosters import changes
from registry.rosters.errors import RosterRefused
from registry.rosters.model import DutyRole, ShiftUnit
from registry.rosters.store import QUERIES
from runtime.pool import Connection

_NEEDED: Final = (
    "organisation_id",
    "role",
    "zh_name",
    "en_name",
    "number",
    "participants",
    "handover_time",
    "shift_length",
    "shift_unit",
    "source",
)


async def import_rosters(conn: Connection, rows: Iterable[Mapping[str, str]], actor: str, at: datetime) -> int:
    """Add rosters of rows, or the next version of a rotation where a roster stands. Returns how many rows there were.

    `participants`: semicolons between `@login` of a user and `name:telephone` of a person without one. `lasts_d`: after
    so many days the rotation has nobody; empty: no end. Raises RosterRefused; the caller's transaction must then end.
    """
    count = 0
    for row in rows:
        _refuse_gaps(row, count + 2)  # The first line is the head.
        organisation_id = row["organisation_id"]
        roster_id = await conn.fetchval(QUERIES.roster_named, organisation_id, row["role"])
        if roster_id is None:
            roster_id = await changes.add_roster(
                conn, organisation_id, DutyRole(row["role"]), row["zh_name"], row["en_name"], actor, at
            )
        named = [each for each in row["participants"].split(";") if each]
        rotation = changes.NewRotation(
            number=int(row["number"]),
            participants=[await _contact(conn, organisation_id, each, actor, at) for each in named],
            handover_time=time.fromisoformat(row["handover_time"]),
            handover_weekday=int(row["handover_weekday"]) if row.get("handover_weekday") else None,
            shift_length=int(row["shift_length"]),
            shift_unit=ShiftUnit(row["shift_unit"]),
            valid_from=at,
            valid_until=at + timedelta(days=int(row["lasts_d"])) if row.get("lasts_d") else None,
            source=row["source"],
        )
        await changes.add_rotation(conn, roster_id, rotation, actor, at)
        count += 1
    return count


def _refuse_gaps(row: Mapping[str, str], line: int) -> None:
    missing = [name for name in _NEEDED if not row.get(name)]
    if missing:
        raise RosterRefused(f"line {line}", f"lacks {', '.join(missing)}")
    if row["role"] not in set(DutyRole):
        raise RosterRefused(f"line {line}", f"{row['role']!r} is no role; roles are {', '.join(DutyRole)}")
    if row["shift_unit"] not in set(ShiftUnit):
        raise RosterRefused(f"line {line}", f"{row['shift_unit']!r} is no unit; units are {', '.join(ShiftUnit)}")
    numbers = (row["number"], row["shift_length"], row.get("handover_weekday") or "1", row.get("lasts_d") or "1")
    if not all(each.isdecimal() for each in numbers):
        raise RosterRefused(f"line {line}", "number, shift_length, handover_weekday and lasts_d are whole numbers")
    try:
        time.fromisoformat(row["handover_time"])
    except ValueError:
        raise RosterRefused(f"line {line}", f"{row['handover_time']!r} is no time such as 08:30") from None


async def _contact(conn: Connection, organisation_id: str, named: str, actor: str, at: datetime) -> int:
    """The contact of a participant, added where there is none. Raises RosterRefused."""
    if named.startswith("@"):
        user = await conn.fetchrow(QUERIES.user_to_roster, named[1:])
        if user is None:
            raise RosterRefused("participants", f"no user {named[1:]}")
        if user["contact_id"] is not None:
            return int(user["contact_id"])
        new = changes.NewContact(organisation_id, user["zh_name"], user["id"])
    else:
        name, _, phone = named.partition(":")
        known: int | None = await conn.fetchval(QUERIES.contact_named, organisation_id, name, phone)
        if known is not None:
            return known
        new = changes.NewContact(organisation_id, name, None, phone)
    return await changes.add_contact(conn, new, actor, at)

"""Reads rosters, contacts and the rules of paging from the database."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncpg import Record

from registry.rosters.model import Contact, DutyRole, Roster, Rotation, ShiftUnit, StandIn
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

_EVER = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RosterParameters:
    """The numbers of `roster_parameters`: how far ahead gaps are warned of, and how persons are tested."""

    gap_warning_d: int
    gap_look_h: int
    test_every_d: int
    test_answer_h: int
    untested_after_d: int


@dataclass(frozen=True, slots=True)
class PageRule:
    """How an organisation is paged about tickets of a kind and grade; None in either fits every one."""

    id: int
    version: int
    kind: str | None
    grade: int | None
    page: bool  # Whether an assignment pages by itself.
    everyone: bool  # All on duty at once; False: the first of them.
    ack_s: int | None  # How long a level has before the next is told; None: nobody is pressed.
    source: str


class PageRules:
    """The newest rows; the most particular one rules: first by kind, then by grade."""

    def __init__(self, rules: Iterable[PageRule]) -> None:
        self._rules = tuple(rules)

    def find(self, *, kind: str, grade: int) -> PageRule | None:
        fitting = [each for each in self._rules if each.kind in (None, kind) and each.grade in (None, grade)]
        return max(fitting, key=lambda each: (each.kind is not None, each.grade is not None, each.id), default=None)


async def read_rosters(
    conn: Connection,
    *,
    organisations: Collection[str] | None = None,
    ids: Collection[int] | None = None,
    since: datetime = _EVER,
) -> list[Roster]:
    """Rosters of organisations, named ones, or all, with the stand-ins that reach beyond `since`."""
    rows = await conn.fetch(
        QUERIES.list_rosters,
        None if organisations is None else list(organisations),
        None if ids is None else list(ids),
    )
    if not rows:
        return []
    roster_ids = [row["id"] for row in rows]
    rotations: dict[int, list[Rotation]] = defaultdict(list)
    for each in await conn.fetch(QUERIES.list_rotations, roster_ids):
        rotations[each["roster_id"]].append(_rotation(each))
    stand_ins: dict[int, list[StandIn]] = defaultdict(list)
    for each in await conn.fetch(QUERIES.list_stand_ins, roster_ids, since):
        columns = dict(each)
        stand_ins[columns.pop("roster_id")].append(StandIn(**columns))
    absent: dict[str, set[int]] = defaultdict(set)
    for each in await conn.fetch(QUERIES.list_absent, sorted({row["organisation_id"] for row in rows})):
        absent[each["organisation_id"]].add(each["id"])
    return [
        Roster(
            **dict(row) | {"role": DutyRole(row["role"])},
            rotations=tuple(rotations[row["id"]]),
            stand_ins=tuple(stand_ins[row["id"]]),
            absent=frozenset(absent[row["organisation_id"]]),
        )
        for row in rows
    ]


async def read_contacts(conn: Connection, ids: Collection[int]) -> dict[int, Contact]:
    """Those of the named contacts that exist, by id."""
    rows = await conn.fetch(QUERIES.read_contacts, list(ids))
    return {row["id"]: Contact(**dict(row)) for row in rows}


async def read_parameters(conn: Connection) -> RosterParameters:
    rows = await conn.fetch(QUERIES.list_parameters)
    return RosterParameters(**{row["name"]: row["value"] for row in rows})


async def read_page_rules(conn: Connection) -> PageRules:
    return PageRules(PageRule(**dict(row)) for row in await conn.fetch(QUERIES.list_page_rules))


async def rotations_on_record(conn: Connection, roster_id: int) -> list[dict[str, Any]]:
    """Every version of a roster's rotations with its source and who entered it."""
    return [dict(row) for row in await conn.fetch(QUERIES.list_rotations, [roster_id])]


def _rotation(row: Record) -> Rotation:
    return Rotation(
        number=row["number"],
        version=row["version"],
        participants=tuple(row["participants"]),
        handover_weekday=row["handover_weekday"],
        handover_time=row["handover_time"],
        shift_length=row["shift_length"],
        shift_unit=ShiftUnit(row["shift_unit"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
    )

"""When call-responses are one cause at one place: how near, how many and how long, as versioned rows by kind group."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

EVERY_OTHER_GROUP: Final = "*"


class CauseScope(StrEnum):
    """What counts as one cause; equal to the CHECK of `recurrence_rules.cause`."""

    KIND = "kind"  # Each kind alone.
    GROUP = "group"  # Every kind of the group.


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """What proposes a joint rectification in a group of kinds."""

    by_group: bool  # every kind of the group is one cause; False: each kind alone
    times: int
    within: timedelta
    radius_m: int


async def read_recurrence_rules(conn: Connection) -> Mapping[str, RecurrenceRule]:
    """The rules in force by kind group; `*` for every other group. Raises LookupError for an unseeded database."""
    rows = await conn.fetch(QUERIES.list_recurrence_rules)
    rules = {
        row["kind_group"]: RecurrenceRule(
            row["cause"] == CauseScope.GROUP, row["times"], timedelta(days=row["within_d"]), row["radius_m"]
        )
        for row in rows
    }
    if EVERY_OTHER_GROUP not in rules:
        raise LookupError("the database holds no rules of recurrence: run `rongan migrate`")
    return rules

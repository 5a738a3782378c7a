"""What an inspection round looks at and how often, as versioned rows: check-lists and intervals by hazard level."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


@dataclass(frozen=True, slots=True)
class CheckItem:
    """One line of a check-list."""

    item: str
    zh_text: str
    en_text: str
    hazard_kind: str  # what a finding is, unless the inspector says otherwise
    source: str


@dataclass(frozen=True, slots=True)
class CheckList:
    """One version of a check-list."""

    id: str
    version: int
    zh_name: str
    en_name: str
    matter: str  # the event kind that the gate of Art. 45 is asked about
    items: tuple[CheckItem, ...]

    def item(self, name: str) -> CheckItem | None:
        return next((each for each in self.items if each.item == name), None)


@dataclass(frozen=True, slots=True)
class Interval:
    """How often a place of a level is looked at, in natural days."""

    level: int
    every_d: int
    within_d: int  # from the opening of a round until it is late
    remind_d: int  # before it is late
    proposes: bool  # a hazard of this level proposes a joint rectification by itself
    source: str


async def read_check_lists(conn: Connection, version: int | None = None, only: str | None = None) -> list[CheckList]:
    """The check-lists of a version, the newest by default."""
    found: dict[str, CheckList] = {}
    for row in await conn.fetch(QUERIES.list_check_items, version, only):
        item = CheckItem(row["item"], row["zh_text"], row["en_text"], row["hazard_kind"], row["source"])
        before = found[row["list"]].items if row["list"] in found else ()
        found[row["list"]] = CheckList(
            row["list"], row["version"], row["list_zh"], row["list_en"], row["matter"], (*before, item)
        )
    return list(found.values())


async def read_intervals(conn: Connection) -> Mapping[int, Interval]:
    """The intervals in force by level."""
    return {row["level"]: Interval(**dict(row)) for row in await conn.fetch(QUERIES.list_inspection_intervals)}

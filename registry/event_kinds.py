"""The event kinds and the groups in which events of several kinds belong together; rows, never an enum."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

UNCLASSIFIED: Final = "unclassified"
# A rule set with this one group puts every kind into it and opens no tickets: the rule set of a replay.
GROUP_OF_ALL: Final = "all"


class KindMode(StrEnum):
    """Equal to the SQL enum `kind_mode`."""

    AUTO_TICKET = "auto_ticket"
    REVIEW = "review"
    NOTICE_ONLY = "notice_only"


@dataclass(frozen=True, slots=True)
class EventKind:
    """One row of the taxonomy, as its version stands."""

    id: str
    version: int
    zh_name: str
    en_name: str
    scenario: str
    likelihood: int
    consequence: int
    lead_department: str
    co_departments: tuple[str, ...]
    ticket_kind: str
    disclosure_category: str
    committee_list: str
    kind_group: str
    mode: KindMode
    time_critical: bool
    run_card: str | None
    notes: str


@dataclass(frozen=True, slots=True)
class KindGroup:
    """Parameters of O2-O6 for events of one group."""

    id: str
    zh_name: str
    en_name: str
    clustered: bool
    r_m: int
    t_s: int
    g_s: int
    m: int
    lateness_s: int
    tile_s: int = 0  # an incident is cut at multiples of it; 0: never
    follow_s: int = 0  # how long after the beginning of a final one an incident may follow it; 0: never
    flap_window_s: int = 0  # O3: state changes are counted over so long; 0: nothing of this group is called flapping
    flap_on: int = 3
    flap_off: int = 1


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The kinds and groups of the rule set that a deployment runs."""

    rule_set: str
    kinds: dict[str, EventKind]
    groups: dict[str, KindGroup]

    def kind(self, kind_id: str) -> EventKind:
        """The row of a kind; an unknown one is treated as unclassified, never dropped."""
        return self.kinds.get(kind_id) or self.kinds[UNCLASSIFIED]

    def group_of(self, kind_id: str) -> KindGroup:
        if GROUP_OF_ALL in self.groups:
            return self.groups[GROUP_OF_ALL]
        return self.groups[self.kind(kind_id).kind_group]

    def mode_of(self, kind_id: str) -> KindMode:
        return KindMode.NOTICE_ONLY if GROUP_OF_ALL in self.groups else self.kind(kind_id).mode


async def read_taxonomy(conn: Connection, rule_set: str) -> Taxonomy:
    kinds = {
        row["id"]: EventKind(
            **{
                **dict(row),
                "co_departments": tuple(row["co_departments"]),
                "mode": KindMode(row["mode"]),
            }
        )
        for row in await conn.fetch(QUERIES.list_event_kinds)
    }
    groups = {row["id"]: KindGroup(**dict(row)) for row in await conn.fetch(QUERIES.list_kind_groups, rule_set)}
    return Taxonomy(rule_set, kinds, groups)

"""Why the events of an incident belong together: its nearest links, kept with the parameters that joined them."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from dispatcher.correlation.columns import EventColumns, Flags, event_columns
from dispatcher.correlation.explanation import explain
from dispatcher.correlation.groups import Group
from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.rules.rulebook import Rulebook
from registry.event_kinds import Taxonomy
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

OCCURRENCES_MAX: Final = 2000
"""Of more located events the links are not kept: the work grows by the square."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The parameters by which a group joined events, as they are stored."""

    r_m: int
    t_s: int
    g_s: int
    m: int

    def as_json(self) -> dict[str, int]:
        return {"r_m": self.r_m, "t_s": self.t_s, "g_s": self.g_s, "m": self.m}

    def as_group(self) -> Group:
        return Group(radius_dm=self.r_m * 10, window_ms=self.t_s * 1000, gap_ms=self.g_s * 1000, m=self.m)


@dataclass(frozen=True, slots=True, order=True)
class GroupLink:
    """Two occurrences of one group within its radius and time, named by their first events."""

    uid_a: bytes
    uid_b: bytes
    distance_dm: int
    dt_ms: int
    group: str

    def as_json(self) -> list[Any]:
        return [self.uid_a.hex(), self.uid_b.hex(), self.distance_dm, self.dt_ms, self.group]

    @classmethod
    def of_json(cls, stored: Sequence[Any]) -> "GroupLink":
        uid_a, uid_b, distance_dm, dt_ms, group = stored
        return cls(bytes.fromhex(uid_a), bytes.fromhex(uid_b), distance_dm, dt_ms, group)


async def keep(conn: Connection, rulebook: Rulebook, closed: Sequence[LiveIncident], at: datetime) -> None:
    """Store the links of final incidents; one that stands alone has none."""
    rows = []
    for incident in closed:
        located = [member for member in incident.members.values() if member.x_dm is not None]
        if len(located) < 2:
            continue
        groups = sorted({rulebook.taxonomy.group_of(member.witness.kind).id for member in located})
        reaches = {name: reach_of(rulebook.taxonomy, name) for name in groups}
        links = find_links(located, group_names(rulebook.taxonomy, located), reaches, incident.cores)
        stored = None if links is None else [link.as_json() for link in links]
        parameters = {name: reach.as_json() for name, reach in reaches.items()}
        rows.append((incident.id, at, rulebook.version, parameters, len(located), stored))
    if rows:
        await conn.executemany(QUERIES.put_final_explanation, rows)


def reach_of(taxonomy: Taxonomy, group: str) -> Reach:
    found = taxonomy.groups[group]
    return Reach(found.r_m, found.t_s, found.g_s, found.m)


def group_names(taxonomy: Taxonomy, members: Iterable[Member]) -> dict[bytes, str]:
    """The group of each event that place and time can link."""
    named: dict[bytes, str] = {}
    for member in members:
        group = taxonomy.group_of(member.witness.kind)
        if group.clustered and member.x_dm is not None:
            named[member.witness.uid] = group.id
    return named


def find_links(
    members: Collection[Member],
    group_of: Mapping[bytes, str],
    reaches: Mapping[str, Reach],
    cores: Container[bytes] | None,
) -> list[GroupLink] | None:
    """The nearest links of the events, group by group, sorted; None where there are too many events.

    `cores` are those events, in groups with m > 1, whose occurrence is core; None while that is not known.
    """
    if len(members) > OCCURRENCES_MAX:
        return None
    by_group: dict[str, list[Member]] = {}
    for member in members:
        if member.witness.uid in group_of:
            by_group.setdefault(group_of[member.witness.uid], []).append(member)
    return sorted(
        GroupLink(link.uid_a, link.uid_b, link.distance_dm, link.dt_ms, name)
        for name, of_group in by_group.items()
        if len(of_group) > 1
        for link in explain(_columns(of_group), reaches[name].as_group(), _core(of_group, reaches[name], cores))
    )


def _core(members: Sequence[Member], reach: Reach, cores: Container[bytes] | None) -> Flags | None:
    if cores is None or reach.m == 1:
        return None
    return np.array([member.witness.uid in cores for member in members], np.bool_)


def _columns(members: Sequence[Member]) -> EventColumns:
    subjects: dict[str, int] = {}
    kinds: dict[str, int] = {}
    size = len(members)
    return event_columns(
        [member.witness.uid for member in members],
        revision=np.zeros(size, np.int64),
        content=np.zeros(size, np.uint64),
        t_ms=np.array([member.witness.at_ms for member in members], np.int64),
        x_dm=np.array([member.x_dm for member in members], np.int64),
        y_dm=np.array([member.y_dm for member in members], np.int64),
        located=np.ones(size, np.bool_),
        group=np.zeros(size, np.int64),
        subject=np.array([subjects.setdefault(member.subject, len(subjects)) for member in members], np.int64),
        kind=np.array([kinds.setdefault(member.witness.kind, len(kinds)) for member in members], np.int64),
        severity=np.zeros(size, np.int64),
    )

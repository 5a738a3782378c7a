"""The open incidents and the correlator in memory: a cache that can be rebuilt from the database at any time."""

import asyncio
import gc
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np
from asyncpg import Record

from dispatcher.correlation.columns import EventColumns, Int64, event_columns
from dispatcher.correlation.correlator import Correlator
from dispatcher.correlation.groups import Group, GroupTable
from dispatcher.incidents import neighbours
from dispatcher.incidents.copied import (
    CopiedEvents,
    CopiedMembers,
    Mark,
    distinct,
    distinct_places,
    only_once,
    tiles_of,
)
from dispatcher.incidents.flapping import Flapping
from dispatcher.incidents.live import LiveIncident
from dispatcher.incidents.overlays import Act
from dispatcher.incidents.parts import FlapPart, Part, Parts, TilePart, classes
from dispatcher.incidents.subjects import Subjects, subject_number
from dispatcher.rules.rulebook import Rulebook
from events.model import Event
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

_COLUMNS: Final = (
    "uid_hi", "uid_lo", "revision", "content", "x_dm", "y_dm", "subject_number",
)  # fmt: skip
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_MADE_AT_ONCE: Final = 1_000


class Memory:
    """What a step knows beside the database. A step that fails throws it away."""

    def __init__(self, rulebook: Rulebook) -> None:
        taxonomy = rulebook.taxonomy
        self.groups: tuple[str, ...] = tuple(taxonomy.groups)
        self.table = GroupTable(
            [
                Group(
                    radius_dm=group.r_m * 10,
                    window_ms=group.t_s * 1000,
                    gap_ms=group.g_s * 1000,
                    m=group.m if group.clustered else 1,  # what is never clustered is never noise
                    lateness_ms=group.lateness_s * 1000,
                )
                for group in taxonomy.groups.values()
            ]
        )
        self.correlator = Correlator(self.table)
        self.incidents: dict[int, LiveIncident] = {}
        self.parts = Parts()
        self.of_event: dict[bytes, LiveIncident] = {}
        self.noise: set[bytes] = set()  # where m > 1: live events that are counted, and stored, as noise
        self.flapping = Flapping(taxonomy, self.parts)
        self.subjects = Subjects()
        self._by_row: list[LiveIncident] = []  # while it is rebuilt: the incident of each row
        # Incidents of the database that are not exactly their parts, because the rules changed meanwhile.
        self.disputed: list[LiveIncident] = []
        self.patterns: object | None = None  # what the patterns stage remembers; it rebuilds it
        self._group_index = {group: index for index, group in enumerate(self.groups)}
        self._kind_index: dict[str, int] = {}
        self._rulebook = rulebook

    @classmethod
    async def rebuild(cls, conn: Connection, rulebook: Rulebook) -> "Memory":
        """From the open incidents alone: what is final can gain nothing any more, so it is not needed."""
        gc.disable()  # a million objects are made, none of them in vain
        try:
            return await cls._rebuild(conn, rulebook)
        finally:
            gc.freeze()  # and are looked at by no later collection, which would hold up a step
            gc.enable()

    @classmethod
    async def _rebuild(cls, conn: Connection, rulebook: Rulebook) -> "Memory":
        memory = cls(rulebook)
        rows = await conn.fetch(QUERIES.open_incidents)
        hashes = {row["id"]: row["hash"] for row in await conn.fetch(QUERIES.hashes_of_kinds)}
        watermarks = {
            row["kind_group"]: row["watermark_at"]
            for row in await conn.fetch(QUERIES.read_watermarks, rulebook.taxonomy.rule_set)
        }
        beside = await neighbours.read(conn, list(rulebook.taxonomy.groups.values()))
        # While the server joins, there is time to make the incidents. Not in a group of tasks: the leader must see the
        # database's own error, with which it tries again.
        copied, incidents = await asyncio.gather(CopiedEvents.read(conn), _made(rows))
        memory.incidents = {incident.id: incident for incident in incidents}
        kind, kinds = copied.kinds(hashes)
        correlated = np.flatnonzero(copied.marked(Mark.CORRELATED))
        memory.correlator, applied = Correlator.rebuild(
            memory.table,
            memory._copied_columns(copied, correlated, kind[correlated], kinds),
            [_milliseconds(moment) if (moment := watermarks.get(group)) else None for group in memory.groups],
            beside=beside,
        )
        tile_s = np.array([rulebook.taxonomy.group_of(name).tile_s for name in kinds], np.int64)
        tile = tiles_of(copied.t_ms[correlated], tile_s[kind[correlated]])
        at = copied.incident_places(list(memory.incidents))
        outside = copied.records["incident_id"][correlated] == 0
        at[correlated[outside]], hidden = distinct_places(applied.component[outside], tile[outside], len(incidents))
        incidents += [_outside(rulebook, kinds[kind[correlated[outside]][row]]) for row in hidden.tolist()]
        memory._hold(incidents, copied, at)
        memory.subjects.read(kinds, copied.records["subject_number"].astype(np.int64), kind, incidents, at)
        await memory._take_flapping(conn)
        await memory._take_overlays(conn)
        memory._assign(incidents, copied, correlated, at[correlated], applied.component, tile)
        memory._by_row = []
        return memory

    def _hold(self, incidents: Sequence[LiveIncident], copied: CopiedEvents, at: Int64) -> None:
        """Give each incident its events; they become members when somebody looks at them."""
        order = np.argsort(at, kind="stable")
        ends = np.searchsorted(at[order], np.arange(len(incidents) + 1)).tolist()
        for place, incident in enumerate(incidents):
            incident.expect(CopiedMembers(copied, order, ends[place], ends[place + 1]))
        self._by_row = [incidents[place] for place in at.tolist()]
        self.of_event = dict(zip(copied.uids, self._by_row, strict=True))
        for row in np.flatnonzero(copied.marked(Mark.SETTLED)).tolist():
            self._by_row[row].settled[copied.uids[row]] = copied.settled_with(row)
        for row in np.flatnonzero(copied.marked(Mark.CORE)).tolist():
            self._by_row[row].cores.add(copied.uids[row])
        self.noise = {copied.uids[row] for row in np.flatnonzero(copied.marked(Mark.NOISE)).tolist()}

    async def _take_flapping(self, conn: Connection) -> None:
        """Which devices flap, and what they reported meanwhile."""
        self.flapping.read([dict(row) for row in await conn.fetch(QUERIES.list_series)])
        for row in await conn.fetch(QUERIES.suppressed_events):
            part = self.parts.flaps[row["event_uid"]] = FlapPart(row["subject"], row["kind"])
            self.parts.put(part, self.incidents[row["incident_id"]])
            self.flapping.expect(row["event_uid"], row["kind"], _milliseconds(row["effective_at"]))

    async def _take_overlays(self, conn: Connection) -> None:
        """What officers decided on events that are not final yet."""
        for incident in self.incidents.values():
            if incident.settled:
                self.parts.pin(incident.settled)
        for row in await conn.fetch(QUERIES.overlays_in_force):
            if row["act"] == Act.SPLIT:
                self.parts.split(row["seq"], row["event_uids"])
            else:
                self.parts.join(row["seq"], row["event_uids"])

    def _assign(
        self,
        incidents: Sequence[LiveIncident],
        copied: CopiedEvents,
        rows: Int64,
        at: Int64,
        component: Int64,
        tile: Int64,
    ) -> None:
        """Give each part its incident; where they do not match one to one they are left to be settled."""
        marked: dict[bytes, Part] = {}
        found: dict[Part, set[int]] = defaultdict(set)  # part -> the places of its incidents
        alone = np.ones(rows.size, np.bool_)
        if not self.parts.plain:
            uids = [copied.uids[row] for row in rows.tolist()]
            marks = self.parts.splits.keys() | self.parts.flaps.keys()
            alone = np.array([uid not in marks and not self.parts.is_held(uid) for uid in uids], np.bool_)
            for row in np.flatnonzero(~alone).tolist():
                part = marked[uids[row]] = self.parts.of(uids[row], int(component[row]), int(tile[row]))
                found[part].add(int(at[row]))
        handles, numbers, places_of = distinct(component[alone], tile[alone], at[alone])
        if not marked:
            # Nearly all are one part that is one incident: those are put at once.
            single = only_once(handles) & only_once(places_of)
            holders = [incidents[place] for place in places_of[single].tolist()]
            self.parts.fill(handles[single].tolist(), numbers[single].tolist(), holders)
            handles, numbers, places_of = handles[~single], numbers[~single], places_of[~single]
        for handle, number, place in zip(handles.tolist(), numbers.tolist(), places_of.tolist(), strict=True):
            found[TilePart(handle, number)].add(place)
        grouped = classes(marked, self.parts)
        root = {part: of for of, those in grouped.items() for part in those}
        of_class: dict[Part, set[int]] = defaultdict(set)
        spread: dict[int, set[Part]] = defaultdict(set)  # incident -> its classes of parts
        for part, places in found.items():
            of = root.get(part, part)
            of_class[of] |= places
            for place in places:
                spread[place].add(of)
        disputed: set[int] = set()
        for of, places in of_class.items():
            if len(places) == 1 and len(spread[next(iter(places))]) == 1:
                for part in grouped.get(of, (of,)):
                    self.parts.put(part, incidents[next(iter(places))])
            else:
                disputed |= places
        self.disputed = [incidents[place] for place in sorted(disputed)]

    def _copied_columns(self, copied: CopiedEvents, rows: Int64, kind: Int64, kinds: Sequence[str]) -> EventColumns:
        """The same columns as those of events, without making an event of any row."""
        groups = [self._rulebook.taxonomy.group_of(name) for name in kinds]
        records = {name: copied.records[name][rows] for name in _COLUMNS}
        clustered = np.array([group.clustered for group in groups], np.bool_)
        return event_columns(
            (records["uid_hi"].astype(np.uint64), records["uid_lo"].astype(np.uint64)),
            revision=records["revision"],
            content=records["content"],
            t_ms=copied.t_ms[rows],
            x_dm=records["x_dm"],
            y_dm=records["y_dm"],
            located=copied.marked(Mark.LOCATED)[rows] & clustered[kind],
            group=np.array([self._group_index[group.id] for group in groups], np.int64)[kind],
            subject=records["subject_number"],
            kind=np.array([self._kind_number(name) for name in kinds], np.int64)[kind],
            severity=copied.severity[rows],
        )

    def columns(self, events: Sequence[Event], taken_out: int = 0) -> EventColumns:
        """The events as the correlator takes them. Kinds that are never clustered are given as unlocated.

        The last `taken_out` events leave their clusters: each stands alone, apart from all others of its subject.
        """
        stays = np.arange(len(events)) < len(events) - taken_out
        groups = [self._rulebook.taxonomy.group_of(event.kind) for event in events]
        return event_columns(
            [event.uid for event in events],
            revision=np.array([self.flapping.revision(event) for event in events], dtype=np.int64),
            content=np.frombuffer(b"".join(event.content_hash for event in events), dtype=">u8").astype(np.uint64),
            t_ms=np.array([_milliseconds(event.effective_at) for event in events], dtype=np.int64),
            x_dm=np.array([event.x_dm or 0 for event in events], dtype=np.int64),
            y_dm=np.array([event.y_dm or 0 for event in events], dtype=np.int64),
            located=np.array([self.is_located(event) for event in events], dtype=np.bool_) & stays,
            state=(~stays).astype(np.int64),
            group=np.array([self._group_index[group.id] for group in groups], dtype=np.int64),
            subject=np.array([subject_number(event.subject) for event in events], dtype=np.int64),
            kind=np.array([self._kind_number(event.kind) for event in events], dtype=np.int64),
            severity=np.array([event.severity for event in events], dtype=np.int64),
        )

    def is_located(self, event: Event) -> bool:
        """Whether place and time can link it: it has a position, and its kind is clustered at all."""
        return event.x_dm is not None and self._rulebook.taxonomy.group_of(event.kind).clustered

    def is_late(self, event: Event) -> bool:
        """Whether it is older than its group's watermark."""
        watermark_ms = self.correlator.watermark_ms(self._group_index[self._rulebook.taxonomy.group_of(event.kind).id])
        return watermark_ms is not None and _milliseconds(event.effective_at) < watermark_ms

    @property
    def largest(self) -> int:
        """How many events the largest incident holds."""
        return max((incident.event_count for incident in self.incidents.values()), default=0)

    def forget(self, incident: LiveIncident) -> None:
        """The incident can gain nothing any more."""
        self.incidents.pop(incident.id, None)
        for uid in incident.members:
            if self.of_event.get(uid) is incident:
                del self.of_event[uid]
        self.subjects.forget(incident)
        self.parts.drop(incident)
        self.parts.forget(incident.members)

    def _kind_number(self, kind: str) -> int:
        return self._kind_index.setdefault(kind, len(self._kind_index))


async def _made(rows: Sequence[Record]) -> list[LiveIncident]:
    """The incidents of the rows; lets others go on meanwhile."""
    incidents: list[LiveIncident] = []
    for start in range(0, len(rows), _MADE_AT_ONCE):
        await asyncio.sleep(0)
        incidents += [LiveIncident(**dict(row)) for row in rows[start : start + _MADE_AT_ONCE]]
    return incidents


def _outside(rulebook: Rulebook, kind: str) -> LiveIncident:
    """Noise that no incident holds."""
    group = rulebook.taxonomy.group_of(kind).id
    return LiveIncident(id=0, number="", case_id=0, kind_group=group, opened_at=_NEVER, late=False, noise=True)


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)

"""The open incidents and the correlator in memory: a cache that can be rebuilt from the database at any time."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

import numpy as np

from dispatcher.correlation.columns import EventColumns, event_columns
from dispatcher.correlation.correlator import Correlator
from dispatcher.correlation.groups import Group, GroupTable
from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.incidents.model import Standing
from dispatcher.rules.rulebook import Rulebook
from events.model import Event, EventSource, SourceClass, TimeQuality
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

Dispute: TypeAlias = tuple[LiveIncident, frozenset[bytes]]
"""An incident, and which of its events lie in the component in question."""

_CORRELATED: Final = frozenset({Standing.CLUSTERED, Standing.ALONE})


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
                    m=group.m,
                    lateness_ms=group.lateness_s * 1000,
                )
                for group in taxonomy.groups.values()
            ]
        )
        self.correlator = Correlator(self.table)
        self.incidents: dict[int, LiveIncident] = {}
        self.by_component: dict[int, LiveIncident] = {}
        self.of_event: dict[bytes, LiveIncident] = {}
        self.of_subject: dict[tuple[str, str], LiveIncident] = {}  # (subject, kind): where it was seen last
        # Components that are not exactly one incident of the database, because the rules changed meanwhile.
        self.disputed: dict[int, list[Dispute]] = {}
        self._group_index = {group: index for index, group in enumerate(self.groups)}
        self._kind_index: dict[str, int] = {}
        self._rulebook = rulebook

    @classmethod
    async def rebuild(cls, conn: Connection, rulebook: Rulebook) -> "Memory":
        """From the open incidents alone: what is final can gain nothing any more, so it is not needed."""
        memory = cls(rulebook)
        for row in await conn.fetch(QUERIES.open_incidents):
            memory.incidents[row["id"]] = LiveIncident(**dict(row))
        correlated: list[Event] = []
        for row in await conn.fetch(QUERIES.open_incident_events):
            columns = dict(row)
            incident = memory.incidents[columns.pop("incident_id")]
            standing = Standing(columns.pop("standing"))
            event = _event(columns)
            if standing is Standing.RETURNED:
                continue
            incident.put(Member.of(event))
            memory.of_event[event.uid] = incident
            memory.of_subject[event.subject, event.kind] = incident
            if standing in _CORRELATED:
                correlated.append(event)
        watermarks = {
            row["kind_group"]: row["watermark_at"]
            for row in await conn.fetch(QUERIES.read_watermarks, rulebook.taxonomy.rule_set)
        }
        memory.correlator, applied = Correlator.rebuild(
            memory.table,
            memory.columns(correlated),
            [_milliseconds(at) if (at := watermarks.get(group)) else None for group in memory.groups],
        )
        memory._assign(correlated, applied.component.tolist())
        return memory

    def _assign(self, events: Sequence[Event], components: Sequence[int]) -> None:
        """Give each component its incident; where they do not match one to one they are left to be settled."""
        found: dict[int, dict[int, set[bytes]]] = {}  # component -> incident -> its events there
        spread: dict[int, set[int]] = {}  # incident -> its components
        for event, component in zip(events, components, strict=True):
            incident_id = self.of_event[event.uid].id
            found.setdefault(component, {}).setdefault(incident_id, set()).add(event.uid)
            spread.setdefault(incident_id, set()).add(component)
        for component, parts in found.items():
            if len(parts) == 1 and len(spread[next(iter(parts))]) == 1:
                self.by_component[component] = self.incidents[next(iter(parts))]
            else:
                self.disputed[component] = [(self.incidents[i], frozenset(uids)) for i, uids in parts.items()]

    def columns(self, events: Sequence[Event]) -> EventColumns:
        """The events as the correlator takes them. Kinds that are never clustered are given as unlocated."""
        groups = [self._rulebook.taxonomy.group_of(event.kind) for event in events]
        return event_columns(
            [event.uid for event in events],
            revision=np.array([event.revision for event in events], dtype=np.int64),
            content=np.frombuffer(b"".join(event.content_hash for event in events), dtype=">u8").astype(np.uint64),
            t_ms=np.array([_milliseconds(event.effective_at) for event in events], dtype=np.int64),
            x_dm=np.array([event.x_dm or 0 for event in events], dtype=np.int64),
            y_dm=np.array([event.y_dm or 0 for event in events], dtype=np.int64),
            located=np.array([self.is_located(event) for event in events], dtype=np.bool_),
            group=np.array([self._group_index[group.id] for group in groups], dtype=np.int64),
            subject=np.array([_subject_number(event.subject) for event in events], dtype=np.int64),
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

    def forget(self, incident: LiveIncident) -> None:
        """The incident can gain nothing any more."""
        self.incidents.pop(incident.id, None)
        for uid, member in incident.members.items():
            if self.of_event.get(uid) is incident:
                del self.of_event[uid]
            subject = member.subject, member.witness.kind
            if self.of_subject.get(subject) is incident:
                del self.of_subject[subject]

    def _kind_number(self, kind: str) -> int:
        return self._kind_index.setdefault(kind, len(self._kind_index))


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def _subject_number(subject: str) -> int:
    """64 bits of a digest: the same after every restart, and two subjects share one with a chance of 1 in 10^19."""
    return int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], "big", signed=True)


def _event(columns: dict[str, Any]) -> Event:
    typed = columns | {
        "source": EventSource(columns["source"]),
        "source_class": SourceClass(columns["source_class"]),
        "time_quality": TimeQuality(columns["time_quality"]),
        "area_path": tuple(columns["area_path"]),
    }
    return Event(**typed)

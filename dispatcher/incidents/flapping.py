"""Devices that flap: which of their events are suppressed, and the reports that still decide it (O3).

A life-safety kind is never watched: whatever its device does, its events keep their incident. The memory holds the
reports ahead of the watermark; what it passed is folded, so that a device that flaps for weeks costs a few numbers.
"""

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from struct import Struct
from typing import Any, Final, NamedTuple, TypeAlias

from dispatcher.correlation.flapping import Begun, Judged, Limits, Report, fold, judge
from dispatcher.incidents.parts import FlapPart, Parts
from events.model import Event, EventSource
from registry.event_kinds import KindMode, Taxonomy

FLAPPING_KIND: Final = "device_flapping"

_WATCHED: Final = frozenset({EventSource.DEVICE_EVENT, EventSource.SIGNAL})
# Versions of an event that was taken out of its cluster, for the correlator: above any revision of a source.
_LIFTED: Final = 1 << 62

Version: TypeAlias = tuple[int, bytes]

# A report and its version: time, uid, raised, revision, content hash.
_PACKED: Final = Struct(">q16s?q8s")


class Flips(NamedTuple):
    """What a segment of the log changes: uids of raised events."""

    suppressed: frozenset[bytes]  # of the segment or known: they belong to the flapping of their device now
    freed: frozenset[bytes]  # were suppressed, and are not any more
    outdated: frozenset[int]  # places in the segment of versions that another has replaced, or that nobody waits for


@dataclass(slots=True)
class Series:
    """The reports of one subject about one kind: those ahead of the watermark, and what came of the others."""

    begun: Begun = field(default_factory=Begun)
    reports: dict[bytes, Report] = field(default_factory=dict)
    versions: dict[bytes, Version] = field(default_factory=dict)
    _packed: dict[bytes, bytes] = field(default_factory=dict)  # each as it is stored: it is stored with every newer one

    @staticmethod
    def of_json(stored: Mapping[str, Any]) -> "Series":
        """As stored; at first every report was a list of its own."""
        flapping, last_ms, last_raised, changes_ms = stored["begun"]
        series = Series(Begun(flapping, last_ms, last_raised, tuple(changes_ms)))
        kept = stored["reports"]
        if isinstance(kept, str):
            for t_ms, uid, raised, revision, content in _PACKED.iter_unpack(b64decode(kept)):
                series.put(Report(t_ms, uid, raised), (revision, content))
        else:
            for t_ms, uid_hex, raised, revision, content_hex in kept:
                series.put(Report(t_ms, bytes.fromhex(uid_hex), raised), (revision, bytes.fromhex(content_hex)))
        return series

    def as_json(self) -> dict[str, Any]:
        """The same for the same reports, whatever came first."""
        return {"begun": list(self.begun), "reports": b64encode(b"".join(sorted(self._packed.values()))).decode()}

    def put(self, report: Report, version: Version) -> None:
        self.reports[report.uid] = report
        self.versions[report.uid] = version
        self._packed[report.uid] = _PACKED.pack(*report, *version)

    def remove(self, uid: bytes) -> None:
        del self.reports[uid], self.versions[uid], self._packed[uid]


class Flapping:
    """The series of all watched subjects and kinds; says which events are suppressed and keeps `parts.flaps` so."""

    def __init__(self, taxonomy: Taxonomy, parts: Parts) -> None:
        self._taxonomy = taxonomy
        self._parts = parts
        self._series: dict[FlapPart, Series] = {}
        self._where: dict[bytes, FlapPart] = {}  # of each report ahead of the watermark
        self._lifted: dict[bytes, int] = {}  # how often an event was taken out of its cluster, or put back
        self._lifted_versions: dict[bytes, Version] = {}
        self._due: dict[str, list[tuple[int, FlapPart]]] = defaultdict(list)  # by group: when to look at a series
        self._settling: dict[str, list[tuple[int, bytes]]] = defaultdict(list)  # by group: suppressed events by time
        self.changed: set[FlapPart] = set()  # series that are to be written

    def watches(self, event: Event) -> bool:
        """Whether its device may flap: never a person, never where life is at stake."""
        return (
            event.source in _WATCHED
            and self._taxonomy.group_of(event.kind).flap_window_s > 0
            and self._taxonomy.mode_of(event.kind) is not KindMode.AUTO_TICKET
        )

    def take(self, events: Sequence[tuple[Event, bool]]) -> Flips:
        """Take in a segment in the order of the log; each event comes with whether its watermark has passed it."""
        touched: set[FlapPart] = set()
        outdated: set[int] = set()
        freed: set[bytes] = set()
        newest: dict[bytes, int] = {}  # of each event of the segment the place of its newest version
        for place, (event, passed) in enumerate(events):
            uid = event.uid
            part = self._where.get(uid)
            version = (event.revision, event.content_hash)
            known = self._series[part].versions[uid] if part is not None else self._lifted_versions.get(uid)
            if known is not None and version <= known:
                outdated.add(place)
                continue
            if passed or (part is None and uid in self._parts.flaps):
                if uid in self._parts.flaps:
                    outdated.add(place)  # what was said of a time that the watermark passed stands
                continue
            if uid in newest:
                outdated.add(newest[uid])
            if part is not None:
                self._series[part].remove(uid)
                del self._where[uid]
                touched.add(part)
            if uid in self._lifted:
                self._lifted[uid] += 1
                self._lifted_versions[uid] = version
            if self.watches(event):
                touched.add(self._put(event, version))
                newest[uid] = place
            elif self._parts.flaps.pop(uid, None) is not None:
                freed.add(uid)
        suppressed, released = self._judge(touched)
        return Flips(suppressed, frozenset(freed) | released, frozenset(outdated))

    def _put(self, event: Event, version: Version) -> FlapPart:
        part = FlapPart(event.subject, event.kind)
        t_ms = round(event.effective_at.timestamp() * 1000)
        self._series.setdefault(part, Series()).put(Report(t_ms, event.uid, event.raised), version)
        self._where[event.uid] = part
        heappush(self._due[self._taxonomy.group_of(event.kind).id], (t_ms, part))
        return part

    def _judge(self, touched: Iterable[FlapPart]) -> tuple[frozenset[bytes], frozenset[bytes]]:
        suppressed: set[bytes] = set()
        freed: set[bytes] = set()
        for part, judged in self._judged(touched):
            self.changed.add(part)
            for report, flapping in zip(judged.reports, judged.flapping, strict=True):
                uid = report.uid
                if flapping and report.raised and self._parts.flaps.get(uid) != part:
                    suppressed.add(uid)
                    self._parts.flaps[uid] = part
                    self.expect(uid, part.kind, report.t_ms)
                elif not (flapping and report.raised) and uid in self._parts.flaps:
                    freed.add(uid)
                    del self._parts.flaps[uid]
        return frozenset(suppressed), frozenset(freed)

    def _judged(self, parts: Iterable[FlapPart]) -> list[tuple[FlapPart, Judged]]:
        ordered = sorted(parts)
        judged = judge(
            [
                (self._limits(part), self._series[part].begun, list(self._series[part].reports.values()))
                for part in ordered
            ]
        )
        return list(zip(ordered, judged, strict=True))

    def expect(self, uid: bytes, kind: str, t_ms: int) -> None:
        """It is suppressed: it is settled when nothing of its time can come any more."""
        heappush(self._settling[self._taxonomy.group_of(kind).id], (t_ms, uid))

    def fold(self, group: str, watermark_ms: int) -> None:
        """What the watermark passed is final; a series of which nothing is left is forgotten."""
        due = self._due[group]
        passed: set[FlapPart] = set()
        while due and due[0][0] < watermark_ms:
            passed.add(heappop(due)[1])
        for part, judged in self._judged(part for part in passed if part in self._series):
            series, limits = self._series[part], self._limits(part)
            series.begun, left = fold(limits, series.begun, judged, watermark_ms)
            for uid in series.reports.keys() - {report.uid for report in left}:
                series.remove(uid)
                del self._where[uid]
                self._lifted.pop(uid, None)
                self._lifted_versions.pop(uid, None)
            forgotten_ms = series.begun.last_ms + limits.window_ms
            if not left and forgotten_ms < watermark_ms:
                del self._series[part]
            elif not left:
                heappush(due, (forgotten_ms, part))
            self.changed.add(part)

    def settling(self, group: str, watermark_ms: int) -> list[tuple[int, bytes]]:
        """Suppressed events, with their time, to which nothing admissible can add any more."""
        window_ms = self._taxonomy.groups[group].t_s * 1000
        waiting = self._settling[group]
        found = []
        while waiting and waiting[0][0] + window_ms < watermark_ms:
            found.append(heappop(waiting))
        return found

    def lift(self, uid: bytes) -> None:
        """The correlator has to believe the next version of this event, whatever its source calls it."""
        self._lifted[uid] = self._lifted.get(uid, 0) + 1
        if uid in self._where:
            self._lifted_versions[uid] = self._series[self._where[uid]].versions[uid]

    def revision(self, event: Event) -> int:
        """The revision of an event for the correlator."""
        lifted = self._lifted.get(event.uid)
        return event.revision if lifted is None else _LIFTED + lifted

    def read(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take over what the database says."""
        for row in rows:
            part = FlapPart(row["subject"], row["kind"])
            series = self._series[part] = Series.of_json(row["state"])
            due = self._due[self._taxonomy.group_of(part.kind).id]
            for t_ms in (series.begun.last_ms, *(report.t_ms for report in series.reports.values())):
                heappush(due, (t_ms, part))
            self._where.update(dict.fromkeys(series.reports, part))

    def written(self) -> tuple[list[tuple[str, str, dict[str, Any]]], list[tuple[str, str]]]:
        """The series that changed since this was asked last: to be kept, and to be forgotten."""
        kept = [(*part, self._series[part].as_json()) for part in sorted(self.changed) if part in self._series]
        gone = [tuple(part) for part in sorted(self.changed) if part not in self._series]
        self.changed = set()
        return kept, [(subject, kind) for subject, kind in gone]

    def _limits(self, part: FlapPart) -> Limits:
        group = self._taxonomy.group_of(part.kind)
        return Limits(group.flap_window_s * 1000, group.flap_on, group.flap_off)

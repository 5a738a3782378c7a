"""The open incidents in memory: their events as grading needs them, and the row that the api shows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatcher.incidents.model import IncidentStatus
from dispatcher.risk.grading import Grading, Witness
from dispatcher.rules.rulebook import Rulebook
from events.model import Event, SourceClass


@dataclass(frozen=True, slots=True)
class Member:
    """One event of an incident, with what the incident takes from it."""

    witness: Witness
    effective_at: datetime
    area_id: str | None
    area_path: tuple[str, ...]
    place: str | None
    lon: float | None
    lat: float | None
    subject: str

    @staticmethod
    def of(event: Event) -> "Member":
        return Member(
            witness=Witness(
                at_ms=round(event.effective_at.timestamp() * 1000),
                uid=event.uid,
                kind=event.kind,
                source_class=event.source_class,
            ),
            effective_at=event.effective_at,
            area_id=event.area_id,
            area_path=event.area_path,
            place=event.place,
            lon=event.lon,
            lat=event.lat,
            subject=event.subject,
        )


@dataclass(slots=True)
class _Sum:
    """What an incident shows of its members, kept up as they come: a storm's incident is never added up again."""

    canonical: Member  # least (time, uid): the same whatever came first
    located: Member | None  # the first with a position
    first_at: datetime
    last_at: datetime
    witnesses: dict[tuple[str, SourceClass], Witness]  # the first of each kind and class

    @staticmethod
    def of(members: Iterable[Member]) -> "_Sum":
        every = iter(members)
        first = next(every)
        total = _Sum(first, None, first.effective_at, first.effective_at, {})
        total.add(first)
        for member in every:
            total.add(member)
        return total

    def add(self, member: Member) -> None:
        witness = member.witness
        if witness < self.canonical.witness:
            self.canonical = member
        if member.lon is not None and (self.located is None or witness < self.located.witness):
            self.located = member
        self.first_at = min(self.first_at, member.effective_at)
        self.last_at = max(self.last_at, member.effective_at)
        sort = witness.kind, witness.source_class
        if sort not in self.witnesses or witness < self.witnesses[sort]:
            self.witnesses[sort] = witness

    def rests_on(self, member: Member) -> bool:
        """Whether it may be another without this member."""
        return (
            member is self.canonical
            or member is self.located
            or member.effective_at in (self.first_at, self.last_at)
            or self.witnesses.get((member.witness.kind, member.witness.source_class)) == member.witness
        )


@dataclass(slots=True)
class LiveIncident:
    """An incident that may still change. Everything it shows is a function of the set of its members."""

    id: int
    number: str
    case_id: int
    kind_group: str
    opened_at: datetime
    late: bool
    grading: Grading | None = None
    status: IncidentStatus = IncidentStatus.OPEN
    final_at: datetime | None = None
    merged_into: int | None = None
    merged_at: datetime | None = None
    bridge_uid: bytes | None = None
    _members: dict[bytes, Member] = field(default_factory=dict)
    _sum: _Sum | None = None  # None: to be added up when it is asked for

    @property
    def members(self) -> Mapping[bytes, Member]:
        return self._members

    def put(self, member: Member) -> None:
        """Add a member, or a newer version of one."""
        self.remove(member.witness.uid)
        if self._sum is not None:
            self._sum.add(member)
        self._members[member.witness.uid] = member

    def remove(self, uid: bytes) -> None:
        """Let a member go; one that is not there is nothing to do."""
        member = self._members.pop(uid, None)
        if member is not None and self._sum is not None and self._sum.rests_on(member):
            self._sum = None

    def _total(self) -> _Sum:
        if self._sum is None:
            self._sum = _Sum.of(self._members.values())
        return self._sum

    @property
    def canonical(self) -> Member:
        """The member with the least (time, uid): the same whatever came first."""
        return self._total().canonical

    @property
    def witnesses(self) -> list[Witness]:
        """The first of each kind and class of source: no rule of grading looks at more of the members."""
        return list(self._total().witnesses.values())

    @property
    def graded(self) -> Grading:
        if self.grading is None:
            raise LookupError(f"incident {self.number} was never graded")
        return self.grading

    @property
    def placed(self) -> Member:
        """The earliest member with a position, or the earliest of all."""
        total = self._total()
        return total.located or total.canonical

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first and the last time of a member."""
        total = self._total()
        return total.first_at, total.last_at

    def row(self, rulebook: Rulebook) -> dict[str, Any]:
        """The incident as lists and the stream show it."""
        kind = rulebook.taxonomy.kind(self.graded.kind)
        placed = self.placed
        first_at, last_at = self.span
        return {
            "id": self.id,
            "number": self.number,
            "case_id": self.case_id,
            "status": self.status.value,
            "kind": kind.id,
            "kind_zh": kind.zh_name,
            "kind_en": kind.en_name,
            "grade": self.graded.grade,
            "area_id": placed.area_id,
            "place": placed.place,
            "lon": placed.lon,
            "lat": placed.lat,
            "first_at": first_at,
            "last_at": last_at,
            "opened_at": self.opened_at,
            "final_at": self.final_at,
            "event_count": len(self._members),
            "source_classes": self.source_classes,
            "late": self.late,
            "merged_into": self.merged_into,
            "explanation": self.graded.as_json(),
        }

    @property
    def source_classes(self) -> list[str]:
        return sorted({source_class.value for _, source_class in self._total().witnesses})

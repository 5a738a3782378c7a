"""The open incidents in memory: their events as grading needs them, and the row that the api shows."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatcher.incidents.model import IncidentStatus
from dispatcher.risk.matches import PatternMatch
from dispatcher.risk.model import Grading, Witness
from dispatcher.risk.override import Override, shown
from dispatcher.risk.tally import Tally
from dispatcher.rules.rulebook import Rulebook
from events.model import Event


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
    x_dm: int | None = None
    y_dm: int | None = None

    @staticmethod
    def of(event: Event) -> "Member":
        return Member(
            witness=Witness.of(event),
            effective_at=event.effective_at,
            area_id=event.area_id,
            area_path=event.area_path,
            place=event.place,
            lon=event.lon,
            lat=event.lat,
            subject=event.subject,
            x_dm=event.x_dm,
            y_dm=event.y_dm,
        )


@dataclass(slots=True)
class _Sum:
    """What an incident shows of its members, kept up as they come: a storm's incident is never added up again."""

    canonical: Member  # least (time, uid): the same whatever came first
    located: Member | None  # the first with a position
    first_at: datetime
    last_at: datetime
    tally: Tally  # what grading looks at

    @staticmethod
    def of(members: Iterable[Member]) -> "_Sum":
        every = iter(members)
        first = next(every)
        total = _Sum(first, None, first.effective_at, first.effective_at, Tally())
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
        self.tally.add(witness)

    def rests_on(self, member: Member) -> bool:
        """Whether it may be another without this member."""
        return (
            member is self.canonical
            or member is self.located
            or member.effective_at in (self.first_at, self.last_at)
            or self.tally.rests_on(member.witness)
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
    override: Override | None = None  # an officer's grade, over the computed one
    matches: tuple[PatternMatch, ...] = ()  # patterns in force that hold of it
    status: IncidentStatus = IncidentStatus.OPEN
    final_at: datetime | None = None
    merged_into: int | None = None
    merged_at: datetime | None = None
    bridge_uid: bytes | None = None
    follows: int | None = None  # the final incident that it comes back to
    tile: int = 0  # the absolute tile of its canonical event
    case_of: "LiveIncident | None" = None  # whose case it shares, while its own is not known yet
    # Of its events those whose cluster is final, each with the event, not final yet, with which it stays.
    settled: dict[bytes, bytes] = field(default_factory=dict)
    noise: bool = False  # where m > 1: no incident, or none any more
    cores: set[bytes] = field(default_factory=set)  # where m > 1: of its final events those whose occurrence was core
    _members: dict[bytes, Member] = field(default_factory=dict)
    _expected: Collection[Member] | None = None  # members that nobody has looked at since they were read
    _held: Counter[tuple[str, str]] | None = None  # members by subject and kind; None: to be counted
    _sum: _Sum | None = None  # None: to be added up when it is asked for

    @property
    def is_hidden(self) -> bool:
        """Whether nobody ever saw it: noise that was never an incident."""
        return self.noise and not self.id

    @property
    def stored_status(self) -> IncidentStatus:
        """The status that is kept and shown; `status` says whether it may still change."""
        return IncidentStatus.DISSOLVED if self.noise else self.status

    @property
    def members(self) -> Mapping[bytes, Member]:
        return self._own()

    @property
    def event_count(self) -> int:
        return len(self._members) if self._expected is None else len(self._expected)

    def expect(self, members: Collection[Member]) -> None:
        """These are its members; they are made when one is asked for."""
        self._expected = members

    def holds(self, subject: str, kind: str) -> bool:
        """Whether a member is about this subject."""
        if self._held is None:
            self._held = Counter((m.subject, m.witness.kind) for m in self._own().values())
        return (subject, kind) in self._held

    def _own(self) -> dict[bytes, Member]:
        expected, self._expected = self._expected, None
        if expected is not None:
            self._members = {member.witness.uid: member for member in expected}
        return self._members

    def case_holder(self) -> "LiveIncident":
        """The incident whose case is this one's."""
        holder = self
        while holder.case_id == 0 and holder.case_of is not None:
            holder = holder.case_of
        return holder

    def put(self, member: Member) -> None:
        """Add a member, or a newer version of one."""
        self.remove(member.witness.uid)
        if self._sum is not None:
            self._sum.add(member)
        if self._held is not None:
            self._held[member.subject, member.witness.kind] += 1
        self._own()[member.witness.uid] = member

    def remove(self, uid: bytes) -> None:
        """Let a member go; one that is not there is nothing to do."""
        member = self._own().pop(uid, None)
        if member is None:
            return
        if self._sum is not None and self._sum.rests_on(member):
            self._sum = None
        if self._held is not None:
            sort = member.subject, member.witness.kind
            self._held[sort] -= 1
            if not self._held[sort]:
                del self._held[sort]

    def _total(self) -> _Sum:
        if self._sum is None:
            self._sum = _Sum.of(self._own().values())
        return self._sum

    @property
    def canonical(self) -> Member:
        """The member with the least (time, uid): the same whatever came first."""
        return self._total().canonical

    @property
    def tally(self) -> Tally:
        """What grading looks at: no rule sees more of the members."""
        return self._total().tally

    @property
    def graded(self) -> Grading:
        if self.grading is None:
            raise LookupError(f"incident {self.number} was never graded")
        return self.grading

    @property
    def grade(self) -> int:
        """The grade that counts: the computed one under an officer's."""
        return shown(self.graded.grade, self.override)

    @property
    def explanation(self) -> dict[str, Any]:
        """Why it has its grade, as it is stored and shown."""
        return self.graded.as_json() | {"override": self.override and self.override.as_json()}

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
            "status": self.stored_status.value,
            "kind": kind.id,
            "kind_zh": kind.zh_name,
            "kind_en": kind.en_name,
            "grade": self.grade,
            "area_id": placed.area_id,
            "place": placed.place,
            "lon": placed.lon,
            "lat": placed.lat,
            "first_at": first_at,
            "last_at": last_at,
            "opened_at": self.opened_at,
            "final_at": self.final_at,
            "event_count": self.event_count,
            "source_classes": self.source_classes,
            "late": self.late,
            "merged_into": self.merged_into,
            "follows": self.follows,
            "tile": self.tile,
            "explanation": self.explanation,
        }

    @property
    def source_classes(self) -> list[str]:
        return sorted({source_class.value for _, source_class in self._total().tally.sorts})

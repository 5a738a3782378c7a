"""The open incidents in memory: their events as grading needs them, and the row that the api shows."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dispatcher.incidents.model import IncidentStatus
from dispatcher.risk.grading import Grading, Witness
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
class LiveIncident:
    """An incident that may still change. Everything it shows is a function of the set of its members."""

    id: int
    number: str
    case_id: int
    kind_group: str
    opened_at: datetime
    late: bool
    members: dict[bytes, Member] = field(default_factory=dict)
    grading: Grading | None = None
    status: IncidentStatus = IncidentStatus.OPEN
    final_at: datetime | None = None
    merged_into: int | None = None
    merged_at: datetime | None = None
    bridge_uid: bytes | None = None

    @property
    def canonical(self) -> Member:
        """The member with the least (time, uid): the same whatever came first."""
        return min(self.members.values(), key=lambda member: member.witness)

    @property
    def graded(self) -> Grading:
        if self.grading is None:
            raise LookupError(f"incident {self.number} was never graded")
        return self.grading

    @property
    def placed(self) -> Member:
        """The earliest member with a position, or the earliest of all."""
        located = [member for member in self.members.values() if member.lon is not None]
        return min(located, key=lambda member: member.witness) if located else self.canonical

    def row(self, rulebook: Rulebook) -> dict[str, Any]:
        """The incident as lists and the stream show it."""
        kind = rulebook.taxonomy.kind(self.graded.kind)
        placed = self.placed
        times = [member.effective_at for member in self.members.values()]
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
            "first_at": min(times),
            "last_at": max(times),
            "opened_at": self.opened_at,
            "final_at": self.final_at,
            "event_count": len(self.members),
            "source_classes": self.source_classes,
            "late": self.late,
            "merged_into": self.merged_into,
            "explanation": self.graded.as_json(),
        }

    @property
    def source_classes(self) -> list[str]:
        return sorted({member.witness.source_class.value for member in self.members.values()})

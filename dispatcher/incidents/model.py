"""An incident, and what one step changed about it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from events.model import Event
from registry.event_kinds import KindMode


class IncidentStatus(StrEnum):
    """Equal to the SQL enum `incident_status`."""

    OPEN = "open"  # may still gain events
    FINAL = "final"  # the watermark passed: it absorbs nothing any more
    MERGED = "merged"  # an alias of the incident that it was found to be part of
    DISSOLVED = "dissolved"  # a correction left noise of it; open again if that becomes a cluster while it may


class Standing(StrEnum):
    """Why an event stands where it stands; equal to the CHECK of `incident_events.standing`."""

    CLUSTERED = "clustered"  # found by place and time, alone or with others
    NOISE = "noise"  # where m > 1: too few near it and not grave by itself; in no incident, or in a dissolved one
    ALONE = "alone"  # without a position, or of a kind that is never clustered
    LATE = "late"  # older than the watermark when it came: not clustered
    SUPPRESSED = "suppressed"  # of a device that flaps: counted with its flapping alone
    RETURNED = "returned"  # the condition went back to normal: shown, never closes anything


@dataclass(frozen=True, slots=True)
class IncidentChange:
    """What a step did to one incident; the tickets stage reads these in order."""

    incident_id: int
    number: str
    case_id: int
    kind: str
    mode: KindMode
    grade: int
    opened: bool
    late: bool
    area_id: str | None
    area_path: tuple[str, ...]
    place: str | None
    lon: float | None
    lat: float | None
    opened_at: datetime
    # New in this step, in log order; a person's report is an event whose `call_id` is set.
    new_events: tuple[Event, ...]
    # Incidents that this one absorbed in this step: (incident id, case id, uid of the bridging event).
    absorbed: tuple[tuple[int, int, bytes], ...]
    row: dict[str, Any]  # the incident as the api shows it in lists
    # Cases that became this one's in this step: with incidents that it absorbed, or that are of one cluster with it.
    joined_cases: tuple[int, ...] = ()

"""Refusals of what officers want to make of incidents."""

from dataclasses import dataclass
from enum import StrEnum


class ReshapeRefusal(StrEnum):
    """Why an incident is not split or merged."""

    SETTLED = "settled"  # It is final or an alias: nothing changes it any more.
    FLAPPING = "flapping"  # It stands for a device that flaps, not for anything that happened.
    EVENTS_UNKNOWN = "events_unknown"  # Events that are not in it, or are final already.
    NOTHING_LEFT = "nothing_left"  # All of its events were named: nothing would be split off.
    SAME_INCIDENT = "same_incident"  # The other one is the same one.
    ACCEPTED_TICKETS = (
        "accepted_tickets"  # Work in hand would end in passing: those who hold it merge the tickets first.
    )


@dataclass(eq=False)
class IncidentOutpaced(Exception):
    """The incident changed its shape since the officer looked at it."""

    incident_id: int
    version: int
    status: str


@dataclass(eq=False)
class ReshapeRefused(Exception):
    """The rules keep an officer from it; `event_uids` are those at fault, `tickets` the numbers of those in the way."""

    refusal: ReshapeRefusal
    incident_id: int
    status: str
    event_uids: tuple[bytes, ...] = ()
    tickets: tuple[str, ...] = ()

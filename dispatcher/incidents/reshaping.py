"""An officer's split or merge: checked against what stands, then written into the log, where the step finds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatcher.incidents.errors import IncidentOutpaced, ReshapeRefusal, ReshapeRefused
from dispatcher.incidents.flapping import FLAPPING_KIND
from dispatcher.incidents.model import IncidentStatus
from dispatcher.incidents.overlays import MERGE_ANCHORS, Act, OverlayDraft, append
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


@dataclass(frozen=True, slots=True)
class Officer:
    """Who decides, as which role, and why."""

    id: int
    role: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision in the log; what it leads to follows with the step that reads it."""

    seq: int  # position in the stream of overlays
    version: int  # of the incident


async def split(
    conn: Connection, incident_id: int, version: int, event_uids: Sequence[bytes], officer: Officer, at: datetime
) -> Decided:
    """These events become an incident of their own; the incident, its case and its ticket go on with the others.

    Raises IncidentOutpaced where the incident is not at this version any more, ReshapeRefused where a rule forbids it.
    """
    incident = await _take(conn, incident_id, version)
    uids = tuple(dict.fromkeys(event_uids))
    movable = {row["event_uid"] for row in await conn.fetch(QUERIES.movable_events, incident_id, list(uids))}
    unknown = tuple(uid for uid in uids if uid not in movable)
    if unknown:
        raise ReshapeRefused(ReshapeRefusal.EVENTS_UNKNOWN, incident_id, incident["status"], unknown)
    if len(uids) >= incident["event_count"]:
        raise ReshapeRefused(ReshapeRefusal.NOTHING_LEFT, incident_id, incident["status"])
    draft = OverlayDraft(Act.SPLIT, incident_id, None, uids, officer.id, officer.role, officer.reason, at)
    return Decided(await append(conn, draft, incident["version"], incident["area_path"]), incident["version"])


async def merge(
    conn: Connection, incident_id: int, version: int, other_id: int, officer: Officer, at: datetime
) -> Decided:
    """The two become one incident: that with accepted work goes on, else the one that was opened first.

    A ticket that a person has in hand never ends in passing; one that only rules have touched ends in the ticket that
    was accepted first, so that a split of a kind that opens tickets by itself can be undone. Raises as `split`.
    """
    incident = await _take(conn, incident_id, version)
    other = await conn.fetchrow(QUERIES.read_incident_shape, other_id)
    if other_id == incident_id or other is None:
        raise ReshapeRefused(ReshapeRefusal.SAME_INCIDENT, other_id, incident["status"])
    _refuse_settled(dict(other))
    if incident["case_id"] != other["case_id"]:
        rows = await conn.fetch(QUERIES.accepted_tickets, [incident["case_id"], other["case_id"]])
        tickets = tuple(row["number"] for row in rows if row["in_hand"] and row["case_id"] != rows[0]["case_id"])
        if tickets:
            raise ReshapeRefused(ReshapeRefusal.ACCEPTED_TICKETS, other_id, other["status"], tickets=tickets)
    rows = await conn.fetch(QUERIES.merge_anchors, [incident_id, other_id], MERGE_ANCHORS)
    anchors = tuple(row["event_uid"] for row in rows)
    draft = OverlayDraft(Act.MERGE, incident_id, other_id, anchors, officer.id, officer.role, officer.reason, at)
    return Decided(await append(conn, draft, incident["version"], incident["area_path"]), incident["version"])


async def _take(conn: Connection, incident_id: int, version: int) -> Mapping[str, Any]:
    """The incident at its next version, held until the transaction ends: of two officers one is told of the other."""
    taken = await conn.fetchrow(QUERIES.take_incident_version, incident_id, version)
    if taken is not None:
        return _refuse_settled(dict(taken))
    standing = await conn.fetchrow(QUERIES.read_incident_shape, incident_id)
    if standing is None:
        raise LookupError(f"incident {incident_id}")
    raise IncidentOutpaced(incident_id, standing["version"], standing["status"])


def _refuse_settled(incident: Mapping[str, Any]) -> Mapping[str, Any]:
    if incident["status"] != IncidentStatus.OPEN:
        raise ReshapeRefused(ReshapeRefusal.SETTLED, incident["id"], incident["status"])
    if incident["kind"] == FLAPPING_KIND:
        raise ReshapeRefused(ReshapeRefusal.FLAPPING, incident["id"], incident["status"])
    return incident

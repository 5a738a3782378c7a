"""What officers make of incidents: a split or a merge is a record in the log, so that a replay gives the same.

A record names events, never incidents: ids of incidents are given by whoever takes the log in. What it says is a
function of sets: the events that the last split named stand apart from all others; the events that a merge named stand
together, but for those that a later split names. It may therefore be read before or after the events that it names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from events import log
from events.model import (
    OVERLAYS_STREAM,
    Event,
    EventDraft,
    EventSource,
    SourceClass,
    TimeQuality,
    content_hash,
    event_uid,
)
from runtime.pool import Connection

SPLIT_EVENTS_MAX: Final = 500
MERGE_ANCHORS: Final = 64  # of each side: enough that no correction of a few events undoes a merge


class Act(StrEnum):
    """What an officer does; equal to the CHECK of `incident_overlays.act`."""

    SPLIT = "split"  # these events are an incident of their own
    MERGE = "merge"  # these events are one incident


class Outcome(StrEnum):
    """What became of it; equal to the CHECK of `incident_overlays.outcome`."""

    APPLIED = "applied"  # it concerned events that were not final
    TOO_LATE = "too_late"  # all of its events were final when it was read


@dataclass(frozen=True, slots=True)
class OverlayDraft:
    """An officer's decision before it has its position in the log."""

    act: Act
    incident_id: int
    other_id: int | None
    event_uids: tuple[bytes, ...]
    actor_id: int
    actor_role: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Overlay(OverlayDraft):
    """An officer's decision at its position in the stream of overlays."""

    seq: int

    @staticmethod
    def of(event: Event) -> "Overlay":
        body = event.body
        return Overlay(
            act=Act(body["act"]),
            incident_id=body["incident_id"],
            other_id=body["other_id"],
            event_uids=tuple(bytes.fromhex(uid) for uid in body["event_uids"]),
            actor_id=body["actor_id"],
            actor_role=body["actor_role"],
            reason=body["reason"],
            at=event.effective_at,
            seq=event.seq,
        )


async def append(conn: Connection, draft: OverlayDraft, version: int, area: Sequence[str]) -> int:
    """Write a decision on an incident's version into the log, last in a transaction; returns its position."""
    body = {
        "act": draft.act,
        "incident_id": draft.incident_id,
        "other_id": draft.other_id,
        "event_uids": [uid.hex() for uid in draft.event_uids],
        "actor_id": draft.actor_id,
        "actor_role": draft.actor_role,
        "reason": draft.reason,
    }
    record = EventDraft(
        uid=event_uid("overlay", draft.act, draft.incident_id, version),
        content_hash=content_hash(body),
        source=EventSource.OVERLAY,
        source_class=SourceClass.CLOCK,
        kind=f"incident_{draft.act}",
        severity=1,
        subject=f"incident {draft.incident_id}",
        area_id=area[-1] if area else None,
        area_path=tuple(area),
        received_at=draft.at,
        effective_at=draft.at,
        time_quality=TimeQuality.RECEIVED,
        body=body,
    )
    written = await log.append(conn, OVERLAYS_STREAM, [record])
    if written is None:
        raise AssertionError("one overlay was appended")
    return written.last_seq

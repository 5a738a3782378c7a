"""The evidence of an action: the photos that it names, how many it must bring, and what is found about them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import cos, hypot, radians
from typing import Any, Final

from dispatcher.attachments.model import Cited, Finding, Likeness, PastUse
from dispatcher.tickets.words import TicketEvent
from registry.evidence import AttachmentKind

TOPIC: Final = "ticket"

FINISHING: Final = frozenset(
    {
        TicketEvent.RESOLVE,
        TicketEvent.VERIFY_OK,
        TicketEvent.INTERIM_DONE,
        TicketEvent.REPORT_COMPLETE,
        TicketEvent.INSPECT_OK,
        TicketEvent.LOOK_BACK_OK,
        TicketEvent.SUBTASK_DONE,
        TicketEvent.SUBTASK_CHECK,
    }
)
"""Actions that say that something is done: a photo proves one of them once."""

RESULTS: Final = (TicketEvent.RESOLVE, TicketEvent.REPORT_COMPLETE)
"""Whose photos are looked at once more when somebody independent checks the result."""

_METRES_A_DEGREE: Final = 111_195.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was looked up for one action; the default is that of an action without attachments, under no rule."""

    cited: Mapping[int, Cited] = field(default_factory=dict)
    photos_needed: int = 0
    relatives: frozenset[int] = frozenset()  # The tickets of the same case.
    numbers: Mapping[int, str] = field(default_factory=dict)  # What the tickets of other uses are called.
    fallen: tuple[PastUse, ...] = ()  # Earlier uses of what the newest result shows, of those that refuse it.
    far_m: int = 500
    ahead_s: int = 600


NO_EVIDENCE: Final = Evidence()


@dataclass(frozen=True, slots=True)
class Scene:
    """Where and since when the ticket's matter is."""

    ticket_id: int
    opened_at: datetime
    lon: float | None
    lat: float | None


def named_attachments(fields: Mapping[str, Any]) -> tuple[int, ...]:
    """The attachments that an action names, as far as they are ids at all."""
    named = fields.get("attachments")
    if not isinstance(named, list | tuple):
        return ()
    return tuple(each for each in named if type(each) is int and 0 < each < 2**63)


def reuses(scene: Scene, cited: Cited, relatives: frozenset[int], before: int | None = None) -> tuple[PastUse, ...]:
    """The earlier uses that a photo may not have to prove something: on another matter, or as the proof of this one.

    On the ticket's own case a photo that showed the place before may be named again, and one that looks alike may be of
    the same place later; it is shown as alike and does not count as new. Documents may serve many matters. `before`:
    only uses of a lower id count.
    """
    if cited.kind is not AttachmentKind.PHOTO:
        return ()
    counted = [past for past in cited.uses if before is None or past.id < before]
    return tuple(past for past in counted if _refuses(scene, past, relatives))


def _refuses(scene: Scene, past: PastUse, relatives: frozenset[int]) -> bool:
    return past.likeness is Likeness.SAME and past.use.finishing if _is_own(scene, past, relatives) else True


def _is_own(scene: Scene, past: PastUse, relatives: frozenset[int]) -> bool:
    use = past.use
    return use.topic == TOPIC and (use.subject_id == scene.ticket_id or use.subject_id in relatives)


def _proved_here(scene: Scene, cited: Cited, relatives: frozenset[int]) -> bool:
    """Whether a copy of it, sent on by a messenger that compresses, proved something on this case before."""
    near = (past for past in cited.uses if past.likeness is Likeness.NEAR and past.use.finishing)
    return cited.kind is AttachmentKind.PHOTO and any(_is_own(scene, past, relatives) for past in near)


def fresh_photos(scene: Scene, evidence: Evidence, ids: tuple[int, ...]) -> int:
    """How many different photos an action brings that never served before, on this matter or another."""
    contents = set()
    for each in ids:
        cited = evidence.cited.get(each)
        if cited is not None and cited.kind is AttachmentKind.PHOTO and not _served(scene, cited, evidence):
            contents.add(cited.sha256)
    return len(contents)


def _served(scene: Scene, cited: Cited, evidence: Evidence) -> bool:
    same = any(past.likeness is Likeness.SAME for past in cited.uses)
    return same or _proved_here(scene, cited, evidence.relatives) or bool(reuses(scene, cited, evidence.relatives))


def found_about(scene: Scene, cited: Cited, evidence: Evidence, at: datetime) -> tuple[Finding, ...]:
    """What is shown about an attachment wherever it is named; time and place only flag, cameras err."""
    past = reuses(scene, cited, evidence.relatives)
    found = []
    if any(each.likeness is Likeness.SAME for each in past):
        found.append(Finding.REUSED)
    if any(each.likeness is Likeness.NEAR for each in past) or _proved_here(scene, cited, evidence.relatives):
        found.append(Finding.NEAR_IDENTICAL)
    if cited.taken_at is not None and cited.taken_at < scene.opened_at:
        found.append(Finding.TAKEN_BEFORE)
    if cited.taken_at is not None and cited.taken_at > at + timedelta(seconds=evidence.ahead_s):
        found.append(Finding.TAKEN_AHEAD)
    if _distance_m(scene, cited) > evidence.far_m:
        found.append(Finding.TAKEN_FAR_AWAY)
    return tuple(found)


def told(past: PastUse, numbers: Mapping[int, str]) -> str:
    """The other use in words that a person can look up."""
    use = past.use
    if use.topic == TOPIC:
        return f"{numbers.get(use.subject_id, f'ticket {use.subject_id}')} {use.event}"
    return f"{use.topic} {use.subject_id} {use.event}"


def _distance_m(scene: Scene, cited: Cited) -> float:
    """Between the camera and the place; 0 where either is not known."""
    if scene.lon is None or scene.lat is None or cited.lon is None or cited.lat is None:
        return 0.0
    east = (cited.lon - scene.lon) * cos(radians(scene.lat))
    return hypot(east, cited.lat - scene.lat) * _METRES_A_DEGREE

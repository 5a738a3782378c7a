"""An attachment as the rules see it, where it served, and what may be found about it. Pure and frozen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from registry.evidence import AttachmentKind

AttachmentId = NewType("AttachmentId", int)


class Finding(StrEnum):
    """What a look at a cited photo found; a finding is shown, whether it refuses anything the action's rule says."""

    REUSED = "reused"  # The same photo served elsewhere before.
    NEAR_IDENTICAL = "near_identical"  # A photo that can hardly be told from it served elsewhere before.
    TAKEN_BEFORE = "taken_before"  # The camera's time lies before the matter began.
    TAKEN_AHEAD = "taken_ahead"  # The camera's time lies ahead of ours.
    TAKEN_FAR_AWAY = "taken_far_away"  # The camera's position lies far from the place.


class Likeness(StrEnum):
    """How alike two attachments are."""

    SAME = "same"  # The same file, before or after it was cleaned.
    NEAR = "near"  # The perceptual hashes agree but for a few bits.


@dataclass(frozen=True, slots=True)
class Use:
    """What an attachment serves: an event of a subject; `finishing`: as the proof that something is done."""

    topic: str
    subject_id: int
    event: str
    version: int | None = None
    finishing: bool = False


@dataclass(frozen=True, slots=True)
class PastUse:
    """A use of an attachment that is the same as, or near to, the one asked about."""

    id: int
    use: Use
    used_at: datetime
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Cited:
    """An attachment that somebody names, with every earlier use of it and of what is like it."""

    id: AttachmentId
    sha256: bytes
    kind: AttachmentKind
    uploaded_by: str
    organisation_id: str | None
    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    uses: tuple[PastUse, ...] = ()

    def may_be_named_by(self, actor_id: str, organisation_id: str | None, topic: str, subject_id: int) -> bool:
        """Whether it is the actor's own, its organisation's, or served the same subject before."""
        return (
            self.uploaded_by == actor_id
            or (organisation_id is not None and self.organisation_id == organisation_id)
            or any(
                (past.use.topic, past.use.subject_id, past.likeness) == (topic, subject_id, Likeness.SAME)
                for past in self.uses
            )
        )


@dataclass(frozen=True, slots=True)
class Owner:
    """Who uploads."""

    actor_id: str
    name: str
    organisation_id: str | None

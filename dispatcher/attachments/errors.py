"""Why an upload is not taken, or an attachment cannot be named; the fields are what the caller shows."""

from dataclasses import dataclass
from enum import StrEnum


class UploadRefusal(StrEnum):
    """Why an upload was not taken."""

    EMPTY = "empty"  # Not one byte.
    TOO_LARGE = "too_large"  # More bytes than its type may have.
    TYPE_UNKNOWN = "type_unknown"  # Its content is none of the types that are taken, whatever its name says.
    TWO_TYPES_AT_ONCE = "two_types_at_once"  # Also an archive, a page or a script: what one program shows another runs.
    ACTIVE_CONTENT = "active_content"  # A document that would run, start or embed something.
    DAMAGED = "damaged"  # It begins like its type and cannot be read to its end.
    TOO_MANY_UNUSED = "too_many_unused"  # The person's earlier uploads serve nothing yet.
    TOO_SLOW = "too_slow"  # It did not arrive within its time.
    TOO_MANY_PIXELS = "too_many_pixels"  # Small as a file, huge as a picture, or drawn over and over.
    NO_SPACE = "no_space"  # The disk has what is left of it for the database.


@dataclass(eq=False)
class UploadRefused(Exception):
    """The upload is not taken; `limit` is what it exceeded, where it exceeded something."""

    reason: UploadRefusal
    limit: int | None = None


@dataclass(eq=False)
class AttachmentUnknown(LookupError):
    """No attachment has this id, it was given up, or it is not the actor's to name."""

    attachment_id: int

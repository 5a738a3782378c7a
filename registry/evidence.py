"""What may be uploaded, and which actions have to bring photos: versioned rows of the master data."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)


class AttachmentKind(StrEnum):
    """Equal to the SQL enum `attachment_kind`."""

    PHOTO = "photo"  # A picture: kept as pixels alone.
    DOCUMENT = "document"  # Kept as it came, and only ever downloaded.


@dataclass(frozen=True, slots=True)
class AttachmentType:
    """A type of file that is taken, found by content."""

    media_type: str
    kind: AttachmentKind
    max_bytes: int


@dataclass(frozen=True, slots=True)
class AttachmentRules:
    """The limits of uploads and of the look at them; see `registry/data/attachment_parameters.csv` for the sources."""

    types: Mapping[str, AttachmentType]
    pixels_max: int
    thumbnail_px: int
    orphan_h: int
    unused_max: int  # Uploads of one person that serve nothing yet.
    near_bits: int  # Perceptual hashes of which so many of 128 bits or fewer differ are of one picture.
    far_m: int
    ahead_s: int
    free_min_bytes: int  # Of the disk of the files, below which no upload is taken.

    @property
    def max_bytes(self) -> int:
        """The largest upload of any type."""
        return max((each.max_bytes for each in self.types.values()), default=0)


async def read_attachment_rules(conn: Connection) -> AttachmentRules:
    """The newest version."""
    types = [
        AttachmentType(row["media_type"], AttachmentKind(row["kind"]), row["max_bytes"])
        for row in await conn.fetch(QUERIES.list_attachment_types)
    ]
    parameters = {row["name"]: row["value"] for row in await conn.fetch(QUERIES.list_attachment_parameters)}
    return AttachmentRules(types={each.media_type: each for each in types}, **parameters)


async def photos_needed(
    conn: Connection, ticket_kind: str, events: Collection[str], grade: int, demand: str | None
) -> dict[str, int]:
    """How many photos actions have to bring; none for those that no row speaks of."""
    rows = await conn.fetch(QUERIES.photos_needed, ticket_kind, list(events), grade, demand)
    return {row["event"]: row["photos"] for row in rows}

"""What a file is, told by its content alone: types that are taken, and disguises that never are. Pure."""

import re
import zlib
from collections.abc import Iterator
from typing import Final

from dispatcher.attachments.errors import UploadRefusal

HEAD_BYTES: Final = 4096
"""How much of the beginning tells the type."""

PDF: Final = "application/pdf"

_SIGNATURES: Final = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-1.", PDF))
# Other formats that hide in the comment or behind the end of a picture: long enough to be no accident of pixels.
_HIDDEN: Final = re.compile(
    rb"<script|<html|<iframe|<!doctype|<\?php\s|javascript:|rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\xfd7zXZ\x00", re.IGNORECASE
)
_ZIP_END: Final = b"PK\x05\x06"
_ZIP_TAIL_BYTES: Final = 65_557  # A directory's end is 22 bytes and a comment of at most 65,535.
_PDF_WITHIN: Final = 1024  # Readers of PDF look for its head so far into a file.

# Names of what a PDF would run, start, fetch or carry (ISO 32000); `#4A` in a name stands for J.
_ACTIVE: Final = re.compile(
    rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|SubmitForm|ImportData|GoToE|XFA|Encrypt)(?![A-Za-z])"
)
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_PDF_END: Final = re.compile(rb"%%EOF[\s\x00]*\Z")
_OBJECTS_MAX_BYTES: Final = 16 * 1024 * 1024


def media_type_of(head: bytes) -> str | None:
    """The type that the first bytes say; None for whatever is not taken (SVG, HTML, archives, programs ...)."""
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def disguise_of(media_type: str, content: bytes) -> UploadRefusal | None:
    """Why a file that looks like its type is more than that; None where nothing was found."""
    if _ends_as_zip(content) or (media_type != PDF and b"%PDF-" in content[:_PDF_WITHIN]):
        return UploadRefusal.TWO_TYPES_AT_ONCE
    if media_type == PDF:
        return _flaw_of_pdf(content)
    return UploadRefusal.TWO_TYPES_AT_ONCE if _HIDDEN.search(content) else None


def _ends_as_zip(content: bytes) -> bool:
    """Whether a reader of ZIP would open it: those look for the end of the directory from the end of the file."""
    tail = content[-_ZIP_TAIL_BYTES:]
    place = tail.rfind(_ZIP_END)
    while place >= 0:
        comment = int.from_bytes(tail[place + 20 : place + 22], "little")
        if place + 22 + comment <= len(tail):
            return True
        place = tail.rfind(_ZIP_END, 0, place)
    return False


def _flaw_of_pdf(content: bytes) -> UploadRefusal | None:
    """Damaged where its end is missing; active where a name says so, or where names are hidden from this look."""
    if not _PDF_END.search(content[-HEAD_BYTES:]):
        return UploadRefusal.DAMAGED
    for said in _objects(content):
        if said is None or _ACTIVE.search(_ESCAPED.sub(lambda found: bytes([int(found.group(1), 16)]), said)):
            return UploadRefusal.ACTIVE_CONTENT
    return None


def _objects(content: bytes) -> Iterator[bytes | None]:
    """What of a PDF holds names: all that is outside its streams, and its compressed objects; None: not to be read."""
    left_bytes = _OBJECTS_MAX_BYTES
    end = 0
    for found in _STREAM.finditer(content):
        outside = content[end : found.start()]
        yield outside
        end = found.end()
        # The stream's own dictionary stands before it, behind the object that came last.
        own = outside[outside.rfind(b"obj") :]
        if b"/ObjStm" in _ESCAPED.sub(lambda seen: bytes([int(seen.group(1), 16)]), own):
            unpacked = _unpacked(found.group(1), left_bytes) if b"/FlateDecode" in own else None
            left_bytes -= len(unpacked or b"")
            yield unpacked
    yield content[end:]


def _unpacked(packed: bytes, bytes_max: int) -> bytes | None:
    """The objects; None where they are broken or too many."""
    reader = zlib.decompressobj()
    try:
        plain = reader.decompress(packed, max(1, bytes_max))
    except zlib.error:
        return None
    return plain if reader.eof else None

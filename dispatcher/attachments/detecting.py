"""What a file is, told by its content alone: types that are taken, and disguises that never are. Pure."""

import re
import zlib
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

# A marker of JPEG: between the pixels a 0xFF is followed by zero, or by the number of a restart.
_MARKER: Final = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
_WITHOUT_LENGTH: Final = (b"\x01", b"\xd8")
_START_OF_SCAN: Final = b"\xda"
_END_OF_IMAGE: Final = b"\xd9"

# Names of what a PDF would run, start, fetch or carry (ISO 32000); `#4A` in a name stands for J.
_LONG: Final = rb"JavaScript|Launch|EmbeddedFiles?|RichMedia|Rendition|SubmitForm|ImportData|GoToE|Encrypt"
_ACTIVE: Final = re.compile(rb"/(" + _LONG + rb"|JS|XFA)(?![A-Za-z])")
# Where pixels lie, chance writes the short names too, but not these.
_ACTIVE_ANYWHERE: Final = re.compile(rb"/(" + _LONG + rb")(?![A-Za-z])|/XFA\s*[\[(\d]")
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_ESCAPES_MAX: Final = 1_000_000
_STREAMS_MAX: Final = 100_000
_STREAM: Final = re.compile(rb"stream\r?\n")
_STREAM_END: Final = b"endstream"
_PDF_END: Final = re.compile(rb"%%EOF[\s\x00]*\Z")
_UNPACKED_MAX_BYTES: Final = 64 * 1024 * 1024
_PACKED_AT_ONCE: Final = 65_536


def media_type_of(head: bytes) -> str | None:
    """The type that the first bytes say; None for whatever is not taken (SVG, HTML, archives, programs ...)."""
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def passes_of(content: bytes, most: int) -> int:
    """How often a JPEG draws its picture, counted until above `most`; every time a decoder visits all pixels."""
    passes, place = 0, 0
    while passes <= most and (marker := _MARKER.search(content, place)) is not None:
        place = marker.end()
        code = marker.group(1)
        if code == _END_OF_IMAGE:
            break
        passes += code == _START_OF_SCAN
        if code not in _WITHOUT_LENGTH:
            place += max(2, int.from_bytes(content[place : place + 2], "big"))
    return passes


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
    endless = content.count(b"#") > _ESCAPES_MAX or content.count(_STREAM_END) > _STREAMS_MAX
    if endless or _is_active(content):
        return UploadRefusal.ACTIVE_CONTENT
    return None


def _is_active(content: bytes) -> bool:
    """Whether names say so outside of streams, within them, or in what is packed in them.

    What begins like a stream may be the words of a text, so that others read names where we read a stream: both look.
    One pass: every byte is looked at a fixed number of times, whatever the file says.
    """
    left_bytes, end = _UNPACKED_MAX_BYTES, 0
    while (begins := _STREAM.search(content, end)) is not None:
        outside = _unescaped(content[end : begins.start()])
        place = content.find(_STREAM_END, begins.end())
        body = content[begins.end() : place if place >= 0 else None]
        if _ACTIVE.search(outside) or _ACTIVE_ANYWHERE.search(_unescaped(body)):
            return True
        plain, whole = _unpacked(body, left_bytes) if b"/FlateDecode" in outside else (b"", False)
        left_bytes -= len(plain)
        holds_objects = b"/ObjStm" in outside
        if holds_objects and (not whole or b"/Predictor" in outside):
            return True
        names = _ACTIVE if holds_objects else _ACTIVE_ANYWHERE
        if names.search(_unescaped(plain)):
            return True
        if place < 0:
            return False
        end = place + len(_STREAM_END)
    return _ACTIVE.search(_unescaped(content[end:])) is not None


def _unescaped(said: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes([int(found.group(1), 16)]), said)


def _unpacked(packed: bytes, bytes_max: int) -> tuple[bytes, bool]:
    """What lies packed, as far as it can be read, and whether that is all; readers do not mind a wrong checksum."""
    reader = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = bytearray()
    try:
        for place in range(2, len(packed), _PACKED_AT_ONCE):
            if reader.eof or len(plain) >= bytes_max:
                break
            plain += reader.decompress(packed[place : place + _PACKED_AT_ONCE], bytes_max - len(plain))
    except zlib.error:
        return bytes(plain), False
    return bytes(plain), reader.eof

"""Files in disguise: what is told by content, and what is never taken."""

import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.attachments.detecting import disguise_of, media_type_of
from dispatcher.attachments.errors import UploadRefusal
from tests.harness.photos import jpeg

JPEG = jpeg(1)
ZIP_END = b"PK\x05\x06" + bytes(16) + b"\x00\x00"
R = UploadRefusal


def pdf(*objects: bytes) -> bytes:
    body = b"".join(b"%d 0 obj\n%b\nendobj\n" % (number, each) for number, each in enumerate(objects, start=1))
    return b"%PDF-1.7\n" + body + b"trailer << /Root 1 0 R >>\n%%EOF\n"


def packed(plain: bytes, *, filters: bytes = b"/FlateDecode", checksum: bytes | None = None) -> bytes:
    stream = zlib.compress(plain)
    stream = stream if checksum is None else stream[:-4] + checksum
    return b"<< /Type /ObjStm /Filter %b /Length %d >>\nstream\n%b\nendstream" % (filters, len(stream), stream)


@pytest.mark.parametrize(
    "head",
    [
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<svg onload=alert(1)>",
        b"<!DOCTYPE html><html>",
        b"PK\x03\x04" + bytes(30),
        b"\x1f\x8b\x08" + bytes(30),
        b"Rar!\x1a\x07\x00",
        b"7z\xbc\xaf\x27\x1c",
        b"MZ" + bytes(60),
        b"\x7fELF",
        b"GIF89a",
        b"BM" + bytes(30),
        b"II*\x00" + bytes(30),
        b"\x00\x00\x00\x18ftypheic",
        b"#!/bin/sh\n",
        b"RIFF\x00\x00\x00\x00WAVE",
        b" %PDF-1.7",
        b"",
    ],
)
def test_types_that_are_not_taken_have_no_name(head: bytes) -> None:
    assert media_type_of(head) is None


def test_types_that_are_taken_are_told_by_content() -> None:
    assert media_type_of(JPEG) == "image/jpeg"
    assert media_type_of(b"\x89PNG\r\n\x1a\n") == "image/png"
    assert media_type_of(b"RIFF\x10\x00\x00\x00WEBPVP8 ") == "image/webp"
    assert media_type_of(pdf()) == "application/pdf"


@pytest.mark.parametrize(
    ("behind", "why"),
    [
        (b"", None),
        (bytes(5000), None),
        (ZIP_END, R.TWO_TYPES_AT_ONCE),
        (ZIP_END + b"behind it", R.TWO_TYPES_AT_ONCE),
        (b"PK\x05\x06" + bytes(16) + b"\x03\x00abc", R.TWO_TYPES_AT_ONCE),
        (b"PK\x05\x06 is no end of a directory: its comment would be too long", None),
        (b"<ScRiPt>alert(1)</script>", R.TWO_TYPES_AT_ONCE),
        (b"<html>", R.TWO_TYPES_AT_ONCE),
        (b"<?php system($_GET[0]);", R.TWO_TYPES_AT_ONCE),
        (b"Rar!\x1a\x07\x01\x00", R.TWO_TYPES_AT_ONCE),
        (b"7z\xbc\xaf\x27\x1c", R.TWO_TYPES_AT_ONCE),
        (b"javascript:alert(1)", R.TWO_TYPES_AT_ONCE),
    ],
)
def test_photo_with_something_behind_its_end_is_looked_through(behind: bytes, why: UploadRefusal | None) -> None:
    assert disguise_of("image/jpeg", JPEG + behind) == why


def test_photo_that_readers_of_pdf_would_open_is_refused() -> None:
    assert disguise_of("image/jpeg", JPEG[:20] + b"%PDF-1.4" + JPEG[20:]) is R.TWO_TYPES_AT_ONCE


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pdf(b"<< /Type /Catalog >>"), None),
        (pdf(b"<< /Length 3 >>\nstream\n/JS\nendstream"), None),  # Within a stream it is no name.
        (pdf(b"<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"), R.ACTIVE_CONTENT),
        (pdf(b"<< /S /J#61vaScript >>"), R.ACTIVE_CONTENT),
        (pdf(b"<< /S /Launch /F (cmd.exe) >>"), R.ACTIVE_CONTENT),
        (pdf(b"<< /Names << /EmbeddedFiles 3 0 R >> >>"), R.ACTIVE_CONTENT),
        (pdf(b"<< /Encrypt 5 0 R >>"), R.ACTIVE_CONTENT),
        (pdf(packed(b"<< /S /JavaScript >>")), R.ACTIVE_CONTENT),
        (pdf(packed(b"<< /Type /Page >>")), None),
        (pdf(packed(b"<< /Type /Page >>", filters=b"/LZWDecode")), R.ACTIVE_CONTENT),
        (pdf(packed(b"<< >>").replace(b"ObjStm", b"Obj#53tm").replace(b"x\x9c", b"x\x9c\xff\xff")), R.ACTIVE_CONTENT),
        (pdf(packed(bytes(65 * 1024 * 1024))), R.ACTIVE_CONTENT),  # A bomb is not unpacked to its end.
        # What looks like a stream and is none to its readers hides nothing.
        (pdf(b"<< /A (stream\n) /S /JavaScript /JS (app.alert(1)) /B (endstream) >>"), R.ACTIVE_CONTENT),
        (pdf(b"<< /A (stream\n) /OpenAction << /S /L#61unch >> >>"), R.ACTIVE_CONTENT),
        (pdf(b"<< /A (stream\n) /AcroForm << /XFA [1 0 R] >> /B (endstream) >>"), R.ACTIVE_CONTENT),
        (pdf(b"% stream\n<< /S /Rendition /JS (app.alert(1)) >> endstream"), R.ACTIVE_CONTENT),
        # Nor does a word that reads like an object, a type left out, a checksum that is wrong or a filter behind one.
        (pdf(packed(b"<< /S /JavaScript >>").replace(b"/Length", b"/X (obj) /Length")), R.ACTIVE_CONTENT),
        (pdf(packed(b"<< /S /JavaScript >>").replace(b"/Type /ObjStm", b"/N 1 /First 4")), R.ACTIVE_CONTENT),
        (pdf(packed(b"<< /S /JavaScript >>", checksum=b"none")), R.ACTIVE_CONTENT),
        (pdf(packed(b"<< >>").replace(b"/Length", b"/DecodeParms << /Predictor 12 >> /Length")), R.ACTIVE_CONTENT),
        (pdf(packed(bytes(range(256)) * 999).replace(b"/Type /ObjStm", b"/Subtype /Image")), None),
        (pdf(b"<< /Length 9 >>\nstream\n\xff/JS /XFA \nendstream"), None),  # Pixels.
        (pdf(b"stream\nendstream\n" * 100_001), R.ACTIVE_CONTENT),
        (pdf(b"/#41" * 1_000_001), R.ACTIVE_CONTENT),
        (pdf() + ZIP_END, R.TWO_TYPES_AT_ONCE),
        (pdf() + b"<html>", R.DAMAGED),
        (pdf()[:-8], R.DAMAGED),
    ],
)
def test_document_is_taken_only_while_it_runs_nothing(content: bytes, why: UploadRefusal | None) -> None:
    assert disguise_of("application/pdf", content) == why


@pytest.mark.parametrize("word", [b"stream\n", b"endstream", b"/FlateDecode stream\nx", b"obj"])
def test_document_is_looked_through_once_whatever_it_repeats(word: bytes) -> None:
    # A look whose length grows with the square of the size would hold the process for days.
    assert disguise_of("application/pdf", pdf(word * (2_000_000 // len(word)))) in {None, R.ACTIVE_CONTENT}


@given(st.binary(max_size=3000), st.sampled_from([lambda noise: noise, pdf, lambda n: JPEG + n]))
def test_no_content_is_too_strange_to_be_looked_at(noise: bytes, disguise: Callable[[bytes], bytes]) -> None:
    content = disguise(noise)
    media_type_of(content)
    for media_type in ("image/jpeg", "application/pdf"):
        disguise_of(media_type, content)

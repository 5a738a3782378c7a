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


def packed(plain: bytes, *, filters: bytes = b"/FlateDecode") -> bytes:
    stream = zlib.compress(plain)
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
        (pdf(packed(b"<< >>").replace(b"ObjStm", b"Obj#53tm").replace(b"x\x9c", b"zz")), R.ACTIVE_CONTENT),
        (pdf(packed(bytes(17 * 1024 * 1024))), R.ACTIVE_CONTENT),  # A bomb is not unpacked to its end.
        (pdf() + ZIP_END, R.TWO_TYPES_AT_ONCE),
        (pdf() + b"<html>", R.DAMAGED),
        (pdf()[:-8], R.DAMAGED),
    ],
)
def test_document_is_taken_only_while_it_runs_nothing(content: bytes, why: UploadRefusal | None) -> None:
    assert disguise_of("application/pdf", content) == why


@given(st.binary(max_size=3000), st.sampled_from([lambda noise: noise, pdf, lambda n: JPEG + n]))
def test_no_content_is_too_strange_to_be_looked_at(noise: bytes, disguise: Callable[[bytes], bytes]) -> None:
    content = disguise(noise)
    media_type_of(content)
    for media_type in ("image/jpeg", "application/pdf"):
        disguise_of(media_type, content)

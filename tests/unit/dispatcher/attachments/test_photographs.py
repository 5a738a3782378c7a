"""Photos made harmless: nothing but pixels survives, and what the camera said is noted before."""

import io
import struct
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin

from dispatcher.attachments.detecting import passes_of
from dispatcher.attachments.errors import UploadRefusal, UploadRefused
from dispatcher.attachments.photographs import Photograph, cleaned
from dispatcher.attachments.resembling import Appearance, appearance_of, distance_bits
from tests.harness.photos import jpeg, picture

NEAR_BITS = 12


def clean(content: bytes, *, pixels_max: int = 1_000_000) -> Photograph:
    return cleaned(content, pixels_max=pixels_max, thumbnail_px=100)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def looks(image: Image.Image) -> Appearance:
    found = appearance_of(image)
    assert found is not None
    return found


def test_metadata_are_noted_and_do_not_survive() -> None:
    photo = clean(jpeg(1, taken="2026:03:11 10:20:30", position=(104.5, 30.25)))
    assert photo.taken_at == datetime(2026, 3, 11, 2, 20, 30, tzinfo=UTC)
    assert (photo.lon, photo.lat) == (104.5, 30.25)
    with Image.open(io.BytesIO(photo.content)) as kept:
        assert not kept.getexif()
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"Exif" not in photo.content


def test_comments_profiles_and_text_do_not_survive() -> None:
    secret = b"the secret of the photographer"
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", secret.decode())
    for content in (
        encoded(picture(2), "JPEG", comment=secret, icc_profile=secret * 9, xmp=b"<x>" + secret),
        encoded(picture(2), "PNG", pnginfo=text),
        encoded(picture(2), "WEBP", xmp=secret, icc_profile=secret * 9),
        jpeg(2) + secret,
    ):
        photo = clean(content)
        assert secret in content
        assert secret not in photo.content
        assert secret not in photo.thumbnail


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_type_becomes_a_jpeg_with_a_thumbnail(kind: str) -> None:
    photo = clean(encoded(picture(3, size=(400, 300)), kind))
    assert (photo.width, photo.height) == (400, 300)
    for content, size in ((photo.content, (400, 300)), (photo.thumbnail, (100, 75))):
        with Image.open(io.BytesIO(content)) as kept:
            assert (kept.format, kept.size, kept.mode) == ("JPEG", size, "RGB")


def test_same_pixels_give_the_same_file_whatever_the_metadata_say() -> None:
    assert clean(jpeg(4)).content == clean(jpeg(4, taken="2026:01:01 00:00:00", position=(104.0, 30.0))).content


def test_photo_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    photo = clean(encoded(picture(5, size=(400, 300)), "JPEG", exif=exif))
    assert (photo.width, photo.height) == (300, 400)


def test_what_is_transparent_is_white() -> None:
    photo = clean(encoded(Image.new("RGBA", (40, 40), (255, 0, 0, 0)), "PNG"))
    with Image.open(io.BytesIO(photo.content)) as kept:
        assert kept.getpixel((20, 20)) == (255, 255, 255)


def test_bomb_is_refused_by_its_head_before_a_pixel_is_decoded() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    with pytest.raises(UploadRefused) as refused:
        clean(bomb)
    assert refused.value.reason in {UploadRefusal.TOO_MANY_PIXELS, UploadRefusal.DAMAGED}
    with pytest.raises(UploadRefused) as narrow:
        clean(encoded(Image.new("L", (1001, 1000)), "PNG"))
    assert (narrow.value.reason, narrow.value.limit) == (UploadRefusal.TOO_MANY_PIXELS, 1_000_000)


def progressive(passes: int, kind: str) -> bytes:
    """A progressive photo whose last pass is drawn again and again: a few bytes each, and all pixels are looked at."""
    several = {"save_all": True, "append_images": [picture(7)]} if kind == "MPO" else {}
    content = encoded(picture(6), kind, progressive=True, **several)
    end = content.index(b"\xff\xd9")
    last = content.rindex(b"\xff\xda", 0, end)
    return content[:end] + content[last:end] * passes + content[end:]


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
def test_photo_that_is_drawn_over_and_over_is_refused_before_a_pixel_is_decoded(kind: str) -> None:
    # A decoder looks at 50 million pixels in every pass, for hours.
    assert passes_of(progressive(0, kind), 100) == 10
    with Image.open(io.BytesIO(progressive(0, kind))) as opened:
        assert opened.format == kind
    assert clean(progressive(20, kind)).width == 320
    with pytest.raises(UploadRefused) as refused:
        clean(progressive(200, kind))
    assert refused.value.reason is UploadRefusal.TOO_MANY_PIXELS


@given(st.binary(max_size=300))
def test_passes_are_counted_whatever_the_file_says(noise: bytes) -> None:
    assert passes_of(b"\xff\xd8" + noise, 5) <= 6


@pytest.mark.parametrize("content", [jpeg(6)[:2000], jpeg(6)[:4], b"\xff\xd8\xff" + bytes(500)])
def test_damaged_photo_is_refused(content: bytes) -> None:
    with pytest.raises(UploadRefused) as refused:
        clean(content)
    assert refused.value.reason is UploadRefusal.DAMAGED


@pytest.mark.parametrize(
    "taken", ["", "yesterday", "0000:00:00 00:00:00", "2026:13:40 99:99:99", "1800:01:01 00:00:00"]
)
def test_time_that_is_none_is_none(taken: str) -> None:
    assert clean(jpeg(7, taken=taken)).taken_at is None


@pytest.mark.parametrize("position", [(0.0, 0.0), (500.0, 30.0), (104.0, 95.0)])
def test_position_that_is_none_is_none(position: tuple[float, float]) -> None:
    photo = clean(jpeg(8, position=position))
    assert (photo.lon, photo.lat) == (None, None)


@given(st.binary(max_size=200), st.integers(0, 3000))
def test_scrambled_photo_is_cleaned_or_refused_and_nothing_else(noise: bytes, place: int) -> None:
    content = jpeg(9, taken="2026:03:11 10:20:30", position=(104.5, 30.25))
    scrambled = content[:place] + noise + content[place + len(noise) :]
    try:
        photo = clean(scrambled)
    except UploadRefused:
        return
    assert photo.width * photo.height <= 1_000_000


@pytest.mark.parametrize("seed", range(12))
def test_copy_of_a_photo_looks_the_same_and_another_photo_does_not(seed: int) -> None:
    original = picture(seed, size=(640, 480))
    look = looks(original)
    copies = {
        "smaller": original.resize((200, 150)),
        "poorer": Image.open(io.BytesIO(encoded(original, "JPEG", quality=25))),
        "brighter": original.point(lambda level: min(255, int(level * 1.1))),
        "with a stamp": _stamped(original),
    }
    assert {name: distance_bits(look, looks(copy)) <= NEAR_BITS for name, copy in copies.items()} == dict.fromkeys(
        copies, True
    )
    others = [looks(picture(other)) for other in range(100, 150)]
    assert min(distance_bits(look, other) for other in others) > NEAR_BITS


def _stamped(original: Image.Image) -> Image.Image:
    stamped = original.copy()
    stamped.paste((255, 255, 0), (500, 455, 630, 472))
    return stamped


def test_near_hashes_share_a_band() -> None:
    look = looks(picture(1))
    for bits in (range(0), range(0, 64, 8), range(1, 64, 9), range(56)):
        other = Appearance(_flipped(look.phash, bits), _flipped(look.dhash, bits[1:]))
        assert distance_bits(look, other) > 15 or set(look.bands) & set(other.bands)


def _flipped(bits: int, places: Iterable[int]) -> int:
    for place in places:
        bits ^= 1 << place
    return (bits + 2**63) % 2**64 - 2**63


def test_even_picture_resembles_none() -> None:
    assert appearance_of(Image.new("RGB", (320, 240), (20, 20, 25))) is None

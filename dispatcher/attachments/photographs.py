"""A photo made harmless: decoded within limits, its time and place noted, and written anew as pixels alone. Pure."""

import io
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from PIL import ExifTags, Image, ImageOps

from dispatcher.attachments.detecting import passes_of
from dispatcher.attachments.errors import UploadRefusal, UploadRefused
from dispatcher.attachments.resembling import Appearance, appearance_of
from registry.calendar import LOCAL

PHOTO_TYPE: Final = "image/jpeg"
"""What every photo is kept as."""

_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_QUALITY: Final = 88
_SIDE_MAX: Final = 30_000
_PASSES_MAX: Final = 100
"""A phone's progressive photo has about ten; a file of 20 MB has room for hundreds of thousands."""
# What the decoders of Pillow raise on a file that is not what it says.
_UNREADABLE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    TypeError,
    IndexError,
    OverflowError,
    ZeroDivisionError,
    Image.DecompressionBombError,
    Warning,  # where the process turns warnings into errors
)


@dataclass(frozen=True, slots=True)
class Photograph:
    """The picture as it is kept, a small one of it, and what the camera said of time and place."""

    content: bytes
    thumbnail: bytes
    width: int
    height: int
    appearance: Appearance | None
    taken_at: datetime | None
    lon: float | None
    lat: float | None


def cleaned(content: bytes, *, pixels_max: int, thumbnail_px: int) -> Photograph:
    """Decode a picture and write it anew. Raises UploadRefused: too many pixels, or not to be read."""
    try:
        return _cleaned(content, pixels_max, thumbnail_px)
    except _UNREADABLE as fault:
        raise UploadRefused(UploadRefusal.DAMAGED) from fault


def _cleaned(content: bytes, pixels_max: int, thumbnail_px: int) -> Photograph:
    with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
        # Before a single pixel is decoded: the head says how many there are.
        if picture.width * picture.height > pixels_max or max(picture.size) > _SIDE_MAX:
            raise UploadRefused(UploadRefusal.TOO_MANY_PIXELS, pixels_max)
        # Told by its bytes: a JPEG of several pictures has another name among the formats.
        if content.startswith(b"\xff\xd8") and passes_of(content, _PASSES_MAX) > _PASSES_MAX:
            raise UploadRefused(UploadRefusal.TOO_MANY_PIXELS)
        taken_at, position = _metadata(picture)
        picture.load()
        pixels = _pixels(picture)
    # A few times smaller first: a copy of the whole picture only to make it small would be as large again.
    small = pixels.reduce(max(1, max(pixels.size) // (4 * thumbnail_px)))
    small.thumbnail((thumbnail_px, thumbnail_px))
    lon, lat = position or (None, None)
    return Photograph(
        content=_written(pixels),
        thumbnail=_written(small),
        width=pixels.width,
        height=pixels.height,
        appearance=appearance_of(pixels),
        taken_at=taken_at,
        lon=lon,
        lat=lat,
    )


def _pixels(picture: Image.Image) -> Image.Image:
    """A new picture that nothing but pixels went into, turned upright; what is transparent is white."""
    with suppress(*_UNREADABLE):  # Its metadata may be broken; its pixels need not be.
        ImageOps.exif_transpose(picture, in_place=True)
    upright = picture
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layered = upright if upright.mode == "RGBA" else upright.convert("RGBA")
        white = Image.new("RGB", upright.size, "white")
        white.paste(layered, mask=layered.getchannel("A"))
        return white
    fresh = Image.new("RGB", upright.size)
    fresh.paste(upright if upright.mode == "RGB" else upright.convert("RGB"))
    return fresh


def _written(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _metadata(picture: Image.Image) -> tuple[datetime | None, tuple[float, float] | None]:
    """When and where, as the camera says; nothing where it says nothing that can be read."""
    try:
        exif = picture.getexif()
        return _taken_at(exif.get_ifd(ExifTags.IFD.Exif)), _position(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except (*_UNREADABLE, AttributeError):
        return None, None


def _taken_at(said: Mapping[int, Any]) -> datetime | None:
    """`YYYY:MM:DD HH:MM:SS` in the camera's own time; without an offset it is taken for that of Chengdu."""
    try:
        naive = datetime.strptime(str(said[ExifTags.Base.DateTimeOriginal]).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007
    except (KeyError, ValueError):
        return None
    zone = _offset(str(said.get(ExifTags.Base.OffsetTimeOriginal, "")))
    return naive.replace(tzinfo=zone or LOCAL) if 1990 <= naive.year <= 2200 else None


def _offset(text: str) -> timezone | None:
    sign, hours, minutes = text[:1], text[1:3], text[4:6]
    if sign not in "+-" or not (hours.isdecimal() and minutes.isdecimal()) or int(hours) > 14 or int(minutes) > 59:
        return None
    length = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(length if sign == "+" else -length)


def _position(said: Mapping[int, Any]) -> tuple[float, float] | None:
    """(longitude, latitude) in degrees, WGS-84; None for what is no place on earth, and for 0, 0 of a cold receiver."""
    try:
        lat = _degrees(said[ExifTags.GPS.GPSLatitude], str(said[ExifTags.GPS.GPSLatitudeRef]).strip("\0") == "S")
        lon = _degrees(said[ExifTags.GPS.GPSLongitude], str(said[ExifTags.GPS.GPSLongitudeRef]).strip("\0") == "W")
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    fits = -180 <= lon <= 180 and -90 <= lat <= 90 and (lon, lat) != (0.0, 0.0)
    return (lon, lat) if fits else None


def _degrees(parts: Any, negative: bool) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return -value if negative else value

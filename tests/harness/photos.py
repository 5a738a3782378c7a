"""Photos for tests: pictures that no two seeds share, rows of them without a file, and uploads over HTTP."""

import io
import itertools
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from PIL import ExifTags, Image

from dispatcher.attachments import store
from dispatcher.attachments.model import AttachmentId, Owner
from dispatcher.attachments.receiving import Received
from dispatcher.attachments.resembling import appearance_of
from registry.evidence import AttachmentKind
from runtime.pool import Connection

_seeds = itertools.count(1)


def picture(seed: int | None = None, *, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Soft shapes, as photos have them; another seed gives another picture, none gives one that was not there yet."""
    chance = np.random.default_rng(next(_seeds) + 1_000_000 if seed is None else seed)
    coarse = chance.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def jpeg(
    seed: int | None = None,
    *,
    size: tuple[int, int] = (320, 240),
    taken: str | None = None,
    position: tuple[float, float] | None = None,
    quality: int = 90,
) -> bytes:
    """A photo as a phone sends it; `taken` as in EXIF, `position` as longitude and latitude of the north-east."""
    exif = Image.Exif()
    if taken is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    if position is not None:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        lon, lat = position
        gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", (lat, 0.0, 0.0)
        gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", (lon, 0.0, 0.0)
    out = io.BytesIO()
    picture(seed, size=size).save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


async def photo(
    conn: Connection, actor_id: str, at: datetime, *, seed: int | None = None, organisation_id: str | None = None
) -> AttachmentId:
    """The row of a photo that somebody uploaded; there is no file behind it."""
    image = picture(seed)
    digest = sha256(image.tobytes()).digest()
    received = Received(
        draft=Path(),
        thumbnail=None,
        sha256=digest,
        source_sha256=digest,
        kind=AttachmentKind.PHOTO,
        media_type="image/jpeg",
        size_bytes=1,
        width=image.width,
        height=image.height,
        appearance=appearance_of(image),
    )
    owner = Owner(actor_id, actor_id, organisation_id)
    return await store.insert(conn, received, "现场.jpg", owner, at, collect_at=at + timedelta(days=1))


async def upload(
    session: aiohttp.ClientSession, headers: dict[str, str], content: bytes | None = None, name: str = "现场.jpg"
) -> tuple[int, Any]:
    """Send a file as the console does; answers the status and the body."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", io.BytesIO(jpeg() if content is None else content), filename=name)
    async with session.post("/api/v1/attachments", data=form, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)

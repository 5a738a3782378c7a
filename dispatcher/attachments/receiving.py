"""Takes an upload in: counted while it streams, told by its content, made harmless in a thread, durable as drafts."""

import asyncio
import errno
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from dispatcher.attachments.detecting import HEAD_BYTES, PDF, disguise_of, media_type_of
from dispatcher.attachments.errors import UploadRefusal, UploadRefused
from dispatcher.attachments.folder import Folder
from dispatcher.attachments.photographs import PHOTO_TYPE, cleaned
from dispatcher.attachments.resembling import Appearance
from registry.evidence import AttachmentKind, AttachmentRules, AttachmentType

_AT_ONCE: Final = 2
"""Pictures decoded at once: one of 50 megapixels takes 350 MB while it is made harmless."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An upload that may be kept: durable as drafts, not yet named."""

    draft: Path
    thumbnail: Path | None
    sha256: bytes
    source_sha256: bytes
    kind: AttachmentKind
    media_type: str
    size_bytes: int
    width: int | None = None
    height: int | None = None
    appearance: Appearance | None = None
    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None

    def discard(self) -> None:
        """Remove the drafts, where they were not renamed."""
        for path in (self.draft, self.thumbnail):
            if path is not None:
                path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Reception:
    """Where uploads come in."""

    folder: Folder
    _looking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def receive(self, chunks: AsyncIterator[bytes], rules: AttachmentRules) -> Received:
        """Take one file in. Raises UploadRefused once it is too large, of no type that is taken, or has no room."""
        try:
            return await self._received(chunks, rules)
        except OSError as fault:
            if fault.errno not in _FULL:
                raise
            raise UploadRefused(UploadRefusal.NO_SPACE) from fault

    async def _received(self, chunks: AsyncIterator[bytes], rules: AttachmentRules) -> Received:
        path, file = await asyncio.to_thread(self.folder.open_draft)
        try:
            found: AttachmentType | None = None
            head, size_bytes, digest = b"", 0, sha256()
            async for chunk in chunks:
                size_bytes += len(chunk)
                head = head if len(head) >= HEAD_BYTES else head + chunk
                if found is None and len(head) >= HEAD_BYTES:
                    found = _type_of(head, rules)
                limit = rules.max_bytes if found is None else found.max_bytes
                if size_bytes > limit:
                    raise UploadRefused(UploadRefusal.TOO_LARGE, limit)
                digest.update(chunk)
                await asyncio.to_thread(self._write, file, chunk, rules)
            if size_bytes == 0:
                raise UploadRefused(UploadRefusal.EMPTY)
            found = found or _type_of(head, rules)
            if size_bytes > found.max_bytes:
                raise UploadRefused(UploadRefusal.TOO_LARGE, found.max_bytes)
            await asyncio.to_thread(file.close)
            async with self._looking:
                return await self._looked_at(path, found, digest.digest(), rules)
        finally:
            file.close()
            path.unlink(missing_ok=True)

    def _write(self, file: BinaryIO, chunk: bytes, rules: AttachmentRules) -> None:
        """Many come at once: each asks anew whether the disk has room, which the database may share."""
        if self.folder.free_bytes() < rules.free_min_bytes:
            raise UploadRefused(UploadRefusal.NO_SPACE)
        file.write(chunk)

    async def _looked_at(self, path: Path, found: AttachmentType, source: bytes, rules: AttachmentRules) -> Received:
        """Look in a thread, and wait for it also when cancelled: it holds a picture's memory and leaves drafts."""
        task = asyncio.create_task(asyncio.to_thread(self._examined, path, found, source, rules), name="upload")
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            if task.exception() is None:
                task.result().discard()
            raise

    def _examined(self, path: Path, found: AttachmentType, source: bytes, rules: AttachmentRules) -> Received:
        content = path.read_bytes()
        disguise = disguise_of(found.media_type, content)
        if disguise is not None:
            raise UploadRefused(disguise)
        if found.media_type == PDF:
            return Received(
                draft=self.folder.write_draft(content),
                thumbnail=None,
                sha256=source,
                source_sha256=source,
                kind=found.kind,
                media_type=PDF,
                size_bytes=len(content),
            )
        photo = cleaned(content, pixels_max=rules.pixels_max, thumbnail_px=rules.thumbnail_px)
        draft = self.folder.write_draft(photo.content)
        try:
            thumbnail = self.folder.write_draft(photo.thumbnail)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return Received(
            draft=draft,
            thumbnail=thumbnail,
            sha256=sha256(photo.content).digest(),
            source_sha256=source,
            kind=found.kind,
            media_type=PHOTO_TYPE,
            size_bytes=len(photo.content),
            width=photo.width,
            height=photo.height,
            appearance=photo.appearance,
            taken_at=photo.taken_at,
            lon=photo.lon,
            lat=photo.lat,
        )


def _type_of(head: bytes, rules: AttachmentRules) -> AttachmentType:
    found = rules.types.get(media_type_of(head) or "")
    if found is None:
        raise UploadRefused(UploadRefusal.TYPE_UNKNOWN)
    return found

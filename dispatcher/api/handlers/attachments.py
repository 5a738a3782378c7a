"""Photos and documents: uploads as they stream in, their rows, and their files for whoever may see them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import BadHttpMessage

from dispatcher.api.attachment_sight import sees_attachment
from dispatcher.api.errors import FieldRefused, NotFound, UnsupportedMediaType
from dispatcher.api.handlers.tickets import refuse_unseen
from dispatcher.api.keys import POOL, RECEPTION
from dispatcher.api.models.attachments import Attachments
from dispatcher.api.models.wire import ById
from dispatcher.api.routing import Call
from dispatcher.attachments import store
from dispatcher.attachments.errors import UploadRefusal, UploadRefused
from dispatcher.attachments.model import Owner
from dispatcher.attachments.store import Attachment
from dispatcher.attachments.views import AttachmentDetail
from dispatcher.channels.masking import masked_text
from dispatcher.tickets import reading
from registry.evidence import AttachmentKind, read_attachment_rules
from runtime.pool import Scope, transaction

log = structlog.get_logger(__name__)

_CHUNK_BYTES: Final = 256 * 1024
_ARRIVES_WITHIN_S: Final = 300.0
_NAME_MAX: Final = 200


async def upload_attachment(call: Call[None, None, None]) -> AttachmentDetail:
    """Take one file in; no transaction is open while it streams."""
    viewer, request = call.viewer, call.request
    pool, reception = request.app[POOL], request.app[RECEPTION]
    scope = Scope(actor=viewer.actor, area_id=viewer.scope)
    async with transaction(pool, scope=scope) as conn:
        rules = await read_attachment_rules(conn)
        if await store.unused_by(conn, viewer.actor) >= rules.unused_max:
            raise UploadRefused(UploadRefusal.TOO_MANY_UNUSED, rules.unused_max)
    part = await _file_part(request)
    try:
        async with asyncio.timeout(_ARRIVES_WITHIN_S):
            received = await reception.receive(_chunks(part), rules)
    except TimeoutError:
        raise UploadRefused(UploadRefusal.TOO_SLOW) from None
    owner = Owner(viewer.actor, viewer.zh_name, viewer.organisation_id)
    try:
        async with transaction(pool, scope=scope) as conn:
            # Anew: many uploads of one person may have streamed side by side.
            if await store.unused_by(conn, viewer.actor) >= rules.unused_max:
                raise UploadRefused(UploadRefusal.TOO_MANY_UNUSED, rules.unused_max)
            name = _name(part.filename, received.kind)
            attachment_id = await store.keep(conn, reception.folder, received, name, owner, rules, call.at)
            kept = await store.find(conn, attachment_id)
    finally:
        await asyncio.to_thread(received.discard)
    if kept is None:
        raise NotFound("attachment")
    return AttachmentDetail.of(kept)


async def read_attachment(call: Call[ById, None, None]) -> AttachmentDetail:
    found = AttachmentDetail.of(await _visible(call))
    # A reporter's own photo says where the reporter was; so does what a colleague uploaded for them.
    return found if call.viewer.may_know_reporters else found.model_copy(update={"lon": None, "lat": None})


async def download_attachment(call: Call[ById, None, None]) -> web.StreamResponse:
    """The file; a part of it where the header Range asks for one."""
    attachment = await _visible(call)
    return _file(call.request.app[RECEPTION].folder.file(attachment.sha256), attachment, attachment.media_type)


async def read_thumbnail(call: Call[ById, None, None]) -> web.StreamResponse:
    attachment = await _visible(call)
    if attachment.kind is not AttachmentKind.PHOTO:
        raise NotFound("thumbnail")
    return _file(call.request.app[RECEPTION].folder.thumbnail(attachment.sha256), attachment, "image/jpeg")


async def list_ticket_attachments(call: Call[ById, None, None]) -> Attachments:
    await refuse_unseen(call, call.params.id)
    knows = call.viewer.may_know_reporters
    return Attachments(items=await reading.attachment_uses(call.conn, call.params.id, knows_reporters=knows))


async def _visible(call: Call[ById, None, None]) -> Attachment:
    found = await store.find(call.conn, call.params.id)
    if found is None or not await sees_attachment(call.conn, found, call.viewer):
        raise NotFound("attachment")
    return found


def _file(path: Path, attachment: Attachment, media_type: str) -> web.FileResponse:
    if not path.is_file():
        # The folder was not restored with its database, or another api process has a folder of its own.
        log.error("attachment_file_missing", attachment=attachment.id)
        raise NotFound("file")
    disposition = f"attachment; filename*=UTF-8''{quote(attachment.name, safe='')}"
    headers = {"Content-Type": media_type, "Content-Disposition": disposition, "Cache-Control": "private, no-cache"}
    return web.FileResponse(path, headers=headers)


async def _file_part(request: web.Request) -> BodyPartReader:
    if request.content_type != "multipart/form-data":
        raise UnsupportedMediaType
    try:
        reader = await request.multipart()
        part = await reader.next()
    except (ValueError, AssertionError, BadHttpMessage):
        raise FieldRefused(("body",), "is no multipart/form-data") from None
    if not isinstance(part, BodyPartReader) or part.name != "file":
        raise FieldRefused(("body", "file"), "has to be the first part")
    return part


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    try:
        while chunk := await part.read_chunk(_CHUNK_BYTES):
            yield chunk
    except (ValueError, AssertionError, BadHttpMessage):
        raise FieldRefused(("body", "file"), "ends before its boundary") from None


def _name(given: str | None, kind: AttachmentKind) -> str:
    """The last part of the name that was sent, without what no name has and without people's numbers; never a path."""
    last = (given or "").replace("\\", "/").rpartition("/")[2]
    shown = "".join(letter for letter in last if letter.isprintable()).strip()[-_NAME_MAX:]
    shown = masked_text(shown)[-_NAME_MAX:]
    return shown or f"{kind}"

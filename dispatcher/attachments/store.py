"""Attachments in the database: kept with their file, cited with what is found about them, read back, removed.

Every function joins the caller's transaction. A row stands only where its file stood before: the file is named first,
under a lock of its content, and nobody removes it while that transaction is open.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.attachments.errors import AttachmentUnknown
from dispatcher.attachments.folder import Folder
from dispatcher.attachments.model import AttachmentId, Cited, Finding, Likeness, Owner, PastUse, Use
from dispatcher.attachments.receiving import Received
from registry.evidence import AttachmentKind, AttachmentRules
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

_REMOVED_AT_ONCE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A row, as its readers need it."""

    id: AttachmentId
    sha256: bytes
    kind: AttachmentKind
    media_type: str
    size_bytes: int
    name: str
    width: int | None
    height: int | None
    taken_at: datetime | None
    lon: float | None
    lat: float | None
    uploaded_at: datetime
    uploaded_by: str
    uploaded_by_name: str
    organisation_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedAttachment:
    """An attachment where it served."""

    id: AttachmentId
    kind: AttachmentKind
    media_type: str
    size_bytes: int
    name: str
    width: int | None
    height: int | None
    taken_at: datetime | None
    lon: float | None
    lat: float | None
    uploaded_at: datetime
    uploaded_by_name: str
    organisation_id: str | None
    event: str
    version: int | None
    finishing: bool
    findings: tuple[Finding, ...]
    used_at: datetime
    used_by: str


async def keep(
    conn: Connection, folder: Folder, received: Received, name: str, owner: Owner, rules: AttachmentRules, at: datetime
) -> AttachmentId:
    """Name the file and write its row; who does not use it in time loses it."""
    await conn.execute(QUERIES.hold_content, _lock(received.sha256))
    await asyncio.to_thread(_name_files, folder, received)
    return await insert(conn, received, name, owner, at, collect_at=at + timedelta(hours=rules.orphan_h))


async def unused_by(conn: Connection, actor_id: str) -> int:
    """How many uploads of somebody serve nothing yet."""
    found: int = await conn.fetchval(QUERIES.count_unused, actor_id)
    return found


async def insert(
    conn: Connection, received: Received, name: str, owner: Owner, at: datetime, *, collect_at: datetime
) -> AttachmentId:
    """Write the row of a file that is named already."""
    look = received.appearance
    found: int = await conn.fetchval(
        QUERIES.insert_attachment,
        received.sha256,
        received.source_sha256,
        received.kind,
        received.media_type,
        received.size_bytes,
        name,
        received.width,
        received.height,
        look.phash if look is not None else None,
        look.dhash if look is not None else None,
        list(look.bands) if look is not None else [],
        received.taken_at,
        received.lon,
        received.lat,
        at,
        owner.actor_id,
        owner.name,
        owner.organisation_id,
        collect_at,
    )
    return AttachmentId(found)


async def find(conn: Connection, attachment_id: int) -> Attachment | None:
    """One attachment; None where it is not there, or was given up."""
    row = await conn.fetchrow(QUERIES.read_attachment, attachment_id)
    if row is None:
        return None
    columns = dict(row)
    return Attachment(**columns | {"kind": AttachmentKind(columns["kind"])})


async def subjects_of(conn: Connection, attachment_id: int) -> list[tuple[str, int]]:
    """What an attachment served, as (topic, subject id): who sees one of them sees it."""
    return [(row["topic"], row["subject_id"]) for row in await conn.fetch(QUERIES.subjects_of, attachment_id)]


async def look_up(conn: Connection, ids: Collection[int], near_bits: int) -> dict[int, Cited]:
    """What is known of these attachments and of those like them; held, so that two who cite one content take turns."""
    if not ids:
        return {}
    await conn.execute(QUERIES.hold_same, list(ids))
    return await _known(conn, ids, near_bits)


async def _known(conn: Connection, ids: Collection[int], near_bits: int) -> dict[int, Cited]:
    past: dict[int, list[PastUse]] = {}
    for row in await conn.fetch(QUERIES.list_past_uses, list(ids), near_bits):
        columns = dict(row)
        attachment_id, use_id, used_at = (columns.pop(name) for name in ("attachment_id", "id", "used_at"))
        likeness = Likeness.SAME if columns.pop("same") else Likeness.NEAR
        past.setdefault(attachment_id, []).append(PastUse(use_id, Use(**columns), used_at, likeness))
    return {
        row["id"]: Cited(**dict(row) | {"kind": AttachmentKind(row["kind"])}, uses=tuple(past.get(row["id"], ())))
        for row in await conn.fetch(QUERIES.list_cited, list(ids))
    }


async def newest_proof(
    conn: Connection, topic: str, subject_id: int, events: Collection[str], near_bits: int
) -> list[tuple[int, Cited]]:
    """What the newest of these events cites, each with the id of that use and what is known today."""
    rows = await conn.fetch(QUERIES.newest_finishing, topic, subject_id, list(events))
    known = await _known(conn, [row["attachment_id"] for row in rows], near_bits)
    return [(row["use_id"], known[row["attachment_id"]]) for row in rows]


async def cite(
    conn: Connection, ids: Iterable[int], use: Use, *, actor_id: str, organisation_id: str | None, at: datetime
) -> tuple[Cited, ...]:
    """Let attachments serve a subject, without a look at reuse. Raises AttachmentUnknown for who may not."""
    named = sorted(set(ids))
    known = await look_up(conn, named, near_bits=0)
    for each in named:
        cited = known.get(each)
        if cited is None or not cited.may_be_named_by(actor_id, organisation_id, use.topic, use.subject_id):
            raise AttachmentUnknown(each)
    await note(conn, dict.fromkeys(named, ()), use, actor_id, at)
    return tuple(known[each] for each in named)


async def note(
    conn: Connection, findings: Mapping[int, tuple[Finding, ...]], use: Use, actor_id: str, at: datetime
) -> None:
    """Write down that attachments serve a subject, each with what was found; nothing collects them any more."""
    columns = (use.topic, use.subject_id, use.event, use.version, use.finishing)
    await conn.executemany(
        QUERIES.insert_use,
        [(each, *columns, [str(one) for one in found], at, actor_id) for each, found in findings.items()],
    )


async def used_on(conn: Connection, topic: str, subject_id: int) -> tuple[UsedAttachment, ...]:
    """What served a subject, in the order of use."""
    return tuple(_used(dict(row)) for row in await conn.fetch(QUERIES.list_uses_on, topic, subject_id))


def _used(columns: dict[str, Any]) -> UsedAttachment:
    found = tuple(Finding(each) for each in columns["findings"])
    return UsedAttachment(**columns | {"kind": AttachmentKind(columns["kind"]), "findings": found})


async def remove_given_up(conn: Connection, folder: Folder) -> int:
    """Remove files and rows of what was given up in an earlier transaction; returns how many rows went.

    A crash in between leaves a row that nobody sees, and the next call removes it.
    """
    rows = await conn.fetch(QUERIES.list_given_up, _REMOVED_AT_ONCE)
    for row in sorted(rows, key=lambda each: _lock(each["sha256"])):
        await conn.execute(QUERIES.hold_content, _lock(row["sha256"]))
        if not await conn.fetchval(QUERIES.content_is_kept, row["sha256"]):
            await asyncio.to_thread(folder.remove, row["sha256"])
        await conn.execute(QUERIES.delete_attachment, row["id"])
    return len(rows)


async def remove_forgotten(conn: Connection, folder: Folder, sha256: bytes) -> bool:
    """Remove a file of a day and more that no row stands for; False where it is young or somebody just uploads it."""
    await conn.execute(QUERIES.hold_content, _lock(sha256))
    if await conn.fetchval(QUERIES.content_is_kept, sha256):
        return False
    return await asyncio.to_thread(folder.remove_old, [sha256.hex()]) > 0


async def contents_after(conn: Connection, sha256: bytes, limit: int) -> list[bytes]:
    """The hashes of the contents that rows stand for, in their order, behind one."""
    return [row["sha256"] for row in await conn.fetch(QUERIES.list_contents, sha256, limit)]


def _name_files(folder: Folder, received: Received) -> None:
    folder.keep(received.draft, folder.file(received.sha256))
    if received.thumbnail is not None:
        folder.keep(received.thumbnail, folder.thumbnail(received.sha256))


def _lock(sha256: bytes) -> int:
    return int.from_bytes(sha256[:8], "big", signed=True)

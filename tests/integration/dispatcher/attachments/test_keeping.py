"""Uploads become files and rows, in that order; what served nothing goes; what served stays."""

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

import asyncpg
import pytest

from dispatcher.attachments import receiving, stage, store
from dispatcher.attachments.errors import AttachmentUnknown, UploadRefusal, UploadRefused
from dispatcher.attachments.folder import DRAFT_AGE_S, Folder
from dispatcher.attachments.model import AttachmentId, Owner, Use
from dispatcher.attachments.photographs import Photograph, cleaned
from dispatcher.attachments.receiving import Received, Reception
from registry.evidence import AttachmentRules, read_attachment_rules
from runtime.pool import SYSTEM, Connection, Pool, connect, open_pool, transaction
from tests.harness.photos import jpeg
from tests.harness.postgres import Database
from tests.integration.dispatcher.tickets.town import AT

OWNER = Owner("user:3", "handler", "t-fire")
DAY = timedelta(days=1)
USE = Use("hazard", 7, "finding")


@dataclass
class Moment:
    conn: Connection
    at: datetime


@pytest.fixture
async def rules(owner: Connection) -> AttachmentRules:
    return await read_attachment_rules(owner)


async def chunks(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for place in range(0, len(content), size):
        yield content[place : place + size]


async def keep(pool: Pool, folder: Folder, rules: AttachmentRules, content: bytes, at: datetime = AT) -> AttachmentId:
    received = await Reception(folder).receive(chunks(content), rules)
    async with transaction(pool, scope=SYSTEM) as conn:
        return await store.keep(conn, folder, received, "照片.jpg", OWNER, rules, at)


async def give_up(pool: Pool, at: datetime) -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        return await stage.advance(Moment(conn, at))


async def remove(pool: Pool, folder: Folder, *, patience: str = "0") -> int:
    async with transaction(pool, scope=SYSTEM) as conn:
        await conn.execute("SELECT set_config('lock_timeout', $1, true)", patience)
        return await store.remove_given_up(conn, folder)


async def cite(pool: Pool, attachment_id: int, use: Use = USE, *, actor_id: str = "user:3") -> None:
    async with transaction(pool, scope=SYSTEM) as conn:
        await store.cite(conn, [attachment_id], use, actor_id=actor_id, organisation_id=None, at=AT)


def drafts(folder: Folder) -> list[Path]:
    return list((folder.path / "drafts").iterdir())


async def test_upload_is_a_file_named_by_its_content_and_a_row(
    pool: Pool, folder: Folder, rules: AttachmentRules
) -> None:
    attachment_id = await keep(pool, folder, rules, jpeg(1, taken="2026:03:11 10:00:00", position=(104.5, 30.5)))
    async with pool.acquire() as conn:
        kept = await store.find(conn, attachment_id)
    assert kept is not None
    assert (kept.media_type, kept.lon, kept.uploaded_by, kept.organisation_id) == (
        "image/jpeg",
        104.5,
        "user:3",
        "t-fire",
    )
    assert kept.taken_at == AT
    assert folder.file(kept.sha256).stat().st_size == kept.size_bytes
    assert folder.thumbnail(kept.sha256).is_file()
    assert folder.names() == {kept.sha256.hex()}
    assert drafts(folder) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", UploadRefusal.EMPTY),
        (b"<svg onload=alert(1)>" * 500, UploadRefusal.TYPE_UNKNOWN),
        (jpeg(1)[:3000], UploadRefusal.DAMAGED),
        (jpeg(1) + b"<script>", UploadRefusal.TWO_TYPES_AT_ONCE),
        (b"\xff\xd8\xff" + bytes(21 * 1024 * 1024), UploadRefusal.TOO_LARGE),
    ],
    ids=["empty", "svg", "damaged", "polyglot", "large"],
)
async def test_refused_upload_leaves_nothing(
    folder: Folder, rules: AttachmentRules, content: bytes, reason: UploadRefusal
) -> None:
    with pytest.raises(UploadRefused) as refused:
        await Reception(folder).receive(chunks(content, 1 << 20), rules)
    assert refused.value.reason is reason
    assert (drafts(folder), folder.names()) == ([], frozenset())


async def test_upload_that_breaks_off_leaves_nothing(folder: Folder, rules: AttachmentRules) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield jpeg(1)[:2000]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await Reception(folder).receive(broken(), rules)
    assert drafts(folder) == []


async def test_upload_that_would_fill_the_disk_is_refused(folder: Folder, rules: AttachmentRules) -> None:
    with pytest.raises(UploadRefused) as refused:
        await Reception(folder).receive(chunks(jpeg(1)), replace(rules, free_min_bytes=2**62))
    assert refused.value.reason is UploadRefusal.NO_SPACE
    assert drafts(folder) == []


async def test_disk_that_is_full_meanwhile_is_told_as_that(
    folder: Folder, rules: AttachmentRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(28, "no space left")

    monkeypatch.setattr(Folder, "write_draft", full)
    with pytest.raises(UploadRefused) as refused:
        await Reception(folder).receive(chunks(jpeg(1)), rules)
    assert refused.value.reason is UploadRefusal.NO_SPACE
    assert drafts(folder) == []


async def test_upload_that_is_given_up_while_it_is_looked_at_leaves_nothing(
    folder: Folder, rules: AttachmentRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slowly(content: bytes, **limits: int) -> Photograph:
        begun.set()
        may_end.wait()
        return cleaned(content, **limits)

    monkeypatch.setattr(receiving, "cleaned", slowly)
    upload = asyncio.create_task(Reception(folder).receive(chunks(jpeg(1)), rules))
    await asyncio.to_thread(begun.wait)
    upload.cancel()
    done, _ = await asyncio.wait([upload], timeout=0.05)
    still_looking = not done  # Its memory is taken until then: nobody else may begin.
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert still_looking
    assert drafts(folder) == []


async def test_upload_that_is_too_large_is_stopped_before_its_end(folder: Folder, rules: AttachmentRules) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1 << 20
            yield b"\xff\xd8\xff" + bytes((1 << 20) - 3)

    with pytest.raises(UploadRefused):
        await Reception(folder).receive(endless(), rules)
    assert taken <= rules.max_bytes + (2 << 20)


async def test_what_served_nothing_goes_after_its_time_and_what_served_stays(
    pool: Pool, folder: Folder, rules: AttachmentRules
) -> None:
    forgotten = await keep(pool, folder, rules, jpeg(1))
    used = await keep(pool, folder, rules, jpeg(2))
    await cite(pool, used)
    assert await give_up(pool, AT + DAY - timedelta(seconds=1)) == 0
    assert await give_up(pool, AT + DAY) == 1
    assert await give_up(pool, AT + DAY) == 0
    async with pool.acquire() as conn:
        assert await store.find(conn, forgotten) is None
        assert len(folder.names()) == 2  # The file goes only when nobody can be told of it any more.
    assert await remove(pool, folder) == 1
    async with pool.acquire() as conn:
        kept = await store.find(conn, used)
    assert kept is not None
    assert folder.names() == {kept.sha256.hex()}
    assert folder.thumbnail(kept.sha256).is_file()
    assert await remove(pool, folder) == 0


async def test_content_that_somebody_else_uses_keeps_its_file(
    pool: Pool, folder: Folder, rules: AttachmentRules
) -> None:
    await keep(pool, folder, rules, jpeg(1))
    used = await keep(pool, folder, rules, jpeg(1))
    await cite(pool, used)
    await give_up(pool, AT + DAY)
    assert await remove(pool, folder) == 1
    assert len(folder.names()) == 1


async def test_what_was_given_up_serves_nothing_any_more(pool: Pool, folder: Folder, rules: AttachmentRules) -> None:
    attachment_id = await keep(pool, folder, rules, jpeg(1))
    await give_up(pool, AT + DAY)
    with pytest.raises(AttachmentUnknown):
        await cite(pool, attachment_id)
    # The database says so too, whoever writes.
    with pytest.raises(asyncpg.CheckViolationError):
        async with transaction(pool, scope=SYSTEM) as conn:
            await store.note(conn, {attachment_id: ()}, USE, "user:3", AT)


async def test_who_uploads_again_what_is_just_removed_has_its_file(
    pool: Pool, folder: Folder, rules: AttachmentRules
) -> None:
    await keep(pool, folder, rules, jpeg(1))
    await give_up(pool, AT + DAY)
    received = await Reception(folder).receive(chunks(jpeg(1)), rules)
    async with transaction(pool, scope=SYSTEM) as uploading:
        again = await store.keep(uploading, folder, received, "照片.jpg", OWNER, rules, AT + DAY)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await remove(pool, folder, patience="20ms")
    assert await remove(pool, folder) == 1
    async with pool.acquire() as conn:
        kept = await store.find(conn, again)
    assert kept is not None
    assert folder.names() == {kept.sha256.hex()}


async def test_forgotten_file_is_not_swept_from_under_who_uploads_it_again(
    pool: Pool, folder: Folder, rules: AttachmentRules
) -> None:
    received = await Reception(folder).receive(chunks(jpeg(1)), rules)
    path, content = folder.file(received.sha256), received.sha256
    folder.keep(folder.write_draft(b"forgotten"), path)
    then = path.stat().st_mtime - DRAFT_AGE_S - 60
    os.utime(path, (then, then))
    async with transaction(pool, scope=SYSTEM) as uploading:
        await store.keep(uploading, folder, received, "照片.jpg", OWNER, rules, AT)
        os.utime(path, (then, then))  # Whatever its age says.
        with pytest.raises(asyncpg.LockNotAvailableError):
            await sweep(pool, folder, content, patience="20ms")
    assert not await sweep(pool, folder, content)
    assert path.exists()


async def sweep(pool: Pool, folder: Folder, content: bytes, *, patience: str = "0") -> bool:
    async with transaction(pool, scope=SYSTEM) as conn:
        await conn.execute("SELECT set_config('lock_timeout', $1, true)", patience)
        return await store.remove_forgotten(conn, folder, content)


async def test_foreign_upload_cannot_be_named(pool: Pool, folder: Folder, rules: AttachmentRules) -> None:
    attachment_id = await keep(pool, folder, rules, jpeg(1))
    with pytest.raises(AttachmentUnknown):
        await cite(pool, attachment_id, actor_id="user:4")
    await cite(pool, attachment_id)
    await cite(pool, attachment_id, Use("hazard", 7, "check"), actor_id="user:4")  # It serves that hazard already.
    with pytest.raises(AttachmentUnknown):
        await cite(pool, attachment_id, Use("hazard", 8, "finding"), actor_id="user:4")


async def test_use_is_written_down_once_and_shown(pool: Pool, folder: Folder, rules: AttachmentRules) -> None:
    attachment_id = await keep(pool, folder, rules, jpeg(1))
    await cite(pool, attachment_id)
    await cite(pool, attachment_id)
    async with pool.acquire() as conn:
        (shown,) = await store.used_on(conn, "hazard", 7)
        assert await store.used_on(conn, "hazard", 8) == ()
        assert await store.subjects_of(conn, attachment_id) == [("hazard", 7)]
    assert (shown.id, shown.event, shown.uploaded_by_name, shown.findings) == (attachment_id, "finding", "handler", ())


def _die_between_file_and_row(dsn: str, path: Path, rules: AttachmentRules) -> None:
    """A process of its own: the file is named, the row is written, and the power goes before the commit."""

    async def upload() -> None:
        async def insert(conn: Connection, received: Received, *args: object, **more: object) -> NoReturn:
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError

        store.insert = insert
        pool = await open_pool(dsn, application_name="rongan-test-killed")
        await keep(pool, Folder(path), rules, jpeg(1))

    asyncio.run(upload())


async def test_kill_between_file_and_row_leaves_no_row_without_a_file(
    database: Database, pool: Pool, folder: Folder, rules: AttachmentRules
) -> None:
    victim = multiprocessing.get_context("spawn").Process(
        target=_die_between_file_and_row, args=(database.app_dsn, folder.path, rules)
    )
    victim.start()
    await asyncio.to_thread(victim.join)
    assert victim.exitcode == -signal.SIGKILL
    conn = await connect(database.app_dsn, application_name="rongan-test-look")
    assert await conn.fetchval("SELECT count(*) FROM attachments") == 0
    await conn.close()
    assert len(folder.names()) == 1  # A file that nobody is told of, which the same upload names again.
    await keep(pool, folder, rules, jpeg(1))
    assert len(folder.names()) == 1


async def test_row_is_never_there_before_its_file(
    pool: Pool, folder: Folder, rules: AttachmentRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> NoReturn:
        raise OSError(28, "no space left")

    monkeypatch.setattr(Folder, "keep", full)
    with pytest.raises(OSError, match="no space"):
        await keep(pool, folder, rules, jpeg(1))
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM attachments") == 0


def test_drafts_of_a_crash_go_after_a_day(folder: Folder) -> None:
    old, young = folder.write_draft(b"old"), folder.write_draft(b"young")
    then = young.stat().st_mtime - DRAFT_AGE_S - 60
    os.utime(old, (then, then))
    assert folder.clear_drafts() == 1
    assert drafts(folder) == [young]


async def test_check_tells_missing_damaged_and_forgotten_files_apart(
    database: Database, pool: Pool, folder: Folder, rules: AttachmentRules
) -> None:
    whole, damaged, missing = [await keep(pool, folder, rules, jpeg(seed)) for seed in (1, 2, 3)]
    async with pool.acquire() as conn:
        contents = {each: (await found(conn, each)).sha256 for each in (whole, damaged, missing)}
    folder.file(contents[damaged]).write_bytes(b"something else")
    folder.remove(contents[missing])
    young, old = bytes(32), b"\x01" * 32
    for content in (young, old):
        folder.keep(folder.write_draft(b"forgotten"), folder.file(content))
    then = folder.file(young).stat().st_mtime - DRAFT_AGE_S - 60
    os.utime(folder.file(old), (then, then))
    env = {"RONGAN_ATTACHMENTS_PATH": str(folder.path), "RONGAN_HOME": str(folder.path.parent)} | {
        "RONGAN_DATABASE_URL": database.owner_dsn,
        "RONGAN_DATABASE_APP_URL": database.app_dsn,
    }
    command = (sys.executable, "-m", "cli", "attachment", "check", "--sweep", "--json")
    program = await asyncio.create_subprocess_exec(*command, env=os.environ | env, stdout=asyncio.subprocess.PIPE)
    told, _ = await program.communicate()
    assert program.returncode == 1
    assert json.loads(told) == {
        "checked": 3,
        "missing": [contents[missing].hex()],
        "damaged": [contents[damaged].hex()],
        "without_row": [young.hex(), old.hex()],
        "removed": 1,
    }
    assert folder.file(young).exists()


async def found(conn: Connection, attachment_id: int) -> store.Attachment:
    kept = await store.find(conn, attachment_id)
    assert kept is not None
    return kept

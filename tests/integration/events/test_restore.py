"""Positions of the log keep their meaning in a database that was dumped and restored."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from events import log
from events.feed import Feed
from events.model import EventDraft, EventSource, SourceClass, TimeQuality, content_hash, event_uid
from runtime.pool import open_pool
from runtime.supervisor.binaries import find_installation
from tests.harness.postgres import Database, Server, fresh_database

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def draft(name: str) -> EventDraft:
    return EventDraft(
        uid=event_uid("test", name),
        content_hash=content_hash(name),
        source=EventSource.DEVICE_EVENT,
        source_class=SourceClass.GATE,
        kind="perimeter_intrusion",
        severity=3,
        subject="gate-1",
        received_at=NOON,
        effective_at=NOON,
        time_quality=TimeQuality.RECEIVED,
        body={"name": name},
    )


async def run(program: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        find_installation().program(program),
        *arguments,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TZ": "UTC"},
    )
    _, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()


async def append(pool: Any, *names: str) -> log.Range | None:
    async with pool.acquire() as conn, conn.transaction():
        return await log.append(conn, "gateway-0", [draft(name) for name in names])


async def test_feed_continues_after_dump_and_restore(
    postgres_server: Server, database: Database, pool: Any, tmp_path: Path
) -> None:
    await append(pool, "a", "b", "c", "d")
    # A cluster with another history: its transaction numbers mean nothing in the restored one.
    async with pool.acquire() as conn:
        read_before = await Feed(pool).read(conn, {}, 2)
    dump = tmp_path / "rongan.dump"
    await run("pg_dump", "--format=custom", f"--file={dump}", database.owner_dsn)
    async with fresh_database(postgres_server) as restored:
        await run("pg_restore", "--exit-on-error", f"--dbname={restored.owner_dsn}", str(dump))
        restored_pool = await open_pool(restored.app_dsn, application_name="rongan-test")
        try:
            assert await append(restored_pool, "e") == log.Range(5, 5)
            async with restored_pool.acquire() as conn, Feed(restored_pool) as feed:
                position = {"gateway-0": read_before[-1].seq}
                events = await feed.read(conn, position, 10, received_at={"gateway-0": read_before[-1].received_at})
        finally:
            restored_pool.terminate()
    assert [event.body["name"] for event in read_before] == ["a", "b"]
    assert [event.body["name"] for event in events] == ["c", "d", "e"]

"""The log and its feed on a real PostgreSQL: nothing skipped, nothing waits for strangers."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events import log
from events.feed import TICKS_AT_ONCE, Feed
from events.model import Event, EventDraft, EventSource, SourceClass, TimeQuality, content_hash, event_uid
from events.ticks import append_tick, in_log_order
from tests.harness.waiting import until_blocked

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FAILURE_S = 20.0


def draft(name: str, *, received_at: datetime = NOON) -> EventDraft:
    return EventDraft(
        uid=event_uid("test", name),
        content_hash=content_hash({"name": name}),
        source=EventSource.DEVICE_EVENT,
        source_class=SourceClass.CAMERA,
        kind="outdoor_fire",
        severity=4,
        subject="camera-1",
        area_path=("chengdu", "demo"),
        lon=104.06,
        lat=30.66,
        x_dm=1,
        y_dm=-2,
        observed_at=received_at,
        received_at=received_at,
        effective_at=received_at,
        time_quality=TimeQuality.DEVICE,
        body={"name": name, "价值": 1.5},
    )


async def append(pool: Any, stream: str, *names: str, received_at: datetime = NOON) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await log.append(conn, stream, [draft(name, received_at=received_at) for name in names])


async def read(pool: Any, after: dict[str, int], limit: int = 100, **options: Any) -> list[Event]:
    async with pool.acquire() as conn:
        return await Feed(pool).read(conn, after, limit, **options)


def names(events: Sequence[Event]) -> list[str]:
    return [event.body["name"] for event in events]


async def test_events_come_back_as_they_were_written(pool: Any) -> None:
    written = draft("a")
    await append(pool, "gateway-0", "a")
    (event,) = await read(pool, {})
    assert (event.stream, event.seq) == ("gateway-0", 1)
    assert all(getattr(event, field) == getattr(written, field) for field in EventDraft.__dataclass_fields__)


async def test_append_of_nothing_takes_no_position(pool: Any) -> None:
    async with pool.acquire() as conn, conn.transaction():
        assert await log.append(conn, "gateway-0", []) is None
        assert await log.append(conn, "gateway-0", [draft("a"), draft("b")]) == log.Range(1, 2)


async def test_append_refuses_the_stream_of_the_console(pool: Any) -> None:
    async with pool.acquire() as conn:
        with pytest.raises(log.ReservedStreamError):
            await log.append(conn, "stream", [draft("a")])


async def test_rolled_back_append_leaves_no_hole(pool: Any) -> None:
    async with pool.acquire() as conn:
        attempt = conn.transaction()
        await attempt.start()
        await log.append(conn, "gateway-0", [draft("lost")])
        await attempt.rollback()
    await append(pool, "gateway-0", "kept")
    assert [(event.seq, event.body["name"]) for event in await read(pool, {})] == [(1, "kept")]


async def test_late_commit_is_never_skipped(pool: Any) -> None:
    """Two writers of one stream: the one that took the earlier positions commits last, and its events come first."""
    async with pool.acquire() as slow, pool.acquire() as watcher:
        open_transaction = slow.transaction()
        await open_transaction.start()
        await log.append(slow, "gateway-0", [draft("slow")])
        quick = asyncio.create_task(append(pool, "gateway-0", "quick"))
        await until_blocked(watcher)
        assert await read(pool, {}) == []
        await open_transaction.commit()
        await quick
    assert names(await read(pool, {})) == ["slow", "quick"]


async def test_late_commit_of_another_stream_is_read_after_newer_ones(pool: Any) -> None:
    async with pool.acquire() as slow:
        open_transaction = slow.transaction()
        await open_transaction.start()
        await log.append(slow, "gateway-0", [draft("slow")])
        await append(pool, "gateway-1", "quick")
        assert names(await read(pool, {})) == ["quick"]
        await open_transaction.commit()
    assert names(await read(pool, {"gateway-1": 1})) == ["slow"]


async def test_feed_advances_while_a_foreign_write_transaction_stays_open(pool: Any) -> None:
    async with pool.acquire() as foreign, Feed(pool) as feed:
        open_transaction = foreign.transaction()
        await open_transaction.start()
        await foreign.execute("INSERT INTO violations VALUES ($1, 'gateway-9', 'c', 'r', 1)", NOON)
        assert await foreign.fetchval("SELECT pg_current_xact_id_if_assigned()") is not None
        await append(pool, "gateway-0", "a")
        async with asyncio.timeout(FAILURE_S), pool.acquire() as conn:
            while not (events := await feed.read(conn, {}, 10)):
                await feed.wait()
        assert names(events) == ["a"]
        assert foreign.is_in_transaction()
        await open_transaction.rollback()


async def test_wait_is_woken_by_a_commit(pool: Any) -> None:
    async with Feed(pool) as feed:
        await feed.wait()  # The first one returns at once: something may have come before anybody listened.
        woken = asyncio.create_task(feed.wait())
        await append(pool, "gateway-0", "a")
        async with asyncio.timeout(FAILURE_S):
            await woken


async def test_wait_survives_a_lost_connection(pool: Any, database: Any) -> None:
    async with Feed(pool) as feed, pool.acquire() as conn:
        await conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = current_user AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
        )
        await append(pool, "gateway-0", "a")
        async with asyncio.timeout(FAILURE_S):
            while not (events := await feed.read(conn, {}, 10)):
                await feed.wait()
            await feed.wait()
    assert names(events) == ["a"]


async def test_limit_is_shared_between_streams(pool: Any) -> None:
    await append(pool, "gateway-0", *(f"busy-{n}" for n in range(20)))
    await append(pool, "hotline", "call")
    events = await read(pool, {}, limit=5)
    assert names(events) == ["busy-0", "busy-1", "busy-2", "busy-3", "call"]


async def test_position_of_the_live_stream_is_no_stream_of_events(pool: Any) -> None:
    async with pool.acquire() as conn:
        await conn.execute("UPDATE log_heads SET seq = 7 WHERE stream = 'stream'")
    assert await read(pool, {}) == []


async def test_pruning_that_cuts_too_deep_loses_nothing(pool: Any) -> None:
    await append(pool, "gateway-0", "new")
    await append(pool, "gateway-0", "held for a week", received_at=NOON - timedelta(days=7))
    events = await read(pool, {"gateway-0": 1}, received_at={"gateway-0": NOON})
    assert names(events) == ["held for a week"]


async def test_pruned_read_touches_only_recent_partitions(pool: Any) -> None:
    days = [NOON - timedelta(days=9), NOON]
    async with pool.acquire() as conn:
        for day in days:
            await conn.execute("SELECT ensure_partitions($1, $1)", day.date())
    await append(pool, "gateway-0", "old", received_at=days[0])
    await append(pool, "gateway-0", "new", received_at=days[1])
    async with pool.acquire() as conn:
        text = log._SQL.read_stream
        plan = await conn.fetch(
            "EXPLAIN "
            + text.replace("$1", "'gateway-0'")
            .replace("$2", "1")
            .replace("$3", "2")
            .replace("$4", f"'{NOON - timedelta(days=1)}'")
        )
    shown = "\n".join(row[0] for row in plan)
    assert "events_20261122" in shown
    assert "events_20261113" not in shown
    assert names(await read(pool, {"gateway-0": 1}, received_at={"gateway-0": NOON})) == ["new"]


async def test_ticks_that_have_piled_up_are_read_a_few_at_a_time_and_nothing_behind_them(pool: Any) -> None:
    piled = 2 * TICKS_AT_ONCE + 1
    for n in range(piled):
        await append(pool, "gateway-0", f"event-{n}")
        async with pool.acquire() as conn, conn.transaction():
            await append_tick(conn, NOON + timedelta(seconds=n))
    await append(pool, "gateway-0", f"event-{piled}")
    positions: dict[str, int] = {}
    ordered: list[Event] = []
    for known in (TICKS_AT_ONCE, 2 * TICKS_AT_ONCE, piled):
        events = await read(pool, positions)
        ticks = [event.seq for event in events if event.source is EventSource.TICK]
        assert ticks == list(range(positions.get("clock", 0) + 1, known + 1))
        taken, positions = in_log_order(events, positions)
        assert len(taken) == len(events)
        ordered += taken
    assert positions == {"clock": piled, "gateway-0": piled + 1}
    by_turns = [(stream, n + 1) for n in range(piled) for stream in ("gateway-0", "clock")]
    assert [(event.stream, event.seq) for event in ordered] == [*by_turns, ("gateway-0", piled + 1)]

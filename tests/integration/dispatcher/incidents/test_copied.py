"""What a binary COPY brings of the open incidents is what the log holds, and what the kernels were given before."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import numpy as np
import pytest

from dispatcher.incidents import stage
from dispatcher.incidents.copied import QUERIES, CopiedEvents, order_of
from dispatcher.incidents.live import LiveIncident, Member
from dispatcher.incidents.memory import Memory
from dispatcher.rules.rulebook import read_rulebook
from events.feed import Feed
from events.model import EventSource, SourceClass, TimeQuality
from runtime.pool import DATABASE_FAULTS, Connection, Pool
from tests.harness.log import START, LogUnderTest, draft

ODD: dict[str, dict[str, Any]] = {
    "everything": {
        "product": "waste_bin",
        "device_id": 7,
        "call_id": 1 << 40,
        "area_id": "a",
        "area_path": ("城", "a"),
        "place": '东一路 3 号\t\\N "引号"',
        "observed_at": START,
        "body": {"colour": "red", "nested": {"list": [1, None, "\u00e9"]}, "life_at_risk": True},
        "revision": (1 << 62) + 1,
        "severity": 5,
        "source_class": SourceClass.CAMERA,
        "time_quality": TimeQuality.BAD,
    },
    "nothing": {"source": EventSource.SIGNAL, "severity": 1},
    "empty texts": {"place": "", "area_id": "", "product": ""},
    "odd times": {"effective_at": START.replace(microsecond=500), "received_at": START.replace(microsecond=999_999)},
    "unclassified": {"kind": "unclassified"},
}


@pytest.fixture
async def log(pool: Pool) -> AsyncIterator[LogUnderTest]:
    with LogUnderTest(pool, stage.advance) as log:
        yield log


async def filled(log: LogUnderTest) -> None:
    for number, (name, changes) in enumerate(ODD.items()):
        await log.write(draft(name, 0, None if name == "nothing" else -9000.0 * number, **changes))
    await log.write(draft("calm", 1, 0, subject="everything", raised=False))
    await log.step()


async def test_a_copied_row_is_the_member_that_its_event_of_the_log_makes(log: LogUnderTest, pool: Pool) -> None:
    await filled(log)
    async with pool.acquire() as conn, conn.transaction():
        logged = {event.uid: event for event in await Feed(pool).read(conn, {}, 100) if event.raised}
        copied = await CopiedEvents.read(conn)
    assert len(copied) == len(ODD)
    members = [copied.member(row) for row in range(len(copied))]
    assert {member.witness.uid: member for member in members} == {uid: Member.of(each) for uid, each in logged.items()}
    assert copied.uids == [member.witness.uid for member in members]


async def test_nothing_is_copied_of_an_empty_database(pool: Pool, owner: Connection) -> None:
    async with pool.acquire() as conn, conn.transaction():
        assert len(await CopiedEvents.read(conn)) == 0
        memory = await Memory.rebuild(conn, await read_rulebook(conn))
    assert memory.incidents == {}
    assert memory.largest == 0


async def test_what_the_database_refuses_a_rebuild_is_its_own_error(pool: Pool, owner: Connection) -> None:
    """A leader tries again after those, and gives up for any other."""
    async with pool.acquire() as conn, conn.transaction(), owner.transaction():
        rulebook = await read_rulebook(conn)
        await conn.execute("SET LOCAL lock_timeout = '10ms'")
        await owner.execute("LOCK TABLE events")
        with pytest.raises(DATABASE_FAULTS) as raised:
            await Memory.rebuild(conn, rulebook)
    assert isinstance(raised.value, asyncpg.LockNotAvailableError)


async def test_a_rebuilt_memory_is_the_one_that_was_kept(log: LogUnderTest, pool: Pool) -> None:
    await filled(log)
    kept = log.memory
    assert kept is not None
    async with pool.acquire() as conn, conn.transaction():
        rebuilt = await Memory.rebuild(conn, await read_rulebook(conn))
    assert rebuilt.of_event.keys() == kept.of_event.keys()
    for uid, incident in kept.of_event.items():
        again = rebuilt.of_event[uid]
        assert again.event_count == incident.event_count
        assert again.id == incident.id
        assert dict(again.members) == dict(incident.members)
        assert again.span == incident.span
    events = [event async for event in _events(pool)]
    rows = {name: column.tolist() for name, column in kept.columns(events)._asdict().items()}
    async with pool.acquire() as conn, conn.transaction():
        copied = await CopiedEvents.read(conn)
        known = await conn.fetch(QUERIES.hashes_of_kinds)
    kind, names = copied.kinds({row["id"]: row["hash"] for row in known})
    columns = kept._copied_columns(copied, np.arange(len(copied)), kind, names)
    place = {uid: row for row, uid in enumerate(copied.uids)}
    order = [place[event.uid] for event in events]
    assert {name: column[order].tolist() for name, column in columns._asdict().items()} == rows


async def _events(pool: Pool) -> Any:
    async with pool.acquire() as conn:
        for event in await Feed(pool).read(conn, {}, 100):
            if event.raised:
                yield event


def test_rows_stand_in_the_order_of_receipt_then_of_the_log_then_of_their_uids() -> None:
    rows = [(5, 1, 9, 1), (5, 1, 9, 0), (4, 3, 9, 2), (4, 2, 9, 3), (5, 1, 7, 9)]
    records = np.array(rows, [("received_us", ">i8"), ("seq", ">i8"), ("uid_hi", ">u8"), ("uid_lo", ">u8")])
    for given in (records, records[:1], records[2:4], records[:0]):
        assert given[order_of(given.__getitem__)].tolist() == sorted(given.tolist())


def test_members_are_not_made_before_somebody_looks() -> None:
    made: list[str] = []

    class Watched(list[Member]):
        def __iter__(self) -> Any:
            made.append("made")
            return super().__iter__()

    incident = LiveIncident(1, "IN-1", 1, "fire", START, late=False)
    incident.expect(Watched())
    assert incident.event_count == 0
    assert made == []
    assert dict(incident.members) == {}
    assert made == ["made"]


async def test_the_subject_that_calms_down_finds_its_incident_after_a_restart(
    log: LogUnderTest, owner: Connection
) -> None:
    await log.write(draft("first", 0, 0, subject="s"), draft("other place", 60, 9000, subject="s"))
    await log.step()
    log.restart()
    await log.write(draft("calm", 120, 0, subject="s", raised=False))
    await log.step()
    found = await owner.fetchrow("SELECT incident_id FROM incident_events WHERE standing = 'returned'")
    last = await owner.fetchval("SELECT max(incident_id) FROM incident_events WHERE standing <> 'returned'")
    assert found is not None
    assert found["incident_id"] == last

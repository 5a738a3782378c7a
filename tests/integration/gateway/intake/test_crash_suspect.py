"""Messages that were in hand when the gateway died are decoded alone, and after two deaths not at all."""

from pathlib import Path

from gateway.intake.crash_guard import CrashGuard, fingerprint
from gateway.intake.model import Delivery
from runtime.pool import Pool
from tests.harness.intake import NOON, IntakeUnderTest, RecordingSource, running_intake
from tests.harness.postgres import Database

TOPIC = "/sys/waste_bin/bin-1/thing/event/property/post"
DEADLY = b'{"params":{"fill_pct":66}}'


def mark(payload: bytes) -> int:
    source = RecordingSource()
    return fingerprint(Delivery(TOPIC, payload, 1, False, False, None, source, 1, NOON))


async def decode_after_crashes(database: Database, pool: Pool, note: Path, crashes: int) -> IntakeUnderTest:
    for _ in range(crashes):
        CrashGuard(note).note([mark(DEADLY)])
    with CrashGuard(note) as guard:
        async with running_intake(database, pool, guard=guard) as bench:
            bench.send(TOPIC, b'{"params":{"fill_pct":1}}')
            bench.send(TOPIC, DEADLY)
            bench.send(TOPIC, b'{"params":{"fill_pct":2}}')
            await bench.committed()
            assert bench.source.acknowledged == [1, 2, 3]
    with CrashGuard(note) as guard:
        assert guard.suspects == {}
    return bench


async def test_message_seen_at_one_crash_is_decoded(database: Database, pool: Pool, tmp_path: Path) -> None:
    bench = await decode_after_crashes(database, pool, tmp_path / "note", 1)
    assert await bench.value("SELECT count(*) FROM readings") == 3


async def test_message_seen_at_two_crashes_is_quarantined_raw(database: Database, pool: Pool, tmp_path: Path) -> None:
    bench = await decode_after_crashes(database, pool, tmp_path / "note", 2)
    assert await bench.quarantined() == [("crash_suspect", DEADLY.decode())]
    assert await bench.conservation() == {"waste_bin": (3, 2, 0, 1)}

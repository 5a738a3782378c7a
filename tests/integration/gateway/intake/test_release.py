"""A quarantined message is released once what was wrong with it is mended, and only then, and only once."""

from datetime import timedelta

import pytest

from events.model import QuarantineReason
from gateway.intake.arrivals import Outcome
from gateway.intake.release import NotReleasableError, release
from tests.harness.intake import NOON, IntakeUnderTest, owner_of, register_fleet

TOPIC = "/sys/access_gate/new-gate/thing/event/forced_open/post"
LATER = NOON + timedelta(days=3)


async def release_first(bench: IntakeUnderTest) -> Outcome:
    async with bench.pool.acquire() as conn:
        number = await conn.fetchval("SELECT min(id) FROM quarantine")
        return await release(conn, number, by="cli:test", at=LATER, retention=timedelta(days=400))


async def test_message_is_released_when_its_device_is_registered(bench: IntakeUnderTest) -> None:
    observed_ms = round(NOON.timestamp() * 1000)
    bench.send(TOPIC, {"id": "1", "params": {"time": observed_ms, "value": {"lane": 1}}})
    await bench.committed()
    with pytest.raises(NotReleasableError) as refused:
        await release_first(bench)
    assert refused.value.reason is QuarantineReason.UNKNOWN_DEVICE
    async with owner_of(bench) as owner:
        await register_fleet(owner, {"access_gate": ["new-gate"]})
    assert await release_first(bench) is Outcome.STORED
    (event,) = await bench.events()
    assert (event.stream, event.received_at, event.effective_at) == ("release", LATER, NOON)
    (row,) = await bench.rows("SELECT state::text, decided_by, decided_at FROM quarantine")
    assert row == {"state": "released", "decided_by": "cli:test", "decided_at": LATER}
    assert await bench.conservation() == {"access_gate": (2, 1, 0, 1)}
    with pytest.raises(NotReleasableError, match="not held"):
        await release_first(bench)
    assert len(await bench.events()) == 1

"""Two gateways write for the same devices: no value is lost, no message is stored twice."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from runtime.pool import Pool
from tests.harness.intake import NOON, IntakeUnderTest, owner_of, running_intake
from tests.harness.postgres import Database


@pytest.fixture
async def other(bench: IntakeUnderTest, database: Database, pool: Pool) -> AsyncIterator[IntakeUnderTest]:
    async with running_intake(database, pool, slot="gateway-1") as running:
        yield running


async def test_device_that_roams_keeps_its_latest_values(bench: IntakeUnderTest, other: IntakeUnderTest) -> None:
    """The first gateway remembers the device's state; what the second wrote meanwhile must not be overwritten."""
    for gateway, values in ((bench, {"fill_pct": 1}), (other, {"tilt_deg": 2}), (bench, {"battery_pct": 3})):
        gateway.post("bin-1", values)
        await gateway.committed()
    latest = await bench.value("SELECT latest FROM device_state")
    assert {name: told["value"] for name, told in latest.items()} == {"fill_pct": 1, "tilt_deg": 2, "battery_pct": 3}


async def test_signal_is_raised_once_for_a_device_that_roams(bench: IntakeUnderTest, other: IntakeUnderTest) -> None:
    for second, gateway in enumerate((bench, other, bench, other)):
        at = NOON + timedelta(seconds=second)
        gateway.post("bin-1", {"temperature_c": 56 + second}, at=at)
        await gateway.committed()
    assert [event.body["signal"] for event in await bench.events()] == ["hot"]


async def test_state_written_by_somebody_else_is_read_again(bench: IntakeUnderTest) -> None:
    """The dispatcher's leader moves signals when a hold ends."""
    bench.post("bin-1", {"fill_pct": 1})
    await bench.committed()
    async with owner_of(bench) as owner:
        await owner.execute("""UPDATE device_state SET latest = latest || '{"note": {"value": 1, "at": "z"}}'""")
    bench.post("bin-1", {"fill_pct": 2})
    await bench.committed()
    latest = await bench.value("SELECT latest FROM device_state")
    assert (latest["fill_pct"]["value"], latest["note"]["value"]) == (2.0, 1)


async def test_message_that_both_gateways_get_is_stored_once(bench: IntakeUnderTest, other: IntakeUnderTest) -> None:
    for seq in range(300):
        for gateway in (bench, other):
            gateway.post(f"bin-{seq % 3 + 1}", {"fill_pct": seq % 50}, sid=1, seq=seq)
    await bench.committed()
    await other.committed()
    assert await bench.value("SELECT count(*) FROM readings") == 300
    assert await bench.conservation() == {"waste_bin": (600, 300, 300, 0)}
    assert len(bench.source.acknowledged) == len(other.source.acknowledged) == 300

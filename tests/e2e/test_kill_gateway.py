"""Kill -9 of the gateway under load: whatever was acknowledged is in the database, and nothing is there twice."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cli.bench.temporary import ProcessNotReadyError, TemporarySystem, start_process, stop_process, temporary_system
from gateway.intake.failpoints import VARIABLE, Failpoint
from runtime.pool import connect
from simulators.load.ledger import read_ledger

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SEED = 20261122
FAILURE_S = 60.0
SIGKILLED = -9


def size_of(ledger: Path) -> int:
    return ledger.stat().st_size if ledger.exists() else 0


async def until_ledger_grows(ledger: Path) -> None:
    """Wait until more was acknowledged than when we came."""
    before = await asyncio.to_thread(size_of, ledger)
    async with asyncio.timeout(FAILURE_S):
        while await asyncio.to_thread(size_of, ledger) == before:
            turned = asyncio.Event()
            asyncio.get_running_loop().call_later(0.02, turned.set)
            await turned.wait()


async def kill_again_and_again(system: TemporarySystem, ledger: Path, rng: Random) -> list[str]:
    """A kill at every failpoint, each a number of batches into its life, and some wherever it happens to be."""
    deaths = []
    for point in (None, *Failpoint, None):
        environment = {} if point is None else {VARIABLE: f"{point}:{rng.randint(40, 90)}"}
        gateway = await system.start_gateway(**environment)
        if point is None:
            await until_ledger_grows(ledger)
            gateway.kill()
        async with asyncio.timeout(FAILURE_S):
            assert await gateway.wait() == SIGKILLED
        deaths.append(point.value if point else "random")
    return deaths


async def verdict(system: TemporarySystem, ledger: Path) -> dict[str, Any]:
    """Compare the ledger of the devices with the database, knowing nothing of the gateway but its keys."""
    acked = {(entry.product, entry.device, entry.sid, entry.seq) for entry in read_ledger(ledger)}
    conn = await connect(system.settings.owner_dsn(), application_name="rongan-test")
    try:
        rows = await conn.fetch(
            "SELECT d.product, d.name, ('x' || encode(substring(key FROM 1 FOR 8), 'hex'))::bit(64)::bigint AS sid, "
            "('x' || encode(substring(key FROM 9), 'hex'))::bit(64)::bigint AS seq "
            "FROM delivery_keys JOIN devices d ON d.id = device_id"
        )
        stored = {tuple(row) for row in rows}
        return {
            "acked": len(acked),
            "lost": len(acked - stored),
            "rows": await conn.fetchval("SELECT count(*) FROM readings"),
            "keys": len(rows),
            "counted": await conn.fetchval("SELECT sum(stored)::bigint FROM intake_counts"),
            "quarantined": await conn.fetchval("SELECT count(*) FROM quarantine"),
        }
    finally:
        await conn.close()


async def test_killed_gateway_loses_nothing_acknowledged_and_stores_nothing_twice(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    async with temporary_system({"waste_bin": 60, "smart_security_camera": 30, "access_gate": 30}) as system:
        load = asyncio.create_task(
            system.load(ledger=ledger, rate=1500, duration=20, drain=90, connect_timeout=60, seed=SEED, window=8)
        )
        deaths = await kill_again_and_again(system, ledger, Random(SEED))
        survivor = await system.start_gateway()
        try:
            report = await load
        finally:
            await stop_process(survivor)
        found = await verdict(system, ledger)
    assert deaths == ["random", "decoded", "copied", "committed", "half_acknowledged", "random"]
    assert report["unacked"] == 0
    assert report["reconnects"] > 0
    assert found["acked"] == report["sent"]
    assert found["lost"] == 0
    assert found["rows"] == found["keys"] == found["counted"] == report["sent"]
    assert found["quarantined"] == 0
    assert survivor.returncode == 0


async def test_stopped_gateway_acknowledges_what_it_took_and_ends_cleanly(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    async with temporary_system({"waste_bin": 20}) as system:
        gateway = await system.start_gateway()
        load = asyncio.create_task(system.load(ledger=ledger, rate=500, duration=6, drain=60, seed=SEED))
        await until_ledger_grows(ledger)
        await stop_process(gateway)
        assert gateway.returncode == 0
        gateway = await system.start_gateway()
        report = await load
        await stop_process(gateway)
        found = await verdict(system, ledger)
    assert (report["unacked"], found["lost"]) == (0, 0)
    assert found["rows"] == found["keys"] == report["sent"]


async def test_process_that_ends_before_it_is_ready_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProcessNotReadyError):
        await start_process("nothing", ("/bin/true",), {}, tmp_path / "log")

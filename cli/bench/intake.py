"""`rongan bench intake`: thousands of devices at the front door, beside a bare endpoint and beside the naive way."""

import asyncio
import os
import resource
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console
from rich.table import Table

from cli.bench.temporary import (
    ProcessNotReadyError,
    TemporarySystem,
    free_port,
    start_process,
    stop_process,
    temporary_system,
)
from runtime import logging
from runtime.pool import connect
from simulators.load.ledger import read_ledger

FLEET: Final = {"waste_bin": 2500, "smart_security_camera": 1250, "access_gate": 1250}
TARGET_PER_S: Final = 15_000
_MOSQUITTO_CONF: Final = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 1000
log_type none
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long and how fast: `rate` is what the figure is asked at, `flood` more than anything here can take."""

    rate: int
    duration_s: float
    warm_up_s: float
    flood_rate: int
    flood_s: float
    naive_rate: int
    naive_s: float
    flood_connections: int
    whole_system: bool  # With dispatcher and api beside it; their kernels compile first.


QUICK: Final = Pace(TARGET_PER_S, 5, 1, 40_000, 2, 4_000, 4, 500, whole_system=False)
FULL: Final = Pace(TARGET_PER_S, 120, 5, 40_000, 10, 4_000, 20, 5_000, whole_system=True)


def run(quick: bool = False) -> dict[str, Any]:
    """Measure everything in one temporary system; the figures by name."""
    logging.configure(level="warning", program="bench")
    return asyncio.run(_run(QUICK if quick else FULL))


async def _run(pace: Pace) -> dict[str, Any]:
    async with temporary_system(FLEET) as system:
        paced, flood, companions = await _front_door(system, pace)
        null_flood = await _null_endpoint(system, pace)
        naive = await _naive(system, pace)
    ours = throughput(flood, pace.flood_s)
    bare = throughput(null_flood, pace.flood_s)
    return {
        "devices": sum(FLEET.values()),
        "offered_per_s": pace.rate,
        "messages_per_s": round(throughput(paced, pace.duration_s), 1),
        "points_per_s": round(3 * throughput(paced, pace.duration_s), 1),
        "lost": paced["lost"],
        "duplicate_rows": paced["duplicate_rows"],
        "p50_publish_to_row_ms": paced["p50_ms"],
        "p99_publish_to_row_ms": paced["p99_ms"],
        "flood_messages_per_s": round(ours, 1),
        "null_endpoint_messages_per_s": round(bare, 1),
        "naive_messages_per_s": None if naive is None else round(naive, 1),
        "ratio_to_null_endpoint": round(ours / bare, 3),
        "ratio_to_naive": None if naive is None else round(ours / naive, 1),
        "cpu_us_per_message": paced["cpu_us_per_message"],
        "rss_mib": paced["rss_mib"],
        "beside_it": companions,
    }


def show(figures: dict[str, Any]) -> None:
    """Print the figures for people."""
    table = Table(title="Intake: publish to committed row", show_header=False)
    for name, value in figures.items():
        text = ", ".join(f"{key} {of}" for key, of in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name.replace("_", " "), text)
    Console().print(table)


def throughput(report: dict[str, Any], duration_s: float) -> float:
    """Messages a second up to the last acknowledgement, which came `max_ms` after the last was due."""
    return float(report["acked"] / (duration_s + report["max_ms"] / 1000))


async def _front_door(system: TemporarySystem, pace: Pace) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """The paced run with all its figures, then the flood; what else ran beside them."""
    ledger = system.settings.home / "ledger"
    async with AsyncExitStack() as stack:
        companions = await _companions(system, stack) if pace.whole_system else []
        gateway = await system.start_gateway()
        stack.push_async_callback(stop_process, gateway)
        meter = Meter(system, gateway.pid)
        metering = asyncio.create_task(meter.begin_with_the_first_message())
        paced = await system.load(
            ledger=ledger, rate=pace.rate, duration=pace.duration_s, warm_up=pace.warm_up_s, drain=60
        )
        await metering
        paced |= await meter.end() | await verdict(system, ledger)
        flood = await _flood(system, pace)
    return paced, flood, companions


async def _flood(system: TemporarySystem, pace: Pace) -> dict[str, Any]:
    return await system.load(rate=pace.flood_rate, duration=pace.flood_s, connections=pace.flood_connections, drain=60)


async def _companions(system: TemporarySystem, stack: AsyncExitStack) -> list[str]:
    """Start dispatcher and api; those that run."""
    running = []
    environment = system.environment | {"RONGAN_HTTP_PORT": str(free_port())}
    for name in ("dispatcher", "api"):
        argv = (sys.executable, "-m", "cli", name)
        try:
            process = await start_process(name, argv, environment, system.settings.home / f"{name}.log")
        except (ProcessNotReadyError, TimeoutError):
            continue
        stack.push_async_callback(stop_process, process)
        running.append(name)
    return running


class Meter:
    """CPU time and memory of gateway, PostgreSQL and load generator over the messages of one run."""

    def __init__(self, system: TemporarySystem, gateway_pid: int) -> None:
        self._system = system
        self._gateway = psutil.Process(gateway_pid)
        self._postmasters = [child for child in psutil.Process().children() if child.name() == "postgres"]
        self._before: dict[str, float] = {}
        self._received_before = 0

    async def begin_with_the_first_message(self) -> None:
        """Start counting when all devices have connected."""
        self._received_before = await self._system.first_message()
        self._before = self._cpu_s()

    async def end(self) -> dict[str, Any]:
        after = self._cpu_s()
        messages = await self._system.received() - self._received_before
        return {
            "cpu_us_per_message": {
                name: round((after[name] - self._before.get(name, 0.0)) / messages * 1e6, 1) for name in after
            },
            "rss_mib": {"gateway": round(self._gateway.memory_info().rss / 2**20)},
        }

    def _cpu_s(self) -> dict[str, float]:
        times = self._gateway.cpu_times()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        postgres = 0.0
        for postmaster in self._postmasters:
            for process in (postmaster, *postmaster.children()):
                try:
                    used = process.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                postgres += used.user + used.system
        return {
            "gateway": times.user + times.system,
            "postgresql": postgres,
            # Counted when it has ended: with its start and the connecting.
            "generator": children.ru_utime + children.ru_stime,
        }


async def verdict(system: TemporarySystem, ledger: Path) -> dict[str, int]:
    """Acknowledged messages without their row, and rows that stand twice."""
    conn = await connect(system.settings.owner_dsn(), application_name="rongan-bench")
    try:
        await conn.execute("CREATE TEMP TABLE ledger (product text, device text, sid bigint, seq bigint)")
        await conn.copy_records_to_table("ledger", records=read_ledger(ledger))
        lost: int = await conn.fetchval(
            "SELECT count(*) FROM ledger l JOIN devices d ON d.product = l.product AND d.name = l.device "
            "LEFT JOIN delivery_keys k ON k.device_id = d.id AND k.key = int8send(l.sid) || int8send(l.seq) "
            "WHERE k.key IS NULL"
        )
        twice: int = await conn.fetchval(
            "SELECT (SELECT count(*) FROM readings) - (SELECT count(*) FROM delivery_keys)"
        )
        return {"lost": lost, "duplicate_rows": twice}
    finally:
        await conn.close()


async def _null_endpoint(system: TemporarySystem, pace: Pace) -> dict[str, Any]:
    argv = (sys.executable, "-m", "cli.bench.null_endpoint")
    process = await start_process("null endpoint", argv, system.environment, system.settings.home / "null.log")
    try:
        return await _flood(system, pace)
    finally:
        await stop_process(process)


async def _naive(system: TemporarySystem, pace: Pace) -> float | None:
    """Rows a second of aiomqtt and one INSERT a message behind Mosquitto; None where there is no Mosquitto."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        return None
    async with _mosquitto(system, program) as port:
        argv = (sys.executable, "-m", "cli.bench.naive", str(port), system.settings.owner_dsn())
        process = await start_process("naive", argv, {}, system.settings.home / "naive.log")
        try:
            await system.load(
                port=port,
                rate=pace.naive_rate,
                duration=pace.naive_s,
                connections=pace.flood_connections,
                drain=1,
            )
            conn = await connect(system.settings.owner_dsn(), application_name="rongan-bench")
            try:
                # The rate of its own rows from first to last: connecting the devices counts for nobody.
                rate: float = await conn.fetchval(
                    "SELECT count(*) / extract(epoch FROM max(received_at) - min(received_at))::float FROM naive"
                )
                return rate
            finally:
                await conn.close()
        finally:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _mosquitto(system: TemporarySystem, program: str) -> AsyncIterator[int]:
    port = free_port()
    configuration = system.settings.home / "mosquitto.conf"
    await asyncio.to_thread(configuration.write_text, _MOSQUITTO_CONF.format(port=port))
    await asyncio.to_thread(configuration.chmod, 0o644)
    await asyncio.to_thread(system.settings.home.chmod, 0o755)  # Mosquitto gives up root before it reads.
    process = await asyncio.create_subprocess_exec(program, "-c", str(configuration))
    try:
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                writer.close()
                await writer.wait_closed()
                break
        yield port
    finally:
        await stop_process(process)

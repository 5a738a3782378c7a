"""`rongan bench api`: lists, filters, indicators and due times over many tickets, beside the same SELECTs alone.

Beside them `trivial` requests, which read no ticket: what an answer of this api costs at least on this machine.

A real api process over a temporary system that holds a year of tickets (quick: two months) with their logs, quiet and
while a fleet publishes. Requests come at their own pace, whether the last one was answered or not; each is measured
from the time at which it was due.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.bench.api_requests import KINDS, Wanted, requests
from cli.bench.intake import throughput
from cli.bench.temporary import TemporarySystem, free_port, start_process, stop_process, temporary_system
from cli.bench.tickets import LOGIN, fill
from dispatcher.indicators import rollups
from runtime.clock import RealClock
from runtime.logging import configure
from runtime.pool import Connection, connect

TICKETS: Final = 1_000_000
TICKETS_QUICK: Final = 40_000
SPAN: Final = timedelta(days=365)
SPAN_QUICK: Final = timedelta(days=61)  # as many a day as need be for roll-ups as dense as those of a district
REQUESTS_PER_S: Final = 50
MEASURED_S: Final = 60.0
MEASURED_QUICK_S: Final = 5.0
WARM_UP: Final = 40
INTAKE_FLEET: Final = {"waste_bin": 500, "smart_security_camera": 250, "access_gate": 250}
INTAKE_PER_S: Final = 5_000
INTAKE_QUICK_PER_S: Final = 2_000
LEAD_S: Final = 3.0  # the fleet publishes so much longer than requests are asked
DISPATCHER_READY_S: Final = 240.0

Lasted = dict[str, list[float]]
"""Seconds of every request, by kind."""


class RequestRefusedError(Exception):
    """The api answered something else than 200."""


def run(quick: bool) -> dict[str, Any]:
    """Every figure; `quick` ends within 50 s on a quiet machine."""
    configure(level="warning", program="bench")  # what is told of the way goes to the error stream
    return asyncio.run(_run(quick))


async def _run(quick: bool) -> dict[str, Any]:
    count = TICKETS_QUICK if quick else TICKETS
    loop = asyncio.get_running_loop()
    async with temporary_system(INTAKE_FLEET) as system:
        conn = await connect(system.settings.owner_dsn(), application_name="rongan-bench")
        try:
            at = RealClock().now()
            with Progress(console=Console(stderr=True), transient=True) as progress:
                task = progress.add_task("tickets", total=count)
                begin_s = loop.time()
                password = await fill(
                    conn, count, at, SPAN_QUICK if quick else SPAN, lambda done: progress.update(task, completed=done)
                )
                filled_s = loop.time() - begin_s
                begin_s = loop.time()
                days = await _roll_up(conn, at)
                rolled_up_s = loop.time() - begin_s
                await conn.execute("VACUUM (ANALYZE)")
                wanted = requests(at, count, round((MEASURED_QUICK_S if quick else MEASURED_S) * REQUESTS_PER_S))
                process, url = await _start_api(system)
                try:
                    quiet = await _measure(url, password, wanted, lambda: progress.advance(task, 0))
                    beside, intake = await _measure_during_intake(system, url, password, wanted, quick=quick)
                finally:
                    await stop_process(process)
                alone = await _measure_alone(system, wanted)
        finally:
            await conn.close()
    sql = _percentiles(alone, 95)
    return {
        "quick": quick,
        "tickets": count,
        "requests_per_s": REQUESTS_PER_S,
        "requests": {kind: len(beside[kind]) for kind in KINDS},
        **{f"p{percent}_ms": _percentiles(beside, percent) for percent in (50, 95, 99)},
        "intake": intake,
        "quiet": {f"p{percent}_ms": _percentiles(quiet, percent) for percent in (50, 95, 99)},
        "sql_p95_ms": sql,
        "ratio_to_sql": {kind: round(p95 / sql[kind], 2) for kind, p95 in _percentiles(beside, 95).items()},
        "fill_s": round(filled_s, 1),
        "roll_up": {"days": days, "seconds": round(rolled_up_s, 1)},
        "machine": {"cpus": os.cpu_count(), "load_average_1min": round(os.getloadavg()[0], 2)},
    }


async def _measure_during_intake(
    system: TemporarySystem, url: str, password: str, wanted: Sequence[Wanted], *, quick: bool
) -> tuple[Lasted, dict[str, Any]]:
    """The same requests while a fleet publishes, and what became of that; the dispatcher runs too, if not quick."""
    rate = INTAKE_QUICK_PER_S if quick else INTAKE_PER_S
    duration_s = len(wanted) / REQUESTS_PER_S + LEAD_S
    async with AsyncExitStack() as stack:
        gateway = await system.start_gateway()
        stack.push_async_callback(stop_process, gateway)
        if not quick:
            argv = (sys.executable, "-m", "cli", "dispatcher")
            log = system.settings.home / "dispatcher.log"
            dispatcher = await start_process("dispatcher", argv, system.environment, log, ready_s=DISPATCHER_READY_S)
            stack.push_async_callback(stop_process, dispatcher)
        load = asyncio.create_task(system.load(rate=rate, duration=duration_s, warm_up=1, drain=60), name="load")
        try:
            await system.first_message()
            lasted = await _measure(url, password, wanted, lambda: None)
            report = await load
        finally:
            load.cancel()
    return lasted, {
        "offered_per_s": rate,
        "messages_per_s": round(throughput(report, duration_s), 1),
        "unacknowledged": report["unacked"],
        "p99_ms": report["p99_ms"],
        "dispatcher": not quick,
    }


def _percentiles(lasted: Lasted, percent: int) -> dict[str, float]:
    return {kind: p_ms(lasted[kind], percent) for kind in KINDS}


async def _roll_up(conn: Connection, at: datetime) -> int:
    """Count every finished day, a month at a time."""
    days = 0
    while True:
        async with conn.transaction():
            counted = await rollups.bring_up(conn, at, 31)
        if not counted:
            return days
        days += counted


async def _start_api(system: TemporarySystem) -> tuple[asyncio.subprocess.Process, str]:
    port = free_port()
    process = await start_process(
        "api",
        (sys.executable, "-m", "cli", "api"),
        system.environment | {"RONGAN_HTTP_PORT": str(port)},
        system.settings.home / "api.log",
    )
    return process, f"http://127.0.0.1:{port}"


async def _measure(url: str, password: str, wanted: Sequence[Wanted], tell: Callable[[], None]) -> Lasted:
    """Send each request when it is due; seconds from then to the last byte."""
    loop = asyncio.get_running_loop()
    lasted: Lasted = {kind: [] for kind in KINDS}
    async with aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=64)) as http:
        async with http.post("/api/v1/sessions", json={"login": LOGIN, "password": password}) as opened:
            token = (await opened.json())["token"]
        http.headers.update({"Authorization": f"Bearer {token}"})

        async def ask(each: Wanted, due_s: float) -> None:
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            async with http.get(each.path, params=each.params) as answer:
                body = await answer.read()
            if answer.status != 200:
                raise RequestRefusedError(f"{answer.status} {each.path} {each.params}: {body[:300]!r}")
            lasted[each.kind].append(loop.time() - due_s)
            tell()

        for each in wanted[:WARM_UP]:
            await ask(each, loop.time())
        for durations in lasted.values():
            durations.clear()
        begin_s = loop.time()
        async with asyncio.TaskGroup() as group:
            for number, each in enumerate(wanted):
                group.create_task(ask(each, begin_s + number / REQUESTS_PER_S), name=f"request {number}")
    return lasted


async def _measure_alone(system: TemporarySystem, wanted: Sequence[Wanted]) -> Lasted:
    """The same SELECTs over one plain connection, one after the other."""
    loop = asyncio.get_running_loop()
    lasted: Lasted = {kind: [] for kind in KINDS}
    conn = await connect(system.settings.app_dsn(), application_name="rongan-bench-plain")
    try:
        for each in [*wanted[:WARM_UP], *wanted[: max(200, len(wanted) // 4)]]:
            begin_s = loop.time()
            async with conn.transaction():
                await each.select(conn)
            lasted[each.kind].append(loop.time() - begin_s)
    finally:
        await conn.close()
    return {kind: durations[WARM_UP // len(KINDS) :] for kind, durations in lasted.items()}


def p_ms(seconds: Sequence[float], percent: int) -> float:
    """A percentile in milliseconds."""
    return round(statistics.quantiles(seconds, n=100, method="inclusive")[percent - 1] * 1000, 2)


def show(figures: dict[str, Any]) -> None:
    """A table for people."""
    console = Console()
    intake = figures["intake"]
    table = Table("requests", "count", "p50 ms", "p95 ms", "p99 ms", "quiet p95 ms", "SELECT alone p95 ms", "ratio")
    for kind in KINDS:
        during = (figures[name][kind] for name in ("requests", "p50_ms", "p95_ms", "p99_ms"))
        yardsticks = figures["quiet"]["p95_ms"][kind], figures["sql_p95_ms"][kind], figures["ratio_to_sql"][kind]
        table.add_row(kind, *(str(value) for value in (*during, *yardsticks)))
    beside = "gateway and dispatcher" if intake["dispatcher"] else "gateway"
    console.print(
        f"{figures['tickets']} tickets, {figures['requests_per_s']} requests/s; {beside} on the same machine take"
        f" {intake['messages_per_s']} of {intake['offered_per_s']} messages/s (p99 {intake['p99_ms']} ms)"
    )
    console.print(table)
    console.print(
        f"Filled in {figures['fill_s']} s; {figures['roll_up']['days']} days rolled up in"
        f" {figures['roll_up']['seconds']} s; load average {figures['machine']['load_average_1min']}"
    )

"""`rongan bench dispatcher`: from an event's commit in the log to its incident's commit, and how long a take-over is.

Measured from outside on a real dispatcher process: the commit of a step wakes this process, which then reads the
cursor; so each latency holds the way of the notification and one query, about a millisecond too much.
"""

import asyncio
import math
import os
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.bench.temporary import TemporarySystem, start_process, stop_process, temporary_system
from cli.numba_cache import use_numba_cache
from cli.program import read_settings
from dispatcher.engine.leadership import LEASE_S
from events import log
from events.model import EventDraft, EventSource, SourceClass, TimeQuality, content_hash, event_uid
from registry.projection import CHENGDU, EARTH_RADIUS_M, project
from runtime.clock import RealClock
from runtime.logging import configure
from runtime.pool import Connection, connect

RATES: Final = (100, 1_000, 5_000)
PAUSE_S: Final = 0.02  # between two commits of the gateway that this stands for
SPOTS: Final = 400
STREAM: Final = "gateway-bench"
DRAIN_S: Final = 30.0
START_S: Final = 240.0
TAKE_OVER_S: Final = 60.0
REBUILT: Final = 1_000_000  # live events
REBUILT_QUICK: Final = 60_000

# Of a kind that is only shown: no ticket hangs on it, so what is measured is the engine with its incidents.
_KIND: Final = """
SELECT k.id FROM event_kinds k JOIN kind_groups g ON g.id = k.kind_group AND g.rule_set = 'default'
WHERE k.mode = 'notice_only' AND g.clustered ORDER BY k.id LIMIT 1"""
_SEQ: Final = "SELECT seq FROM cursors WHERE consumer = 'dispatcher' AND stream = $1"
_PLAIN: Final = """
CREATE TABLE IF NOT EXISTS bench_plain (
    uid bytea PRIMARY KEY, kind text, subject text, lon float8, lat float8, at timestamptz)"""
_INSERT: Final = "INSERT INTO bench_plain VALUES ($1, $2, $3, $4, $5, $6)"


@dataclass(slots=True)
class Commits:
    """When which position of the log was committed, in the order of the log."""

    last_seq: list[int]
    at_s: list[float]


def run(quick: bool) -> dict[str, Any]:
    """Every figure; `quick` ends within a minute."""
    configure(level="warning", program="bench")  # what is told of the way goes to the error stream
    settings = read_settings()
    settings.layout.create()
    use_numba_cache(settings.layout)
    from dispatcher.engine.process import compile_all  # noqa: PLC0415 -- numba reads its folder at import

    compile_all()
    return asyncio.run(_run(quick))


async def _run(quick: bool) -> dict[str, Any]:
    from cli.bench import rebuild  # noqa: PLC0415 -- as above

    async with temporary_system({"waste_bin": 1}) as system:
        conn = await connect(system.settings.owner_dsn(), application_name="rongan-bench")
        try:
            with Progress(console=Console(stderr=True), transient=True) as progress:
                task = progress.add_task("rates", total=len(RATES) + 2)
                async with _dispatcher(system, "bench-leader") as leader:
                    rates = {}
                    for rate in RATES:
                        rates[str(rate)] = await _measured(system, conn, rate, 4.0 if quick else 30.0)
                        progress.advance(task)
                    take_over = await _take_over(system, conn, leader)
                    progress.advance(task)
                rebuilt = await rebuild.measured(conn, REBUILT_QUICK if quick else REBUILT)
                progress.advance(task)
        finally:
            await conn.close()
    return {
        "quick": quick,
        "rates": rates,
        "take_over": take_over,
        "rebuild": rebuilt,
        "machine": {"cpus": os.cpu_count(), "load_average_1min": round(os.getloadavg()[0], 2)},
    }


@asynccontextmanager
async def _dispatcher(system: TemporarySystem, slot: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await start_process(
        slot,
        (sys.executable, "-m", "cli", "dispatcher"),
        system.environment | {"RONGAN_DISPATCHER_SLOT": slot},
        system.settings.home / f"{slot}.log",
        ready_s=START_S,
    )
    try:
        yield process
    finally:
        await stop_process(process)


async def _measured(system: TemporarySystem, conn: Connection, rate: int, duration_s: float) -> dict[str, Any]:
    drafts = await _drafts(conn, rate, int(rate * duration_s))
    size = max(1, round(rate * PAUSE_S))
    batches = [drafts[start : start + size] for start in range(0, len(drafts), size)]
    before: int = await conn.fetchval(_SEQ, STREAM) or 0
    written = Commits([], [])
    seen = Commits([], [])
    watch = asyncio.create_task(_watch(system, before + len(drafts), seen), name="incident-commits")
    try:
        await _write(conn, batches, written)
        with suppress(TimeoutError):  # what was not taken by then is missing from `taken`
            async with asyncio.timeout(DRAIN_S):
                await watch
    finally:
        watch.cancel()
    lasted_s = latencies(batches, written, seen)
    plain = await _plain(conn, batches)
    return {
        "events": len(drafts),
        "taken": len(lasted_s),
        "offered_per_s": rate,
        "written_per_s": round(len(drafts) / (written.at_s[-1] - written.at_s[0] + PAUSE_S)),
        "taken_per_s": round(len(lasted_s) / (seen.at_s[-1] - written.at_s[0] + PAUSE_S)) if seen.at_s else 0,
        **percentiles(lasted_s),
        "plain_inserts": plain,
    }


async def _drafts(conn: Connection, rate: int, count: int) -> list[EventDraft]:
    """Devices at some spots of a city, that report again and again; each report is one of its own."""
    kind: str = await conn.fetchval(_KIND)
    rng = Random(rate)  # noqa: S311 -- the same places at every run
    at = RealClock().now()
    drafts = []
    for number in range(count):
        spot = rng.randrange(SPOTS)
        east_m, north_m = 1_000.0 * (spot % 20), 1_000.0 * (spot // 20)
        lon = CHENGDU.lon + math.degrees(east_m / EARTH_RADIUS_M / math.cos(math.radians(CHENGDU.lat)))
        lat = CHENGDU.lat + math.degrees(north_m / EARTH_RADIUS_M)
        x_dm, y_dm = project(lon, lat, CHENGDU)
        drafts.append(
            EventDraft(
                uid=event_uid("bench", rate, number),
                content_hash=content_hash([rate, number]),
                source=EventSource.DEVICE_EVENT,
                source_class=SourceClass.SENSOR,
                kind=kind,
                severity=2,
                subject=f"device {spot}-{number % 3}",
                lon=lon,
                lat=lat,
                x_dm=x_dm,
                y_dm=y_dm,
                received_at=at,
                effective_at=at + timedelta(milliseconds=number % 1000),
                time_quality=TimeQuality.DEVICE,
                body={},
            )
        )
    return drafts


async def _write(conn: Connection, batches: Sequence[Sequence[EventDraft]], written: Commits) -> None:
    """Commit a batch each time it is due, as a gateway does; a late one follows at once."""
    loop = asyncio.get_running_loop()
    begin_s = loop.time()
    for number, batch in enumerate(batches):
        await asyncio.sleep(max(0.0, begin_s + number * PAUSE_S - loop.time()))
        async with conn.transaction():
            taken = await log.append(conn, STREAM, batch)
        assert taken is not None  # noqa: S101
        written.last_seq.append(taken.last_seq)
        written.at_s.append(loop.time())


async def _watch(system: TemporarySystem, until_seq: int, seen: Commits) -> None:
    """Note when the dispatcher's cursor was seen where, until it has passed `until_seq`."""
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    conn = await connect(system.settings.app_dsn(), application_name="rongan-bench-watch")
    try:
        await conn.add_listener("rongan_stream", lambda *_: woken.set())
        while not seen.last_seq or seen.last_seq[-1] < until_seq:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await woken.wait()
            woken.clear()
            seq: int = await conn.fetchval(_SEQ, STREAM) or 0
            if not seen.last_seq or seq > seen.last_seq[-1]:
                seen.last_seq.append(seq)
                seen.at_s.append(loop.time())
    finally:
        await conn.close()


def latencies(batches: Sequence[Sequence[EventDraft]], written: Commits, seen: Commits) -> list[float]:
    """Seconds from the log's commit to the incident's, of every event that was taken."""
    found: list[float] = []
    place = 0
    for batch, last_seq, at_s in zip(batches, written.last_seq, written.at_s, strict=True):
        while place < len(seen.last_seq) and seen.last_seq[place] < last_seq:
            place += 1
        if place == len(seen.last_seq):
            break
        found += [max(0.0, seen.at_s[place] - at_s)] * len(batch)
    return found


async def _plain(conn: Connection, batches: Sequence[Sequence[EventDraft]]) -> dict[str, Any]:
    """The same rows as plain inserts, a transaction a batch: what the database alone takes."""
    loop = asyncio.get_running_loop()
    await conn.execute(_PLAIN)
    lasted: list[float] = []
    for batch in batches:
        begin_s = loop.time()
        async with conn.transaction():
            await conn.executemany(_INSERT, [(d.uid, d.kind, d.subject, d.lon, d.lat, d.effective_at) for d in batch])
        lasted += [loop.time() - begin_s] * len(batch)
    return {"rows_per_s": round(len(lasted) / sum(lasted[:: max(1, len(batches[0]))])), **percentiles(lasted)}


async def _take_over(system: TemporarySystem, conn: Connection, leader: asyncio.subprocess.Process) -> dict[str, Any]:
    """Kill -9 of the leader beside a hot standby, until the standby has committed a step."""
    loop = asyncio.get_running_loop()
    live: int = await conn.fetchval(
        "SELECT count(*) FROM incident_events e JOIN incidents i ON i.id = e.incident_id WHERE i.status = 'open'"
    )
    async with _dispatcher(system, "bench-standby"):
        (draft,) = await _drafts(conn, 0, 1)
        begin_s = loop.time()
        leader.kill()
        async with conn.transaction():
            taken = await log.append(conn, STREAM, [draft])
        assert taken is not None  # noqa: S101
        async with asyncio.timeout(TAKE_OVER_S):
            await _watch(system, taken.last_seq, Commits([], []))
        return {"seconds": round(loop.time() - begin_s, 2), "lease_s": LEASE_S, "live_events": live}


def percentiles(seconds: Sequence[float]) -> dict[str, float | None]:
    """None where nothing was measured: NaN is no JSON."""
    if not seconds:
        return {"p50_ms": None, "p99_ms": None}
    cuts = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [seconds[0]] * 99
    return {"p50_ms": round(cuts[49] * 1000, 2), "p99_ms": round(cuts[98] * 1000, 2)}


def show(figures: dict[str, Any]) -> None:
    """Tables for people."""
    console = Console()
    table = Table("events/s", "p50 ms", "p99 ms", "taken/s", "plain p50 ms", "plain p99 ms", "plain rows/s")
    for rate, figure in figures["rates"].items():
        plain = figure["plain_inserts"]
        shown = (figure["p50_ms"], figure["p99_ms"], figure["taken_per_s"])
        table.add_row(rate, *map(str, shown), *(str(plain[name]) for name in ("p50_ms", "p99_ms", "rows_per_s")))
    console.print("From the commit in the log to the commit of the incident, beside plain inserts of the same rows")
    console.print(table)
    take_over = figures["take_over"]
    console.print(
        f"Take-over after kill -9 of the leader: {take_over['seconds']} s, of which the lease is up to "
        f"{take_over['lease_s']} s; {take_over['live_events']} live events"
    )
    rebuilt = figures["rebuild"]
    console.print(
        f"Memory of {rebuilt['live_events']:,} live events back after {rebuilt['seconds']} s, of which the database's "
        f"COPY {rebuilt['of_which_reading_s']} s; {rebuilt['own_cpu_s']} s of this process's CPU"
    )
    patterns = rebuilt["patterns"]
    console.print(
        f"The patterns' memory of them, {patterns['rows']:,} rows, after {patterns['seconds']} s more; "
        f"{patterns['own_cpu_s']} s of this process's CPU"
    )

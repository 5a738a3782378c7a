"""`rongan bench api`: lists, filters, indicators and due times over many tickets, beside the same SELECTs alone.

Beside them `trivial` requests, which read no ticket: what an answer of this api costs at least on this machine.

A real api process over a temporary system that holds a year of tickets (quick: two months) with their logs. Requests
come at their own pace, whether the last one was answered or not; each is measured from the time at which it was due.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any, Final

import aiohttp
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cli.bench.temporary import TemporarySystem, free_port, start_process, stop_process, temporary_system
from cli.bench.tickets import COMMUNITIES, LOGIN, SUBDISTRICTS, fill
from dispatcher.indicators import answering, rollups
from dispatcher.indicators.definitions import INDICATORS
from dispatcher.indicators.model import Dimension, Period, Question
from dispatcher.tickets import reading
from dispatcher.tickets.model import TicketState
from registry.calendar import LOCAL
from runtime.clock import RealClock
from runtime.logging import configure
from runtime.pool import Connection, connect

TICKETS: Final = 1_000_000
TICKETS_QUICK: Final = 50_000
SPAN: Final = timedelta(days=365)
SPAN_QUICK: Final = timedelta(days=61)  # as many a day as need be for roll-ups as dense as those of a district
REQUESTS_PER_S: Final = 50
MEASURED_S: Final = 60.0
MEASURED_QUICK_S: Final = 8.0
WARM_UP: Final = 40
PAGE: Final = 50
_KINDSTHING: Final = reading.Sight(area_id="bench", organisation_id=None)
KINDS: Final = ("list", "filter", "kpi", "due", "trivial")

Select = Callable[[Connection], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request, and the SELECTs that answer it."""

    kind: str
    path: str
    params: dict[str, str]
    select: Select


class RequestRefusedError(Exception):
    """The api answered something else than 200."""


def run(quick: bool) -> dict[str, Any]:
    """Every figure; `quick` ends within 50 s on a quiet machine."""
    configure(level="warning", program="bench")  # what is told of the way goes to the error stream
    return asyncio.run(_run(quick))


async def _run(quick: bool) -> dict[str, Any]:
    count = TICKETS_QUICK if quick else TICKETS
    loop = asyncio.get_running_loop()
    async with temporary_system({"waste_bin": 1}) as system:
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
                process, url = await _start_api(system)
                try:
                    wanted = _requests(at, count, MEASURED_QUICK_S if quick else MEASURED_S)
                    lasted = await _measure(url, password, wanted, lambda: progress.advance(task, 0))
                finally:
                    await stop_process(process)
                alone = await _measure_alone(system, wanted)
        finally:
            await conn.close()
    api, sql = {kind: p_ms(lasted[kind], 95) for kind in KINDS}, {kind: p_ms(alone[kind], 95) for kind in KINDS}
    return {
        "quick": quick,
        "tickets": count,
        "requests_per_s": REQUESTS_PER_S,
        "requests": {kind: len(lasted[kind]) for kind in KINDS},
        "p95_ms": api,
        "p50_ms": {kind: p_ms(lasted[kind], 50) for kind in KINDS},
        "p99_ms": {kind: p_ms(lasted[kind], 99) for kind in KINDS},
        "sql_p95_ms": sql,
        "ratio_to_sql": {kind: round(api[kind] / sql[kind], 2) for kind in KINDS},
        "fill_s": round(filled_s, 1),
        "roll_up": {"days": days, "seconds": round(rolled_up_s, 1)},
        "machine": {"cpus": os.cpu_count(), "load_average_1min": round(os.getloadavg()[0], 2)},
    }


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


def _requests(at: datetime, count: int, lasting_s: float) -> list[Wanted]:
    """In turns of their kinds, always the same ones."""
    rng = Random(11)  # noqa: S311 -- the same requests at every run
    makers = {"list": _list, "filter": _filter, "kpi": _kpi, "due": _due, "trivial": _trivial}
    turns = cycle(KINDS)
    return [makers[next(turns)](rng, at, count) for _ in range(round(lasting_s * REQUESTS_PER_S))]


def _tickets(kind: str, wanted: reading.TicketFilter, params: dict[str, str], cursor: str | None) -> Wanted:
    lists = reading.ticket_queue if wanted.open else reading.ticket_rows

    async def select(conn: Connection) -> object:
        return await lists(conn, wanted, _KINDSTHING, cursor=cursor, limit=PAGE)

    asked = {"limit": str(PAGE), **params} | ({"cursor": cursor} if cursor else {})
    return Wanted(kind, "/api/v1/tickets", asked, select)


def _list(rng: Random, at: datetime, count: int) -> Wanted:
    del at
    cursor = str(rng.randrange(PAGE, count)) if rng.random() < 0.5 else None
    return _tickets("list", reading.TicketFilter(), {}, cursor)


def _filter(rng: Random, at: datetime, count: int) -> Wanted:
    del at
    subdistrict = rng.randrange(SUBDISTRICTS)
    community = f"bench-{subdistrict}-{rng.randrange(COMMUNITIES)}"
    number = rng.randrange(1, count)
    wanted, params = rng.choice(
        (
            (reading.TicketFilter(area_id=community), {"area": community}),
            (reading.TicketFilter(area_id=f"bench-{subdistrict}"), {"area": f"bench-{subdistrict}"}),
            (reading.TicketFilter(grade=1), {"grade": "1"}),
            (reading.TicketFilter(state=TicketState.ON_SCENE), {"state": "on_scene"}),
            (reading.TicketFilter(overdue=True), {"overdue": "true"}),
            (
                reading.TicketFilter(area_id=community, state=TicketState.CLOSED, grade=3),
                {"area": community, "state": "closed", "grade": "3"},
            ),
            (reading.TicketFilter(text=f"-{number:07d}"), {"q": f"-{number:07d}"}),
            (reading.TicketFilter(organisation_id="o-fire_rescue"), {"organisation": "o-fire_rescue"}),
        )
    )
    return _tickets("filter", wanted, params, None)


def _due(rng: Random, at: datetime, count: int) -> Wanted:
    del at, count
    wanted, params = rng.choice(
        (
            (reading.TicketFilter(open=True), {"open": "true"}),
            (reading.TicketFilter(open=True, overdue=True), {"open": "true", "overdue": "true"}),
            (reading.TicketFilter(open=True, grade=4), {"open": "true", "grade": "4"}),
            (
                reading.TicketFilter(open=True, area_id=f"bench-{rng.randrange(SUBDISTRICTS)}"),
                {"open": "true", "area": f"bench-{rng.randrange(SUBDISTRICTS)}"},
            ),
        )
    )
    if wanted.area_id is not None:
        params = params | {"area": wanted.area_id}
    return _tickets("due", wanted, params, None)


def _trivial(rng: Random, at: datetime, count: int) -> Wanted:
    del rng, at, count

    async def select(conn: Connection) -> object:
        return await conn.fetchval("SELECT 1")

    return Wanted("trivial", "/api/v1/me", {}, select)


def _kpi(rng: Random, at: datetime, count: int) -> Wanted:
    del count
    today = at.astimezone(LOCAL).date()
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    one = rng.choice(("response", "satisfaction", "completion_in_time", "returns", "rework"))
    three = ("response", "resolution", "satisfaction")
    area = f"bench-{rng.randrange(SUBDISTRICTS)}"
    asked = rng.choice(
        (
            _question(three, month, today.replace(day=1)),
            _question(three, month, today.replace(day=1), dimension=Dimension.ORGANISATION),
            _question((one,), month, today.replace(day=1), dimension=Dimension.KIND),
            _question((one,), today - timedelta(days=365), today, period=Period.MONTH),
            _question((one,), month, today.replace(day=1), level="community"),
            _question(tuple(INDICATORS), month, today.replace(day=1), area_id=area),
            _question((one,), today.replace(day=1), today + timedelta(days=1)),
        )
    )
    params = {
        "indicators": ",".join(asked.indicators),
        "since": str(asked.since),
        "until": str(asked.until),
        "group_by": asked.dimension.value,
        "period": asked.period.value,
        "area": asked.area_id or "bench",
    } | ({"level": asked.level} if asked.level else {})

    async def select(conn: Connection) -> object:
        return await answering.answer(conn, asked)

    return Wanted("kpi", "/api/v1/kpi", params, select)


def _question(indicators: Sequence[str], since: date, until: date, **more: Any) -> Question:
    area_id = more.pop("area_id", "bench")
    return Question(indicators=tuple(indicators), since=since, until=until, area_id=area_id, **more)


async def _measure(
    url: str, password: str, wanted: Sequence[Wanted], tell: Callable[[], None]
) -> dict[str, list[float]]:
    """Send each request when it is due; seconds from then to the last byte."""
    loop = asyncio.get_running_loop()
    lasted: dict[str, list[float]] = {kind: [] for kind in KINDS}
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


async def _measure_alone(system: TemporarySystem, wanted: Sequence[Wanted]) -> dict[str, list[float]]:
    """The same SELECTs over one plain connection, one after the other."""
    loop = asyncio.get_running_loop()
    lasted: dict[str, list[float]] = {kind: [] for kind in KINDS}
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
    table = Table("requests", "count", "p50 ms", "p95 ms", "p99 ms", "SELECT alone p95 ms", "ratio")
    for kind in KINDS:
        columns = ("requests", "p50_ms", "p95_ms", "p99_ms", "sql_p95_ms", "ratio_to_sql")
        table.add_row(kind, *(str(figures[name][kind]) for name in columns))
    console.print(f"{figures['tickets']} tickets, {figures['requests_per_s']} requests/s, api on the same machine")
    console.print(table)
    console.print(
        f"Filled in {figures['fill_s']} s; {figures['roll_up']['days']} days rolled up in"
        f" {figures['roll_up']['seconds']} s; load average {figures['machine']['load_average_1min']}"
    )

"""The database goes away during load: nothing is acknowledged, nothing is quarantined, nothing is lost."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any

import psutil
import pytest
from aiohttp import web

from gateway.intake.intake import IntakeOptions
from gateway.intake.writer import WriterOptions
from registry.seed import seed
from runtime.migrations import migrate
from runtime.pool import connect, open_pool
from runtime.supervisor.postgres import EmbeddedPostgres
from tests.harness.intake import FAILURE_S, IntakeUnderTest, RecordingSource, running_intake
from tests.harness.postgres import TEST_OPTIONS, Database

IMPATIENT = WriterOptions(attempt_s=1.0, pause_max_s=0.2)
SMALL = IntakeOptions(waiting_messages=200, batch_messages=50, batch_wait_s=0.001)


@pytest.fixture
async def server() -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test alone, which the test may kill."""
    home = Path(tempfile.mkdtemp(prefix="rongan-test-"))
    try:
        async with EmbeddedPostgres(home, TEST_OPTIONS) as postgres:
            await migrate(postgres.dsn(role="rongan"), resources.files("deploy.migrations"))
            conn = await connect(postgres.dsn(role="rongan"), application_name="rongan-test")
            await seed(conn)
            await conn.close()
            yield postgres
    finally:
        shutil.rmtree(home)


@asynccontextmanager
async def bench_on(server: EmbeddedPostgres, **options: Any) -> AsyncIterator[IntakeUnderTest]:
    database = Database("rongan", server.dsn(role="rongan"), server.dsn())
    pool = await open_pool(database.app_dsn, application_name="rongan-test")
    try:
        async with running_intake(database, pool, options=SMALL, writer_options=IMPATIENT, **options) as bench:
            yield bench
    finally:
        pool.terminate()


async def until_held(bench: IntakeUnderTest) -> None:
    """Wait until an attempt failed because the database is away."""
    registry = bench.metrics.registry
    async with asyncio.timeout(FAILURE_S):
        while registry.get_sample_value("gateway_intake_holding") != 1:
            turned = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.01, turned.set_result, None)
            await turned


def processes_of(server: EmbeddedPostgres) -> list[psutil.Process]:
    postmaster = psutil.Process(server.pid)
    return [postmaster, *postmaster.children(recursive=True)]


def offer(bench: IntakeUnderTest, count: int, *, source: RecordingSource | None = None) -> None:
    for n in range(count):
        body = {"params": {"fill_pct": n % 50}, "sid": 1, "seq": n}
        bench.send(f"/sys/waste_bin/bin-{n % 3 + 1}/thing/event/property/post", body, source=source)


async def test_killed_database_holds_the_batch_until_it_is_back(server: EmbeddedPostgres) -> None:
    async with bench_on(server) as bench:
        bench.post("bin-1", {"fill_pct": 1})
        await bench.committed()
        _, *backends = processes_of(server)
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)  # Its keeper will reap it.
        psutil.wait_procs(backends, timeout=FAILURE_S)
        room: list[bool] = []
        bench.intake.add_room_listener(lambda: room.append(bench.intake.full))
        offer(bench, 300)
        assert bench.intake.full
        await until_held(bench)
        assert bench.source.acknowledged == [1]
        assert room == []
        keeper = asyncio.create_task(server.keep())
        await bench.committed()
        assert bench.source.acknowledged == list(range(1, 302))
        assert room[0] is False
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
        bench.pool.terminate()
        bench.pool = await open_pool(server.dsn(), application_name="rongan-test")
        assert await bench.conservation() == {"waste_bin": (301, 301, 0, 0)}
        assert await bench.value("SELECT count(*) FROM readings") == 301
        assert await bench.quarantined() == []
        bench.pool.terminate()


async def test_frozen_database_holds_the_batch_until_it_thaws(server: EmbeddedPostgres) -> None:
    """Frozen by SIGSTOP it neither answers nor closes connections: only our own time limit notices."""
    async with bench_on(server) as bench:
        bench.post("bin-1", {"fill_pct": 1})
        await bench.committed()
        frozen = processes_of(server)
        for process in frozen:
            process.suspend()
        try:
            offer(bench, 120)
            await until_held(bench)
            assert bench.source.acknowledged == [1]
        finally:
            for process in reversed(frozen):
                process.resume()
        await bench.committed()
        assert bench.source.acknowledged == list(range(1, 122))
        assert await bench.conservation() == {"waste_bin": (121, 121, 0, 0)}
        assert await bench.value("SELECT count(*) FROM readings") == 121


async def test_lost_answer_to_commit_is_settled_and_counted_once(server: EmbeddedPostgres) -> None:
    """The connection breaks between COMMIT and its answer, again and again: a lost answer is not a lost batch."""
    proxy = CommitCutter(server)
    async with proxy.listening() as dsn, bench_on(server, writer_dsn=dsn) as bench:
        for n in range(8):
            offer_one = {"params": {"fill_pct": n}}  # Without a key: only the settling of the commit prevents a twin.
            bench.send("/sys/waste_bin/bin-1/thing/event/property/post", offer_one)
            await bench.committed()
        assert proxy.cuts >= 4
        assert bench.source.acknowledged == list(range(1, 9))
        assert await bench.value("SELECT count(*) FROM readings") == 8
        assert await bench.conservation() == {"waste_bin": (8, 8, 0, 0)}


async def test_sos_sounds_while_the_database_is_away(server: EmbeddedPostgres) -> None:
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def hear(request: web.Request) -> web.Response:
        told.put_nowait(await request.json())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with bench_on(server, webhook=f"http://127.0.0.1:{runner.addresses[0][1]}/") as bench:
            frozen = processes_of(server)
            for process in frozen:
                process.suspend()
            try:
                bench.post("bin-1", {"fill_pct": 1})
                bench.report("gate-1", "duress_sos", {"lane": 1}, product="access_gate")
                async with asyncio.timeout(FAILURE_S):
                    sounded = await told.get()
                assert bench.source.acknowledged == []
            finally:
                for process in reversed(frozen):
                    process.resume()
            assert (sounded["kind"], sounded["device"], sounded["area_id"]) == (
                "public_help_point_sos",
                "gate-1",
                "test",
            )
            await bench.committed()
            assert bench.source.acknowledged == [1, 2]
            assert [event.kind for event in await bench.events()] == ["public_help_point_sos"]
            assert told.empty()
    finally:
        await runner.cleanup()


class CommitCutter:
    """A proxy that passes every second COMMIT on and then drops the connection instead of the answer."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._commits = 0
        self.cuts = 0
        self._lines: set[asyncio.Task[Any]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Give the connection string through the proxy; at the end every line must have closed by itself."""
        head, _, folder = self._server.dsn().partition("?host=")
        with tempfile.TemporaryDirectory(prefix="rongan-cut-") as own:

            async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                self._lines.add(task)
                up = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.5432")
                await self._pass(reader, writer, *up)

            proxy = await asyncio.start_unix_server(accept, f"{own}/.s.PGSQL.5432")
            try:
                yield f"{head}?host={own}"
            finally:
                proxy.close()
                async with asyncio.timeout(FAILURE_S):
                    await asyncio.gather(*self._lines)

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        cutting = asyncio.Event()

        async def send_up() -> None:
            with suppress(ConnectionError):
                while raw := await reader.read(65536):
                    if b"COMMIT" in raw:
                        self._commits += 1
                        if self._commits % 2:
                            cutting.set()
                    up_writer.write(raw)
            up_writer.close()

        async def send_down() -> None:
            with suppress(ConnectionError):
                while raw := await up_reader.read(65536):
                    if cutting.is_set():
                        self.cuts += 1
                        break
                    writer.write(raw)
            writer.close()

        await asyncio.gather(send_up(), send_down())
        for end in (writer, up_writer):
            with suppress(ConnectionError):
                await end.wait_closed()

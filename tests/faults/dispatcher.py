"""A real dispatcher process on a database of the test: started, killed, stopped as a supervisor would."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cli.private_system import _kept_between_runs
from dispatcher.correlation.compilation import cache_folder
from dispatcher.engine.failpoints import VARIABLE, Failpoint
from runtime.pool import Connection
from tests.harness.postgres import Database
from tests.harness.rongan import REPOSITORY
from tests.harness.waiting import until_true

FAILURE_S: Final = 300.0  # kernels may have to be compiled first
WHOLE_LOG_S: Final = 900.0  # a long log, on a machine that does other things as well
STEP_EVENTS: Final = 20

_CAUGHT_UP: Final = """
SELECT NOT EXISTS (SELECT FROM log_heads h LEFT JOIN cursors c ON c.stream = h.stream AND c.consumer = 'dispatcher'
                   WHERE h.stream <> 'stream' AND h.seq > COALESCE(c.seq, 0))"""
_GONE: Final = """
SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'rongan_app')"""
# A sequence never rolls back, and what ON CONFLICT refuses takes a number too: what it was when a step was committed.
# One of which nothing was taken since it was put back has no last value: what is known of it stands.
_REMEMBER: Final = """
CREATE SCHEMA lives;
CREATE TABLE lives.sequences (sequence oid PRIMARY KEY, last_value bigint);
CREATE FUNCTION lives.remember() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO lives.sequences SELECT oid, pg_sequence_last_value(oid) FROM pg_class WHERE relkind = 'S'
    ON CONFLICT (sequence) DO UPDATE SET last_value = COALESCE(excluded.last_value, sequences.last_value);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER remember AFTER INSERT OR UPDATE ON cursors DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION lives.remember();
-- Nothing is sent: what becomes of an attempt is a matter of real time, and one that is given up is told on the stream.
CREATE FUNCTION lives.hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.next_at := '9999-01-01';
    RETURN NEW;
END $$;
CREATE TRIGGER hold BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION lives.hold()"""
_SEQUENCES: Final = """
SELECT format('SELECT setval(%s::regclass, GREATEST((SELECT max(%I) FROM %s), %s, 0) + 1, false)',
              s.sequence, s.attname, s.attrelid::regclass, COALESCE(l.last_value, 0))
FROM (SELECT a.attname, a.attrelid,
             pg_get_serial_sequence(a.attrelid::regclass::text, a.attname)::regclass::oid AS sequence
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE a.attidentity <> '' AND c.relnamespace = 'public'::regnamespace) s
LEFT JOIN lives.sequences l USING (sequence)"""


async def remember_sequences(owner: Connection) -> None:
    """Have a database keep what its sequences were with the last step, for lives of the dispatcher on copies of it.

    Attempts to send are kept back there.
    """
    await owner.execute(_REMEMBER)


class DispatcherEnded(AssertionError):
    """The process ended by itself; its last words."""

    def __init__(self, log: Path) -> None:
        super().__init__(log.read_text(encoding="utf-8")[-4000:])


class Lives:
    """One life of the dispatcher after the other, on one database."""

    def __init__(self, database: Database, owner: Connection, home: Path) -> None:
        self._database = database
        self._owner = owner
        self._home = home
        self._log = home / "dispatcher.log"

    async def die_at(self, point: Failpoint, position: int) -> None:
        """Start it and wait until it has killed itself there. Raises DispatcherEnded where it caught up before."""
        async with self._killed(f"{point}:{position}") as process, asyncio.timeout(FAILURE_S):
            if await process.wait() != -signal.SIGKILL:
                raise DispatcherEnded(self._log)
        await self._bury()

    async def die_behind(self, position: int) -> None:
        """Start it, and kill it as soon as we see that it has come so far, in whatever it does then."""
        async with self._killed() as process:
            reached = "SELECT COALESCE(sum(seq), 0) >= $1 FROM cursors WHERE consumer = 'dispatcher'"
            await self._until(process, reached, position)
        await self._bury()

    async def catch_up(self) -> None:
        """Start it, let it take all there is, and stop it in good order."""
        async with self._killed() as process:
            await self._until(process, _CAUGHT_UP)
            process.terminate()
            async with asyncio.timeout(FAILURE_S):
                assert await process.wait() == 0, self._log.read_text(encoding="utf-8")[-4000:]
        await self._bury()

    async def _start(self, failpoint: str | None) -> asyncio.subprocess.Process:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("RONGAN_")}
        environment = clean | {
            "RONGAN_HOME": str(self._home),
            "NUMBA_CACHE_DIR": str(cache_folder(_kept_between_runs() or self._home)),
            "RONGAN_DATABASE_URL": self._database.owner_dsn,
            "RONGAN_DATABASE_APP_URL": self._database.app_dsn,
            "RONGAN_DISPATCHER_STEP_EVENTS": str(STEP_EVENTS),
            **({} if failpoint is None else {VARIABLE: failpoint}),
        }
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "cli", "dispatcher", cwd=REPOSITORY, env=environment, stdout=log, stderr=log
            )

    @asynccontextmanager
    async def _killed(self, failpoint: str | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await self._start(failpoint)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _until(self, process: asyncio.subprocess.Process, query: str, *arguments: object) -> None:
        """Wait for the database to say so; the end of the process ends the waiting."""
        ended = asyncio.create_task(process.wait(), name="dispatcher-ended")
        said = asyncio.create_task(until_true(self._owner, query, *arguments, limit_s=WHOLE_LOG_S), name="until-true")
        try:
            await asyncio.wait({ended, said}, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise DispatcherEnded(self._log)
            await said
        finally:
            ended.cancel()
            said.cancel()

    async def _bury(self) -> None:
        """Wait until the server has rolled back what it left, and put the sequences back to where the last step ended.

        A sequence never rolls back: without that the ids of later rows would be others than in a quiet run, and with
        them every text that names one.
        """
        await until_true(self._owner, _GONE)
        for row in await self._owner.fetch(_SEQUENCES):
            await self._owner.execute(row["format"])

"""The embedded PostgreSQL: created, started, checked and stopped as a child process below `home/pg`.

It listens on a Unix socket alone, runs as an ordinary user even where we are root, and ends when we end.
"""

import asyncio
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import asyncpg
import orjson
import structlog

from runtime.errors import Explained
from runtime.pool import connect
from runtime.roles import ensure_app_role, ensure_database
from runtime.settings import APP_ROLE, DATABASE, OWNER_ROLE, SOCKET_NOTE, socket_dsn
from runtime.supervisor import binaries
from runtime.supervisor.binaries import Installation
from runtime.supervisor.cluster import PostgresFailed, child_environment, create_cluster, name_for, refuse_foreign
from runtime.supervisor.home import Home
from runtime.supervisor.orphan import end_orphan, note_birth
from runtime.supervisor.process import Account, Child
from runtime.supervisor.supervisor import to_the_end

log = structlog.get_logger(__name__)

_SOCKET_BYTES_MAX: Final = 99
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_START_S: Final = 300.0  # crash recovery of a large WAL takes minutes
_LOOK_S: Final = 0.02
_PAUSE_MIN_S: Final = 0.2
_PAUSE_MAX_S: Final = 5.0
_STOP: Final = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))
# What an acknowledgement rests on; each must be `on` when the server has started.
_PROMISES: Final = ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")


@dataclass(frozen=True, slots=True)
class PostgresOptions:
    shared_buffers_mib: int = 1024
    max_wal_mib: int = 4096
    max_connections: int = 100
    keep_size_wal_mib: int = 80  # min_wal_size; small in tests, whose disk is somebody's laptop


@dataclass(frozen=True, slots=True)
class _Launch:
    """All that a restart needs."""

    installation: Installation
    cluster: Path
    account: Account | None


class PostgresNotDurable(Explained):
    """A setting that every acknowledgement rests on is off."""

    def __init__(self, setting: str, value: str) -> None:
        super().__init__(
            f"PostgreSQL runs with {setting}={value}; remove that setting, or acknowledged rows would be lost"
        )
        self.setting = setting
        self.value = value


class EmbeddedPostgres:
    """A server of our own; use it as an async context manager or call `start` and `stop`.

    `start` raises PostgresNotInstalled, NoOrdinaryUser, ClusterForeign, ClusterBusy, PostgresNotDurable or
    PostgresFailed.
    """

    def __init__(self, home: Path, options: PostgresOptions | None = None) -> None:
        self._home = Home(home.absolute())
        self._options = options or PostgresOptions()
        self._child: Child | None = None
        self._launch: _Launch | None = None
        self._restarts = 0
        self._changed = asyncio.Condition()
        self._socket_folder: Path | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await to_the_end(self.stop())

    def dsn(self, database: str = DATABASE, role: str = APP_ROLE) -> str:
        """The connection string of a running server."""
        if self._socket_folder is None:
            raise RuntimeError("the embedded PostgreSQL is not started")
        password = self._home.secret(role)
        return socket_dsn(str(self._socket_folder), role=role, password=password, database=database)

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    async def keep(self) -> None:
        """Start the server again, on the same socket, each time it ends by itself; runs until it is cancelled."""
        pause_s = _PAUSE_MIN_S
        while True:
            if self._child is None or self._launch is None:
                raise RuntimeError("the embedded PostgreSQL is not started")
            started_at = asyncio.get_running_loop().time()
            code = await self._child.wait()
            if asyncio.get_running_loop().time() - started_at > _PAUSE_MAX_S:
                pause_s = _PAUSE_MIN_S
            log.error("postgres_ended", exit_code=code, last_words=self._child.log.tail(), restart_in_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(_PAUSE_MAX_S, 2 * pause_s)
            try:
                await self._serve(self._launch)
                async with self._changed:
                    self._restarts += 1
                    self._changed.notify_all()
            except PostgresFailed as failure:
                log.exception("postgres_not_restarted", reason=failure.output)

    async def wait_restarted(self, times: int) -> None:
        """Wait until `keep` has brought the server back at least so often."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._restarts >= times)

    async def start(self) -> None:
        """Create the cluster where there is none, start the server, and see that role, database and promises stand."""
        self._home.create()
        installation = binaries.find_installation()
        cluster = self._home.pg / str(installation.major) / "data"
        refuse_foreign(self._home, installation.major)
        await end_orphan(self._birth_note, cluster)
        self._remove_temporary_folders()
        account = binaries.account_for(cluster)
        if not binaries.reachable(installation, account):
            installation = binaries.copy_installation(installation, self._folder_for_programs(account))
        try:
            if not cluster.exists():
                await create_cluster(self._home, installation, cluster, account)
            self._socket_folder = self._folder_for_socket(account)
            self._launch = _Launch(installation, cluster, account)
            await self._serve(self._launch)
            await self._prepare()
        except BaseException:
            await to_the_end(self.stop())
            raise

    async def stop(self) -> None:
        """End the server with its sessions closed and its pages flushed; safe to call twice."""
        if self._child is not None:
            await self._child.stop(*_STOP)
            self._child = None
            log.info("postgres_stopped")
        self._socket_folder = None
        self._socket_note.unlink(missing_ok=True)
        self._birth_note.unlink(missing_ok=True)
        self._remove_temporary_folders()

    @property
    def _birth_note(self) -> Path:
        return self._home.run / "postgres-birth.json"

    @property
    def _temporary_note(self) -> Path:
        return self._home.run / "temporary-folders"

    @property
    def _socket_note(self) -> Path:
        return self._home.run / SOCKET_NOTE

    async def _serve(self, launch: "_Launch") -> None:
        argv = [
            launch.installation.program("postgres"),
            *("-D", name_for(launch.cluster, launch.account)),
            *(part for name, value in self._settings().items() for part in ("-c", f"{name}={value}")),
        ]
        self._child = Child.start(
            "postgres",
            argv,
            log_path=self._home.logs / "postgres.log",
            death_signal=signal.SIGINT,
            account=launch.account,
            env=child_environment(),
            cwd=launch.cluster,
        )
        note_birth(self._birth_note, self._child.pid, argv)
        await self._ready(self._child, launch.cluster)
        self._socket_note.write_bytes(orjson.dumps({"socket_folder": str(self._socket_folder)}))
        log.info("postgres_started", version=launch.installation.version, pid=self._child.pid)

    def _settings(self) -> dict[str, str]:
        options = self._options
        return {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket_folder),
            "unix_socket_permissions": "0700",
            "password_encryption": "scram-sha-256",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "jit": "off",
            "shared_buffers": f"{options.shared_buffers_mib}MB",
            "max_wal_size": f"{options.max_wal_mib}MB",
            "min_wal_size": f"{options.keep_size_wal_mib}MB",
            "max_connections": str(options.max_connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
        }

    async def _ready(self, child: Child, cluster: Path) -> None:
        """Wait for the line `ready` that the server writes into its pid file."""
        pid_file = cluster / "postmaster.pid"
        ended = asyncio.create_task(child.wait(), name="postgres-ended")
        try:
            async with asyncio.timeout(_START_S):
                while not ended.done():
                    with suppress(FileNotFoundError):
                        lines = pid_file.read_text(encoding="utf-8").splitlines()
                        if len(lines) >= 8 and lines[0] == str(child.pid) and lines[7].strip() == "ready":
                            return
                    await asyncio.wait({ended}, timeout=_LOOK_S)
            raise PostgresFailed("postgres", ended.result(), child.log.tail())
        except TimeoutError:
            raise PostgresFailed("postgres", None, child.log.tail()) from None
        finally:
            ended.cancel()
            with suppress(asyncio.CancelledError):
                await ended

    async def _prepare(self) -> None:
        conn = await connect(self.dsn("postgres", OWNER_ROLE), application_name="rongan-supervisor")
        try:
            await assert_durable(conn)
            await ensure_app_role(conn, APP_ROLE, self._home.ensure_secret(APP_ROLE))
            await ensure_database(conn, DATABASE, OWNER_ROLE)
        finally:
            await conn.close()

    def _folder_for_programs(self, account: Account | None) -> Path:
        """Where a copy of the programs can be executed: below the home, or outside where the home itself is closed."""
        if binaries.can_enter(self._home.pg, account):
            return self._home.pg
        return self._temporary_folder(mode=0o711)

    def _folder_for_socket(self, account: Account | None) -> Path:
        """A private folder that the server can reach, short enough for a socket address (107 bytes)."""
        folder = self._home.run / "pg"
        fits = len(os.fsencode(folder / _SOCKET_NAME)) <= _SOCKET_BYTES_MAX
        if fits and binaries.can_enter(self._home.run, account):
            folder.mkdir(mode=0o700, exist_ok=True)
        else:
            folder = self._temporary_folder(mode=0o700)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        return folder

    def _temporary_folder(self, *, mode: int) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="rongan-"))
        folder.chmod(mode)
        with self._temporary_note.open("a", encoding="utf-8") as note:
            note.write(f"{folder}\n")
        return folder

    def _remove_temporary_folders(self) -> None:
        """Remove what this start made outside the home, or an earlier one that could not clean up after itself."""
        with suppress(FileNotFoundError):
            for line in self._temporary_note.read_text(encoding="utf-8").splitlines():
                shutil.rmtree(line, ignore_errors=True)
            self._temporary_note.unlink()


async def assert_durable(conn: "asyncpg.Connection[asyncpg.Record]") -> None:
    """See that the server keeps what it commits. Raises PostgresNotDurable."""
    rows = await conn.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", list(_PROMISES))
    for row in rows:
        if row["setting"] != "on":
            raise PostgresNotDurable(row["name"], row["setting"])
    # A role or a database may carry its own value, which this session does not show.
    for own in await conn.fetch("SELECT unnest(setconfig) AS pair FROM pg_db_role_setting"):
        name, _, value = own["pair"].partition("=")
        if name in _PROMISES and value != "on":
            raise PostgresNotDurable(name, value)

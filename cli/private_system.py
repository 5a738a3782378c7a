"""A whole system of one's own in a temporary home, for a replay, a measurement or a test: gone when it is left."""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from cli.composition import Intention, prepare_database, process_specs, running_database
from cli.numba_cache import use_numba_cache
from cli.ports import free_port
from runtime.settings import Settings
from runtime.supervisor.home import Home
from runtime.supervisor.supervisor import Supervisor

READY_S: Final = 240.0  # kernels compile at the first start on a machine
_SHARED_BUFFERS_MIB: Final = 128
_MAX_WAL_MIB: Final = 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PrivateSystem(Generic[T]):
    """Running processes on free ports of the loopback, and what `furnish` gave back."""

    settings: Settings
    supervisor: Supervisor
    furnished: T

    @property
    def url(self) -> str:
        return f"http://{self.settings.http_host}:{self.settings.http_port}"


@asynccontextmanager
async def private_system(
    intention: Intention, furnish: Callable[[Settings], Awaitable[T]]
) -> AsyncIterator[PrivateSystem[T]]:
    """Create the database, let `furnish` put people and devices into it, start everything and wait until it serves.

    Raises TimeoutError where a process does not become ready; its log lies in the home until the block is left.
    """
    home = Path(tempfile.mkdtemp(prefix="rongan-private-"))
    # PostgreSQL may run as another user than root and must pass through; secrets lie deeper and stay closed.
    os.chmod(home, 0o711)  # noqa: PTH101, S103
    use_numba_cache(Home(_kept_between_runs() or home))
    settings = Settings(
        home=home,
        mqtt_port=free_port("127.0.0.1", 0),
        http_port=free_port("127.0.0.1", 0),
        database_url=None,
        database_app_url=None,
        webhook_allow_private=True,
        postgres_shared_buffers_mib=_SHARED_BUFFERS_MIB,
        postgres_max_wal_mib=_MAX_WAL_MIB,
    )
    settings.layout.create()
    try:
        async with running_database(settings):
            await prepare_database(settings, intention)
            furnished = await furnish(settings)
            supervisor = Supervisor(process_specs(settings), logs=settings.layout.logs)
            keeping = asyncio.create_task(supervisor.run(), name="supervisor")
            try:
                async with asyncio.timeout(READY_S):
                    await supervisor.wait_ready()
                yield PrivateSystem(settings, supervisor, furnished)
            finally:
                keeping.cancel()
                await asyncio.wait({keeping})
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _kept_between_runs() -> Path | None:
    """A folder for compiled kernels that nobody else can have written: numba runs what it finds there."""
    folder = Path(tempfile.gettempdir()) / f"rongan-private-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    own = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if own else None

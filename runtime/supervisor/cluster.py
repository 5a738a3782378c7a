"""Creates the data directory of the embedded PostgreSQL, and says how a user reaches it."""

import os
import shutil
import signal
from pathlib import Path

import structlog

from runtime.errors import Explained
from runtime.settings import OWNER_ROLE
from runtime.supervisor import binaries
from runtime.supervisor.binaries import Installation
from runtime.supervisor.home import Home
from runtime.supervisor.process import Account, Child

log = structlog.get_logger(__name__)


class PostgresFailed(Explained):
    """A program of PostgreSQL ended; `output` holds its last words."""

    def __init__(self, program: str, exit_code: int | None, output: str) -> None:
        super().__init__(f"{program} failed (exit code {exit_code}): {output}")
        self.program = program
        self.exit_code = exit_code
        self.output = output


class ClusterForeign(Explained):
    """The data were written by another major version of PostgreSQL."""

    def __init__(self, cluster: Path, found: str, expected: int) -> None:
        super().__init__(
            f"{cluster} was written by PostgreSQL {found}, this is {expected}: start it with the programs"
            f" of {found} and run `pg_dumpall --host SOCKET_FOLDER --username {OWNER_ROLE} > rongan.sql`,"
            f" move {cluster.parent} away, start again and load the dump with psql"
        )
        self.cluster = cluster
        self.found = found
        self.expected = expected


def refuse_foreign(home: Home, major: int) -> None:
    """See that no other major version left its data in this home. Raises ClusterForeign."""
    for note in home.pg.glob("*/data/PG_VERSION"):
        found = note.read_text(encoding="ascii").strip()
        if found != str(major):
            raise ClusterForeign(note.parent, found, major)


async def create_cluster(home: Home, installation: Installation, cluster: Path, account: Account | None) -> None:
    """Run initdb beside the final place and rename, so that half a cluster is never taken for one."""
    cluster.parent.mkdir(exist_ok=True)
    draft = cluster.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    password_file = cluster.with_name("initdb-password")
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600)
    password_file.write_text(home.ensure_secret(OWNER_ROLE), encoding="ascii")
    if account is not None:
        for path in (cluster.parent, draft, password_file):
            os.chown(path, account.uid, account.gid)
    child = Child.start(
        "initdb",
        [
            installation.program("initdb"),
            *(
                "--pgdata",
                name_for(draft, account),
                "--username",
                OWNER_ROLE,
                "--pwfile",
                "../initdb-password",
            ),
            *("--encoding=UTF8", "--locale-provider=libc", "--locale=C.UTF-8", "--lc-messages=C"),
            *("--data-checksums", "--auth=scram-sha-256", "--no-instructions"),
        ],
        log_path=home.logs / "initdb.log",
        death_signal=signal.SIGKILL,
        account=account,
        env=child_environment(),
        cwd=draft,
    )
    try:
        code = await child.wait()
    finally:
        await child.stop((signal.SIGTERM, 5.0))
        password_file.unlink()
    if code != 0:
        raise PostgresFailed("initdb", code, child.log.tail())
    draft.rename(cluster)
    log.info("cluster_created", version=installation.version, user=account.name if account else None)


def name_for(folder: Path, account: Account | None) -> str:
    """The path by which the user reaches a folder, in which it must be started."""
    # Below a closed parent the user cannot walk to the folder, but a working directory is entered without walking.
    return str(folder) if binaries.can_enter(folder.parent, account) else "/proc/self/cwd"


def child_environment() -> dict[str, str]:
    # Without the caller's PG* variables and locale.
    return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

"""A whole installation: it stops clean, dies whole, cleans up after a death, and never runs twice in one home."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from runtime.supervisor.home import Home, HomeInUse
from runtime.supervisor.postgres import EmbeddedPostgres
from tests.harness.postgres import TEST_OPTIONS
from tests.harness.rongan import still_running
from tests.integration.runtime.conftest import Installation

pytestmark = pytest.mark.e2e
Install = Callable[..., Installation]
AS_ROOT = os.geteuid() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_installation_stops_leaving_no_process(home: Path, install: Install, number: signal.Signals) -> None:
    installation = install(home)
    family = installation.family()
    installation.process.send_signal(number)
    assert still_running(family) == []


def test_kill_of_the_parent_leaves_no_process(home: Path, install: Install) -> None:
    installation = install(home)
    family = installation.family()
    # Parent, PostgreSQL and its workers, two toys; the toy's own child is beyond the kernel's death signal.
    direct = [member for member in family if member.ppid() != installation.pids["second"]]
    assert len(direct) >= 8
    installation.process.kill()
    assert still_running(direct) == []


def test_home_opens_again_after_a_kill(home: Path, install: Install) -> None:
    first = install(home)
    family = first.family()
    first.process.kill()
    psutil.wait_procs(family[:1], timeout=30)  # PostgreSQL may still be closing: the next start must cope
    second = install(home)
    assert second.pids["postgres"] != first.pids["postgres"]


def test_orphaned_postmaster_is_ended_by_the_next_start(home: Path, install: Install) -> None:
    first = install(home)
    orphan = psutil.Process(first.pids["postgres"])
    os.kill(orphan.pid, signal.SIGSTOP)  # deaf to the death signal of its parent
    first.process.kill()
    first.process.wait()
    assert orphan.status() == psutil.STATUS_STOPPED
    second = install(home)
    assert still_running([orphan]) == []
    assert psutil.Process(second.pids["postgres"]).status() != psutil.STATUS_STOPPED


def test_second_instance_is_refused_and_told_who_holds_the_home(home: Path, install: Install) -> None:
    first = install(home)
    with pytest.raises(HomeInUse) as refusal, Home(home).locked():
        pass
    assert refusal.value.pid == first.process.pid
    assert str(first.process.pid) in str(refusal.value)


@pytest.fixture
def python_for_everybody() -> str:
    """An interpreter that an ordinary user can execute and that finds our packages."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        if runs_for_nobody(candidate):
            return candidate
    pytest.skip("no interpreter that the user nobody can execute")


def runs_for_nobody(python: str) -> bool:
    environment = {"PYTHONPATH": str(Path(psutil.__file__).parents[1])}
    command = [python, "-c", "import asyncpg.protocol.protocol, pydantic_core, orjson"]
    try:
        return subprocess.call(command, user="nobody", extra_groups=[], cwd="/", env=environment) == 0
    except OSError:
        return False


@pytest.fixture
def home_of_nobody(home: Path) -> Path:
    shutil.chown(home, "nobody")
    return home


@pytest.mark.skipif(not AS_ROOT, reason="only root can become another user")
def test_installation_runs_as_an_ordinary_user(
    home_of_nobody: Path, install: Install, python_for_everybody: str
) -> None:
    installation = install(home_of_nobody, user="nobody", python=python_for_everybody)
    assert installation.pids["uid"] != 0
    assert {member.uids().real for member in installation.family()} == {installation.pids["uid"]}
    assert (home_of_nobody / "secrets" / "rongan").stat().st_mode & 0o777 == 0o600


@pytest.fixture
def open_home() -> Iterator[Path]:
    """A home whose parents are open to everybody."""
    folder = Path(tempfile.mkdtemp(prefix="rongan-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.skipif(not AS_ROOT, reason="only root drops to another user")
@pytest.mark.parametrize("parents", ["closed", "open"])
async def test_root_hands_postgresql_to_an_ordinary_user(home: Path, open_home: Path, parents: str) -> None:
    folder = home if parents == "closed" else open_home
    before = folder.stat()
    async with EmbeddedPostgres(folder, TEST_OPTIONS) as postgres:
        assert postgres.pid is not None
        assert psutil.Process(postgres.pid).uids().effective != 0
        assert ("/run/pg" in postgres.dsn()) == (parents == "open")
    after = folder.stat()
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)

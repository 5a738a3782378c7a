"""Homes and installations of these tests; a home lies in a short path of its own, since sockets live in it."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="rongan-home-"))
    yield folder
    left_outside = folder / "run" / "temporary-folders"  # of an installation that was killed
    for path in left_outside.read_text().splitlines() if left_outside.exists() else ():
        shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(folder)


@dataclass(frozen=True, slots=True)
class Installation:
    """A running `toy_parent` and what it said."""

    process: "subprocess.Popen[str]"
    pids: dict[str, Any]

    def family(self) -> list[psutil.Process]:
        """The parent and everything below it."""
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


@pytest.fixture
def install() -> Iterator[Callable[..., Installation]]:
    """Start an installation in a home; whatever of it is left at the end is killed."""
    started: list[tuple[subprocess.Popen[str], list[psutil.Process]]] = []

    def start(home: Path, *, user: str | None = None, python: str = sys.executable) -> Installation:
        site_packages = Path(psutil.__file__).parents[1]
        process = subprocess.Popen(
            [python, "-m", "tests.harness.toy_parent", str(home)],
            cwd=REPOSITORY,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{REPOSITORY}:{site_packages}"},
            stdout=subprocess.PIPE,
            text=True,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
        )
        assert process.stdout is not None
        line = next((line for line in process.stdout if line.startswith("{")), None)
        assert line is not None, f"the installation ended with exit code {process.wait()}"
        installation = Installation(process, json.loads(line))
        started.append((process, installation.family()))
        return installation

    yield start
    for process, family in started:
        for member in family:
            if member.is_running():
                member.kill()
        psutil.wait_procs(family, timeout=30)
        assert process.stdout is not None
        process.stdout.close()
        process.wait()

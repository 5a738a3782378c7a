"""The command of an operator, run as a process of its own with nothing of this one's settings."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.postgres import Database

REPOSITORY = Path(__file__).parents[3]
Rongan = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def rongan(tmp_path: Path) -> Rongan:
    """Run the command in a home of its own."""

    def run(*arguments: str, database: Database | None = None, **env: str) -> "subprocess.CompletedProcess[str]":
        clean = {name: value for name, value in os.environ.items() if not name.startswith("RONGAN_")}
        given = {} if database is None else {"RONGAN_DATABASE_URL": database.owner_dsn}
        if database is not None:
            given["RONGAN_DATABASE_APP_URL"] = database.app_dsn
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=REPOSITORY,
            env={**clean, "RONGAN_HOME": str(tmp_path / "home"), "COLUMNS": "200", **given, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run

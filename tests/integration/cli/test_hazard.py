"""`rongan hazard`: a register that is taken in whole or not at all, and what is shown of it."""

import json
import subprocess
import sys
from collections.abc import Callable
from os import environ
from pathlib import Path

import pytest

from dispatcher.accounts.model import UserRole
from runtime.pool import Connection
from tests.harness.postgres import Database
from tests.integration.dispatcher.api import community

Rongan = Callable[..., "subprocess.CompletedProcess[str]"]
REPOSITORY = Path(__file__).parents[3]
HEADER = "kind,area_id,place,subject,lon,lat,likelihood,exposure,consequence,description\n"


@pytest.fixture
def rongan(tmp_path: Path, database: Database) -> Rongan:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        clean = {name: value for name, value in environ.items() if not name.startswith("RONGAN_")}
        given = {"RONGAN_DATABASE_URL": database.owner_dsn, "RONGAN_DATABASE_APP_URL": database.app_dsn}
        return subprocess.run(
            [sys.executable, "-m", "cli", "hazard", *arguments],
            cwd=REPOSITORY,
            env={**clean, **given, "RONGAN_HOME": str(tmp_path / "home"), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


async def test_register_is_taken_in_whole_or_not_at_all(rongan: Rongan, owner: Connection, tmp_path: Path) -> None:
    await community.build(owner)
    await community.add_user(owner, "street", UserRole.SUBDISTRICT, community.DISTRICT, "urban")
    file = tmp_path / "hazards.csv"
    good = "manhole_cover,east,东门,雨水井盖,104.075,30.665,3,6,3,井盖下沉\n"
    file.write_text(HEADER + good + "manhole_cover,east,西门,,,,4,6,3,尺度外\n", encoding="utf-8")
    refused = rongan("import", str(file), "--as", "street")
    assert (refused.returncode, "factors.likelihood" in refused.stderr) == (1, True), refused.stderr
    assert json.loads(rongan("list", "--json").stdout) == []
    file.write_text(HEADER + good, encoding="utf-8")
    assert rongan("import", str(file), "--as", "street").stdout.strip() == "1 hazards"
    (told,) = json.loads(rongan("list", "--state", "open", "--json").stdout)
    assert (told["kind"], told["level"], told["state"]) == ("manhole_cover", 3, "open")
    assert "窨井盖缺损沉降" in rongan("list").stdout
    again = rongan("import", str(file), "--as", "street")
    assert (again.returncode, told["number"] in again.stderr) == (1, True)

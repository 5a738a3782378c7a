"""`rongan kpi` against a real database: figures as JSON, roll-ups, and an unknown indicator."""

import json
import os
import subprocess
import sys
from pathlib import Path

from runtime.pool import Connection, Pool
from tests.harness.postgres import Database
from tests.integration.dispatcher.tickets import town

REPOSITORY = Path(__file__).parents[3]


def rongan(home: Path, database: Database, *arguments: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RONGAN_")}
    given = {"RONGAN_DATABASE_URL": database.owner_dsn, "RONGAN_DATABASE_APP_URL": database.app_dsn}
    return subprocess.run(
        [sys.executable, "-m", "cli", "kpi", *arguments],
        cwd=REPOSITORY,
        env={**clean, **given, "RONGAN_HOME": str(home), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def test_figures_are_shown_and_rolled_up_and_stay_the_same(
    pool: Pool, owner: Connection, database: Database, tmp_path: Path
) -> None:
    await town.build(owner)
    for _ in range(2):
        await town.new_ticket(pool)
    home = tmp_path / "home"
    asked = ("show", "found_by_devices", "--since", "2026-03-01", "--until", "2026-04-01", "--json")
    before = json.loads(rongan(home, database, *asked).stdout)
    (figure,) = before["items"]
    assert (figure["numerator"], figure["denominator"], figure["small"]) == (2, 2, True)
    assert json.loads(rongan(home, database, "roll-up", "--json").stdout)["days"] > 100
    assert json.loads(rongan(home, database, *asked).stdout) == before
    unknown = rongan(home, database, "show", "fame")
    assert unknown.returncode == 1
    assert "no indicator fame" in unknown.stderr
    listed = json.loads(rongan(home, database, "list", "--json").stdout)
    assert {"id": "response", "zh_name": "响应率", "en_name": "response rate"} in listed["items"]

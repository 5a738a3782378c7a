"""`rongan audit accountability` on a real database: exit code 1 and the place where something was altered."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dispatcher.accountability import stage
from dispatcher.tickets.breaches import Breach, BreachType, open_breach
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.harness.postgres import Database
from tests.integration.dispatcher.tickets import town

REPOSITORY = Path(__file__).parents[3]
AT = datetime(2026, 3, 11, 2, tzinfo=UTC)


async def audit(database: Database, home: Path, *arguments: str) -> tuple[int, Any]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RONGAN_")}
    given = {"RONGAN_DATABASE_URL": database.owner_dsn, "RONGAN_DATABASE_APP_URL": database.app_dsn}
    answer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cli", "audit", "accountability", "--json", *arguments],
        cwd=REPOSITORY,
        env={**clean, "RONGAN_HOME": str(home), **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return answer.returncode, json.loads(answer.stdout)


async def test_an_altered_seal_is_found_and_so_is_a_chain_without_the_noted_hash(
    pool: Pool, owner: Connection, database: Database, tmp_path: Path
) -> None:
    await town.build(owner)
    breach = Breach(
        source_key="test:1",
        type=BreachType.OVERDUE_DISCLOSE,
        clock="d_publish_law",
        unit_id="t-fire",
        area_path=town.PATH,
        happened_at=AT,
        explanation={},
    )
    async with transaction(pool, scope=SYSTEM) as conn:
        await open_breach(conn, breach)
        await stage.advance(await town.StepOfTown.begin(conn, AT))
    noted = await owner.fetchval("SELECT seq || ':' || hash FROM accountability_head")
    assert await audit(database, tmp_path / "home", "--anchor", noted) == (0, {"seals": 1, "altered": []})
    code, told = await audit(database, tmp_path / "home", "--anchor", f"1:{'f' * 64}")
    assert (code, [each["fault"] for each in told["altered"]]) == (1, ["anchor"])
    await owner.execute("UPDATE accountability_files SET unit_organisation_id = 't-urban'")
    code, told = await audit(database, tmp_path / "home")
    assert (code, [each["fault"] for each in told["altered"]]) == (1, ["file"])

"""`rongan audit explanations` on a real database: content where all follows, exit code 1 where a row was changed."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from dispatcher.incidents import stage
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft, incidents
from tests.harness.postgres import Database

REPOSITORY = Path(__file__).parents[3]


async def audit(database: Database, home: Path, *arguments: str) -> tuple[int, Any]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RONGAN_")}
    given = {"RONGAN_DATABASE_URL": database.owner_dsn, "RONGAN_DATABASE_APP_URL": database.app_dsn}
    answer = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cli", "audit", "explanations", "--json", *arguments],
        cwd=REPOSITORY,
        env={**clean, "RONGAN_HOME": str(home), **given},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return answer.returncode, json.loads(answer.stdout)


async def test_the_audit_finds_a_changed_row_and_nothing_else(
    pool: Pool, owner: Connection, database: Database, tmp_path: Path
) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        await log.write(*(draft(f"bin {n}", n, 60 * n) for n in range(4)), draft("far", 5, 5000))
        await log.step()
        await log.tick(6 * 3600)
        await log.step()
    rows = await incidents(owner, "final")
    assert len(rows) == 2
    assert await audit(database, tmp_path / "home") == (0, {"checked": 2, "differing": []})
    await owner.execute("UPDATE final_explanations SET links = jsonb_set(links, '{1,3}', '7')")
    code, told = await audit(database, tmp_path / "home")
    (difference,) = told["differing"]
    bins = next(row for row in rows if row["event_count"] == 4)
    assert (code, difference["incident_id"], difference["differs"]) == (1, bins["id"], "links")
    other = next(row for row in rows if row["event_count"] == 1)
    assert (await audit(database, tmp_path / "home", "--incident", str(other["id"])))[0] == 0

"""`rongan audit explanations` on a real database: content where all follows, exit code 1 where a row was changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from dispatcher.correlation.compilation import keyed_cache
from dispatcher.incidents import stage
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft, incidents
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan


def audit(rongan: Rongan, database: Database, *arguments: str) -> tuple[int, Any]:
    compiled = {"NUMBA_CACHE_DIR": str(keyed_cache(""))}  # as every test of this run
    answer = rongan("audit", "explanations", "--json", *arguments, database=database, **compiled)
    return answer.returncode, json.loads(answer.stdout)


async def test_the_audit_keeps_its_kernels_where_every_process_does(
    rongan: Rongan, pool: Pool, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        await log.write(draft("alone", 0, 0))
        await log.step()
        await log.tick(6 * 3600)
        await log.step()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    answer = rongan("audit", "explanations", "--json", database=database)
    assert json.loads(answer.stdout) == {"checked": 1, "differing": []}
    assert any("decide" in kept.name for kept in (tmp_path / "home" / "numba").rglob("*.nbi"))


async def test_the_audit_finds_a_changed_row_and_nothing_else(
    rongan: Rongan, pool: Pool, owner: Connection, database: Database
) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        await log.write(*(draft(f"bin {n}", n, 60 * n) for n in range(4)), draft("far", 5, 5000))
        await log.step()
        await log.tick(6 * 3600)
        await log.step()
    rows = await incidents(owner, "final")
    assert len(rows) == 2
    assert audit(rongan, database) == (0, {"checked": 2, "differing": []})
    await owner.execute("UPDATE final_explanations SET links = jsonb_set(links, '{1,3}', '7')")
    code, told = audit(rongan, database)
    (difference,) = told["differing"]
    bins = next(row for row in rows if row["event_count"] == 4)
    assert (code, difference["incident_id"], difference["differs"]) == (1, bins["id"], "links")
    other = next(row for row in rows if row["event_count"] == 1)
    assert (audit(rongan, database, "--incident", str(other["id"])))[0] == 0

"""`rongan audit explanations` on a real database: content where all follows, exit code 1 where a row was changed."""

import json
from typing import Any

from dispatcher.incidents import stage
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft, incidents
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan


def audit(rongan: Rongan, database: Database, *arguments: str) -> tuple[int, Any]:
    answer = rongan("audit", "explanations", "--json", *arguments, database=database)
    return answer.returncode, json.loads(answer.stdout)


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

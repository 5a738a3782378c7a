"""`rongan audit accountability` on a real database: exit code 1 and the place where something was altered."""

import json
from datetime import UTC, datetime
from typing import Any

from dispatcher.accountability import stage
from dispatcher.tickets.breaches import Breach, BreachType, open_breach
from runtime.pool import SYSTEM, Connection, Pool, transaction
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan
from tests.integration.dispatcher.tickets import town

AT = datetime(2026, 3, 11, 2, tzinfo=UTC)


def audit(rongan: Rongan, database: Database, *arguments: str) -> tuple[int, Any]:
    answer = rongan("audit", "accountability", "--json", *arguments, database=database)
    return answer.returncode, json.loads(answer.stdout)


async def test_an_altered_seal_is_found_and_so_is_a_chain_without_the_noted_hash(
    rongan: Rongan, pool: Pool, owner: Connection, database: Database
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
    assert audit(rongan, database, "--anchor", noted) == (0, {"seals": 1, "altered": []})
    code, told = audit(rongan, database, "--anchor", f"1:{'f' * 64}")
    assert (code, [each["fault"] for each in told["altered"]]) == (1, ["anchor"])
    await owner.execute("UPDATE accountability_files SET unit_organisation_id = 't-urban'")
    code, told = audit(rongan, database)
    assert (code, [each["fault"] for each in told["altered"]]) == (1, ["file"])

"""`rongan kpi` against a real database: figures as JSON, roll-ups, and an unknown indicator."""

import json

from runtime.pool import Connection, Pool
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan
from tests.integration.dispatcher.tickets import town


async def test_figures_are_shown_and_rolled_up_and_stay_the_same(
    rongan: Rongan, pool: Pool, owner: Connection, database: Database
) -> None:
    await town.build(owner)
    for _ in range(2):
        await town.new_ticket(pool)
    asked = ("show", "found_by_devices", "--since", "2026-03-01", "--until", "2026-04-01", "--json")
    before = json.loads(rongan("kpi", *asked, database=database).stdout)
    (figure,) = before["items"]
    assert (figure["numerator"], figure["denominator"], figure["small"]) == (2, 2, True)
    assert json.loads(rongan("kpi", "roll-up", "--json", database=database).stdout)["days"] > 100
    assert json.loads(rongan("kpi", *asked, database=database).stdout) == before
    unknown = rongan("kpi", "show", "fame", database=database)
    assert unknown.returncode == 1
    assert "no indicator fame" in unknown.stderr
    listed = json.loads(rongan("kpi", "list", "--json", database=database).stdout)
    assert {"id": "response", "zh_name": "响应率", "en_name": "response rate"} in listed["items"]

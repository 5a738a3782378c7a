"""`rongan message` against a real database: contact points, a test, what became of it."""

import json

from runtime.pool import Connection, Pool
from tests.harness.postgres import Database
from tests.integration.cli.conftest import Rongan
from tests.integration.dispatcher.channels.addressees import add_point, add_user, build, tell


async def test_a_contact_point_is_tested_and_its_message_looked_at(
    rongan: Rongan, database: Database, pool: Pool, owner: Connection
) -> None:
    await build(owner)
    wang = await add_user(owner)
    point_id = await add_point(pool, wang, verified=False)
    (listed,) = json.loads(rongan("message", "contacts", "--json", database=database).stdout)["items"]
    assert (listed["id"], listed["address"], listed["verified_at"]) == (point_id, "138****8000", None)
    tested = rongan("message", "test", str(point_id), "--json", database=database)
    message_id = json.loads(tested.stdout)["message_id"]
    shown = json.loads(rongan("message", "show", str(message_id), "--json", database=database).stdout)
    assert (shown["topic"], shown["state"]) == ("contact_point.test", "waiting")
    grave = await tell(pool, wang, grade=1)  # nothing is verified: nobody is told
    unreached = rongan("message", "list", "--state", "unreached", "--json", database=database)
    assert [item["id"] for item in json.loads(unreached.stdout)["items"]] == [grave]
    for refused in (("test", "999"), ("show", "999")):
        assert rongan("message", *refused, database=database).returncode == 1

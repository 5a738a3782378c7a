"""Kill -9 of the dispatcher anywhere in the log: what it leaves behind equals what an undisturbed one leaves.

`make faults` kills 200 times in a long log; the suite kills a few times in a short one (`RONGAN_KILLS` says how often).
"""

import json
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Final

import pytest

from dispatcher.engine.failpoints import Failpoint
from dispatcher.incidents.counts import Fate
from events.model import PLATFORM_SOURCES
from runtime.pool import connect
from tests.faults.dispatcher import STEP_EVENTS, Lives, remember_sequences
from tests.faults.dump import differences, dump
from tests.faults.recorded import record
from tests.harness.postgres import Database, Server, fresh_database

SEED: Final = 20261123
KILLS: Final = int(os.environ.get("RONGAN_KILLS", "7"))
EVENTS: Final = 400 if KILLS < 50 else 4200

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]


async def lived(
    server: Server, recorded: Database, home: Path, deaths: list[tuple[Failpoint | None, int]]
) -> dict[str, list[str]]:
    """What stands in the database after a dispatcher took the whole log, dying on its way as told."""
    async with fresh_database(server, template=recorded.name) as database:
        owner = await connect(database.owner_dsn, application_name="rongan-test-owner")
        try:
            lives = Lives(database, owner, home)
            for point, position in deaths:
                if point is None:
                    await lives.die_behind(position)
                else:
                    await lives.die_at(point, position)
            await lives.catch_up()
            return await dump(owner)
        finally:
            await owner.close()


def death_notices(rng: Random, kills: int, positions: int) -> list[tuple[Failpoint | None, int]]:
    """At each place in turn, and where a kill from outside happens to hit: one in each stretch of the log."""
    ends = [1 + (positions - STEP_EVENTS) * nth // kills for nth in range(kills + 1)]  # before the last step
    places = [rng.randrange(*stretch) for stretch in pairwise(ends)]
    points = [(*Failpoint, None)[nth % (len(Failpoint) + 1)] for nth in range(kills)]
    rng.shuffle(points)
    return list(zip(points, places, strict=True))


async def test_killed_dispatcher_leaves_what_an_undisturbed_one_leaves(
    postgres_server: Server, template_database: Database, tmp_path: Path
) -> None:
    async with fresh_database(postgres_server, template=template_database.name) as recorded:
        owner = await connect(recorded.owner_dsn, application_name="rongan-test-owner")
        try:
            await record(owner, SEED, EVENTS)
            await remember_sequences(owner)
            positions = await owner.fetchval("SELECT sum(seq)::bigint FROM log_heads")
        finally:
            await owner.close()
        deaths = death_notices(Random(SEED), KILLS, positions)
        quiet = await lived(postgres_server, recorded, tmp_path, [])
        disturbed = await lived(postgres_server, recorded, tmp_path, deaths)
    counts = Counter(point.value if point else "anywhere" for point, _ in deaths)
    print(f"seed {SEED}: {EVENTS} events, {positions} positions, killed {KILLS} times: {dict(counts)}")
    print({table: len(rows) for table, rows in quiet.items() if rows and table != "calendar_days"})
    found = "\n".join(differences(quiet, disturbed))
    print(found[:40_000])  # pytest shortens what it compares
    assert found == ""
    assert_worth_it(quiet)


def assert_worth_it(rows: dict[str, list[str]]) -> None:
    """The log led to everything that a crash could lose or double."""
    for table in ("incidents", "tickets", "ticket_reports", "clock_firings", "outbox", "stream_log", "watermarks"):
        assert rows[table], f"nothing in {table}"
    statuses = Counter('"merged"' in row for row in rows["incidents"])
    assert statuses[True] > 0, "nothing was merged"
    assert any('"late": true' in row for row in rows["incidents"]), "nothing came late"
    assert_dense(rows)
    assert_none_lost(rows)


def assert_dense(rows: dict[str, list[str]]) -> None:
    """The same of groups with m > 1, of what is final and of what is still open."""
    members = [json.loads(row) for row in rows["incident_events"]]
    noise = [row for row in members if row["standing"] == "noise"]
    clusters = {row["incident_id"] for row in members if row["core"]}
    assert any(row["incident_id"] in clusters and not row["core"] for row in members), "no event was a border"
    assert {row["settled_with"] is None for row in noise} == {True, False}, "noise is all final, or all open"
    assert any('"dissolved"' in row for row in rows["incidents"]), "no cluster was dissolved"
    assert rows["final_neighbours"], "nothing final counts beside what is open"


def assert_none_lost(rows: dict[str, list[str]]) -> None:
    """What became of each event is counted once."""
    [counts] = [json.loads(row) for row in rows["correlation_counts"]]
    received = counts.pop("received")
    assert received == sum(json.loads(row)["source"] not in PLATFORM_SOURCES for row in rows["events"])
    assert received == sum(counts[fate] for fate in Fate)

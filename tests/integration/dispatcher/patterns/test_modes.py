"""A pattern on trial is put in force, and one in force out of it, by a version that differs in its mode alone."""

from datetime import timedelta

import pytest

from dispatcher.patterns.model import PatternMode
from dispatcher.patterns.modes import CITY_VERSIONS, QUERIES, ModeUnchanged, PatternUnknown, set_mode
from registry.seed import seed
from runtime.pool import Connection
from tests.harness.log import START, LogUnderTest, incidents
from tests.integration.dispatcher.patterns.seen import DARK_STREET, OUTAGE, matches, write_one_by_one

AREA = "power_outage_area"


async def changed(owner: Connection, mode: PatternMode, *, after_s: float = -3600) -> int:
    at = START + timedelta(seconds=after_s)
    async with owner.transaction():
        return await set_mode(owner, AREA, mode, by="test", reason="a drill", at=at)


async def test_a_pattern_out_of_force_joins_nothing_and_on_trial_it_records(
    log: LogUnderTest, owner: Connection
) -> None:
    assert await changed(owner, PatternMode.INACTIVE) == CITY_VERSIONS + 1
    assert await changed(owner, PatternMode.MONITOR, after_s=-1800) == CITY_VERSIONS + 2
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    first, second = await incidents(owner)
    assert first["case_id"] != second["case_id"]
    (match,) = await matches(owner)
    assert (match["version"], match["mode"]) == (CITY_VERSIONS + 2, "monitor")


async def test_a_trial_that_is_put_in_force_joins(log: LogUnderTest, owner: Connection) -> None:
    await changed(owner, PatternMode.MONITOR)
    await changed(owner, PatternMode.ACTIVE, after_s=-60)
    await write_one_by_one(log, OUTAGE, DARK_STREET)
    first, second = await incidents(owner)
    assert first["case_id"] == second["case_id"]


async def test_a_release_never_takes_a_citys_mode_back(owner: Connection) -> None:
    version = await changed(owner, PatternMode.INACTIVE)
    await owner.execute("DELETE FROM data_versions")
    await seed(owner)
    await owner.execute(QUERIES.add_pattern_version, AREA, 1, 2, PatternMode.ACTIVE, START, "the next release")
    assert await owner.fetchval("SELECT max(version) FROM patterns WHERE id = $1", AREA) == version


async def test_what_changes_nothing_is_refused(owner: Connection) -> None:
    with pytest.raises(ModeUnchanged, match=r"version 1 of power_outage_area is active already"):
        await changed(owner, PatternMode.ACTIVE)
    with pytest.raises(PatternUnknown):
        await set_mode(owner, "no_such", PatternMode.ACTIVE, by="test", reason="", at=START)

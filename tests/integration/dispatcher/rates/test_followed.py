"""Kinds that follow each other in the record are named as candidates for patterns."""

from datetime import timedelta

from dispatcher.incidents import stage
from dispatcher.rates.followed import find_followed
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, draft

DAY_S = 86_400


async def test_lamps_that_fail_behind_outages_are_a_candidate_and_bins_are_none(pool: Pool, owner: Connection) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        for n in range(10):
            at_s = n * DAY_S * 0.7
            await log.write(
                draft(f"transformer {n}", at_s, 0, kind="power_outage_building"),
                draft(f"lamp {n}", at_s + 300, 150, kind="streetlight_out"),
                draft(f"bin {n}", at_s + 40_000 - 3_000 * n, 100, kind="outdoor_fire"),
                draft(f"far lamp {n}", at_s + 300, 5_000, kind="streetlight_out"),
            )
        await log.step()
    end = START + timedelta(days=10)
    found = await find_followed(owner, START, end, within=timedelta(minutes=30), side_m=200)
    assert [(each.cause, each.effect, each.observed) for each in found] == [
        ("power_outage_building", "streetlight_out", 10)
    ]
    assert found[0].expected < 2
    assert await find_followed(owner, end, end, within=timedelta(minutes=30), side_m=200) == []

"""What a full block leaves out is told as clustered, is no member of the incident, and a restart changes nothing."""

from dispatcher.correlation.correlator import Correlator
from dispatcher.incidents import stage
from dispatcher.incidents.counts import Fate
from dispatcher.incidents.memory import Memory
from dispatcher.rules.rulebook import read_rulebook
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft


async def test_event_that_a_full_block_leaves_out_is_counted_with_its_cluster(pool: Pool, owner: Connection) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        async with pool.acquire() as conn, conn.transaction():
            log.memory = await Memory.rebuild(conn, await read_rulebook(conn))
        log.memory.correlator = Correlator(log.memory.table, block_max=2)
        for number in range(5):
            await log.write(draft(f"at one spot {number}", 0, 0))
            await log.step()
        assert log.memory.correlator.crowded_events == 3
        log.restart()
        await log.step()
    [count] = await owner.fetch("SELECT * FROM correlation_counts")
    assert {fate: count[fate] for fate in Fate if count[fate]} == {Fate.CLUSTERED: 5}
    assert count["received"] == 5
    assert await owner.fetchval("SELECT array_agg(event_count) FROM incidents") == [2]

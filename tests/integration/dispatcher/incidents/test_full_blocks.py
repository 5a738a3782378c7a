"""What a hard cap leaves out: counted once, no member of an incident, and a restart changes nothing."""

from dispatcher.api.reading import records
from dispatcher.correlation.correlator import Correlator
from dispatcher.incidents import stage
from dispatcher.incidents.counts import EVENTS, GAP, Fate
from dispatcher.incidents.memory import Memory
from dispatcher.rules.rulebook import read_rulebook
from events.model import EventSource
from runtime.pool import Connection, Pool
from tests.harness.log import LogUnderTest, draft, incidents

VENDOR = "street_vendor_occupation"


async def limit(log: LogUnderTest, **caps: int) -> Correlator:
    """Give a log without events a correlator that holds no more than so much."""
    async with log.pool.acquire() as conn, conn.transaction():
        log.memory = await Memory.rebuild(conn, await read_rulebook(conn))
    log.memory.correlator = Correlator(log.memory.table, **caps)
    return log.memory.correlator


async def counted(owner: Connection) -> dict[Fate, int]:
    """What became of how many events; the sum is what was received."""
    [count] = await owner.fetch("SELECT * FROM correlation_counts")
    fates = {fate: count[fate] for fate in Fate if count[fate]}
    assert count["received"] == sum(fates.values())
    return fates


async def test_event_that_a_full_block_leaves_out_is_counted_with_its_cluster(pool: Pool, owner: Connection) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        correlator = await limit(log, block_max=2)
        for number in range(5):
            await log.write(draft(f"at one spot {number}", 0, 0))
            await log.step()
        assert correlator.crowded_events == 3
        log.restart()
        await log.step()
    assert await counted(owner) == {Fate.CLUSTERED: 5}
    assert await owner.fetchval("SELECT array_agg(event_count) FROM incidents") == [2]


async def test_event_for_which_too_many_are_live_has_a_count_of_its_own(pool: Pool, owner: Connection) -> None:
    with LogUnderTest(pool, stage.advance) as log:
        correlator = await limit(log, live_max=2)
        for number in range(5):
            await log.write(draft(f"far apart {number}", 0, 1000 * number))
            await log.step()
        assert correlator.capped_events == 3
        assert await counted(owner) == {Fate.CLUSTERED: 2, Fate.CAPPED: 3}
        assert EVENTS.labels(Fate.CAPPED)._value.get() == 3
        assert GAP._value.get() == 0
        # One that comes again when there is room is a new one.
        await log.tick(10_000)
        await log.step()
        await log.write(draft("far apart 4", 10_000, 4000))
        await log.step()
    assert await counted(owner) == {Fate.CLUSTERED: 3, Fate.CAPPED: 3}
    told = await records.correlation_counts(owner)
    assert told["capped"] == 3


async def test_event_that_cannot_come_back_from_the_flapping_of_its_device_stays_there(
    pool: Pool, owner: Connection
) -> None:
    device = {"kind": VENDOR, "subject": "camera", "source": EventSource.SIGNAL}
    with LogUnderTest(pool, stage.advance) as log:
        correlator = await limit(log, live_max=2)
        await log.write(*(draft(f"camera {n}", n * 590, 0, raised=n % 2 == 0, **device) for n in range(5)))
        await log.step()
        suppressed = {Fate.CLUSTERED: 2, Fate.RETURNED: 2, Fate.SUPPRESSED: 1}
        assert await counted(owner) == suppressed
        # One report was of another device, so that this one did not flap; but there is no room any more.
        await log.write(draft("camera 3", 1770, 0, raised=False, revision=1, **device | {"subject": "another"}))
        await log.step()
        assert correlator.capped_events == 1
        assert await counted(owner) == suppressed | {Fate.RETURNED: 3}
        await log.tick(30_000)
        await log.step()
    assert {row["status"] for row in await incidents(owner)} == {"final"}

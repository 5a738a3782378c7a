"""Another state of the patterns on trial: cases that it joins or parts, grades, tickets; on history and now."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from dispatcher.backtests.dry_run import dry_run
from dispatcher.backtests.trial import Report, Ruled, backtest
from dispatcher.engine import leadership
from dispatcher.engine.steps import Stepper
from dispatcher.patterns.modes import add_rules_with
from dispatcher.rules import activation
from dispatcher.rules.document import PatternMode
from dispatcher.rules.versions import read_document
from events.feed import Feed
from runtime.clock import SimulatedClock
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, incidents
from tests.harness.postgres import Database
from tests.integration.dispatcher.patterns.seen import DARK_STREET, FAR_STREET, OUTAGE, matches, open_tickets

AREA = "power_outage_area"


@pytest.fixture
async def stepper(pool: Pool, owner: Connection) -> AsyncIterator[Stepper]:
    await owner.execute("UPDATE deployment SET simulated_at = $1", START)
    async with pool.acquire() as conn:
        epoch = await leadership.take(conn, "first")
    assert epoch is not None
    with ThreadPoolExecutor(1, thread_name_prefix="kernels") as kernels:
        yield Stepper(pool, SimulatedClock(START), Feed(pool), kernels, epoch)


async def take(stepper: Stepper) -> None:
    while await stepper.step():
        pass


@pytest.fixture
async def taken(pool: Pool, stepper: Stepper) -> None:
    """An outage, a dark street that the pattern joins to it, and one that lies too far away."""
    with LogUnderTest(pool) as log:
        await log.write(OUTAGE, DARK_STREET, FAR_STREET)
    await take(stepper)


async def ruled(owner: Connection, mode: PatternMode) -> Ruled:
    async with owner.transaction():
        version = await add_rules_with(owner, "default", AREA, mode, by="test", note="a trial", at=START)
    return Ruled(await read_document(owner, "default", version), version)


async def put_in_force(pool: Pool, stepper: Stepper, rules: Ruled) -> None:
    assert rules.version is not None
    async with pool.acquire() as conn, conn.transaction():
        await activation.request(conn, "default", rules.version, by="test", reason="a drill", at=START)
    await take(stepper)


async def silent(taken: int, total: int) -> None:
    assert taken <= total


async def on_history(database: Database, before: Ruled, after: Ruled) -> Report:
    with ThreadPoolExecutor(1) as kernels:
        return await backtest(database.app_dsn, before, after, kernels, on_progress=silent)


async def on_what_is_open(database: Database, rules: Ruled) -> Report:
    with ThreadPoolExecutor(1) as kernels:
        return await dry_run(database.app_dsn, rules, kernels, at=START)


@pytest.mark.usefixtures("taken")
async def test_history_without_a_pattern_has_a_case_and_a_ticket_more_and_back(
    database: Database, owner: Connection
) -> None:
    active = Ruled(await read_document(owner, "default", 1), 1)
    for mode in (PatternMode.INACTIVE, PatternMode.MONITOR):
        without = await ruled(owner, mode)
        there = (await on_history(database, active, without))["difference"]
        back = (await on_history(database, without, active))["difference"]
        assert (there["before"]["cases"], there["after"]["cases"]) == (2, 3)
        assert there["before"]["cases"] == await owner.fetchval("SELECT count(DISTINCT case_id) FROM incidents")
        assert (there["tickets"], back["tickets"]) == ({"added": 1, "dropped": 0}, {"added": 0, "dropped": 1})
        assert (there["outcomes"]["milder"], there["outcomes"]["parted"], there["outcomes"]["same"]) == (1, 1, 1)
        assert (back["outcomes"]["graver"], back["outcomes"]["joined"], back["outcomes"]["same"]) == (1, 1, 1)


async def test_a_dry_run_joins_what_the_takeover_then_joins(
    database: Database, owner: Connection, pool: Pool, stepper: Stepper
) -> None:
    await put_in_force(pool, stepper, await ruled(owner, PatternMode.MONITOR))
    with LogUnderTest(pool) as log:
        await log.write(OUTAGE, DARK_STREET, FAR_STREET)
    await take(stepper)
    active = Ruled(await read_document(owner, "default", 1), 1)
    told = (await on_what_is_open(database, active))["difference"]
    assert (told["before"]["cases"], told["after"]["cases"]) == (3, 2)
    assert (told["outcomes"]["graver"], told["outcomes"]["joined"], told["outcomes"]["same"]) == (1, 1, 1)
    assert await owner.fetchval("SELECT count(*) FROM case_joins") == 0
    assert [each["mode"] for each in await matches(owner)] == ["monitor"]
    before = {row["id"]: row["grade"] for row in await incidents(owner)}
    await put_in_force(pool, stepper, active)
    rows = await incidents(owner)
    assert len({row["case_id"] for row in rows}) == told["after"]["cases"]
    assert sum(row["grade"] < before[row["id"]] for row in rows) == told["outcomes"]["graver"]
    assert len(await open_tickets(owner)) == 2
    assert (await on_what_is_open(database, active))["difference"]["is_empty"]


@pytest.mark.usefixtures("taken")
async def test_a_dry_run_takes_evidence_back_and_parts_no_case(database: Database, owner: Connection) -> None:
    told = (await on_what_is_open(database, await ruled(owner, PatternMode.INACTIVE)))["difference"]
    assert told["before"]["cases"] == told["after"]["cases"] == 2
    assert (told["outcomes"]["milder"], told["outcomes"]["same"]) == (1, 2)


async def test_a_dry_run_joins_no_case_whose_tickets_have_ended(
    database: Database, owner: Connection, pool: Pool, stepper: Stepper
) -> None:
    await put_in_force(pool, stepper, await ruled(owner, PatternMode.INACTIVE))
    with LogUnderTest(pool) as log:
        await log.write(OUTAGE, DARK_STREET)
    await take(stepper)
    await owner.execute(
        "UPDATE tickets SET state = 'voided', closed_at = opened_at, due_at = NULL, due_clock = NULL"
        " WHERE id = (SELECT min(id) FROM tickets)"
    )
    told = await on_what_is_open(database, Ruled(await read_document(owner, "default", 1), 1))
    assert told["difference"]["after"]["cases"] == 2
    assert told["difference"]["outcomes"]["joined"] == 0

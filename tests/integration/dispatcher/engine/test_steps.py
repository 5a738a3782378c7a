"""The leader's loop: all or nothing, never twice, never two at once, and time in the order of the log."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from dispatcher.engine import leadership, looking
from dispatcher.engine.stages import STAGES
from dispatcher.incidents import stage as incidents_stage
from dispatcher.incidents.step import Advanced, Step
from events.model import SIGNALS_STREAM, EventSource, SourceClass
from registry.devices import register_device
from runtime.pool import Connection, Pool
from sensors.signal import Side, SignalState
from tests.harness.log import START, LogUnderTest, draft, incidents
from tests.harness.waiting import until_blocked
from tests.integration.dispatcher.engine.conftest import Leader, step_through

FAILURE_S = 20.0
WRITTEN = (
    "incidents",
    "incident_events",
    "cases",
    "number_heads",
    "cursors",
    "watermarks",
    "stream_log",
    "tickets",
    "outbox",
)


class StageBroke(RuntimeError):
    pass


class Breaking:
    """A stage that raises the given error the first time."""

    def __init__(self, error: BaseException) -> None:
        self.error: BaseException | None = error

    async def advance(self, step: Step) -> Advanced:
        error, self.error = self.error, None
        if error is not None:
            raise error
        return Advanced(taken=len(step.events), written=0)


async def written(owner: Connection) -> dict[str, int]:
    counts = {table: await owner.fetchval(f"SELECT count(*) FROM {table}") for table in WRITTEN}  # noqa: S608
    return {table: count for table, count in counts.items() if count}


async def positions(owner: Connection) -> dict[str, int]:
    return {row["stream"]: row["seq"] for row in await owner.fetch("SELECT stream, seq FROM cursors")}


async def take_over(owner: Connection, pool: Pool) -> int:
    """The lease of the leader ran out and another process takes its place."""
    await owner.execute("UPDATE leadership SET until = clock_timestamp() - interval '1 s'")
    async with pool.acquire() as conn:
        epoch = await leadership.take(conn, "second")
    assert epoch is not None
    return epoch


@pytest.mark.usefixtures("simulated")
async def test_a_leader_of_an_older_epoch_is_fenced_and_writes_nothing(
    log: LogUnderTest, leader: Leader, pool: Pool, owner: Connection
) -> None:
    old = leader()
    await old.step()
    new = leader(await take_over(owner, pool))
    await log.write(draft("fire", 0, 0))
    with pytest.raises(leadership.Fenced):
        await old.step()
    assert await written(owner) == {}
    async with pool.acquire() as conn:
        with pytest.raises(leadership.Fenced):
            await leadership.renew(conn, 1)
    await new.step()
    assert len(await incidents(owner)) == 1
    assert await positions(owner) == {"gateway-0": 1}


@pytest.mark.usefixtures("simulated")
async def test_a_take_over_waits_for_the_step_that_runs_and_finds_what_it_wrote(
    log: LogUnderTest, leader: Leader, pool: Pool, owner: Connection
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def pause(step: Step) -> Advanced:
        reached.set()
        await go_on.wait()
        return Advanced(taken=0, written=0)

    await log.write(draft("fire", 0, 0))
    async with asyncio.timeout(FAILURE_S), asyncio.TaskGroup() as tasks:
        stepping = tasks.create_task(leader(stages=(*STAGES, ("pause", pause))).step())
        await reached.wait()
        # In another transaction than the step's: the row itself is locked by the step.
        taking = tasks.create_task(_take_when_expired(pool))
        await until_blocked(owner)
        go_on.set()
        await stepping
        second = await taking
    await step_through(leader(second))
    assert len(await incidents(owner)) == 1
    assert await positions(owner) == {"gateway-0": 1}


async def _take_when_expired(pool: Pool) -> int:
    async with pool.acquire() as conn:
        epoch = await leadership.take(conn, "first")  # the same name need not wait for the lease
    assert epoch is not None
    return epoch


@pytest.mark.usefixtures("simulated")
@pytest.mark.parametrize("place", range(len(STAGES) + 1))
async def test_a_step_that_fails_in_any_stage_leaves_nothing_and_the_next_one_does_it_all(
    log: LogUnderTest, leader: Leader, owner: Connection, place: int
) -> None:
    breaking = Breaking(StageBroke())
    stages = (*STAGES[:place], ("breaking", breaking.advance), *STAGES[place:])
    stepper = leader(stages=stages)
    await log.write(draft("fire", 0, 0), draft("far away", 0, 9000))
    with pytest.raises(StageBroke):
        await stepper.step()
    assert await written(owner) == {}
    await step_through(stepper)
    found = await incidents(owner)
    assert [row["number"] for row in found] == ["IN-20261122-00001", "IN-20261122-00002"]
    assert [row["event_count"] for row in found] == [1, 1]
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 2


@pytest.mark.usefixtures("simulated")
async def test_memory_of_a_failed_step_is_never_used(log: LogUnderTest, leader: Leader, owner: Connection) -> None:
    breaking = Breaking(StageBroke())
    breaking.error = None
    stepper = leader(stages=(*STAGES, ("breaking", breaking.advance)))
    await log.write(draft("fire", 0, 0))
    await step_through(stepper)
    await log.write(draft("smoke", 60, 50), draft("call", 90, 80, source=EventSource.HOTLINE))
    breaking.error = StageBroke()
    with pytest.raises(StageBroke):
        await stepper.step()
    await step_through(stepper)
    (fire,) = await incidents(owner)
    assert fire["event_count"] == 3
    assert await owner.fetchval("SELECT count(*) FROM incident_events") == 3
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 1


@pytest.mark.usefixtures("simulated")
async def test_positions_go_on_where_the_last_process_stood(
    log: LogUnderTest, leader: Leader, owner: Connection
) -> None:
    for restart in range(4):
        await log.write(draft(f"fire {restart}", 0, 9000 * restart))
        await log.write(draft(f"other fire {restart}", 0, 9000 * restart + 1000), stream="gateway-1")
        await step_through(leader())
        assert await positions(owner) == {"gateway-0": restart + 1, "gateway-1": restart + 1}
        assert await owner.fetchval("SELECT count(*) FROM incident_events") == 2 * (restart + 1)
    assert {row["version"] for row in await incidents(owner)} == {1}  # nothing was taken twice


@pytest.mark.usefixtures("simulated")
async def test_a_tick_waits_for_what_it_names_and_nothing_overtakes_it(
    log: LogUnderTest, leader: Leader, owner: Connection
) -> None:
    await log.write(*(draft(f"fire {n}", 0, 9000 * n) for n in range(5)))
    await log.tick(5000)
    await log.write(draft("after the tick", 0, 90_000), stream="gateway-1")
    seen: list[list[str]] = []

    async def note(step: Step) -> Advanced:
        seen.append([event.subject for event in step.events])
        return Advanced(taken=0, written=0)

    await step_through(leader(batch_events=2, stages=(("note", note), ("incidents", incidents_stage.advance))))
    order = [subject for step in seen for subject in step]
    assert order == [*(f"fire {n}" for n in range(5)), "clock", "after the tick"]
    assert [row["late"] for row in await incidents(owner)] == [False] * 5 + [True]


@pytest.mark.usefixtures("simulated")
async def test_what_is_due_is_looked_for_at_ticks_and_not_with_every_event(
    log: LogUnderTest, leader: Leader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "POLL_S", float("inf"))
    looked: list[list[str]] = []

    async def look(step: Step) -> Advanced:
        looked.append([event.subject for event in step.events])
        return Advanced(taken=0, written=0)

    stages = (("incidents", incidents_stage.advance), ("messages", look))
    stepper = leader(stages=stages)
    await log.write(draft("first", 0, 0))
    await step_through(stepper)
    await log.write(draft("second", 1, 0))
    await step_through(stepper)
    assert looked == [["first"]]
    await log.write(draft("third", 2, 0))
    await log.tick(60)
    await step_through(stepper)
    assert looked == [["first"], ["third", "clock"]]
    await log.write(draft("fourth", 61, 0))
    await step_through(leader(stages=stages))  # another process, as after a kill
    assert looked[-1] == ["fourth"]


async def test_the_leader_ticks_behind_exactly_what_it_took(
    log: LogUnderTest, leader: Leader, owner: Connection
) -> None:
    await log.write(draft("fire", 0, 0), draft("far away", 0, 9000))
    stepper = leader(batch_events=1)
    await stepper.step()
    assert await owner.fetchval("SELECT count(*) FROM events WHERE stream = 'clock'") == 0
    await stepper.step()
    body = await owner.fetchval("SELECT body FROM events WHERE stream = 'clock'")
    assert body["heads"] == {"gateway-0": 2}
    await step_through(stepper)
    assert await positions(owner) == {"gateway-0": 2, "clock": 1}


@pytest.mark.usefixtures("simulated")
async def test_a_step_is_never_before_a_tick_that_it_applies(log: LogUnderTest, leader: Leader) -> None:
    times: list[Any] = []

    async def note(step: Step) -> Advanced:
        times.append(step.at)
        return Advanced(taken=0, written=0)

    stepper = leader(stages=(("note", note),))  # its own clock was not told yet
    await stepper.step()
    await log.tick(3600)
    await step_through(stepper)
    await stepper.step()
    assert times == [START, START + timedelta(hours=1), START + timedelta(hours=1)]


@pytest.mark.usefixtures("simulated")
async def test_a_hold_that_ends_while_time_leaps_is_raised_before_the_tick_and_not_late(
    log: LogUnderTest, leader: Leader, owner: Connection
) -> None:
    device_id, _ = await register_device(
        owner, bytes(32), product=await _a_bin(owner), name="b1", area_id="t-area", at=START, lon=104.06, lat=30.66
    )
    state = SignalState(Side.PENDING, START, START, "k1")
    await owner.execute(
        "INSERT INTO device_state (device_id, latest, signals) VALUES ($1, $2, $3)",
        device_id,
        {"fill_pct": {"value": 97.0, "at": START.isoformat()}},
        {"full": state.to_json()},
    )
    await log.tick(4 * 3600)
    await step_through(leader())
    (found,) = await incidents(owner)
    assert not found["late"]
    event = await owner.fetchrow("SELECT * FROM events WHERE stream = $1", SIGNALS_STREAM)
    assert event is not None
    assert event["source_class"] == SourceClass.SENSOR
    tick = await owner.fetchval("SELECT body FROM events WHERE stream = 'clock'")
    assert tick["heads"][SIGNALS_STREAM] == 1
    assert (await owner.fetchval("SELECT signals FROM device_state"))["full"][0] == Side.HIGH


async def _a_bin(owner: Connection) -> str:
    await owner.execute(
        "INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ('t-area', 'city', 'x', 'x', ARRAY['t-area'])"
    )
    await owner.execute(
        "INSERT INTO products (key, device_type, zh_name, en_name) VALUES ('t_bin', 'waste_bin', 'x', 'x')"
    )
    return "t_bin"

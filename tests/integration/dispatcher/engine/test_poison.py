"""An event that makes steps fail for good is set aside alone; all before and behind it is taken as usual."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from dispatcher.engine import leadership
from dispatcher.engine.poison import Suspicion, Verdict, is_for_good
from dispatcher.engine.stages import STAGES
from dispatcher.engine.steps import Stepper
from dispatcher.incidents.step import Advanced, Step
from events.model import EventSource, SourceClass
from gateway.app import READINGS_KEPT
from gateway.intake.release import NotReleasableError, release
from runtime.pool import Connection, Pool
from tests.harness.log import START, LogUnderTest, draft, incidents
from tests.integration.dispatcher.engine.conftest import Leader

pytestmark = pytest.mark.usefixtures("simulated")

GOES_ON_MAX = 200


class Poisoned(RuntimeError):
    """What a stage raises for an event that it cannot take; its text quotes the row."""


class Poison:
    """A stage that fails for some subjects, behind all others: their rows are written and must be rolled back."""

    def __init__(self, *subjects: str, refuse: Callable[[Step], Any] | None = None) -> None:
        self.subjects = set(subjects)
        self.steps: list[list[str]] = []
        self._refuse = refuse

    @property
    def stages(self) -> tuple[tuple[str, Any], ...]:
        return (*STAGES, ("poison", self.advance))

    async def advance(self, step: Step) -> Advanced:
        subjects = [event.subject for event in step.events]
        if self.subjects & set(subjects):
            if self._refuse is not None:
                await self._refuse(step)
            raise Poisoned("张三 13812345678")
        self.steps.append(subjects)
        return Advanced(taken=len(step.events), written=0)

    @property
    def taken(self) -> list[str]:
        return [subject for step in self.steps for subject in step]


async def violate(step: Step) -> None:
    """A row that no retry makes right."""
    await step.conn.execute(
        "INSERT INTO incident_events (event_uid, incident_id, stream, seq, received_at, effective_at,"
        " revision, standing) VALUES ('x', -1, 'x', 1, now(), now(), 0, 'alone')"
    )


async def go_through(stepper: Stepper) -> None:
    for _ in range(GOES_ON_MAX):
        if not await stepper.go_on():
            return
    raise AssertionError("the leader goes round in circles")


async def held(owner: Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in await owner.fetch("SELECT * FROM quarantine ORDER BY id")]


def set_aside_total(kind: str = "outdoor_fire") -> float:
    return REGISTRY.get_sample_value("dispatcher_events_set_aside_total", {"kind": kind}) or 0.0


@pytest.mark.parametrize("refuse", [None, violate], ids=["a fault of ours", "a constraint"])
async def test_a_poisoned_event_is_set_aside_and_the_others_become_incidents(
    log: LogUnderTest, leader: Leader, owner: Connection, refuse: Any
) -> None:
    await log.write(*(draft(f"fire {n}", 0, 9000 * n) for n in range(40)))
    poison = Poison("fire 23", refuse=refuse)
    before = set_aside_total()
    with capture_logs() as said:
        await go_through(leader(stages=poison.stages))
    assert poison.taken == [f"fire {n}" for n in range(40) if n != 23]
    assert len(await incidents(owner)) == 39
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 39
    assert await owner.fetchval("SELECT seq FROM cursors WHERE stream = 'gateway-0'") == 40
    (row,) = await held(owner)
    assert (row["reason"], row["state"], row["gateway"], row["topic"]) == (
        "step_failed",
        "held",
        "dispatcher",
        "log/gateway-0/24",
    )
    assert json.loads(row["payload"])["uid"] == draft("fire 23", 0, 0).uid.hex()
    assert "test_poison.py" in row["detail"]
    assert "13812345678" not in row["detail"]
    assert set_aside_total() == before + 1
    assert [line["log_level"] for line in said if line["event"] == "event_set_aside"] == ["error"]


async def test_several_poisoned_events_are_all_set_aside(log: LogUnderTest, leader: Leader, owner: Connection) -> None:
    await log.write(*(draft(f"fire {n}", 0, 9000 * n) for n in range(30)))
    bad = {"fire 0", "fire 11", "fire 12", "fire 29"}
    poison = Poison(*bad)
    await go_through(leader(stages=poison.stages))
    assert poison.taken == [f"fire {n}" for n in range(30) if f"fire {n}" not in bad]
    assert len(await held(owner)) == len(bad)


async def test_a_poisoned_event_stays_set_aside_after_a_restart(
    log: LogUnderTest, leader: Leader, owner: Connection
) -> None:
    await log.write(*(draft(f"fire {n}", 0, 9000 * n) for n in range(8)))
    poison = Poison("fire 3")
    stepper = leader(stages=poison.stages)
    while not await held(owner):
        await stepper.go_on()
    await go_through(leader(stages=poison.stages))
    assert len(await held(owner)) == 1
    assert len(await incidents(owner)) == 7


async def test_a_fault_that_no_event_causes_costs_no_event(
    log: LogUnderTest, leader: Leader, owner: Connection
) -> None:
    async def broken(step: Step) -> Advanced:
        raise Poisoned

    await log.write(*(draft(f"fire {n}", 0, 9000 * n) for n in range(5)))
    with pytest.raises(Poisoned):
        await go_through(leader(stages=(*STAGES, ("broken", broken))))
    assert await held(owner) == []
    assert await owner.fetchval("SELECT count(*) FROM cursors") == 0


async def test_an_accident_costs_no_event(log: LogUnderTest, leader: Leader, owner: Connection) -> None:
    left = 2  # the whole batch, then its half; the same event alone goes well

    async def stumble(step: Step) -> Advanced:
        nonlocal left
        if step.events and left:
            left -= 1
            raise Poisoned
        return Advanced(0, 0)

    await log.write(*(draft(f"fire {n}", 0, 9000 * n) for n in range(4)))
    await go_through(leader(stages=(*STAGES, ("stumble", stumble))))
    assert await held(owner) == []
    assert len(await incidents(owner)) == 4


async def test_a_lost_database_narrows_nothing(log: LogUnderTest, leader: Leader, owner: Connection) -> None:
    async def lose(step: Step) -> None:
        await owner.execute("SELECT pg_terminate_backend($1)", step.conn.get_server_pid())
        await step.conn.execute("SELECT 1")

    await log.write(draft("fire", 0, 0), draft("other", 0, 9000))
    poison = Poison("fire", refuse=lose)
    stepper = leader(stages=poison.stages)
    for _ in range(6):
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await stepper.go_on()
    poison.subjects = set()
    await go_through(stepper)
    assert await held(owner) == []
    assert poison.steps[0] == ["fire", "other"]


async def test_a_fenced_leader_sets_nothing_aside(
    log: LogUnderTest, leader: Leader, owner: Connection, pool: Pool
) -> None:
    await log.write(draft("fire", 0, 0))
    poison = Poison("fire")
    stepper = leader(stages=poison.stages)
    await stepper.go_on()
    await stepper.go_on()  # the next one would set it aside
    await owner.execute("UPDATE leadership SET epoch = epoch + 1")
    with pytest.raises(leadership.Fenced):
        await stepper.go_on()
    assert await held(owner) == []


async def test_a_poisoned_tick_stops_nobody_and_the_next_one_does_its_work(
    log: LogUnderTest, leader: Leader, owner: Connection
) -> None:
    async def refuse_first_ticks(step: Step) -> Advanced:
        bad = [event for event in step.events if event.source is EventSource.TICK and event.seq <= 3]
        if bad:
            raise Poisoned
        return Advanced(0, 0)

    stepper = leader(stages=(*STAGES, ("poison", refuse_first_ticks)))
    await log.write(draft("fire", 0, 0))
    for hour in range(1, 4):
        await log.tick(3600 * hour)
    await log.write(draft("sos", 3 * 3600 + 2400, 9000, source_class=SourceClass.CAMERA))
    await go_through(stepper)
    assert [row["status"] for row in await incidents(owner)] == ["open", "open"]  # no watermark moved
    assert await owner.fetchval("SELECT count(*) FROM tickets") == 2
    assert await owner.fetchval("SELECT seq FROM cursors WHERE stream = 'clock'") == 3
    (row,) = await held(owner)  # three ticks, one fault
    assert row["topic"] == "log/clock/1"
    with pytest.raises(NotReleasableError, match="tick"):
        await release(owner, row["id"], by="test", at=START, retention=READINGS_KEPT)
    await log.tick(3600 * 4)
    await go_through(stepper)
    assert [row["status"] for row in await incidents(owner)] == ["final", "open"]


async def test_a_released_event_is_taken_behind_the_log_and_only_once(
    log: LogUnderTest, leader: Leader, owner: Connection
) -> None:
    await log.write(draft("fire", 0, 0), draft("poison", 30, 60), draft("other", 0, 9000))
    poison = Poison("poison")
    stepper = leader(stages=poison.stages)
    await go_through(stepper)
    (row,) = await held(owner)
    poison.subjects = set()
    await release(owner, row["id"], by="test", at=START + timedelta(hours=1), retention=READINGS_KEPT)
    await go_through(stepper)
    found = await incidents(owner)
    assert sorted(row["event_count"] for row in found) == [1, 2]
    assert (await held(owner))[0]["state"] == "released"
    event = await owner.fetchrow("SELECT * FROM events WHERE stream = 'release'")
    assert event is not None
    assert event["effective_at"] == START + timedelta(seconds=30)
    with pytest.raises(NotReleasableError):
        await release(owner, row["id"], by="test", at=START, retention=READINGS_KEPT)
    assert await owner.fetchval("SELECT count(*) FROM events WHERE stream = 'release'") == 1


async def test_a_correction_of_a_poisoned_event_is_taken(log: LogUnderTest, leader: Leader, owner: Connection) -> None:
    bad = draft("fire", 0, 0, subject="poison")
    await log.write(bad, replace(bad, subject="mended", revision=1))
    poison = Poison("poison")
    await go_through(leader(stages=poison.stages))
    assert poison.taken == ["mended"]
    assert len(await incidents(owner)) == 1


@given(st.integers(1, 60), st.sets(st.integers(0, 59), max_size=6), st.integers(1, 40))
def test_suspicion_convicts_exactly_the_guilty(size: int, guilty: set[int], batch: int) -> None:
    suspicion, at, convicted, steps = Suspicion(), 0, set[int](), 0
    while at < size:
        steps += 1
        taken = range(at, min(size, at + (batch if suspicion.limit is None else min(batch, suspicion.limit))))
        if guilty & set(taken):
            if suspicion.failed(len(taken)) is Verdict.GUILTY:
                convicted.add(at)
                at += 1
                suspicion.passed(1)
        else:
            at += len(taken)
            suspicion.passed(len(taken))
        assert steps < 40 * (size + 1)
    assert convicted == {n for n in guilty if n < size}


@pytest.mark.parametrize(
    ("error", "for_good"),
    [
        (asyncpg.UniqueViolationError("x"), True),
        (asyncpg.NotNullViolationError("x"), True),
        (asyncpg.NumericValueOutOfRangeError("x"), True),
        (asyncpg.DataError("invalid input for query argument"), True),
        (ValueError(), True),
        (asyncpg.SerializationError("x"), False),
        (asyncpg.DeadlockDetectedError("x"), False),
        (asyncpg.AdminShutdownError("x"), False),
        (asyncpg.DiskFullError("x"), False),
        (asyncpg.ReadOnlySQLTransactionError("x"), False),
        (asyncpg.InterfaceError("connection is closed"), False),
        (ConnectionResetError(), False),
        (TimeoutError(), False),
        (MemoryError(), False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_only_what_would_fail_again_is_for_good(error: BaseException, for_good: bool) -> None:
    assert is_for_good(error) is for_good

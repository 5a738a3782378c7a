"""The simulated clock through the api: forwards only, exercises only, and not before everybody confirmed."""

import asyncio
from datetime import timedelta

import pytest

from dispatcher.api import timekeeping
from dispatcher.api.keys import CLOCK
from runtime.pool import Connection
from tests.integration.dispatcher.api.community import FAILURE_S, NOON
from tests.integration.dispatcher.api.running import Api

PASS_TICK = (
    "INSERT INTO cursors (consumer, stream, seq, received_at, epoch) VALUES ('dispatcher', 'clock', $1, $2, 1)"
    " ON CONFLICT (consumer, stream) DO UPDATE SET seq = $1"
)


async def pass_ticks(owner: Connection) -> None:
    """Stand in for the dispatcher: move its cursor past every tick of the clock stream as it comes."""
    woken = asyncio.Event()
    await owner.add_listener("rongan_events", lambda *_: woken.set())
    while True:
        await woken.wait()
        woken.clear()
        seq = await owner.fetchval("SELECT seq FROM log_heads WHERE stream = 'clock'")
        await owner.execute(PASS_TICK, seq, NOON)
        await owner.execute("SELECT pg_notify('rongan_cursor', $1)", str(seq))


async def test_advance_answers_when_the_dispatcher_and_this_process_are_there(
    exercise_api: Api, owner: Connection
) -> None:
    engineer = await exercise_api.as_user("engineer")
    dispatcher = asyncio.create_task(pass_ticks(owner))
    try:
        status, moved = await engineer.post("clock", {"advance_s": 1800})
    finally:
        dispatcher.cancel()
    assert (status, moved["now"], moved["simulated"]) == (200, "2026-11-22T12:30:00Z", True), moved
    assert exercise_api.app[CLOCK].now() == NOON + timedelta(minutes=30)
    assert (await exercise_api.nobody.get("/api/v1/clock"))[1] == moved


async def test_advance_that_the_dispatcher_misses_is_unconfirmed(
    exercise_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed = timekeeping.confirmed
    monkeypatch.setattr(timekeeping, "confirmed", lambda *args: confirmed(*args, limit_s=0.1))
    engineer = await exercise_api.as_user("engineer")
    status, told = await engineer.post("clock", {"at": "2026-11-22T13:00:00Z"})
    assert (status, told["code"]) == (504, "clock_unconfirmed")
    assert "dispatcher" in told["detail"]
    assert (await engineer.get("clock"))[1]["now"] == "2026-11-22T13:00:00Z"


async def test_advance_waits_for_every_process_that_lives_by_the_clock(exercise_api: Api, owner: Connection) -> None:
    engineer, pool = await exercise_api.as_user("engineer"), exercise_api.pool
    dispatcher = asyncio.create_task(pass_ticks(owner))
    slow = "INSERT INTO clock_confirmations (process, at, seen_at) VALUES ('gateway-9 x', $1, clock_timestamp() + $2)"
    try:
        # Seen in the last seconds, and still in the old time: the api does not say that everybody is there.
        await pool.execute(slow, NOON, timedelta(hours=1))
        moving = asyncio.create_task(engineer.post("clock", {"advance_s": 1800}))
        async with asyncio.timeout(FAILURE_S):
            while await pool.fetchval("SELECT simulated_at FROM deployment") == NOON:
                await asyncio.wait({moving}, timeout=0.05)
        done, _ = await asyncio.wait({moving}, timeout=0.5)
        assert not done
        await pool.execute("UPDATE clock_confirmations SET at = $1", NOON + timedelta(minutes=30))
        await pool.execute("SELECT pg_notify('rongan_clock_confirmed', '')")
        async with asyncio.timeout(FAILURE_S):
            assert (await moving)[0] == 200
        # One that has not been seen for long is gone, and nobody waits for it.
        await pool.execute("UPDATE clock_confirmations SET seen_at = seen_at - interval '2 hours'")
        assert (await engineer.post("clock", {"advance_s": 60}))[0] == 200
    finally:
        dispatcher.cancel()


async def test_clock_never_goes_backwards(exercise_api: Api) -> None:
    engineer = await exercise_api.as_user("engineer")
    status, told = await engineer.post("clock", {"at": "2026-11-22T11:00:00Z"})
    assert (status, told["code"]) == (409, "clock_backwards")
    for body in ({}, {"at": "2026-11-22T13:00:00Z", "advance_s": 1}, {"advance_s": 0}):
        assert (await engineer.post("clock", body))[0] == 422


async def test_production_database_keeps_real_time(api: Api, owner: Connection) -> None:
    await owner.execute("DELETE FROM deployment")
    await owner.execute(
        "INSERT INTO deployment (mode, rule_set, origin_lon, origin_lat) VALUES ('production', 'default', 104, 30)"
    )
    engineer = await api.as_user("engineer")
    status, told = await engineer.post("clock", {"advance_s": 60})
    assert (status, told["code"]) == (403, "production_clock")
    assert (await engineer.get("clock"))[1]["simulated"] is False

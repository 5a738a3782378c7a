"""Moves the simulated clock of an exercise, and waits until everybody lives in the new time."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dispatcher.api.errors import ClockUnconfirmed, ProductionClock
from dispatcher.api.reading.records import QUERIES
from dispatcher.channels import stream
from events.ticks import append_tick
from registry.deployment import DeploymentMode, read_deployment
from runtime.clock import CHANNEL, CONFIRMED_CHANNEL, Clock, ClockMovedBackwards, processes_behind
from runtime.pool import Connection, Pool, Scope, connect, transaction

CURSOR_CHANNEL: Final = "rongan_cursor"
CONSUMER: Final = "dispatcher"
LIMIT_S: Final = 30.0
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Reading:
    """What time it is for the rules."""

    now: datetime
    simulated: bool
    mode: DeploymentMode
    tick_seq: int


async def read(conn: Connection, clock: Clock) -> Reading:
    deployment = await read_deployment(conn)
    return Reading(
        now=deployment.simulated_at or clock.now(),
        simulated=deployment.simulated_at is not None,
        mode=deployment.mode,
        tick_seq=await conn.fetchval(QUERIES.tick_head),
    )


async def advance(
    pool: Pool, clock: Clock, scope: Scope, *, at: datetime | None = None, by: timedelta | None = None
) -> Reading:
    """Set the simulated time and append the tick, in one transaction. Exactly one of `at` and `by` is given.

    Raises ProductionClock or ClockMovedBackwards.
    """
    async with transaction(pool, scope=scope) as conn:
        await conn.execute(QUERIES.lock_deployment)
        deployment = await read_deployment(conn)
        if deployment.mode is not DeploymentMode.EXERCISE:
            raise ProductionClock
        now = deployment.simulated_at or clock.now()
        target = at if at is not None else now + (by or timedelta())
        if target < now:
            raise ClockMovedBackwards(now, target)
        await conn.execute(QUERIES.set_clock, target)
        await conn.execute(QUERIES.ensure_partitions, target.date(), (target + timedelta(days=1)).date())
        tick_seq = await append_tick(conn, target)
        moved = {"clock": {"now": target.isoformat().replace("+00:00", "Z"), "tick_seq": tick_seq}}
        await stream.publish(conn, topic="clock.moved", area_path=(), organisation_ids=(), body=moved, at=target)
        await conn.execute(QUERIES.tell, CHANNEL)
    return Reading(now=target, simulated=True, mode=deployment.mode, tick_seq=tick_seq)


async def confirmed(dsn: str, clock: Clock, reading: Reading, *, limit_s: float = LIMIT_S) -> None:
    """Wait until every living process has confirmed the new time and the dispatcher has passed the tick.

    Raises ClockUnconfirmed naming who is late. Without a dispatcher nobody passes the tick, so it is always waited for.
    """
    woken = asyncio.Event()

    def wake(*_: Any) -> None:
        woken.set()

    conn = await connect(dsn, application_name="rongan-api-clock")
    waited_for = "the dispatcher"
    try:
        for channel in (CURSOR_CHANNEL, CHANNEL, CONFIRMED_CHANNEL):
            await conn.add_listener(channel, wake)
        async with asyncio.timeout(limit_s):
            while True:
                woken.clear()
                passed = await conn.fetchval(QUERIES.clock_cursor, CONSUMER) or 0
                behind = await processes_behind(conn, reading.now)
                if passed >= reading.tick_seq and clock.now() >= reading.now and not behind:
                    return
                late = [*(["the dispatcher"] if passed < reading.tick_seq else []), *behind]
                waited_for = ", ".join(late) or "this process"
                await _a_while(woken.wait)
    except TimeoutError:
        raise ClockUnconfirmed(waited_for) from None
    finally:
        conn.terminate()


async def _a_while(wait: Callable[[], Any]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_POLL_S):
            await wait()

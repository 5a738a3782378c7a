"""What `make demo` shows: a living community, a fire case after a quarter of a minute, then a quiet rhythm."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from simulators.api import Api
from simulators.clock import CityClock
from simulators.credentials import Credential
from simulators.fleet.device import Broker, SimulatedDevice, Tally
from simulators.fleet.fleet import Fleet
from simulators.hotline.caller import Caller, CallTally
from simulators.scenarios.fire import SCRIPT, choose_cast, play
from simulators.scenarios.stages import FleetStage, OwnStage

FIRE_AFTER_S: Final = 12.0
FIRE_PACE: Final = 12.0  # The case's nine and a half minutes in three quarters of one.
BURNS_FOR_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the devices and the callers said until the end."""

    fleet: Tally
    calls: CallTally


async def run_demo(
    credentials: Sequence[Credential],
    broker: Broker,
    api: Api,
    *,
    seed: int,
    sid: int,
    duration_s: float,
    calls_per_hour: float = 20.0,
    on_step: Callable[[str], None] = lambda _step: None,
) -> DemoReport:
    """Run fleet, callers and one fire case together for at most `duration_s` seconds. Raises NoFireCast."""
    clock = CityClock()
    await clock.read(api)
    fleet = Fleet(credentials, broker, clock.now, seed=seed, sid=sid)
    caller = Caller(api, credentials, clock.now, seed=seed)
    cast = choose_cast(credentials)

    async def burn() -> None:
        await asyncio.sleep(FIRE_AFTER_S)
        on_step("fire_started")
        await play(cast, FleetStage(fleet, caller), started_at=clock.now(), pace=FIRE_PACE, now=clock.now)
        on_step("fire_told")
        await asyncio.sleep(BURNS_FOR_S)
        fleet.unpin(cast.first_bin.device)
        fleet.unpin(cast.second_bin.device)
        on_step("fire_out")

    try:
        async with asyncio.timeout(duration_s), asyncio.TaskGroup() as tasks:
            tasks.create_task(clock.follow(api), name="city clock")
            tasks.create_task(fleet.run(duration_s), name="fleet")
            tasks.create_task(caller.run(calls_per_hour, duration_s), name="callers")
            tasks.create_task(burn(), name="fire case")
    except TimeoutError:
        pass
    return DemoReport(fleet.tally, caller.tally)


async def run_fire(
    credentials: Sequence[Credential],
    broker: Broker,
    api: Api,
    *,
    seed: int,
    sid: int,
    pace: float,
    backdated: bool,
    duration_s: float,
) -> DemoReport:
    """Play the fire case alone and wait until everything of it was confirmed.

    Backdated, the events carry the case's own times, the last of them now; else each carries the time it is told.
    """
    clock = CityClock()
    await clock.read(api)
    cast = choose_cast(credentials)
    tally = Tally()
    caller = Caller(api, credentials, clock.now, seed=seed)
    devices = {
        credential.device: SimulatedDevice(
            credential, broker, clock.now, sid=sid, rng=Random(f"{seed} {credential.client_id}"), tally=tally
        )
        for credential in (cast.first_bin, cast.camera, cast.second_bin)
    }
    started_at = clock.now() - timedelta(seconds=SCRIPT[-1].arrives_s)
    async with asyncio.timeout(duration_s):
        running = [asyncio.create_task(device.run(), name=f"connection of {name}") for name, device in devices.items()]
        try:
            await play(
                cast,
                OwnStage(devices, caller),
                started_at=started_at,
                pace=pace,
                now=None if backdated else clock.now,
            )
            for device in devices.values():
                await device.drained()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
    return DemoReport(tally, caller.tally)

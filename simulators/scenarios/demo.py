"""What `make demo` shows: a living community, and the story of a night after a quarter of a minute."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

import aiohttp

from simulators.api import Api, ApiRefused
from simulators.clock import CityClock
from simulators.credentials import Credential
from simulators.fleet.device import Broker, SimulatedDevice, Tally
from simulators.fleet.fleet import Fleet
from simulators.hotline.caller import Caller, CallTally
from simulators.scenarios.drill import Drill, Unexpected
from simulators.scenarios.ebike_shed import SCENARIO
from simulators.scenarios.fire import SCRIPT, choose_cast, play
from simulators.scenarios.stages import OwnStage

STORY_AFTER_S: Final = 12.0
SCENE_PAUSE_S: Final = 30.0  # Seventeen scenes in about ten minutes.


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the devices and the callers said until the end."""

    fleet: Tally
    calls: CallTally


async def run_demo(
    credentials: Sequence[Credential],
    broker: Broker,
    url: str,
    people: Sequence[tuple[str, str]],
    *,
    seed: int,
    sid: int,
    duration_s: float,
    calls_per_hour: float = 20.0,
    scene_pause_s: float = SCENE_PAUSE_S,
    phones: Coroutine[Any, Any, None] | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> DemoReport:
    """Run fleet, callers, telephones and the story of the charging shed together for at most `duration_s` seconds.

    The story takes the clock to a Saturday night and lets it run beside the spectator's between its scenes. Where it
    finds something else than it expects it says so and ends; the community lives on.
    """
    async with AsyncExitStack() as stack:
        apis = {login: await stack.enter_async_context(Api(url, login, password)) for login, password in people}
        clock = CityClock()
        await clock.read(apis["engineer"])
        fleet = Fleet(credentials, broker, clock.now, seed=seed, sid=sid)
        caller = Caller(apis["calltaker"], credentials, clock.now, seed=seed)

        async def tell() -> None:
            await asyncio.sleep(STORY_AFTER_S)
            drill = Drill(apis, fleet.devices, clock, say, pause=lambda drill: drill.flow(scene_pause_s))
            try:
                told = await drill.play(SCENARIO, lambda scene: say(f"{scene.zh} / {scene.en}"))
                say(f"the story has ended at {told.ended_at}, the community lives on")
            except (Unexpected, ApiRefused, aiohttp.ClientError, TimeoutError) as error:
                say(f"the story has ended early: {error}")

        with suppress(TimeoutError):
            async with asyncio.timeout(duration_s), asyncio.TaskGroup() as tasks:
                tasks.create_task(clock.follow(apis["engineer"]), name="city clock")
                tasks.create_task(fleet.run(duration_s), name="fleet")
                tasks.create_task(caller.run(calls_per_hour, duration_s), name="callers")
                tasks.create_task(tell(), name="story")
                if phones is not None:
                    tasks.create_task(phones, name="telephones")
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

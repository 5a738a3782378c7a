"""`rongan simulate`: devices and callers that live outside the system and speak to its public doors."""

import asyncio
import dataclasses
import json
import time
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console

from cli.program import read_settings, run_program
from cli.scenario import LoginsUnreadable, read_logins, scenario
from simulators.api import Api, ApiRefused
from simulators.clock import CityClock
from simulators.credentials import Credential, CredentialsUnreadable, read_credentials, spread
from simulators.fleet.device import Broker
from simulators.fleet.fleet import Fleet
from simulators.hotline.caller import Caller
from simulators.phones import Phones
from simulators.scenarios.demo import run_demo, run_fire
from simulators.scenarios.fire import NoFireCast

app = typer.Typer(help=__doc__, no_args_is_help=True)
app.command()(scenario)
CONSOLE = Console(stderr=True)

Credentials = Annotated[
    Path, typer.Option(envvar="RONGAN_SIMULATE_CREDENTIALS", help="credentials.json of the devices", dir_okay=False)
]
Host = Annotated[str, typer.Option(envvar="RONGAN_SIMULATE_HOST", help="MQTT door")]
Port = Annotated[int, typer.Option(envvar="RONGAN_SIMULATE_PORT", help="MQTT port")]
Url = Annotated[str, typer.Option("--api", envvar="RONGAN_SIMULATE_API", help="where the api listens")]
Login = Annotated[str, typer.Option(envvar="RONGAN_SIMULATE_LOGIN", help="a call-taker's log-in")]
Password = Annotated[str, typer.Option(envvar="RONGAN_SIMULATE_PASSWORD", help="its password", show_default=False)]
Duration = Annotated[float, typer.Option(min=0.1, help="seconds until it ends by itself")]
Seed = Annotated[int, typer.Option(help="equal seeds give equal devices and callers")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object at the end")]

HTTP_URL = "http://127.0.0.1:8080"
PHONES_HOST = "127.0.0.1"
A_DAY_S = 86_400.0


@app.command()
def fleet(
    credentials: Credentials,
    host: Host = "127.0.0.1",
    port: Port = 1883,
    api: Url = HTTP_URL,
    login: Login = "",
    password: Password = "",
    devices: Annotated[int | None, typer.Option(help="only the first so many devices")] = None,
    pace: Annotated[float, typer.Option(min=0.01, help="2 posts twice as often as in life")] = 1.0,
    duration: Duration = A_DAY_S,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Let devices live by the day rhythm of their types. Without a log-in they go by the machine's clock."""
    chosen = spread(_devices(credentials), devices)

    async def run() -> object:
        clock = CityClock()
        simulated = Fleet(chosen, Broker(host, port), clock.now, seed=seed, sid=int(time.time()), pace=pace)
        if not login:
            return await simulated.run(duration)
        async with Api(api, login, password) as city:
            await clock.read(city)
            following = asyncio.create_task(clock.follow(city), name="city clock")
            try:
                return await simulated.run(duration)
            finally:
                following.cancel()

    _finish(run(), as_json=as_json)


@app.command()
def hotline(
    credentials: Credentials,
    login: Login,
    password: Password,
    api: Url = HTTP_URL,
    per_hour: Annotated[float, typer.Option(min=0.1, help="calls an hour by day")] = 20.0,
    duration: Duration = A_DAY_S,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Let residents call 12345 from near the devices."""
    near = _devices(credentials)

    async def run() -> object:
        async with Api(api, login, password) as city:
            clock = CityClock()
            await clock.read(city)
            return await Caller(city, near, clock.now, seed=seed).run(per_hour, duration)

    _finish(run(), as_json=as_json)


@app.command()
def fire(
    credentials: Credentials,
    login: Login,
    password: Password,
    host: Host = "127.0.0.1",
    port: Port = 1883,
    api: Url = HTTP_URL,
    pace: Annotated[float, typer.Option(min=0.01, help="1 takes nine and a half minutes, 60 ten seconds")] = 60.0,
    backdated: Annotated[
        bool, typer.Option(help="the case's own times, ending now, instead of the times of telling")
    ] = False,
    duration: Duration = 1200.0,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """Play the fire case: two hot bins, a camera that sees smoke, a resident who smells burning."""
    chosen = _devices(credentials)

    async def run() -> object:
        async with Api(api, login, password) as city:
            return await run_fire(
                chosen,
                Broker(host, port),
                city,
                seed=seed,
                sid=int(time.time()),
                pace=pace,
                backdated=backdated,
                duration_s=duration,
            )

    _finish(run(), as_json=as_json)


@app.command()
def demo(
    credentials: Credentials,
    logins: Annotated[
        Path, typer.Option(envvar="RONGAN_SIMULATE_LOGINS", help="log-ins of the people, as JSON", dir_okay=False)
    ],
    host: Host = "127.0.0.1",
    port: Port = 1883,
    api: Url = HTTP_URL,
    calls_per_hour: Annotated[float, typer.Option(min=0.1)] = 20.0,
    scene_pause: Annotated[float, typer.Option(min=0, help="seconds between two scenes of the story")] = 30.0,
    phones_port: Annotated[
        int | None,
        typer.Option(envvar="RONGAN_SIMULATE_PHONES_PORT", help="be the gateway of text messages and calls there"),
    ] = None,
    phones_secret: Annotated[
        str, typer.Option(envvar="RONGAN_SIMULATE_PHONES_SECRET", help="its secret", show_default=False)
    ] = "",
    duration: Duration = A_DAY_S,
    seed: Seed = 1,
    as_json: AsJson = False,
) -> None:
    """A living community with the story of a night: a charging shed burns, and what becomes of it."""
    chosen, people = _devices(credentials), _people(logins)

    async def run() -> object:
        return await run_demo(
            chosen,
            Broker(host, port),
            api,
            people,
            seed=seed,
            sid=int(time.time()),
            duration_s=duration,
            calls_per_hour=calls_per_hour,
            scene_pause_s=scene_pause,
            phones=None if phones_port is None else Phones(api, phones_secret).serve(PHONES_HOST, phones_port),
            say=lambda line: CONSOLE.print(line, highlight=False),
        )

    _finish(run(), as_json=as_json)


def _people(path: Path) -> Sequence[tuple[str, str]]:
    try:
        return read_logins(path)
    except LoginsUnreadable as error:
        CONSOLE.print(f"[red]{error}")
        raise typer.Exit(2) from None


def _devices(path: Path) -> tuple[Credential, ...]:
    try:
        return read_credentials(path)
    except CredentialsUnreadable as error:
        CONSOLE.print(f"[red]{error}")
        raise typer.Exit(2) from None


def _finish(simulation: Coroutine[Any, Any, object], *, as_json: bool) -> None:
    """Run to the end or until a signal; exit code 1 where the doors refused or could not be reached."""
    outcome: object = None

    async def main() -> None:
        nonlocal outcome
        outcome = await simulation

    try:
        run_program("simulate", read_settings(), main)
    except (ApiRefused, NoFireCast, aiohttp.ClientError, OSError, TimeoutError, ExceptionGroup) as error:
        CONSOLE.print(f"[red]{type(error).__name__}: {error}")
        raise typer.Exit(1) from None
    told = dataclasses.asdict(outcome) if dataclasses.is_dataclass(outcome) and not isinstance(outcome, type) else {}
    if as_json:
        typer.echo(json.dumps(told))
        return
    for name, value in told.items():
        CONSOLE.print(f"{name}: {value}")

"""`rongan simulate scenario`: plays a drill with a system of its own, or with one that runs already."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import aiohttp
import typer
from rich.console import Console
from rich.progress import Progress

from cli.composition import Intention
from cli.demo_community import Community, ensure_community
from cli.private_system import private_system
from cli.program import read_settings, run_program
from registry.deployment import DeploymentMode
from simulators.api import ApiRefused
from simulators.credentials import Credential, CredentialsUnreadable, read_credentials
from simulators.fleet.device import Broker
from simulators.scenarios.catalogue import SCENARIOS
from simulators.scenarios.drill import Played, Scenario, Scene, Unexpected, play

CONSOLE: Final = Console(stderr=True)
# What ends a drill without a fault of its script.
_ENDS: Final = (Unexpected, ApiRefused, aiohttp.ClientError, OSError, TimeoutError)


class LoginsUnreadable(ValueError):
    """The file of log-ins is missing or is none."""


def scenario(
    name: Annotated[str | None, typer.Argument(help="which drill; nothing lists them")] = None,
    credentials: Annotated[Path | None, typer.Option(help="credentials.json of the devices", dir_okay=False)] = None,
    logins: Annotated[Path | None, typer.Option(help="log-ins of the people, as JSON", dir_okay=False)] = None,
    api: Annotated[str, typer.Option("--api", help="where the api listens")] = "http://127.0.0.1:8080",
    host: Annotated[str, typer.Option(help="MQTT door")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="MQTT port")] = 1883,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object at the end")] = False,
) -> None:
    """Play a drill on a simulated clock and check what comes of it; exit code 1 where something else comes.

    Alone it starts a system with the demo community for the drill and removes it afterwards. With --credentials and
    --logins it plays in a running exercise, whose clock moves on.
    """
    if name is None:
        for each in SCENARIOS.values():
            typer.echo(f"{each.name:<18} {each.zh} / {each.en}")
        return
    chosen = SCENARIOS.get(name)
    if chosen is None:
        CONSOLE.print(f"[red]no scenario {name}; there are: {', '.join(SCENARIOS)}")
        raise typer.Exit(2)
    if (credentials is None) != (logins is None):
        CONSOLE.print("[red]--credentials and --logins come together")
        raise typer.Exit(2)
    outcome: Played | None = None

    async def main() -> None:
        nonlocal outcome
        if credentials is not None and logins is not None:
            outcome = await _shown(chosen, read_credentials(credentials), read_logins(logins), Broker(host, port), api)
            return
        intention = Intention(DeploymentMode.EXERCISE, simulated_at=chosen.begins_at)
        CONSOLE.print("Starting a system for the drill ...")
        async with private_system(intention, ensure_community) as system:
            devices, people = _known(system.furnished)
            door = Broker(system.settings.mqtt_host, system.settings.mqtt_port)
            outcome = await _shown(chosen, devices, people, door, system.url)

    try:
        run_program("simulate", read_settings(), main)
    except (CredentialsUnreadable, LoginsUnreadable) as error:
        CONSOLE.print(f"[red]{error}")
        raise typer.Exit(2) from None
    except (*_ENDS, ExceptionGroup) as error:
        cause = _cause(error)
        if not isinstance(cause, _ENDS):
            raise
        CONSOLE.print(f"[red]{type(cause).__name__}: {cause}")
        raise typer.Exit(1) from None
    if as_json and outcome is not None:
        typer.echo(json.dumps(asdict(outcome)))


async def _shown(
    chosen: Scenario,
    credentials: Sequence[Credential],
    people: Sequence[tuple[str, str]],
    broker: Broker,
    url: str,
) -> Played:
    with Progress(console=CONSOLE, transient=True) as progress:
        bar = progress.add_task(chosen.en, total=len(chosen.scenes))

        def on_scene(scene: Scene) -> None:
            progress.advance(bar)
            CONSOLE.print(f"[bold]{scene.zh}[/bold] / {scene.en}")

        say: Callable[[str], None] = lambda line: CONSOLE.print(f"  {line}", highlight=False)  # noqa: E731
        outcome = await play(chosen, people, credentials, broker, url, sid=1, say=say, on_scene=on_scene)
    CONSOLE.print(f"[green]{outcome.scenes} scenes, {outcome.checks} checks, ended at {outcome.ended_at}")
    return outcome


def _known(community: Community) -> tuple[Sequence[Credential], Sequence[tuple[str, str]]]:
    return read_credentials(community.credentials), [(one.login, one.password) for one in community.logins]


def read_logins(path: Path) -> Sequence[tuple[str, str]]:
    """Log-ins and passwords of a file that the demo community left. Raises LoginsUnreadable."""
    try:
        return [(row["login"], row["password"]) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoginsUnreadable(f"{path}: {error}") from None


def _cause(error: BaseException) -> BaseException:
    """The first one behind groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error

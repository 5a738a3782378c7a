"""`rongan replay`: feed a file of real events through the public doors and show that nothing was lost."""

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, cast

import aiohttp
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from cli.composition import Intention
from cli.private_system import private_system
from cli.program import read_settings, run_program
from cli.replay_home import LOGIN, como_intention, furnish
from cli.simulate import HTTP_URL, AsJson, Host, Login, Password, Port, Url
from registry.deployment import DeploymentMode
from simulators.api import Api, ApiRefused
from simulators.credentials import Credential, CredentialsUnreadable, of_type, read_credentials
from simulators.line import LineRefused
from simulators.replay.como import ClockTooLate, ComoReplay, NotAcknowledged, replay_como
from simulators.replay.files import FeedUnreadable, count_rows
from simulators.replay.hotline import replay_hotline
from simulators.replay.report import ReplayReport

app = typer.Typer(help=__doc__, no_args_is_help=True)
CONSOLE = Console(stderr=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, plain or gzip")]
Limit = Annotated[int | None, typer.Option(min=1, help="only the first so many rows")]


OptionalCredentials = Annotated[
    Path | None,
    typer.Option(
        envvar="RONGAN_SIMULATE_CREDENTIALS",
        dir_okay=False,
        help="credentials of a dispatch_feed device of a running system; without it a system of its own is started",
    ),
]


@app.command()
def como(
    file: File,
    credentials: OptionalCredentials = None,
    login: Login = "",
    password: Password = "",
    host: Host = "127.0.0.1",
    port: Port = 1883,
    api: Url = HTTP_URL,
    device: Annotated[str | None, typer.Option(help="the dispatch_feed device (the first of the file)")] = None,
    speed: Annotated[str, typer.Option(help="seconds of arrival a second, or max: as fast as acknowledged")] = "max",
    window: Annotated[int, typer.Option(min=1, max=60_000, help="messages in flight")] = 1000,
    clock: Annotated[bool, typer.Option(help="move the exercise clock along the times of arrival")] = True,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Replay another dispatch system's log over MQTT, in order of arrival. Exit code 1 if conservation fails.

    Without credentials it starts a system of its own with the replay's rules in a temporary home, and removes it.
    """
    pace = _speed(speed)

    async def on_running(on_progress: Callable[[int], None]) -> ReplayReport:
        feed = _feed(cast("Path", credentials), device)
        replay = ComoReplay(file, feed, host, port, pace, window, limit, clock)
        async with Api(api, login, password) as city:
            return await replay_como(replay, city, on_progress)

    async def on_own(on_progress: Callable[[int], None]) -> ReplayReport:
        async with private_system(como_intention(file), furnish) as system:
            feed, secret = system.furnished
            door = system.settings.mqtt_host, system.settings.mqtt_port
            replay = ComoReplay(file, feed, *door, pace, window, limit, move_clock=True)
            async with Api(system.url, LOGIN, secret) as city:
                return await replay_como(replay, city, on_progress)

    _show(on_own if credentials is None else on_running, _total(file, limit), "deliveries", as_json=as_json)


@app.command()
def hotline(
    file: File,
    login: Login = "",
    password: Password = "",
    api: Url = HTTP_URL,
    callers: Annotated[int, typer.Option(min=1, max=256, help="calls at once")] = 8,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Post residents' messages as hotline calls; posting the file again adds nothing.

    Without a log-in it starts a system of its own in a temporary home, and removes it.
    """

    async def on_running(on_progress: Callable[[int], None]) -> ReplayReport:
        async with Api(api, login, password) as city:
            return await replay_hotline(file, city, callers=callers, limit=limit, on_call=on_progress)

    async def on_own(on_progress: Callable[[int], None]) -> ReplayReport:
        async with (
            private_system(Intention(DeploymentMode.EXERCISE), furnish) as system,
            Api(system.url, LOGIN, system.furnished[1]) as city,
        ):
            return await replay_hotline(file, city, callers=callers, limit=limit, on_call=on_progress)

    _show(on_running if login else on_own, _total(file, limit), "calls", as_json=as_json)


def _feed(path: Path, device: str | None) -> Credential:
    try:
        feeds = of_type(read_credentials(path), "dispatch_feed")
    except CredentialsUnreadable as error:
        raise _refusal(str(error)) from None
    chosen = [feed for feed in feeds if device is None or feed.device == device]
    if not chosen:
        raise _refusal(f"{path}: no dispatch_feed device{'' if device is None else f' named {device}'}")
    return chosen[0]


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise _refusal(f"--speed {text}: a number above 0, or max")
    return speed


def _total(file: Path, limit: int | None) -> int:
    try:
        rows = count_rows(file)
    except FeedUnreadable as error:
        raise _refusal(str(error)) from None
    return rows if limit is None else min(rows, limit)


def _refusal(problem: str) -> typer.Exit:
    CONSOLE.print(f"[red]{problem}")
    return typer.Exit(2)


def _show(
    run: Callable[[Callable[[int], None]], Coroutine[Any, Any, ReplayReport]], total: int, noun: str, *, as_json: bool
) -> None:
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=CONSOLE,
        disable=as_json,
    )
    report: ReplayReport | None = None
    try:
        with bar:
            task = bar.add_task(noun, total=total)

            async def main() -> None:
                nonlocal report
                report = await run(lambda count: bar.update(task, completed=count))

            run_program("replay", read_settings(), main)
    except (FeedUnreadable, ClockTooLate) as error:
        raise _refusal(str(error)) from None
    except (ApiRefused, NotAcknowledged, LineRefused, aiohttp.ClientError, OSError, ExceptionGroup) as error:
        CONSOLE.print(f"[red]{type(error).__name__}: {error}")
        raise typer.Exit(1) from None
    if report is None:  # A signal ended it.
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        _print(report)
    if not report.holds:
        raise typer.Exit(1)


def _print(report: ReplayReport) -> None:
    sums = Table("received", "=", "stored", "+", "duplicate", "+", "quarantined", "verdict")
    sums.add_row(
        str(report.received),
        "",
        str(report.stored),
        "",
        str(report.duplicate),
        "",
        str(report.quarantined),
        "[green]holds" if report.holds else "[red]does not hold",
    )
    found = Table("sent", "refused", "components", "located", "open", "final", "merged", "late", "seconds")
    found.add_row(
        *(
            str(value)
            for value in (
                report.sent,
                report.refused,
                report.components,
                report.located,
                report.open,
                report.final,
                report.merged,
                report.late,
                report.seconds,
            )
        )
    )
    output = Console()
    output.print(sums)
    output.print(found)

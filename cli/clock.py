"""`rongan clock`: show the time of the rules, and move it forwards in an exercise."""

import json
from datetime import datetime, timedelta
from typing import Annotated

import typer

from cli.program import read_settings, run_program
from cli.times import aware, length
from dispatcher.api import timekeeping
from dispatcher.api.errors import ClockUnconfirmed, ProductionClock
from registry.deployment import Deployment, read_deployment
from runtime.clock import ClockMovedBackwards, RealClock, follow_clock
from runtime.errors import Explained
from runtime.pool import SYSTEM, connect, open_pool
from runtime.settings import Settings

app = typer.Typer(help="The time that the rules go by.", no_args_is_help=True)


class ClockNotMovable(Explained):
    """A production database keeps real time."""

    def __init__(self) -> None:
        super().__init__(
            "this database was created for production and keeps real time; drills need `rongan run --exercise`"
        )


class ClockStandsLater(Explained):
    """The clock moves only forwards."""


class ClockNotFollowed(Explained):
    """The time was moved, but a process did not follow in time."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}; the clock was moved all the same. Is `rongan run` at work here? Else use --no-wait"
        )


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Print the present time of the rules, and whether it is simulated."""
    settings = read_settings()

    async def main() -> None:
        conn = await connect(settings.app_dsn(), application_name="rongan-clock")
        try:
            _print(await read_deployment(conn), as_json=as_json)
        finally:
            await conn.close()

    run_program("clock", settings, main)


@app.command()
def advance(
    by: Annotated[str, typer.Argument(help="How far, such as 30m or 1h30m.", show_default=False)] = "",
    to: Annotated[str | None, typer.Option("--to", help="To which time (ISO 8601) instead.")] = None,
    wait: Annotated[bool, typer.Option(help="Return only when the rules have passed the new time.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Move the clock of an exercise forwards; a production database refuses.

    From then on it stands still until the next advance. A tick is written, so that everything due by then happens.
    """
    if bool(by) == (to is not None):
        raise typer.BadParameter("say either how far, such as 30m, or --to a time")
    settings = read_settings()
    target: datetime | timedelta = aware(to) if to is not None else length(by)

    async def main() -> None:
        _print(await _advance(settings, target, wait=wait), as_json=as_json)

    run_program("clock", settings, main)


async def _advance(settings: Settings, target: datetime | timedelta, *, wait: bool) -> Deployment:
    dsn = settings.app_dsn()
    pool = await open_pool(dsn, application_name="rongan-clock", max_size=2)
    try:
        async with follow_clock(dsn) as clock:
            asked = {"at": target} if isinstance(target, datetime) else {"by": target}
            reading = await timekeeping.advance(pool, clock, SYSTEM, **asked)
            if wait:
                await timekeeping.confirmed(dsn, clock, reading)
        return await read_deployment(pool)
    except ProductionClock as refused:
        raise ClockNotMovable from refused
    except ClockMovedBackwards as refused:
        raise ClockStandsLater(str(refused)) from refused
    except ClockUnconfirmed as late:
        raise ClockNotFollowed(f"waited in vain for {late.waited_for}") from late
    finally:
        pool.terminate()


def _print(deployment: Deployment, *, as_json: bool) -> None:
    at = deployment.simulated_at or RealClock().now()
    simulated = deployment.simulated_at is not None
    if as_json:
        typer.echo(json.dumps({"now": at.isoformat(), "simulated": simulated, "mode": deployment.mode.value}))
    else:
        typer.echo(f"{at.isoformat()} ({'simulated' if simulated else 'real'} time, {deployment.mode} database)")

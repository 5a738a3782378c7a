"""`rongan clock`: show the time of the rules, and move it forwards in an exercise."""

import json
from datetime import datetime, timedelta
from typing import Annotated

import typer

from cli.program import read_settings, run_program
from cli.times import aware, length
from registry.deployment import Deployment, DeploymentMode, read_deployment
from runtime.clock import CHANNEL, ClockMovedBackwards, RealClock
from runtime.errors import Explained
from runtime.pool import connect
from runtime.settings import Settings

app = typer.Typer(help="The time that the rules go by.", no_args_is_help=True)

_ADVANCE = "UPDATE deployment SET simulated_at = $1"


class ClockNotMovable(Explained):
    """A production database keeps real time."""

    def __init__(self) -> None:
        super().__init__(
            "this database was created for production and keeps real time; drills need `rongan run --exercise`"
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
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Move the clock of an exercise forwards; a production database refuses.

    From then on it stands still until the next advance.
    """
    if bool(by) == (to is not None):
        raise typer.BadParameter("say either how far, such as 30m, or --to a time")
    settings = read_settings()
    target: datetime | timedelta = aware(to) if to is not None else length(by)

    async def main() -> None:
        _print(await _advance(settings, target), as_json=as_json)

    run_program("clock", settings, main)


async def _advance(settings: Settings, target: datetime | timedelta) -> Deployment:
    conn = await connect(settings.app_dsn(), application_name="rongan-clock")
    try:
        async with conn.transaction():
            await conn.execute("SELECT FROM deployment FOR UPDATE")
            deployment = await read_deployment(conn)
            if deployment.mode is not DeploymentMode.EXERCISE:
                raise ClockNotMovable
            now = deployment.simulated_at or RealClock().now()
            at = target if isinstance(target, datetime) else now + target
            if at < now:
                raise ClockMovedBackwards(now, at)
            await conn.execute(_ADVANCE, at)
            await conn.execute("SELECT pg_notify($1, '')", CHANNEL)
        return await read_deployment(conn)
    finally:
        await conn.close()


def _print(deployment: Deployment, *, as_json: bool) -> None:
    at = deployment.simulated_at or RealClock().now()
    simulated = deployment.simulated_at is not None
    if as_json:
        typer.echo(json.dumps({"now": at.isoformat(), "simulated": simulated, "mode": deployment.mode.value}))
    else:
        typer.echo(f"{at.isoformat()} ({'simulated' if simulated else 'real'} time, {deployment.mode} database)")

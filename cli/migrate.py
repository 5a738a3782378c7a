"""`rongan migrate`: bring a database to this version's schema and master data."""

import json
from typing import Annotated

import typer

from cli.composition import Intention, prepare_database, running_database
from cli.program import read_settings, run_program
from registry.deployment import DeploymentMode
from runtime.migrations import Applied
from runtime.settings import DatabaseNotRunning, Settings


def migrate(
    exercise: Annotated[
        bool, typer.Option("--exercise", help="Create the database for drills (演练); counts at the first time.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was applied as JSON.")] = False,
) -> None:
    """Apply the missing migrations and seed the master data; a second run changes nothing.

    Works on RONGAN_DATABASE_URL, on the embedded PostgreSQL of a running `rongan run`, or on one started for this.
    """
    settings = read_settings()
    intention = Intention(DeploymentMode.EXERCISE if exercise else None)
    applied: list[Applied] = []

    async def main() -> None:
        applied.extend(await _migrate(settings, intention))

    run_program("migrate", settings, main)
    if as_json:
        rows = [{"number": one.number, "name": one.name, "applied_at": one.applied_at.isoformat()} for one in applied]
        typer.echo(json.dumps({"applied": rows}))
    else:
        typer.echo(f"{len(applied)} migrations applied; the schema is current.")


async def _migrate(settings: Settings, intention: Intention) -> list[Applied]:
    try:
        settings.owner_dsn()
    except DatabaseNotRunning:
        settings.layout.create()
        with settings.layout.locked():
            async with running_database(settings):
                return await prepare_database(settings, intention)
    return await prepare_database(settings, intention)

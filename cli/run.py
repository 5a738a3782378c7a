"""`rongan run`: everything of one machine, from the database to the api, until Ctrl-C."""

import asyncio
from typing import Annotated

import structlog
import typer

from cli.composition import Intention, prepare_database, process_specs, running_database
from cli.ports import PortTaken, is_free
from cli.program import read_settings, run_program
from cli.times import aware
from registry.deployment import DeploymentMode
from runtime.settings import Settings
from runtime.supervisor.supervisor import ProcessSpec, Supervisor

log = structlog.get_logger(__name__)


def run(
    exercise: Annotated[
        bool, typer.Option("--exercise", help="Create the database for drills (演练); counts at the first start.")
    ] = False,
    simulated_clock: Annotated[
        str | None,
        typer.Option(
            metavar="START", help="Let the rules' time stand at START (ISO 8601) at first; implies --exercise."
        ),
    ] = None,
) -> None:
    """Run PostgreSQL, gateway, dispatcher and api of this machine until Ctrl-C.

    PostgreSQL is embedded below RONGAN_HOME unless RONGAN_DATABASE_URL names a server. Logs are in RONGAN_HOME/logs.
    """
    settings = read_settings()
    start = None if simulated_clock is None else aware(simulated_clock)
    intention = Intention(DeploymentMode.EXERCISE if exercise or start else None, start)
    run_program("run", settings, lambda: _run(settings, intention))


async def _run(settings: Settings, intention: Intention) -> None:
    refuse_taken_ports(settings)
    settings.layout.create()
    with settings.layout.locked():
        async with running_database(settings):
            await prepare_database(settings, intention)
            await supervise(settings, process_specs(settings))


def refuse_taken_ports(settings: Settings) -> None:
    """See that the doors can open before anything is started. Raises PortTaken."""
    for setting, host, port in (
        ("RONGAN_MQTT_PORT", settings.mqtt_host, settings.mqtt_port),
        ("RONGAN_HTTP_PORT", settings.http_host, settings.http_port),
    ):
        if not is_free(host, port):
            raise PortTaken(setting, host, port)


async def supervise(settings: Settings, specs: tuple[ProcessSpec, ...], *, welcome: str = "") -> None:
    """Keep the processes until cancelled; says where the doors are, then `welcome`, once all are ready."""
    supervisor = Supervisor(specs, logs=settings.layout.logs)
    async with asyncio.TaskGroup() as group:
        group.create_task(supervisor.run(), name="supervisor")
        await supervisor.wait_ready()
        typer.echo(f"Console and API: http://{settings.http_host}:{settings.http_port}/")
        typer.echo(f"MQTT:            mqtt://{settings.mqtt_host}:{settings.mqtt_port}")
        typer.echo(f"Logs:            {settings.layout.logs}")
        typer.echo(welcome + "Stop with Ctrl-C.")

"""`rongan demo`: everything embedded, with a demo community that lives and a story that is told, until Ctrl-C."""

import shutil
from dataclasses import dataclass, field, replace
from typing import Annotated

import typer

from cli.composition import (
    Intention,
    child_environment,
    prepare_database,
    process_specs,
    running_database,
)
from cli.demo_community import Community, ensure_community
from cli.numba_cache import use_numba_cache
from cli.ports import free_port
from cli.program import read_settings, run_program
from cli.run import supervise
from cli.simulate import PHONES_HOST
from dispatcher.channels.signing import new_secret
from registry.deployment import DeploymentMode
from runtime.settings import Settings
from runtime.supervisor.supervisor import ProcessSpec, python_argv


def demo(
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the earlier demo: remove its data first.")] = False,
) -> None:
    """Show Rongan at work: a demo community, its devices and callers, and the story of one night.

    Data are kept below RONGAN_HOME/demo; where 1883 or 8080 are taken other ports are used and printed.
    """
    given = read_settings()
    given.layout.create()
    use_numba_cache(given.layout)  # what the installation compiled serves the demo too
    settings = read_settings(
        home=given.home / "demo",
        database_url=None,
        database_app_url=None,
        mqtt_port=free_port(given.mqtt_host, given.mqtt_port),
        http_port=free_port(given.http_host, given.http_port),
    )
    run_program("demo", settings, lambda: _demo(settings, fresh=fresh))


async def _demo(settings: Settings, *, fresh: bool) -> None:
    typer.echo("Starting PostgreSQL and the demo community ...")
    if fresh and settings.home.exists():
        settings.layout.create()
        with settings.layout.locked():
            shutil.rmtree(settings.home)
    settings.layout.create()
    with settings.layout.locked():
        async with running_database(settings):
            await prepare_database(settings, Intention(DeploymentMode.EXERCISE))
            community = await ensure_community(settings)
            line = _PhoneLine(free_port(PHONES_HOST, 0), new_secret())
            specs = [replace(spec, env={**spec.env, **line.as_city()}) for spec in process_specs(settings)]
            typer.echo("Starting the processes; the first start compiles kernels for about half a minute ...")
            await supervise(settings, (*specs, _simulators(settings, community, line)), welcome=_welcome(community))


@dataclass(frozen=True, slots=True)
class _PhoneLine:
    """Between the demo's processes and its telephones; another one at each start."""

    port: int
    secret: str = field(repr=False)

    def as_city(self) -> dict[str, str]:
        url = f"http://{PHONES_HOST}:{self.port}"
        return {
            "RONGAN_SMS_URL": f"{url}/sms",
            "RONGAN_SMS_SECRET": self.secret,
            "RONGAN_VOICE_URL": f"{url}/voice",
            "RONGAN_VOICE_SECRET": self.secret,
        }

    def as_phones(self) -> dict[str, str]:
        return {"RONGAN_SIMULATE_PHONES_PORT": str(self.port), "RONGAN_SIMULATE_PHONES_SECRET": self.secret}


def _simulators(settings: Settings, community: Community, line: _PhoneLine) -> ProcessSpec:
    env = {
        **child_environment(settings),
        **line.as_phones(),
        "RONGAN_SIMULATE_CREDENTIALS": str(community.credentials),
        "RONGAN_SIMULATE_HOST": settings.mqtt_host,
        "RONGAN_SIMULATE_PORT": str(settings.mqtt_port),
        "RONGAN_SIMULATE_API": f"http://{settings.http_host}:{settings.http_port}",
        "RONGAN_SIMULATE_LOGINS": str(community.people),
    }
    # Not after the dispatcher: what happens while its kernels compile waits for it in the log.
    doors = ("gateway", "api")
    return ProcessSpec(
        "simulators", python_argv("-m", "cli", "simulate", "demo"), env, ready_timeout_s=None, starts_after=doors
    )


def _welcome(community: Community) -> str:
    width = max(len(one.login) for one in community.logins)
    lines = [f"  {one.login:<{width}}  {one.password}  {one.does}" for one in community.logins]
    return (
        "\nLog-ins of this demo:\n"
        + "\n".join(lines)
        + "\n\nWithin half a minute it is Saturday, 02:10, and a charging shed heats up: a story of ten minutes. "
    )

"""Puts the processes together: the database with its schema and data, then gateway, dispatcher, api."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib import resources

import asyncpg
import structlog

from dispatcher.rules.seeding import seed_rules
from registry.deployment import DeploymentMode, read_deployment
from registry.projection import CHENGDU, Origin
from registry.seed import seed
from runtime.clock import CHANNEL
from runtime.errors import Explained
from runtime.migrations import Applied, migrate
from runtime.pool import DATABASE_FAULTS, connect
from runtime.roles import ensure_app_role
from runtime.settings import APP_ROLE, DEVICE_KEY, Settings
from runtime.supervisor.postgres import EmbeddedPostgres, PostgresOptions
from runtime.supervisor.supervisor import ProcessSpec, python_argv

log = structlog.get_logger(__name__)

_SET_CLOCK = "UPDATE deployment SET simulated_at = $1"


class DatabaseUnreachable(Explained):
    """The server of RONGAN_DATABASE_URL does not let us in."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database does not answer ({reason}); check RONGAN_DATABASE_URL and that the server runs")
        self.reason = reason


class ModeDiffers(Explained):
    """An exercise was asked of a production database or the reverse."""

    def __init__(self, mode: DeploymentMode, asked: DeploymentMode) -> None:
        super().__init__(f"this database was created for {mode} and stays so; use another RONGAN_HOME for {asked}")
        self.mode = mode
        self.asked = asked


@dataclass(frozen=True, slots=True)
class Intention:
    """What a database is created for, and where its simulated clock starts; None takes what the database says."""

    mode: DeploymentMode | None = None
    simulated_at: datetime | None = None
    rule_set: str = "default"
    origin: Origin = CHENGDU


@asynccontextmanager
async def running_database(settings: Settings) -> AsyncIterator[None]:
    """Run the embedded PostgreSQL while the block lasts, restarting it when it ends; nothing where a server is set."""
    if settings.database_url is not None:
        yield
        return
    options = PostgresOptions(
        shared_buffers_mib=settings.postgres_shared_buffers_mib, max_wal_mib=settings.postgres_max_wal_mib
    )
    async with EmbeddedPostgres(settings.home, options) as postgres:
        keeper = asyncio.create_task(postgres.keep(), name="postgres-keeper")
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper


async def prepare_database(settings: Settings, intention: Intention) -> list[Applied]:
    """Bring role, keys, schema and master data up to date; returns the migrations that were applied.

    Raises DatabaseUnreachable, ModeDiffers or MigrationRefused.
    """
    settings.layout.create()
    settings.layout.ensure_secret(DEVICE_KEY)
    try:
        conn = await connect(settings.owner_dsn(), application_name="rongan-prepare")
    except DATABASE_FAULTS as refusal:
        raise DatabaseUnreachable(str(refusal)) from refusal
    try:
        if settings.database_url is not None and settings.database_app_url is None:
            await ensure_app_role(conn, APP_ROLE, settings.layout.ensure_secret(APP_ROLE))
        applied = await migrate(settings.owner_dsn(), resources.files("deploy.migrations"))
        await seed(
            conn,
            mode=intention.mode or DeploymentMode.PRODUCTION,
            rule_set=intention.rule_set,
            origin=intention.origin,
        )
        await seed_rules(conn)
        await _check_intention(conn, intention)
    finally:
        await conn.close()
    return applied


def process_specs(settings: Settings) -> tuple[ProcessSpec, ...]:
    """Dispatcher, gateway, api: they stop in the reverse of this order."""
    env = child_environment(settings)
    return (
        # Their kernels compile at the first start on a machine; of the api those of single incidents.
        ProcessSpec("dispatcher", python_argv("-m", "cli", "dispatcher"), env, ready_timeout_s=180.0),
        ProcessSpec("gateway", python_argv("-m", "cli", "gateway"), env),
        ProcessSpec("api", python_argv("-m", "cli", "api"), env, ready_timeout_s=180.0),
    )


def child_environment(settings: Settings) -> dict[str, str]:
    """What a child must know beyond our own environment; secrets it reads from the home itself."""
    return {
        "RONGAN_HOME": str(settings.home),
        "RONGAN_MQTT_PORT": str(settings.mqtt_port),
        "RONGAN_HTTP_PORT": str(settings.http_port),
        "RONGAN_WEBHOOK_ALLOW_PRIVATE": str(settings.webhook_allow_private),
        "PYTHONUNBUFFERED": "1",
    }


async def _check_intention(conn: "asyncpg.Connection[asyncpg.Record]", intention: Intention) -> None:
    deployment = await read_deployment(conn)
    if intention.mode is not None and intention.mode is not deployment.mode:
        raise ModeDiffers(deployment.mode, intention.mode)
    if intention.simulated_at is None or deployment.simulated_at is not None:
        return  # a clock that stands somewhere goes on from there
    async with conn.transaction():
        await conn.execute(_SET_CLOCK, intention.simulated_at)
        await conn.execute("SELECT pg_notify($1, '')", CHANNEL)

"""A system of its own in a temporary home: PostgreSQL, registered devices, gateway processes; gone when it is left."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cli.composition import Intention, prepare_database, running_database
from registry.credentials import Credential
from registry.deployment import DeploymentMode
from registry.devices import register_device
from runtime import readiness
from runtime.clock import RealClock
from runtime.pool import connect
from runtime.settings import Settings

READY_S: Final = 60.0
STOP_S: Final = 20.0
CONNECTING_S: Final = 120.0
_AREA: Final = "bench"


class ProcessNotReadyError(Exception):
    """A process ended or stayed silent before it was ready; its last words are in the log."""

    def __init__(self, name: str, log: Path) -> None:
        super().__init__(f"{name} did not become ready; see {log}")


class LoadFailedError(Exception):
    """The load generator could not run; its own words."""


@dataclass(frozen=True, slots=True)
class TemporarySystem:
    """Where everything is. Processes are started with this environment over ours."""

    settings: Settings
    mqtt_port: int
    credentials: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            "RONGAN_HOME": str(self.settings.home),
            "RONGAN_MQTT_PORT": str(self.mqtt_port),
            "RONGAN_LOG_LEVEL": "warning",
        }

    async def start_gateway(self, **environment: str) -> asyncio.subprocess.Process:
        """Start a gateway and wait until it serves. Raises ProcessNotReadyError."""
        return await start_process(
            "gateway",
            (sys.executable, "-m", "cli", "gateway"),
            self.environment | environment,
            self.settings.home / "gateway.log",
        )

    async def load(self, *, port: int | None = None, ledger: Path | None = None, **options: float) -> dict[str, Any]:
        """Run the load generator to its end; its report. `options` are its flags, such as rate=5000, duration=10."""
        arguments = [sys.executable, "-m", "simulators.load", "--credentials", str(self.credentials)]
        arguments += ["--port", str(port or self.mqtt_port)]
        if ledger is not None:
            arguments += ["--ledger", str(ledger)]
        for name, value in options.items():
            arguments += [f"--{name.replace('_', '-')}", str(value)]
        process = await asyncio.create_subprocess_exec(
            *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            told, complaint = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if not told:
            raise LoadFailedError(complaint.decode(errors="replace")[-2000:])
        report: dict[str, Any] = json.loads(told)
        return report

    async def received(self) -> int:
        """Messages that gateways have taken and committed."""
        conn = await connect(self.settings.app_dsn(), application_name="rongan-bench")
        try:
            received: int = await conn.fetchval("SELECT coalesce(sum(received), 0)::bigint FROM intake_counts")
            return received
        finally:
            await conn.close()

    async def first_message(self) -> int:
        """Wait until a fleet has connected and publishes; how many messages were taken then."""
        async with asyncio.timeout(CONNECTING_S):
            while not (received := await self.received()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return received


@asynccontextmanager
async def temporary_system(fleet: Mapping[str, int]) -> AsyncIterator[TemporarySystem]:
    """Create everything with so many devices of each product; remove it when the block is left."""
    home = Path(tempfile.mkdtemp(prefix="rongan-bench-"))
    settings = Settings(home=home)
    try:
        async with running_database(settings):
            await prepare_database(settings, Intention(mode=DeploymentMode.EXERCISE))
            credentials = home / "credentials.json"
            credentials.write_text(json.dumps(await register(settings, fleet)), encoding="utf-8")
            yield TemporarySystem(settings, free_port(), credentials)
    finally:
        shutil.rmtree(home)


async def register(settings: Settings, fleet: Mapping[str, int]) -> list[dict[str, Any]]:
    """One area with all devices, in turns of the products; what the simulators read of each."""
    conn = await connect(settings.owner_dsn(), application_name="rongan-bench")
    at = RealClock().now()
    names = [(product, f"d-{n}") for n in range(max(fleet.values())) for product in fleet if n < fleet[product]]
    rows: list[dict[str, Any]] = []
    try:
        async with conn.transaction():
            await conn.execute(
                "INSERT INTO areas (id, level, zh_name, en_name, path) VALUES ($1, 'city', '压测', 'Bench', ARRAY[$1])",
                _AREA,
            )
            for product, name in names:
                _, credential = await register_device(
                    conn, settings.device_key(), product=product, name=name, area_id=_AREA, at=at, lon=104.06, lat=30.66
                )
                rows.append(_row(credential))
    finally:
        await conn.close()
    return rows


def _row(credential: Credential) -> dict[str, Any]:
    return {
        "product": credential.product,
        "device": credential.device,
        "user_name": credential.user_name,
        "password": credential.password,
        "client_id": credential.client_id,
        "area_id": _AREA,
        "lon": 104.06,
        "lat": 30.66,
        "device_type": credential.product,
    }


async def start_process(
    name: str, argv: tuple[str, ...], environment: Mapping[str, str], log: Path, *, ready_s: float = READY_S
) -> asyncio.subprocess.Process:
    """Start a child that announces its readiness, and wait for it. Raises ProcessNotReadyError."""
    ready, told = os.pipe()
    try:
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdout=output,
                stderr=output,
                env={**os.environ, **environment, readiness.VARIABLE: str(told)},
                pass_fds=(told,),
            )
    finally:
        os.close(told)
    try:
        async with asyncio.timeout(ready_s):
            said = await asyncio.to_thread(os.read, ready, len(readiness.LINE))
    finally:
        os.close(ready)
    if said != readiness.LINE:
        await process.wait()
        raise ProcessNotReadyError(name, log)
    return process


async def stop_process(process: asyncio.subprocess.Process) -> None:
    """End a child cleanly; kill it if it does not end in time."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def free_port() -> int:
    """A port of the loopback that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

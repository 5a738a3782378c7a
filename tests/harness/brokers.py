"""Real brokers for the back door: Mosquitto where it is installed, nats-server from its wheel."""

import asyncio
import json
import re
import socket
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.harness.programs import require_program

START_S = 15.0


@dataclass(frozen=True, slots=True)
class Broker:
    name: str
    port: int
    monitor_port: int = 0  # of nats-server

    def ack_pending(self) -> int:
        """How many messages nats-server has sent and has no acknowledgement of, over all its MQTT consumers."""
        url = f"http://127.0.0.1:{self.monitor_port}/jsz?accounts=true&streams=true&consumers=true"
        with urllib.request.urlopen(url, timeout=START_S) as answer:
            accounts = json.load(answer)["account_details"]
        streams = [stream for account in accounts for stream in account.get("stream_detail") or []]
        consumers = [consumer for stream in streams for consumer in stream.get("consumer_detail") or []]
        return sum(consumer["num_ack_pending"] for consumer in consumers)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def mosquitto(folder: Path, *, port: int = 0) -> AsyncIterator[Broker]:
    """A Mosquitto that lets anybody in and keeps nothing on disk."""
    port = port or free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_dest stderr\nmax_queued_messages 0\n"
    )
    async with _running(require_program("mosquitto"), "-c", str(config)) as process:
        await _line(process, rb"mosquitto version \S+ running")
        yield Broker("mosquitto", port)


@asynccontextmanager
async def nats_server(folder: Path, *, ack_wait_s: int = 1) -> AsyncIterator[Broker]:
    """A nats-server with JetStream under `folder` and its MQTT front end."""
    config = folder / "nats.conf"
    config.write_text(
        f'server_name: test\nlisten: "127.0.0.1:-1"\nhttp: "127.0.0.1:-1"\njetstream {{ store_dir: "{folder}" }}\n'
        f'mqtt {{ listen: "127.0.0.1:-1", ack_wait: "{ack_wait_s}s", max_ack_pending: 1000 }}\n'
    )
    program = str(Path(sys.executable).parent / "nats-server")
    async with _running(program, "-c", str(config)) as process:
        monitor = await _line(process, rb"Starting http monitor on .*:(\d+)")
        listening = await _line(process, rb"Listening for MQTT clients on .*:(\d+)")
        await _line(process, rb"Server is ready")
        yield Broker("nats", int(listening[1]), int(monitor[1]))


@asynccontextmanager
async def _running(program: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    draining: asyncio.Task[bytes] | None = None
    try:
        yield process
        assert process.stdout is not None
        draining = asyncio.create_task(process.stdout.read())
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        if draining is not None:
            await draining
        await process.communicate()


async def _line(process: asyncio.subprocess.Process, pattern: bytes) -> re.Match[bytes]:
    """The first line of its log that matches; fails when the broker ends without one."""
    assert process.stdout is not None
    seen = b""
    async with asyncio.timeout(START_S):
        while line := await process.stdout.readline():
            seen += line
            if match := re.search(pattern, line):
                return match
    raise AssertionError(seen.decode(errors="replace"))

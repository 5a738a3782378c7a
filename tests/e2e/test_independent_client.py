"""A client that knows nothing of us: `mosquitto_pub` with the very line that `rongan device add` printed."""

import asyncio
import json
import os
import shlex
import sys
from functools import partial
from typing import Any

import pytest

from tests.harness.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.mosquitto, pytest.mark.timeout(600)]


async def rongan(stack: Stack, *arguments: str) -> tuple[int, str, str]:
    """Run the command as an operator of this installation would; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli",
        *arguments,
        env={
            **os.environ,
            "RONGAN_HOME": str(stack.home),
            "RONGAN_MQTT_PORT": str(stack.settings.mqtt_port),
            "RONGAN_HTTP_PORT": str(stack.settings.http_port),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


async def add_device(stack: Stack, product: str, name: str, lon: float = 104.0835) -> dict[str, Any]:
    place = ("--lon", str(lon), "--lat", "30.6667", "--area", "cd-jh-wp-qs-01")
    named = ("--product", product, "--name", name, *place, "--json")
    code, said, complained = await rongan(stack, "device", "add", *named)
    assert code == 0, complained
    added: dict[str, Any] = json.loads(said)
    return added


def stands_at(lon: float, body: dict[str, Any]) -> bool:
    return bool(body["ticket"]["lon"] == lon)


async def run_line(line: str) -> int:
    process = await asyncio.create_subprocess_exec(*shlex.split(line))
    return await process.wait()


async def test_the_printed_line_makes_an_event_an_incident_and_a_ticket(stack: Stack) -> None:
    officer = await stack.user("officer")
    async with officer.stream() as stream:
        # Far enough apart that each is an incident of its own.
        for product, lon in (("waste_bin", 104.08), ("smart_security_camera", 104.085), ("access_gate", 104.09)):
            added = await add_device(stack, product, f"{product}-new", lon)
            assert await run_line(added["example"]) == 0
            told = await stream.until("ticket.opened", partial(stands_at, lon))
            assert told.body["ticket"]["state"] == "dispatched"
    events = (await officer.get("/events"))["items"]
    assert {event["source_class"] for event in events} >= {"sensor", "camera", "gate"}
    assert all(event["incident_id"] is not None for event in events)


async def test_a_revoked_device_is_refused(stack: Stack) -> None:
    added = await add_device(stack, "waste_bin", "bin-gone")
    assert await run_line(added["example"]) == 0
    code, _, complained = await rongan(stack, "device", "revoke", str(added["id"]))
    assert code == 0, complained
    assert await run_line(added["example"]) != 0


async def test_a_wrong_password_is_refused_and_leaves_no_event(stack: Stack) -> None:
    added = await add_device(stack, "waste_bin", "bin-wrong")
    assert await run_line(added["example"].replace(added["password"], "x" * 43)) != 0
    officer = await stack.user("officer")
    assert (await officer.get("/events"))["items"] == []

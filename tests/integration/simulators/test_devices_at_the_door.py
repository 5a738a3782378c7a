"""Simulated devices and load lines against the real endpoint: nothing is lost, nothing leaves before its time."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.intake.model import Delivery, PresenceCause
from simulators import wire
from simulators.credentials import Credential
from simulators.fleet.device import Broker, SimulatedDevice, Tally
from simulators.line import Line, LineRefused, Tag
from simulators.load.generator import Generator, Plan
from simulators.load.ledger import Ledger, read_ledger
from tests.harness.doors import START, FrontDoor, until

TOPIC = "/sys/bin3/bin-1/thing/event/property/post"


@pytest.fixture
async def door() -> AsyncIterator[FrontDoor]:
    async with FrontDoor() as door:
        yield door


def registered(door: FrontDoor, name: str) -> Credential:
    door.registry.add(name)
    credential = door.registry.credentials[name]
    return Credential(
        product="bin3",
        device=name,
        user_name=credential.user_name,
        password=credential.password,
        client_id=credential.client_id,
        area_id="demo",
        lon=None,
        lat=None,
        device_type="waste_bin",
    )


def line_to(door: FrontDoor, credential: Credential, acked: list[Tag], window: int = 10) -> Line:
    return Line(
        credential, "127.0.0.1", door.port, window=window, on_acked=acked.append, rng=Random(1), reconnect_first_s=0.01
    )


def offer(line: Line, seq: int) -> None:
    payload = json.dumps({"params": {"fill_pct": 1}, "seq": seq}).encode()
    line.offer(wire.publish_head(TOPIC, len(payload)), payload, (0, seq, 0.0))


def seqs(deliveries: list[Delivery]) -> list[int]:
    return [json.loads(delivery.payload)["seq"] for delivery in deliveries]


async def stopped(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_line_keeps_to_its_window_and_sends_the_rest_as_acknowledgements_come(door: FrontDoor) -> None:
    acked: list[Tag] = []
    line = line_to(door, registered(door, "bin-1"), acked, window=3)
    running = asyncio.create_task(line.run())
    await line.connected.wait()
    for seq in range(10):
        offer(line, seq)
    await door.intake.received(3)
    await door.settled()
    assert len(door.intake.deliveries) == 3
    door.intake.commits = True
    door.intake.commit()
    await until(lambda: not line.unacknowledged)
    assert seqs(door.intake.deliveries) == list(range(10)) == [seq for _, seq, _ in acked]
    await stopped(running)


async def test_line_sends_unacknowledged_messages_again_after_the_connection_broke(door: FrontDoor) -> None:
    acked: list[Tag] = []
    credential = registered(door, "bin-1")
    line = line_to(door, credential, acked)
    running = asyncio.create_task(line.run())
    await line.connected.wait()
    for seq in range(5):
        offer(line, seq)
    await door.intake.received(5)
    door.intake.commit(2)
    await until(lambda: len(acked) == 2)
    # A second connection of the same device takes the session over, and the line fights back.
    rival = await door.stranger()
    rival.send(door.hello("bin-1"))
    await door.intake.received(8)
    again = door.intake.deliveries[5:]
    assert (seqs(again), [delivery.dup for delivery in again]) == ([2, 3, 4], [True, True, True])
    door.intake.commit()
    await until(lambda: not line.unacknowledged)
    assert [seq for _, seq, _ in acked] == list(range(5))
    await stopped(running)


async def test_line_with_a_wrong_password_gives_up(door: FrontDoor) -> None:
    right = registered(door, "bin-1")
    wrong = Credential(**{**{name: getattr(right, name) for name in right.__slots__}, "password": "wrong"})
    with pytest.raises(LineRefused):
        await line_to(door, wrong, []).run()


async def test_generator_has_everything_acknowledged_and_in_the_ledger(door: FrontDoor, tmp_path: Path) -> None:
    door.intake.commits = True
    devices = [registered(door, f"bin-{number}") for number in range(20)]
    plan = Plan("127.0.0.1", door.port, rate=2000, duration_s=0.2, drain_s=10, window=8, seed=1, sid=57)
    path = tmp_path / "ledger.tsv"
    with Ledger(path) as ledger:
        report = await Generator(devices, plan, ledger).run()
    assert (report.sent, report.acked, report.unacked) == (400, 400, 0)
    written = {(entry.device, entry.seq) for entry in read_ledger(path)}
    received = {(d.device.name, json.loads(d.payload)["seq"]) for d in door.intake.deliveries if d.device}
    assert written == received
    assert len(written) == 400


async def test_simulated_device_repeats_a_message_until_its_receipt_and_says_farewell(door: FrontDoor) -> None:
    door.intake.commits = True
    tally = Tally()
    device = SimulatedDevice(
        registered(door, "bin-1"), Broker("127.0.0.1", door.port), lambda: START, sid=57, rng=Random(1), tally=tally
    )
    running = asyncio.create_task(device.run())
    device.post_properties({"fill_pct": 42.0})
    device.post_event("smoke", {"phase": "start"})
    for count in (2, 3):
        # Birth first, then one message at a time, each only after the receipt of the one before.
        deliveries = await door.intake.received(count)
        latest = deliveries[-1]
        body = json.loads(latest.payload)
        receipt = json.dumps({"id": body["id"], "code": 200}).encode()
        latest.source.publish(f"{latest.topic}_reply", receipt)
    await device.drained()
    assert (tally.posted, tally.confirmed, tally.refused) == (2, 2, 0)
    await stopped(running)
    deliveries = await door.intake.received(4)
    assert [delivery.topic.split("/")[-1] for delivery in deliveries] == ["state", "post", "post", "state"]
    assert [json.loads(deliveries[index].payload)["s"] for index in (0, 3)] == ["on", "bye"]
    assert all(deliveries[index].retain for index in (0, 3))
    await door.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.DISCONNECTED)

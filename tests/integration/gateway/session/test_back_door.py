"""The back door at real brokers: acknowledged when committed, on the connection that brought it, and not before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gateway.mqtt.packets import ConnAck, Connect, Publish
from gateway.session.options import SessionOptions
from gateway.session.session import BrokerSession
from runtime.clock import SimulatedClock
from tests.harness.brokers import Broker, free_port, mosquitto, nats_server
from tests.harness.doors import FAILURE_S, START, FrontDoor, Peer, RecordingIntake, Registry, until

OWN = "/sys/bin3/bin-1/thing/event/property/post"
MARKER = "/sys/bin3/bin-1/thing/event/marker/post"
CLIENT_ID = "rongan-gateway-test"


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.mosquitto), "nats"])
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Broker]:
    async with mosquitto(tmp_path) if request.param == "mosquitto" else nats_server(tmp_path) as running:
        yield running


@dataclass
class BackDoor:
    session: BrokerSession
    intake: RecordingIntake
    registry: Registry
    port: int

    def packet_ids(self) -> list[int]:
        """Of the messages of the present connection that are not acknowledged."""
        assert self.session._reader is not None
        return list(self.session._reader._acks._packet_ids)


@asynccontextmanager
async def back_door(port: int, **changes: Any) -> AsyncIterator[BackDoor]:
    options = replace(SessionOptions(host="127.0.0.1", port=port, client_id=CLIENT_ID, backoff_first_s=0.05), **changes)
    intake, registry = RecordingIntake(), Registry()
    registry.add("bin-1")
    session = BrokerSession(intake=intake, devices=registry, clock=SimulatedClock(START), options=options)
    running = asyncio.create_task(session.run())
    try:
        yield BackDoor(session, intake, registry, port)
    finally:
        await session.close()
        await running


@asynccontextmanager
async def connected(broker: Broker, **changes: Any) -> AsyncIterator[BackDoor]:
    async with back_door(broker.port, **changes) as door:
        await until(lambda: door.session.connected)
        yield door


@asynccontextmanager
async def device(port: int) -> AsyncIterator[aiomqtt.Client]:
    # A random client id: nats-server keeps one waiting that comes back within a second.
    async with aiomqtt.Client("127.0.0.1", port, timeout=FAILURE_S) as client:
        yield client


async def publish(port: int, *payloads: bytes, topic: str = OWN) -> None:
    async with device(port) as client:
        for payload in payloads:
            await client.publish(topic, payload, qos=1)


@asynccontextmanager
async def in_our_place(port: int) -> AsyncIterator[Peer]:
    """Whoever connects with our client id takes our session over, and hears what the broker still holds for us."""
    peer = await Peer.open(port)
    try:
        peer.send(Connect(CLIENT_ID, 60, clean_session=False, will=None, user_name=None, password=None))
        answer = await peer.hear()
        assert isinstance(answer, ConnAck)
        yield peer
    finally:
        await peer.close()


async def broker_holds(broker: Broker, *payloads: bytes) -> None:
    """Fails unless these messages, and no others, are unacknowledged. Nobody may be connected in our place."""
    if broker.name == "nats":
        # It sends a message again only when `ack_wait` is over, so what it does not send proves nothing: ask it.
        async with asyncio.timeout(FAILURE_S):
            while await asyncio.to_thread(broker.ack_pending) != len(payloads):
                pass
    held: list[bytes] = []
    async with in_our_place(broker.port) as peer:
        await publish(broker.port, b"marker", topic=MARKER)
        marked = False
        while not marked or len(held) < len(payloads):
            packet = await peer.hear()
            assert isinstance(packet, Publish)
            if packet.topic == MARKER:
                marked = True
            else:
                assert packet.dup
                held.append(packet.payload)
    assert held == list(payloads)


async def test_message_is_acknowledged_when_it_is_committed(broker: Broker) -> None:
    async with connected(broker) as door:
        await publish(broker.port, b"a", b"b")
        deliveries = await door.intake.received(2)
        assert door.session.counts.acknowledged == 0

        door.intake.commit()

        assert [(delivery.topic, delivery.payload, delivery.qos) for delivery in deliveries] == [
            (OWN, b"a", 1),
            (OWN, b"b", 1),
        ]
        assert deliveries[0].device == door.registry.get("bin3", "bin-1")
        assert door.session.counts.acknowledged == 2
    await broker_holds(broker)


async def test_uncommitted_messages_stay_with_the_broker(broker: Broker) -> None:
    async with connected(broker) as door:
        await publish(broker.port, b"a", b"b", b"c")
        await door.intake.received(3)
        door.intake.commit(1)

    await broker_holds(broker, b"b", b"c")


async def test_uncommitted_messages_come_back_after_a_reconnect_with_the_same_packet_ids(broker: Broker) -> None:
    async with connected(broker) as door:
        await publish(broker.port, b"a", b"b")
        await door.intake.received(2)
        packet_ids = door.packet_ids()

        async with in_our_place(broker.port):
            await until(lambda: not door.session.connected)
        await until(lambda: door.session.connected)

        deliveries = await door.intake.received(4)
        assert [delivery.payload for delivery in deliveries] == [b"a", b"b", b"a", b"b"]
        assert [delivery.dup for delivery in deliveries] == [False, False, True, True]
        assert door.packet_ids() == packet_ids
        assert door.session.counts.epoch >= 2


async def test_commit_of_an_older_connection_acknowledges_nothing_on_the_new_one(broker: Broker) -> None:
    async with connected(broker) as door:
        await publish(broker.port, b"a", b"b")
        old = list(await door.intake.received(2))
        async with in_our_place(broker.port):
            await until(lambda: not door.session.connected)
        await until(lambda: door.session.connected)
        await door.intake.received(4)

        door.intake.commit(2)

        assert old[0].source.closed()
        assert (door.session.counts.stale, door.session.counts.acknowledged) == (2, 0)
    await broker_holds(broker, b"a", b"b")


async def test_messages_while_we_were_away_are_read_when_we_are_back(broker: Broker) -> None:
    async with connected(broker):
        pass
    await publish(broker.port, b"a", b"b")

    async with connected(broker) as door:
        await door.intake.received(2)

        assert door.session.counts.sessions_new == 0


async def test_topics_of_devices_are_read_and_replies_are_not(broker: Broker) -> None:
    topics = [
        OWN,
        "/sys/bin3/bin-1/thing/event/property/batch/post",
        "/sys/bin3/bin-1/state",
        "/sys/bin3/stranger/thing/event/full/post",
    ]
    async with connected(broker) as door:
        for topic in [f"{OWN}_reply", "/sys/bin3/bin-1/thing/service/restart", "/other", *topics]:
            await publish(broker.port, b"{}", topic=topic)

        deliveries = await door.intake.received(len(topics))

        assert [delivery.topic for delivery in deliveries] == topics
        assert [delivery.device is not None for delivery in deliveries] == [True, True, True, False]


async def test_receipt_reaches_the_device_through_the_broker(broker: Broker) -> None:
    async with connected(broker) as door, device(broker.port) as client:
        await client.subscribe("/sys/bin3/bin-1/thing/event/+/post_reply", qos=1)
        await client.publish(OWN, b"{}", qos=1)
        (delivery,) = await door.intake.received(1)

        delivery.source.publish(f"{OWN}_reply", b'{"code":200}')

        async with asyncio.timeout(FAILURE_S):
            reply = await anext(client.messages)
        assert (str(reply.topic), reply.payload) == (f"{OWN}_reply", b'{"code":200}')


async def test_full_intake_holds_messages_and_offers_them_in_order(broker: Broker) -> None:
    payloads = [bytes((number,)) for number in range(10)]
    async with connected(broker, held_messages=3) as door:
        door.intake.full = True
        await publish(broker.port, *payloads)
        assert door.intake.deliveries == []

        door.intake.commits = True
        door.intake.make_room()

        await door.intake.received(10)
        assert [delivery.payload for delivery in door.intake.deliveries] == payloads
        await until(lambda: door.session.counts.acknowledged == 10)
    await broker_holds(broker)


async def test_stop_acknowledges_what_was_committed_before_it_disconnects(broker: Broker) -> None:
    async with connected(broker) as door:
        await publish(broker.port, *(bytes((number,)) for number in range(20)))
        await door.intake.received(20)
        door.session.stop_reading()
        door.intake.commit()
        await door.session.close()

    await broker_holds(broker)


async def test_broker_that_sends_a_held_message_again_is_not_heard_twice(tmp_path: Path) -> None:
    async with nats_server(tmp_path) as broker, connected(broker) as door:
        await publish(broker.port, b"a")
        await door.intake.received(1)
        await until(lambda: door.session.counts.repeated >= 2)

        door.intake.commit()

        assert (len(door.intake.deliveries), door.session.counts.acknowledged) == (1, 1)


@pytest.mark.mosquitto
async def test_broker_that_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    async with back_door(port) as door, AsyncExitStack() as later:
        await until(lambda: door.session.counts.failures >= 2)
        await later.enter_async_context(mosquitto(tmp_path, port=port))

        await until(lambda: door.session.connected)


@pytest.mark.mosquitto
async def test_shared_subscription_of_version_5_reads_events_and_retained_state(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as broker:
        async with device(broker.port) as client:
            await client.publish("/sys/bin3/bin-1/state", b"on", qos=1, retain=True)
        async with connected(broker, version_5=True, share="gateways") as door:
            await publish(broker.port, b"a")
            deliveries = await door.intake.received(2)
            door.intake.commit()

            assert [(delivery.payload, delivery.retain) for delivery in deliveries] == [(b"on", True), (b"a", False)]
        async with connected(broker, version_5=True, share="gateways") as door:
            await publish(broker.port, b"b")
            deliveries = await door.intake.received(1)
            assert door.session.counts.redelivered == 0


async def test_refused_subscription_is_no_connection() -> None:
    """Our own front door refuses the filters of a gateway, as a broker with strict rights would."""
    async with FrontDoor() as front:
        front.registry.add("bin-1")
        credential = front.registry.credentials["bin-1"]
        async with back_door(
            front.port,
            client_id=credential.client_id,
            user_name=credential.user_name,
            password=credential.password,
        ) as door:
            await until(lambda: door.session.counts.failures >= 2)

            assert door.session.counts.epoch == 0

"""The endpoint with clients that others wrote: paho, aiomqtt, gmqtt, mosquitto_pub and mosquitto_sub."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import gmqtt
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.auth.model import ViolationReason
from gateway.endpoint.downlink import Outcome
from gateway.endpoint.options import EndpointOptions, Listener
from gateway.endpoint.tls import server_context
from gateway.intake.model import PresenceCause
from registry.credentials import Credential
from tests.harness.certificates import self_signed
from tests.harness.doors import FAILURE_S, FrontDoor, Open, Peer, until
from tests.harness.programs import require_program

OWN = "/sys/bin3/bin-1/thing/event/property/post"
STATE = "/sys/bin3/bin-1/state"


@pytest.fixture
def credential(front: FrontDoor) -> Credential:
    front.registry.add("bin-1")
    return front.registry.credentials["bin-1"]


# paho


class PahoThread:
    """A paho client on its own thread; each wait is told to this thread by a callback."""

    def __init__(self, credential: Credential, port: int) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=credential.client_id)
        self.client.username_pw_set(credential.user_name, credential.password)
        self.reasons: list[str] = []
        self.heard: list[tuple[str, bytes]] = []
        self.connected, self.disconnected = threading.Event(), threading.Event()
        self.subscribed, self.messaged = threading.Event(), threading.Event()
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self.disconnected.set()
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_message = self._on_message
        self._port = port

    def start(self) -> None:
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.reasons.append(str(reason))
        self.connected.set()

    def _on_message(self, _client: Any, _userdata: Any, message: paho.MQTTMessage) -> None:
        self.heard.append((message.topic, bytes(message.payload)))
        self.messaged.set()


async def happens(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, FAILURE_S)


@asynccontextmanager
async def paho_client(credential: Credential, port: int) -> AsyncIterator[PahoThread]:
    thread = PahoThread(credential, port)
    await asyncio.to_thread(thread.start)
    try:
        yield thread
    finally:
        await asyncio.to_thread(thread.stop)


async def test_paho_publishes_and_is_acknowledged_after_the_commit(front: FrontDoor, credential: Credential) -> None:
    async with paho_client(credential, front.port) as thread:
        await happens(thread.connected)
        sent = [thread.client.publish(OWN, f"{number}", qos=1) for number in range(20)]
        await front.intake.received(20)
        assert not any(message.is_published() for message in sent)

        front.intake.commit()

        for message in sent:
            await asyncio.to_thread(message.wait_for_publish, FAILURE_S)
        assert [delivery.payload for delivery in front.intake.deliveries] == [b"%d" % number for number in range(20)]
    await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.DISCONNECTED)


async def test_paho_hears_its_own_topics(front: FrontDoor, credential: Credential) -> None:
    device = front.registry.get("bin3", "bin-1")
    assert device is not None
    async with paho_client(credential, front.port) as thread:
        await happens(thread.connected)
        thread.client.subscribe("/sys/bin3/bin-1/thing/#", qos=1)
        await happens(thread.subscribed)

        front.endpoint.send(device.id, "/sys/bin3/bin-1/thing/service/restart", b"{}")

        await happens(thread.messaged)
        assert thread.heard == [("/sys/bin3/bin-1/thing/service/restart", b"{}")]


async def test_paho_with_a_wrong_password_is_told_so(front: FrontDoor, credential: Credential) -> None:
    thread = PahoThread(credential, front.port)
    thread.client.username_pw_set(credential.user_name, "wrong")
    await asyncio.to_thread(thread.start)
    try:
        await happens(thread.connected)
    finally:
        await asyncio.to_thread(thread.stop)

    assert thread.reasons[0] == "Bad user name or password"


async def test_paho_that_publishes_as_another_device_is_closed_without_an_acknowledgement(
    front: FrontDoor, credential: Credential
) -> None:
    async with paho_client(credential, front.port) as thread:
        await happens(thread.connected)
        message = thread.client.publish("/sys/bin3/bin-2/thing/event/full/post", "{}", qos=1)

        await happens(thread.disconnected)

        assert not message.is_published()
    assert front.endpoint.counts.violations[ViolationReason.FOREIGN_TOPIC] >= 1
    assert front.intake.deliveries == []


# aiomqtt


def aiomqtt_client(credential: Credential, port: int, **options: Any) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        port,
        identifier=credential.client_id,
        username=credential.user_name,
        password=credential.password,
        timeout=FAILURE_S,
        **options,
    )


async def test_aiomqtt_publishes_when_it_is_committed(front: FrontDoor, credential: Credential) -> None:
    async with aiomqtt_client(credential, front.port) as client:
        publishing = asyncio.create_task(client.publish(OWN, b"{}", qos=1))
        await front.intake.received(1)
        assert not publishing.done()

        front.intake.commit()

        await publishing


async def test_aiomqtt_hears_its_receipt(front: FrontDoor, credential: Credential) -> None:
    front.intake.commits = True
    async with aiomqtt_client(credential, front.port) as client:
        await client.subscribe("/sys/bin3/bin-1/thing/event/+/post_reply", qos=1)
        await client.publish(OWN, b"{}", qos=1)
        front.intake.deliveries[0].source.publish(f"{OWN}_reply", b'{"code":200}')

        async with asyncio.timeout(FAILURE_S):
            reply = await anext(client.messages)

    assert (str(reply.topic), reply.payload) == (f"{OWN}_reply", b'{"code":200}')


async def test_aiomqtt_will_is_spoken_when_its_connection_breaks(front: FrontDoor, credential: Credential) -> None:
    will = aiomqtt.Will(STATE, b'{"s":"off"}', qos=1, retain=True)
    device = front.registry.get("bin3", "bin-1")
    assert device is not None

    async def listen_until_it_breaks() -> None:
        async with aiomqtt_client(credential, front.port, will=will) as client, asyncio.timeout(FAILURE_S):
            front.endpoint.close_device(device.id, PresenceCause.WILL)
            await anext(client.messages)

    with pytest.raises(aiomqtt.MqttError):
        await listen_until_it_breaks()

    (spoken,) = front.intake.deliveries
    assert (spoken.topic, spoken.payload, spoken.retain) == (STATE, b'{"s":"off"}', True)


async def test_aiomqtt_of_version_5_is_told_that_it_is_not_spoken(front: FrontDoor, credential: Credential) -> None:
    with pytest.raises(aiomqtt.MqttError, match="Unsupported protocol version"):
        async with aiomqtt_client(credential, front.port, protocol=aiomqtt.ProtocolVersion.V5):
            pass


# gmqtt


async def test_gmqtt_publishes_and_hears(front: FrontDoor, credential: Credential) -> None:
    front.intake.commits = True
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    subscribed = asyncio.Event()
    client = gmqtt.Client(credential.client_id)
    client.set_auth_credentials(credential.user_name, credential.password)
    client.on_subscribe = lambda *_: subscribed.set()

    async def on_message(_client: Any, topic: str, payload: bytes, _qos: int, _properties: Any) -> int:
        heard.put_nowait((topic, payload))
        return 0

    client.on_message = on_message
    async with asyncio.timeout(FAILURE_S):
        await client.connect("127.0.0.1", front.port, version=gmqtt.constants.MQTTv311)
        client.subscribe("/sys/bin3/bin-1/thing/#", qos=1)
        await subscribed.wait()
        client.publish(OWN, b"{}", qos=1)
        (delivery,) = await front.intake.received(1)
        delivery.source.publish(f"{OWN}_reply", b"receipt")
        assert await heard.get() == (f"{OWN}_reply", b"receipt")
        await client.disconnect()

    await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.DISCONNECTED)
    assert front.endpoint.counts.acknowledged == 1


# mosquitto's command-line clients


Run = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    """Starts programs, none of which outlives the test."""
    started: list[asyncio.subprocess.Process] = []

    async def start(program: str, *arguments: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            require_program(program), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> tuple[int, bytes]:
    async with asyncio.timeout(FAILURE_S):
        output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output


def as_device(credential: Credential, port: int) -> list[str]:
    return [
        *("-h", "127.0.0.1", "-p", str(port), "-V", "mqttv311"),
        *("-i", credential.client_id, "-u", credential.user_name, "-P", credential.password),
    ]


@pytest.mark.mosquitto
async def test_mosquitto_pub_ends_when_its_message_is_committed(
    front: FrontDoor, credential: Credential, run: Run
) -> None:
    process = await run("mosquitto_pub", *as_device(credential, front.port), "-q", "1", "-t", OWN, "-m", "{}")
    await front.intake.received(1)
    assert process.returncode is None

    front.intake.commit()

    assert await ended(process) == (0, b"")


@pytest.mark.mosquitto
async def test_mosquitto_pub_with_a_wrong_password_says_so(front: FrontDoor, credential: Credential, run: Run) -> None:
    arguments = [*as_device(credential, front.port)[:-1], "wrong", "-q", "1", "-t", OWN, "-m", "{}"]

    code, output = await ended(await run("mosquitto_pub", *arguments))

    assert code != 0
    assert b"bad user name or password" in output


@pytest.mark.mosquitto
async def test_mosquitto_pub_to_another_device_fails(front: FrontDoor, credential: Credential, run: Run) -> None:
    topic = "/sys/bin3/bin-2/state"

    code, _ = await ended(
        await run("mosquitto_pub", *as_device(credential, front.port), "-q", "1", "-t", topic, "-m", "{}")
    )

    assert code != 0
    assert front.intake.deliveries == []


@pytest.mark.mosquitto
async def test_mosquitto_sub_hears_its_device_s_message(front: FrontDoor, credential: Credential, run: Run) -> None:
    device = front.registry.get("bin3", "bin-1")
    assert device is not None
    topic = "/sys/bin3/bin-1/thing/service/restart"
    process = await run("mosquitto_sub", *as_device(credential, front.port), "-q", "1", "-t", topic, "-C", "1")

    await until(lambda: front.endpoint.send(device.id, topic, b"now") is Outcome.SENT)

    assert await ended(process) == (0, b"now\n")


# TLS


async def test_aiomqtt_publishes_over_tls(open_front: Open, tmp_path: Path) -> None:
    made = self_signed(tmp_path)
    secured = Listener(port=0, tls=server_context(made.certificate, made.key))
    front = await open_front(options=EndpointOptions(listeners=(Listener(port=0), secured)))
    front.intake.commits = True
    front.registry.add("bin-1")
    credential = front.registry.credentials["bin-1"]
    trusting = ssl.create_default_context(cafile=str(made.certificate))

    async with aiomqtt_client(credential, front.endpoint.ports[1], tls_context=trusting) as client:
        await client.publish(OWN, b"x" * 50_000, qos=1)

    (delivery,) = front.intake.deliveries
    assert delivery.payload == b"x" * 50_000


async def test_client_that_does_not_trust_the_certificate_stays_out(open_front: Open, tmp_path: Path) -> None:
    made = self_signed(tmp_path)
    secured = Listener(port=0, tls=server_context(made.certificate, made.key))
    front = await open_front(options=EndpointOptions(listeners=(secured,)))

    with pytest.raises(ssl.SSLCertVerificationError):
        await Peer.open(front.port, ssl=ssl.create_default_context(), server_hostname="localhost")

    assert front.intake.presence == []

"""Who may connect: a device with its own name, secret and client id, and nobody else."""

import pytest

from gateway.auth.model import ViolationReason
from gateway.endpoint.options import EndpointOptions, Listener
from gateway.intake.model import PresenceCause
from gateway.mqtt.encoder import encode
from gateway.mqtt.packets import ConnAck, ConnectCode, Disconnect, PingReq, Publish, Will
from tests.harness.doors import FrontDoor, Open

ACCEPTED = ConnAck(ConnectCode.ACCEPTED)


@pytest.fixture(autouse=True)
def devices(front: FrontDoor) -> None:
    front.registry.add("bin-1")
    front.registry.add("bin-2")


async def test_right_credential_is_accepted_and_the_device_is_online(front: FrontDoor) -> None:
    device = front.registry.get("bin3", "bin-1")
    assert device is not None

    await front.device("bin-1")

    (change,) = await front.intake.heard_presence(PresenceCause.CONNECTED)
    assert (change.device, change.online, change.at) == (device, True, front.clock.now())
    assert front.endpoint.connected(device.id)


async def test_persistent_session_is_accepted_as_a_new_one(front: FrontDoor) -> None:
    peer = await front.stranger()

    peer.send(front.hello("bin-1", clean_session=False))

    await peer.expect(ConnAck(ConnectCode.ACCEPTED, session_present=False))


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"password": b"wrong"}, ConnectCode.BAD_USER_NAME_OR_PASSWORD, ViolationReason.WRONG_PASSWORD),
        ({"password": b"\xff\xfe"}, ConnectCode.BAD_USER_NAME_OR_PASSWORD, ViolationReason.WRONG_PASSWORD),
        ({"user_name": "bin-9&bin3"}, ConnectCode.BAD_USER_NAME_OR_PASSWORD, ViolationReason.UNKNOWN_DEVICE),
        ({"user_name": "bin-2&bin3"}, ConnectCode.BAD_USER_NAME_OR_PASSWORD, ViolationReason.WRONG_PASSWORD),
        ({"user_name": "#&+"}, ConnectCode.BAD_USER_NAME_OR_PASSWORD, ViolationReason.UNKNOWN_DEVICE),
        ({"client_id": "bin3-bin-2"}, ConnectCode.IDENTIFIER_REJECTED, ViolationReason.CLIENT_ID),
        ({"client_id": ""}, ConnectCode.IDENTIFIER_REJECTED, ViolationReason.CLIENT_ID),
        ({"password": None}, ConnectCode.NOT_AUTHORISED, ViolationReason.NO_CREDENTIALS),
        ({"user_name": None, "password": None}, ConnectCode.NOT_AUTHORISED, ViolationReason.NO_CREDENTIALS),
        (
            {"will": Will("/sys/bin3/bin-2/state", b"", 1, retain=True)},
            ConnectCode.NOT_AUTHORISED,
            ViolationReason.FOREIGN_WILL,
        ),
        (
            {"will": Will("/sys/bin3/bin-1/thing/event/full/post", b"", 1, retain=True)},
            ConnectCode.NOT_AUTHORISED,
            ViolationReason.FOREIGN_WILL,
        ),
    ],
    ids=[
        "wrong password",
        "password not ascii",
        "unknown device",
        "password of another device",
        "wildcards as names",
        "client id of another device",
        "no client id",
        "no password",
        "no credentials",
        "will of another device",
        "retained will that is no state",
    ],
)
async def test_wrong_connect_is_refused_counted_and_closed(
    front: FrontDoor, changes: dict[str, object], code: ConnectCode, reason: ViolationReason
) -> None:
    peer = await front.stranger()

    peer.send(front.hello("bin-1", **changes))

    await peer.expect_close(ConnAck(code))
    await front.violated(reason)
    assert front.endpoint.counts.violations[reason] == 1
    assert front.intake.presence == []


async def test_disabled_device_is_refused_only_with_its_right_password(front: FrontDoor) -> None:
    device = front.registry.add("bin-3", enabled=False)
    right, wrong = await front.stranger(), await front.stranger()

    right.send(front.hello("bin-3"))
    await right.expect_close(ConnAck(ConnectCode.NOT_AUTHORISED))
    wrong.send(front.hello("bin-3", password=b"guess"))
    await wrong.expect_close(ConnAck(ConnectCode.BAD_USER_NAME_OR_PASSWORD))

    known, unknown = await front.violated(ViolationReason.DISABLED_DEVICE, ViolationReason.WRONG_PASSWORD)
    assert (known.device, known.client) == (device, "bin3-bin-3")
    assert (unknown.device, unknown.client) == (None, None)


@pytest.mark.parametrize(
    ("connect", "answer"),
    [
        (b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00", b"\x20\x03\x00\x84\x00"),
        (b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x00\x00\x00", b"\x20\x02\x00\x01"),
    ],
    ids=["5", "3.1"],
)
async def test_another_version_is_refused_in_its_own_words(front: FrontDoor, connect: bytes, answer: bytes) -> None:
    peer = await front.stranger()

    peer.send(connect)

    assert await peer.raw() == answer
    await front.violated(ViolationReason.PROTOCOL_VERSION)


@pytest.mark.parametrize("first", [PingReq(), Disconnect(), Publish("/sys/bin3/bin-1/state", b"", 1, packet_id=1)])
async def test_first_packet_must_be_connect(front: FrontDoor, first: PingReq | Disconnect | Publish) -> None:
    peer = await front.stranger()

    peer.send(first)

    await peer.expect_close()
    await front.violated(ViolationReason.UNEXPECTED_PACKET)
    assert front.intake.deliveries == []


async def test_second_connect_closes(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(front.hello("bin-1"))

    await peer.expect_close()
    await front.violated(ViolationReason.UNEXPECTED_PACKET)


async def test_slow_connect_is_closed_although_bytes_keep_coming(timed: FrontDoor) -> None:
    timed.registry.add("bin-1")
    peer = await timed.stranger()
    slow = encode(timed.hello("bin-1"))
    peer.send(slow[:1])
    await timed.settled()

    for at in range(1, 10):
        peer.send(slow[at : at + 1])
        timed.pass_time(1)
    assert timed.endpoint.counts.connections == 1
    timed.pass_time(1)

    await peer.expect_close()
    await timed.violated(ViolationReason.CONNECT_TIMEOUT)


async def test_connect_of_a_stranger_is_bounded_before_it_is_buffered(front: FrontDoor) -> None:
    peer = await front.stranger()

    peer.send(b"\x10\x80\x80\x04")  # a CONNECT of 64 KiB is announced

    await peer.expect_close()
    await front.violated(ViolationReason.OVERSIZE)


async def test_connection_limit_closes_the_newcomer_alone(open_front: Open) -> None:
    front = await open_front(options=EndpointOptions(listeners=(Listener(port=0),), connections_max=1))
    first = await front.device("bin-1")
    second = await front.stranger()

    await second.expect_close()

    await front.violated(ViolationReason.CONNECTION_LIMIT)
    await first.expect_silence()


async def test_take_over_closes_the_older_connection_and_the_device_stays_online(front: FrontDoor) -> None:
    old = await front.device("bin-1")
    new = await front.device("bin-1")

    await old.expect_close()

    changes = await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.TAKEN_OVER)
    assert [change.online for change in changes] == [True, True]
    await new.expect_silence()
    assert (front.endpoint.counts.devices, front.endpoint.counts.connections) == (1, 1)


async def test_right_name_with_a_wrong_password_does_not_disturb_the_device(front: FrontDoor) -> None:
    victim = await front.device("bin-1")
    intruder = await front.stranger()

    intruder.send(front.hello("bin-1", password=b"guess"))

    await intruder.expect_close(ConnAck(ConnectCode.BAD_USER_NAME_OR_PASSWORD))
    await victim.expect_silence()

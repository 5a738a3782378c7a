"""What a device publishes is acknowledged when it is committed, in order; what is refused never is."""

import orjson
import pytest

from gateway.auth.model import ViolationReason
from gateway.intake.model import PresenceCause
from gateway.mqtt.encoder import encode
from gateway.mqtt.packets import PubAck, Publish, PubRel, Subscribe
from tests.harness.doors import START, FrontDoor

OWN = "/sys/bin3/bin-1/thing/event/property/post"
STATE = "/sys/bin3/bin-1/state"


def message(packet_id: int, payload: bytes = b"{}", topic: str = OWN) -> Publish:
    return Publish(topic, payload, 1, packet_id=packet_id)


async def test_puback_comes_after_the_commit_and_not_before(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(message(7, b"payload"))
    (delivery,) = await front.intake.received(1)
    await peer.expect_silence()
    front.intake.commit()

    await peer.expect(PubAck(7))
    assert (delivery.topic, delivery.payload, delivery.qos, delivery.received_at) == (OWN, b"payload", 1, START)
    assert delivery.device == front.registry.get("bin3", "bin-1")


async def test_pubacks_keep_the_order_of_receipt(front: FrontDoor) -> None:
    peer = await front.device("bin-1")
    packet_ids = (5, 3, 9, 1)

    peer.send(*(message(packet_id) for packet_id in packet_ids))
    deliveries = await front.intake.received(4)
    source = deliveries[0].source
    source.committed([delivery.token for delivery in deliveries[2:]])
    await peer.expect_silence()
    source.committed([delivery.token for delivery in deliveries[:2]])

    await peer.expect(*map(PubAck, packet_ids))


async def test_a_packet_id_used_twice_is_two_messages_acknowledged_twice(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(message(1, b"a"), message(1, b"b"))
    await front.intake.received(2)
    front.intake.commit()

    await peer.expect(PubAck(1), PubAck(1))
    assert [delivery.payload for delivery in front.intake.deliveries] == [b"a", b"b"]


async def test_qos_0_is_taken_and_not_acknowledged(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(Publish(OWN, b"x"))
    (delivery,) = await front.intake.received(1)
    front.intake.commit()

    assert delivery.token == 0
    await peer.expect_silence()


async def test_topic_without_its_leading_slash_is_the_device_s_own(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(message(1, topic=OWN.removeprefix("/")))

    (delivery,) = await front.intake.received(1)
    assert delivery.topic == OWN.removeprefix("/")


async def test_state_may_be_retained(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(Publish(STATE, b'{"s":"on"}', 1, retain=True, packet_id=1))

    (delivery,) = await front.intake.received(1)
    assert delivery.retain


async def test_commit_after_the_end_of_the_connection_acknowledges_nobody(front: FrontDoor) -> None:
    peer = await front.device("bin-1")
    peer.send(message(1))
    (delivery,) = await front.intake.received(1)
    peer.reset()
    await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.WILL)
    again = await front.device("bin-1")

    front.intake.commit()

    assert delivery.source.closed()
    await again.expect_silence()


REFUSED = [
    (message(2, topic="/sys/bin3/bin-2/thing/event/full/post"), ViolationReason.FOREIGN_TOPIC),
    (message(2, topic="/sys/bin3/bin-10/state"), ViolationReason.FOREIGN_TOPIC),
    (message(2, topic="/sys/other/bin-1/state"), ViolationReason.FOREIGN_TOPIC),
    (message(2, topic="$SYS/broker/uptime"), ViolationReason.FOREIGN_TOPIC),
    (message(2, topic="/sys/bin3/bin-1"), ViolationReason.FOREIGN_TOPIC),
    (Publish("/sys/bin3/bin-2/state", b"x"), ViolationReason.FOREIGN_TOPIC),
    (Publish(OWN, b"x", 1, retain=True, packet_id=2), ViolationReason.RETAINED),
    (Publish(OWN, b"x", 2, packet_id=2), ViolationReason.QOS_2),
    (message(2, b"x" * (64 * 1024 + 1)), ViolationReason.OVERSIZE),
    (message(2, topic="/sys/bin3/+/state"), ViolationReason.WILDCARD_TOPIC),
    (message(2, topic="/sys/bin3/bin-1/#"), ViolationReason.WILDCARD_TOPIC),
    (PubRel(2), ViolationReason.UNEXPECTED_PACKET),
    (b"\x30\x80\x80\x80\x08", ViolationReason.OVERSIZE),  # 16 MiB announced, none sent
    (b"\x32\xff\xff\xff\xff", ViolationReason.MALFORMED),
    (b"\x00\x00", ViolationReason.MALFORMED),
    (b"\x32\x06\x00\x02\xc3\x28\x00\x02", ViolationReason.MALFORMED),
    (b"\x32\x05\x00\x01\x00\x00\x02", ViolationReason.MALFORMED),
]
NAMES = (
    "topic of another device", "prefix of another device's name", "topic of another product", "broker's topic",
    "parent of the own topics", "qos 0 to another device", "retained event", "qos 2", "payload one byte too long",
    "single wildcard", "multi wildcard", "packet of a qos 2 exchange", "announced oversize", "endless length",
    "reserved type", "topic not utf-8", "topic with nul",
)  # fmt: skip


@pytest.mark.parametrize(("refused", "reason"), REFUSED, ids=NAMES)
async def test_refused_message_is_never_acknowledged_closed_and_counted(
    front: FrontDoor, refused: Publish | PubRel | bytes, reason: ViolationReason
) -> None:
    peer = await front.device("bin-1")
    peer.send(message(1))
    await front.intake.received(1)

    peer.send(refused, message(3))
    front.intake.commit()

    heard = [await peer.hear(), await peer.hear()]
    assert heard in ([PubAck(1), None], [None, None])
    (violation,) = await front.violated(reason)
    assert (violation.client, violation.device) == ("bin3-bin-1", front.registry.get("bin3", "bin-1"))
    assert front.endpoint.counts.violations == {reason: 1}
    assert [delivery.payload for delivery in front.intake.deliveries] == [b"{}"]


async def test_payload_of_exactly_the_limit_is_taken(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(message(1, b"x" * (64 * 1024)))

    (delivery,) = await front.intake.received(1)
    assert len(delivery.payload) == 64 * 1024


async def test_messages_cut_into_single_bytes_arrive_whole(front: FrontDoor) -> None:
    peer = await front.device("bin-1")
    raw = encode(message(1, b"one")) + encode(message(2, b"two"))

    for at in range(len(raw)):
        peer.send(raw[at : at + 1])
        await peer.drained()

    deliveries = await front.intake.received(2)
    assert [delivery.payload for delivery in deliveries] == [b"one", b"two"]


@pytest.mark.parametrize(("sent", "kind"), [(1_795_373_600_000, int), ("1795373600000", str)])
async def test_time_request_is_answered_in_the_device_s_own_way(front: FrontDoor, sent: object, kind: type) -> None:
    peer = await front.device("bin-1")
    topic = "/ext/ntp/bin3/bin-1/response"
    peer.send(Subscribe(1, ((topic, 0),)))
    await peer.hear()

    peer.send(Publish("/ext/ntp/bin3/bin-1/request", orjson.dumps({"deviceSendTime": sent})))

    answer = await peer.hear()
    assert isinstance(answer, Publish)
    start = kind(int(START.timestamp() * 1000))
    assert answer.topic == topic
    assert orjson.loads(answer.payload) == {"deviceSendTime": sent, "serverRecvTime": start, "serverSendTime": start}
    assert front.intake.deliveries == []


async def test_time_request_at_qos_1_is_acknowledged_in_its_turn(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(message(1), message(2, b'{"deviceSendTime":1}', "/ext/ntp/bin3/bin-1/request"))
    await front.intake.received(1)
    await peer.expect_silence()
    front.intake.commit()

    await peer.expect(PubAck(1), PubAck(2))


async def test_malformed_time_request_goes_to_the_intake(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(message(1, b"what time is it", "/ext/ntp/bin3/bin-1/request"))

    (delivery,) = await front.intake.received(1)
    assert delivery.payload == b"what time is it"

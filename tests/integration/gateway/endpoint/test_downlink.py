"""What reaches a device: its own topics only, as it subscribed to them, within a window."""

import pytest

from gateway.auth.model import ViolationReason
from gateway.endpoint.downlink import Outcome
from gateway.endpoint.options import EndpointOptions, Listener
from gateway.mqtt.packets import SUBSCRIPTION_REFUSED, PubAck, Publish, SubAck, Subscribe, UnsubAck, Unsubscribe
from tests.harness.doors import FrontDoor, ManualTimers, Open, Peer

ROOT = "/sys/bin3/bin-1/thing"


async def subscribed(front: FrontDoor, topic_filter: str = f"{ROOT}/#", qos: int = 1) -> tuple[Peer, int]:
    peer = await front.device("bin-1")
    peer.send(Subscribe(1, ((topic_filter, qos),)))
    await peer.expect(SubAck(1, (min(qos, 1),)))
    device = front.registry.get("bin3", "bin-1")
    assert device is not None
    return peer, device.id


@pytest.mark.parametrize(
    ("topic_filter", "code"),
    [
        (f"{ROOT}/#", 1),
        (f"{ROOT}/service/+", 1),
        ("sys/bin3/bin-1/#", 1),
        ("/ext/ntp/bin3/bin-1/response", 1),
        ("#", SUBSCRIPTION_REFUSED),
        ("+/bin3/bin-1/#", SUBSCRIPTION_REFUSED),
        ("/sys/bin3/+/thing/#", SUBSCRIPTION_REFUSED),
        ("/sys/bin3/bin-2/thing/#", SUBSCRIPTION_REFUSED),
        ("/sys/bin3/#", SUBSCRIPTION_REFUSED),
        ("$SYS/#", SUBSCRIPTION_REFUSED),
        (f"$share/g/{ROOT}/#", SUBSCRIPTION_REFUSED),
    ],
)
async def test_only_own_topics_may_be_subscribed(front: FrontDoor, topic_filter: str, code: int) -> None:
    peer = await front.device("bin-1")

    peer.send(Subscribe(9, ((topic_filter, 1), (f"{ROOT}/service/restart", 2))))

    await peer.expect(SubAck(9, (code, 1)))
    refused = code == SUBSCRIPTION_REFUSED
    assert front.endpoint.counts.violations[ViolationReason.FOREIGN_SUBSCRIPTION] == int(refused)


async def test_message_reaches_the_subscriber_and_is_acknowledged(front: FrontDoor) -> None:
    peer, device_id = await subscribed(front)

    assert front.endpoint.send(device_id, f"{ROOT}/service/restart", b"{}") is Outcome.SENT

    await peer.expect(Publish(f"{ROOT}/service/restart", b"{}", 1, packet_id=1))
    peer.send(PubAck(1))
    await peer.expect_silence()


async def test_receipt_goes_through_the_source_of_the_delivery(front: FrontDoor) -> None:
    peer, _ = await subscribed(front, qos=0)
    peer.send(Publish(f"{ROOT}/event/full/post", b"{}"))
    (delivery,) = await front.intake.received(1)

    delivery.source.publish(f"{delivery.topic}_reply", b"committed")

    await peer.expect(Publish(f"{ROOT}/event/full/post_reply", b"committed"))


async def test_device_that_left_the_slash_out_is_answered_without_it(front: FrontDoor) -> None:
    peer, device_id = await subscribed(front, "sys/bin3/bin-1/thing/#", qos=0)

    front.endpoint.send(device_id, f"{ROOT}/service/restart", b"{}")

    await peer.expect(Publish("sys/bin3/bin-1/thing/service/restart", b"{}"))


async def test_unsubscribed_topic_is_not_sent(front: FrontDoor) -> None:
    peer, device_id = await subscribed(front)

    peer.send(Unsubscribe(2, (f"{ROOT}/#",)))
    await peer.expect(UnsubAck(2))

    assert front.endpoint.send(device_id, f"{ROOT}/service/restart", b"{}") is Outcome.UNSUBSCRIBED
    await peer.expect_silence()


async def test_message_to_an_absent_device_is_told_to_be_offline(front: FrontDoor) -> None:
    assert front.endpoint.send(404, "/sys/bin3/bin-1/thing/x", b"") is Outcome.OFFLINE


async def test_window_holds_back_until_the_device_acknowledges(open_front: Open) -> None:
    front = await open_front(options=EndpointOptions(listeners=(Listener(port=0),), downlink_window=2))
    peer, device_id = await subscribed(front)

    outcomes = [front.endpoint.send(device_id, f"{ROOT}/s", bytes((number,))) for number in range(4)]

    assert outcomes == [Outcome.SENT, Outcome.SENT, Outcome.QUEUED, Outcome.QUEUED]
    await peer.expect(*(Publish(f"{ROOT}/s", bytes((n,)), 1, packet_id=n + 1) for n in range(2)))
    await peer.expect_silence()
    peer.send(PubAck(2))
    await peer.expect(Publish(f"{ROOT}/s", b"\x02", 1, packet_id=3))
    peer.send(PubAck(2), PubAck(1))  # a second acknowledgement of 2 opens nothing
    await peer.expect(Publish(f"{ROOT}/s", b"\x03", 1, packet_id=4))


async def test_device_that_acknowledges_nothing_is_closed_when_its_queue_is_full(open_front: Open) -> None:
    options = EndpointOptions(listeners=(Listener(port=0),), downlink_window=1, downlink_queue_max=2)
    front = await open_front(options=options)
    peer, device_id = await subscribed(front)

    outcomes = [front.endpoint.send(device_id, f"{ROOT}/s", b"x") for _ in range(4)]

    assert outcomes == [Outcome.SENT, Outcome.QUEUED, Outcome.QUEUED, Outcome.OVERFLOW]
    await front.violated(ViolationReason.SLOW_READER)
    assert await peer.hear() in (Publish(f"{ROOT}/s", b"x", 1, packet_id=1), None)


async def test_device_that_reads_nothing_is_closed_after_a_while(open_front: Open) -> None:
    front = await open_front(timers=ManualTimers())
    _, device_id = await subscribed(front, qos=0)
    while front.endpoint.send(device_id, f"{ROOT}/s", b"x" * 65536) is Outcome.SENT:
        pass

    front.pass_time(30)

    await front.violated(ViolationReason.SLOW_READER)
    assert front.endpoint.counts.unread == 0


async def test_too_many_subscriptions_are_refused_and_the_connection_stays(open_front: Open) -> None:
    front = await open_front(options=EndpointOptions(listeners=(Listener(port=0),), subscriptions_max=1))
    peer, _ = await subscribed(front)

    peer.send(Subscribe(2, ((f"{ROOT}/a", 1), (f"{ROOT}/#", 0))))

    await peer.expect(SubAck(2, (SUBSCRIPTION_REFUSED, 0)))
    await front.violated(ViolationReason.SUBSCRIPTION_LIMIT)

"""A full intake: nothing is lost, nothing grows without bound, and pings are answered as long as memory allows."""

from gateway.endpoint.options import EndpointOptions, Listener
from gateway.intake.model import PresenceCause
from gateway.mqtt.packets import PingReq, PingResp, PubAck, Publish
from tests.harness.doors import FrontDoor, ManualTimers, Open, until

OWN = "/sys/bin3/{}/thing/event/property/post"


def limits(**limit: int) -> EndpointOptions:
    return EndpointOptions(listeners=(Listener(port=0),), **limit)


def messages(name: str, count: int, size: int = 1000) -> list[Publish]:
    return [
        Publish(OWN.format(name), number.to_bytes(2, "big") + bytes(size - 2), 1, packet_id=number + 1)
        for number in range(count)
    ]


def received(front: FrontDoor, name: str) -> list[int]:
    return [
        int.from_bytes(delivery.payload[:2], "big")
        for delivery in front.intake.deliveries
        if delivery.device is not None and delivery.device.name == name
    ]


async def test_held_messages_follow_in_order_when_there_is_room(front: FrontDoor) -> None:
    peer = await front.device("bin-1")
    front.intake.full = True
    front.intake.commits = True
    peer.send(*messages("bin-1", 5), PingReq())
    await peer.expect(PingResp())  # behind the messages, and yet answered
    assert front.intake.deliveries == []

    front.intake.make_room()

    await peer.expect(*(PubAck(number + 1) for number in range(5)))
    assert received(front, "bin-1") == list(range(5))
    assert front.endpoint.counts.held_bytes == 0


async def test_room_for_some_is_given_to_those_who_waited_longest(front: FrontDoor) -> None:
    first, second = await front.device("bin-1"), await front.device("bin-2")
    front.intake.full = True
    for peer, name in ((first, "bin-1"), (second, "bin-2")):
        peer.send(*messages(name, 2))
        await peer.expect_silence()

    front.intake.room = 3
    front.intake.make_room()

    assert (received(front, "bin-1"), received(front, "bin-2")) == ([0, 1], [0])
    first.send(*messages("bin-1", 1))
    await first.expect_silence()
    front.intake.room = 10
    front.intake.make_room()
    assert (received(front, "bin-1"), received(front, "bin-2")) == ([0, 1, 0], [0, 1])


async def test_connection_that_holds_enough_is_not_read_and_loses_nothing(open_front: Open) -> None:
    front = await open_front(options=limits(held_connection_bytes=10_000))
    flooding = await front.device("bin-1")
    front.intake.full = True
    flooding.send(*messages("bin-1", 3000))
    await until(lambda: front.endpoint.counts.unread == 1)
    assert front.endpoint.counts.held_bytes < 10_000 + 300_000  # the limit and one read

    front.intake.commits = True
    front.intake.make_room()

    await flooding.expect(*(PubAck(number + 1) for number in range(3000)))
    assert received(front, "bin-1") == list(range(3000))
    assert (front.endpoint.counts.unread, front.endpoint.counts.held_bytes) == (0, 0)


async def test_all_connections_together_hold_no_more_than_the_limit(open_front: Open) -> None:
    front = await open_front(options=limits(held_bytes=50_000, held_connection_bytes=20_000))
    names = [f"bin-{number}" for number in range(10)]
    peers = [await front.device(name) for name in names]
    front.intake.full = True
    for peer, name in zip(peers, names, strict=True):
        peer.send(*messages(name, 15))
    await until(lambda: front.endpoint.counts.unread >= 10)
    assert front.endpoint.counts.held_bytes <= 50_000 + 15 * 1300

    front.intake.commits = True
    front.intake.make_room()

    for peer, name in zip(peers, names, strict=True):
        await peer.expect(*(PubAck(number + 1) for number in range(15)))
        assert received(front, name) == list(range(15))
    assert front.endpoint.counts.unread == 0


async def test_silence_while_we_do_not_read_is_not_the_device_s_fault(open_front: Open) -> None:
    front = await open_front(options=limits(held_connection_bytes=1000), timers=ManualTimers())
    peer = await front.device("bin-1", keep_alive_s=60)
    front.intake.full = True
    peer.send(*messages("bin-1", 2))
    await until(lambda: front.endpoint.counts.unread == 1)

    front.pass_time(500)
    assert front.endpoint.counts.devices == 1
    front.intake.make_room()
    front.pass_time(89)
    await peer.expect_silence()

    front.pass_time(90)
    await peer.expect_close()


async def test_too_many_unacknowledged_messages_pause_the_connection_until_half_are_committed(
    open_front: Open,
) -> None:
    front = await open_front(options=limits(unacknowledged_max=4))
    peer = await front.device("bin-1")
    peer.send(*messages("bin-1", 5))
    await front.intake.received(5)
    assert front.endpoint.counts.unread == 1

    front.intake.commit(2)
    assert front.endpoint.counts.unread == 1
    front.intake.commit(1)

    assert front.endpoint.counts.unread == 0
    await peer.expect(PubAck(1), PubAck(2), PubAck(3))
    await peer.expect_silence()


async def test_held_messages_of_a_broken_connection_are_counted_and_never_acknowledged(front: FrontDoor) -> None:
    peer = await front.device("bin-1")
    front.intake.full = True
    peer.send(*messages("bin-1", 3))
    await peer.expect_silence()

    peer.reset()
    await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.WILL)
    front.intake.make_room()

    assert front.intake.deliveries == []
    assert (front.endpoint.counts.forgotten, front.endpoint.counts.held_bytes) == (3, 0)


async def test_message_that_comes_as_room_comes_waits_behind_those_held_before(front: FrontDoor) -> None:
    peer = await front.device("bin-1")
    sent = messages("bin-1", 3)
    front.intake.full = True
    peer.send(*sent[:2])
    await peer.expect_silence()

    front.intake.full = False  # the listeners are not told yet
    peer.send(sent[2])
    await peer.expect_silence()
    assert front.intake.deliveries == []
    front.intake.make_room()

    assert received(front, "bin-1") == [0, 1, 2]


async def test_what_was_held_before_does_not_count_again(open_front: Open) -> None:
    front = await open_front(options=limits(held_connection_bytes=10_000))
    peer = await front.device("bin-1")
    for _ in range(3):
        front.intake.full = True
        peer.send(*messages("bin-1", 5))
        await peer.expect_silence()
        assert front.endpoint.counts.unread == 0
        front.intake.make_room()

    peer.reset()
    await until(lambda: front.endpoint.counts.connections == 0)

    assert front.endpoint.counts.held_bytes == 0

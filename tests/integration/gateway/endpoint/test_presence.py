"""How a device goes: by its own DISCONNECT, without a word, in silence, replaced, or revoked."""

from dataclasses import replace

import pytest

from gateway.auth.model import ViolationReason
from gateway.intake.model import PresenceCause
from gateway.mqtt.packets import Disconnect, PingReq, PingResp, PubAck, Publish, Will
from tests.harness.doors import FrontDoor

WILL = Will("/sys/bin3/bin-1/state", b'{"s":"off","sid":57}', 1, retain=True)


def wills(front: FrontDoor) -> list[bytes]:
    return [delivery.payload for delivery in front.intake.deliveries]


async def test_disconnect_takes_the_will_back(front: FrontDoor) -> None:
    peer = await front.device("bin-1", will=WILL)

    peer.send(Disconnect())

    await peer.expect_close()
    changes = await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.DISCONNECTED)
    assert [change.online for change in changes] == [True, False]
    assert wills(front) == []


async def test_broken_connection_speaks_the_will_before_the_presence(front: FrontDoor) -> None:
    peer = await front.device("bin-1", will=WILL)

    peer.reset()

    await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.WILL)
    (will,) = front.intake.deliveries
    assert (will.topic, will.payload, will.retain, will.token) == (WILL.topic, WILL.payload, True, 0)
    assert will.device == front.registry.get("bin3", "bin-1")


async def test_violation_speaks_the_will(front: FrontDoor) -> None:
    peer = await front.device("bin-1", will=WILL)

    peer.send(b"\x00\x00")

    await peer.expect_close()
    await front.violated(ViolationReason.MALFORMED)
    assert wills(front) == [WILL.payload]


async def test_take_over_speaks_the_will_of_the_older_connection_first(front: FrontDoor) -> None:
    await front.device("bin-1", will=WILL)
    await front.device("bin-1")

    await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.TAKEN_OVER)
    assert wills(front) == [WILL.payload]


async def test_silence_of_one_and_a_half_keep_alives_ends_the_connection(timed: FrontDoor) -> None:
    peer = await timed.device("bin-1", will=WILL, keep_alive_s=60)

    timed.pass_time(89)
    await peer.expect_silence()  # a ping: the count starts again
    timed.pass_time(89)
    assert timed.endpoint.counts.devices == 1
    timed.pass_time(1)

    await peer.expect_close()
    await timed.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.KEEP_ALIVE)
    assert wills(timed) == [WILL.payload]


async def test_half_a_packet_is_no_sign_of_life(timed: FrontDoor) -> None:
    peer = await timed.device("bin-1", keep_alive_s=60)
    timed.pass_time(80)

    peer.send(b"\x30")
    await timed.settled()
    timed.pass_time(10)

    await peer.expect_close()


async def test_keep_alive_of_zero_never_ends(timed: FrontDoor) -> None:
    peer = await timed.device("bin-1", keep_alive_s=0)

    timed.pass_time(1_000_000)

    await peer.expect_silence()


async def test_revoked_device_is_closed_and_its_will_is_not_spoken(front: FrontDoor) -> None:
    peer = await front.device("bin-1", will=WILL)
    device = front.registry.get("bin3", "bin-1")
    assert device is not None

    assert front.endpoint.close_device(device.id)

    await peer.expect_close()
    await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.REVOKED)
    assert wills(front) == []
    assert not front.endpoint.close_device(device.id)


@pytest.mark.parametrize("change", [{"enabled": False}, {"secret_hmac": b"another"}, None])
async def test_directory_that_withdraws_a_device_closes_it(front: FrontDoor, change: dict[str, object] | None) -> None:
    peer = await front.device("bin-1")
    device = front.registry.get("bin3", "bin-1")
    assert device is not None

    front.endpoint.refresh_device(device.id, None if change is None else replace(device, **change))  # type: ignore[arg-type]

    await peer.expect_close()
    await front.intake.heard_presence(PresenceCause.CONNECTED, PresenceCause.REVOKED)


async def test_device_that_was_moved_stays_connected_and_delivers_as_what_it_is_now(front: FrontDoor) -> None:
    peer = await front.device("bin-1")
    device = front.registry.get("bin3", "bin-1")
    assert device is not None
    moved = replace(device, area_id="elsewhere")

    front.endpoint.refresh_device(device.id, moved)
    peer.send(Publish("/sys/bin3/bin-1/state", b"{}"))

    (delivery,) = await front.intake.received(1)
    assert delivery.device == moved


async def test_stopping_endpoint_acknowledges_what_it_has_and_reads_no_more(front: FrontDoor) -> None:
    peer = await front.device("bin-1", will=WILL)
    peer.send(Publish("/sys/bin3/bin-1/state", b"1", 1, packet_id=1))
    await front.intake.received(1)

    front.endpoint.stop_reading()
    peer.send(Publish("/sys/bin3/bin-1/state", b"2", 1, packet_id=2))
    front.intake.commit()
    await peer.expect(PubAck(1))
    await front.endpoint.close()

    await peer.expect_close()
    assert wills(front) == [b"1"]
    assert [change.cause for change in front.intake.presence] == [PresenceCause.CONNECTED]


async def test_ping_is_answered(front: FrontDoor) -> None:
    peer = await front.device("bin-1")

    peer.send(PingReq(), PingReq())

    await peer.expect(PingResp(), PingResp())

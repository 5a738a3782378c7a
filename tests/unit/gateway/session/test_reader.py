"""What a reader acknowledges, and what it takes for a repetition (ruling D7)."""

import asyncio
from collections.abc import Sequence

import pytest

from gateway.mqtt.packets import Publish
from gateway.session.metrics import SessionCounts
from gateway.session.options import SessionOptions
from gateway.session.reader import Reader, device_of
from runtime.clock import SimulatedClock
from tests.harness.doors import START, RecordingIntake, Registry

OWN = "/sys/bin3/bin-1/thing/event/property/post"


class Outlet:
    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.published: list[str] = []
        self.reading = True

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        self.acknowledged.extend(packet_ids)

    def publish(self, topic: str, payload: bytes) -> bool:
        del payload
        self.published.append(topic)
        return len(self.published) <= 1

    def stop_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Door:
    def __init__(self, **options: int) -> None:
        self.intake, self.outlet, self.counts, self.devices = RecordingIntake(), Outlet(), SessionCounts(), Registry()
        self.reader = Reader(
            intake=self.intake,
            devices=self.devices,
            clock=SimulatedClock(START),
            options=SessionOptions(host="broker", **options),  # type: ignore[arg-type]
            counts=self.counts,
        )
        self.reader.attach(self.outlet)
        self.intake.add_room_listener(self.reader.offer_held)

    def hear(self, packet_id: int, payload: bytes = b"x", *, dup: bool = False, qos: int = 1) -> None:
        self.reader.received(Publish(OWN, payload, qos, dup=dup, packet_id=packet_id))

    def payloads(self) -> list[bytes]:
        return [delivery.payload for delivery in self.intake.deliveries]


@pytest.fixture
async def door() -> Door:
    assert asyncio.get_running_loop()
    return Door()


async def test_acknowledged_in_order_after_the_commit(door: Door) -> None:
    for packet_id in (4, 2, 9):
        door.hear(packet_id)
    assert door.outlet.acknowledged == []

    door.reader.committed([2])
    assert door.outlet.acknowledged == []
    door.intake.commit()

    assert door.outlet.acknowledged == [4, 2, 9]


async def test_dup_of_a_held_packet_id_is_dropped(door: Door) -> None:
    door.hear(4, b"a")
    door.hear(4, b"a", dup=True)
    door.intake.commit()

    assert (door.payloads(), door.outlet.acknowledged, door.counts.repeated) == ([b"a"], [4], 1)


async def test_dup_of_an_acknowledged_message_is_dropped_and_never_acknowledged_again(door: Door) -> None:
    door.hear(4, b"a")
    door.intake.commit()
    door.hear(4, b"a", dup=True)
    door.intake.commit()

    assert (door.payloads(), door.outlet.acknowledged, door.counts.repeated) == ([b"a"], [4], 1)


async def test_dup_with_another_content_under_an_acknowledged_id_is_a_message(door: Door) -> None:
    door.hear(4, b"a")
    door.intake.commit()
    door.hear(4, b"b", dup=True)
    door.intake.commit()

    assert (door.payloads(), door.outlet.acknowledged) == ([b"a", b"b"], [4, 4])


async def test_packet_id_used_again_without_dup_is_a_message(door: Door) -> None:
    door.hear(4, b"a")
    door.hear(4, b"a")
    door.intake.commit(1)
    door.hear(4, b"a", dup=True)
    door.intake.commit()

    assert (door.payloads(), door.outlet.acknowledged, door.counts.repeated) == ([b"a", b"a"], [4, 4], 1)


async def test_dup_of_an_earlier_connection_is_a_message(door: Door) -> None:
    door.hear(4, b"a", dup=True)
    door.intake.commit()

    assert (door.payloads(), door.outlet.acknowledged, door.counts.redelivered) == ([b"a"], [4], 1)


async def test_commit_after_the_connection_acknowledges_nothing(door: Door) -> None:
    door.hear(4)
    door.reader.detach()
    door.intake.commit()

    assert (door.outlet.acknowledged, door.counts.stale, door.reader.closed()) == ([], 1, True)


async def test_qos_0_is_taken_and_counted_as_unpromised(door: Door) -> None:
    door.hear(0, qos=0)
    door.hear(0, qos=0)
    door.intake.commit()

    assert (len(door.payloads()), door.outlet.acknowledged, door.counts.received_qos0) == (2, [], 2)


async def test_full_intake_holds_then_stops_reading_and_resumes_with_room() -> None:
    door = Door(held_messages=2)
    door.intake.full = True
    for packet_id in (1, 2):
        door.hear(packet_id)
    assert door.outlet.reading
    door.hear(3)
    assert not door.outlet.reading

    door.intake.room = 2
    door.intake.make_room()
    assert (len(door.payloads()), door.outlet.reading, door.counts.held) == (2, False, 1)
    door.intake.room = None
    door.intake.make_room()

    assert (len(door.payloads()), door.outlet.reading, door.counts.held) == (3, True, 0)


async def test_stopped_reader_takes_nothing_and_acknowledges_what_it_took(door: Door) -> None:
    door.hear(1, b"a")
    door.reader.stop()
    door.hear(2, b"b")
    door.intake.commit()

    assert (door.payloads(), door.outlet.acknowledged) == ([b"a"], [1])


async def test_receipts_that_find_no_room_are_counted(door: Door) -> None:
    for _ in range(3):
        door.reader.publish(f"{OWN}_reply", b"")

    assert (door.counts.receipts, door.counts.receipts_dropped) == (1, 2)


@pytest.mark.parametrize(
    ("topic", "known"),
    [
        (OWN, True),
        (OWN.removeprefix("/"), True),
        ("/sys/bin3/bin-1/state", True),
        ("/sys/bin3/bin-2/state", False),
        ("/sys/bin3/bin-1", False),
        ("/other/bin3/bin-1/state", False),
        ("", False),
    ],
)
def test_device_is_told_by_the_topic(topic: str, known: bool) -> None:
    registry = Registry()
    device = registry.add("bin-1")

    assert device_of(topic, registry) == (device if known else None)

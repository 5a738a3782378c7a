"""What a batch leaves in the database: readings, latest values, events, counts; redeliveries and corrections."""

from datetime import timedelta

from tests.harness.intake import NOON, IntakeUnderTest

MS = 1000


def millis(seconds: float) -> int:
    """UTC milliseconds so many seconds after noon."""
    return round((NOON.timestamp() + seconds) * MS)


async def test_property_post_becomes_a_reading_and_the_latest_values(bench: IntakeUnderTest) -> None:
    bench.post("bin-1", {"fill_pct": 40, "temperature_c": {"value": 21.5, "time": millis(-10)}})
    await bench.committed()
    rows = await bench.rows("SELECT effective_at, received_at, type_version, v, extra FROM readings ORDER BY 1")
    assert [(row["effective_at"], row["v"]) for row in rows] == [
        (NOON - timedelta(seconds=10), [None, 21.5, None, None]),
        (NOON, [40.0, None, None, None]),
    ]
    (state,) = await bench.rows("SELECT latest, last_seen_at FROM device_state")
    assert {name: told["value"] for name, told in state["latest"].items()} == {"fill_pct": 40.0, "temperature_c": 21.5}
    assert state["last_seen_at"] == NOON
    assert bench.source.acknowledged == [1]
    assert await bench.conservation() == {"waste_bin": (1, 1, 0, 0)}


async def test_device_event_stands_in_the_log_with_the_devices_place(bench: IntakeUnderTest) -> None:
    bench.report("gate-1", "forced_open", {"lane": 2}, product="access_gate", time=millis(-3))
    await bench.committed()
    (event,) = await bench.events()
    assert (event.stream, event.seq, event.kind, event.severity, event.raised) == (
        "gateway-0", 1, "perimeter_intrusion", 3, True,
    )  # fmt: skip
    assert (event.subject, event.place, event.area_path) == ("access_gate/gate-1", "gate 3", ("test",))
    assert event.x_dm is not None
    assert event.effective_at == NOON - timedelta(seconds=3)
    assert event.body == {"event": "forced_open", "value": {"lane": 2}}


async def test_phases_of_a_scene_are_versions_and_its_end_an_event_of_its_own(bench: IntakeUnderTest) -> None:
    scene = {"eventId": "c1-57", "label": "smoke", "score": 0.8, "startTime": millis(0)}
    for phase, frame_s in (("start", 0), ("update", 4), ("end", 9)):
        value = scene | {"phase": phase, "frameTime": millis(frame_s)}
        bench.report("cam-1", "smoke", value, product="smart_security_camera", time=millis(frame_s))
    await bench.committed()
    start, update, end = await bench.events()
    assert start.uid == update.uid != end.uid
    assert start.revision < update.revision
    assert (start.effective_at, update.effective_at) == (NOON, NOON)
    assert (start.raised, update.raised, end.raised) == (True, True, False)
    assert end.effective_at == NOON + timedelta(seconds=9)


async def test_record_of_a_feed_brings_its_own_subject_place_and_revision(bench: IntakeUnderTest) -> None:
    record = {
        "recordId": "R-1", "subject": "I-2026-7", "type": "EMS", "occurredAt": millis(-600), "revision": 5,
        "lon": 104.07, "lat": 30.67, "place": "Renmin Road",
    }  # fmt: skip
    bench.send(
        "/sys/dispatch_feed/feed-1/thing/event/property/history/post",
        {"id": "a", "revision": 5, "params": [{"events": [{"record": {"value": record, "time": millis(0)}}]}]},
    )
    await bench.committed()
    (event,) = await bench.events()
    assert (event.subject, event.revision, event.place) == ("I-2026-7", 5, "Renmin Road")
    assert (event.lon, event.lat) == (104.07, 30.67)
    assert event.effective_at == NOON - timedelta(seconds=600)


async def test_duplicate_of_this_batch_and_of_a_committed_one_is_stored_once(bench: IntakeUnderTest) -> None:
    bench.post("bin-1", {"fill_pct": 40}, sid=57, seq=1)
    bench.post("bin-1", {"fill_pct": 40}, sid=57, seq=1)
    await bench.committed()
    bench.post("bin-1", {"fill_pct": 40}, sid=57, seq=1)
    bench.post("bin-2", {"fill_pct": 40}, sid=57, seq=1)
    await bench.committed()
    assert await bench.value("SELECT count(*) FROM readings") == 2
    assert bench.source.acknowledged == [1, 2, 3, 4]
    assert await bench.conservation() == {"waste_bin": (4, 2, 2, 0)}


async def test_message_id_is_a_key_for_today_and_yesterday(bench: IntakeUnderTest) -> None:
    days = [NOON, NOON + timedelta(days=1), NOON + timedelta(days=3)]
    for day in days:
        bench.post("bin-1", {"fill_pct": 40}, id="8841", at=day)
        await bench.committed()
    assert await bench.conservation() == {"waste_bin": (3, 2, 1, 0)}
    assert await bench.value("SELECT count(*) FROM delivery_keys") == 1  # Older days are dropped whole.


async def test_message_without_a_key_is_stored_every_time(bench: IntakeUnderTest) -> None:
    bench.post("bin-1", {"fill_pct": 40})
    bench.post("bin-1", {"fill_pct": 40})
    await bench.committed()
    assert await bench.value("SELECT count(*) FROM readings") == 2


async def test_redelivered_event_with_other_control_fields_is_a_duplicate(bench: IntakeUnderTest) -> None:
    bench.report("gate-1", "tamper", {}, product="access_gate", id="7")
    bench.report("gate-1", "tamper", {}, product="access_gate", id="7", sys={"ack": 1}, version="1.0")
    await bench.committed()
    assert len(await bench.events()) == 1
    assert await bench.conservation() == {"access_gate": (2, 1, 1, 0)}


async def test_properties_of_other_types_of_value_are_kept_beside_the_numbers(bench: IntakeUnderTest) -> None:
    bench.post("bin-1", {"fill_pct": 12, "waste": "kitchen"})
    await bench.committed()
    assert await bench.rows("SELECT v, extra FROM readings") == [
        {"v": [12.0, None, None, None], "extra": {"waste": "kitchen"}}
    ]
    assert (await bench.value("SELECT latest FROM device_state"))["waste"]["value"] == "kitchen"


async def test_batch_post_spreads_values_over_their_times(bench: IntakeUnderTest) -> None:
    points = {
        "fill_pct": [{"value": 10, "time": millis(-60)}, {"value": 20, "time": millis(-30)}],
        "tilt_deg": [{"value": 1, "time": millis(-30)}],
    }
    bench.send("sys/waste_bin/bin-1/thing/event/property/batch/post", {"params": {"properties": points}})
    await bench.committed()
    rows = await bench.rows("SELECT effective_at, v FROM readings ORDER BY 1")
    assert [row["v"] for row in rows] == [[10.0, None, None, None], [20.0, None, 1.0, None]]


async def test_events_of_one_batch_keep_the_order_of_arrival(bench: IntakeUnderTest) -> None:
    for n in range(6):
        bench.report("gate-1", "held_open", {"count": n}, product="access_gate")
    await bench.committed()
    events = await bench.events()
    assert [event.body["value"]["count"] for event in events] == list(range(6))
    assert [event.seq for event in events] == list(range(1, 7))

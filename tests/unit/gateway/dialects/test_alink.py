"""Alink topics and payloads: what each says, and why what is wrong is refused."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from events.model import QuarantineReason
from gateway.dialects.model import Message, RefusedError
from gateway.dialects.personal import without_personal
from gateway.dialects.registry import find_route
from gateway.dialects.strict_json import parse
from sensors.registry import DEVICE_TYPES

T = 1_795_373_614_120
ROOT = "/sys/p1/d-1"
PROPERTY = f"{ROOT}/thing/event/property/post"


def decode(topic: str, body: Any, device_type: str = "waste_bin") -> Message:
    route = find_route(topic)
    assert route is not None
    return route.decode(route, parse(orjson.dumps(body)), DEVICE_TYPES[device_type])


@pytest.mark.parametrize(
    ("topic", "reply"),
    [
        (PROPERTY, f"{PROPERTY}_reply"),
        (PROPERTY[1:], f"{PROPERTY[1:]}_reply"),
        (f"{ROOT}/thing/event/smoke/post", f"{ROOT}/thing/event/smoke/post_reply"),
        (f"{ROOT}/thing/event/property/batch/post", f"{ROOT}/thing/event/property/batch/post_reply"),
        (f"{ROOT}/thing/event/property/pack/post", f"{ROOT}/thing/event/property/pack/post_reply"),
        (f"{ROOT}/thing/event/property/history/post", f"{ROOT}/thing/event/property/history/post_reply"),
        (f"{ROOT}/state", None),
    ],
)
def test_topic_of_a_device_is_known(topic: str, reply: str | None) -> None:
    route = find_route(topic)
    assert route is not None
    assert (route.product, route.device, route.reply_topic) == ("p1", "d-1", reply)


@pytest.mark.parametrize(
    "topic",
    [
        f"{PROPERTY}_reply",
        f"/{PROPERTY}",
        "/sys/p-1/d/state",
        "/sys/p1//state",
        "/sys/p1/d 1/state",
        f"{ROOT}/thing/event/a/b/post",
        f"{ROOT}/thing/service/reboot",
        f"{ROOT}/state\n",
        "/ext/ntp/p1/d-1/request",
        "",
    ],
)
def test_other_topics_are_unknown(topic: str) -> None:
    assert find_route(topic) is None


def test_values_stand_in_the_order_of_the_type_with_their_times() -> None:
    message = decode(
        PROPERTY, {"params": {"fill_pct": {"value": 86, "time": T}, "temperature_c": {"value": 31.5, "time": T}}}
    )
    assert message.readings == [(T, [86.0, 31.5, None, None], None)]


def test_envelope_says_id_session_sequence_revision_and_receipt() -> None:
    body = {
        "id": 8841,
        "sys": {"ack": 1},
        "sid": 57,
        "seq": 120334,
        "revision": 3,
        "time": T,
        "params": {"fill_pct": 1},
    }
    message = decode(PROPERTY, body)
    assert (message.message_id, message.wants_receipt) == ("8841", True)
    assert (message.session_id, message.seq, message.revision) == (57, 120334, 3)
    assert message.readings[0].observed_ms == T
    assert not decode(PROPERTY, {"params": {"fill_pct": 1}}).wants_receipt


def test_event_takes_its_value_with_or_without_the_wrapping() -> None:
    topic = f"{ROOT}/thing/event/held_open/post"
    wrapped = decode(topic, {"params": {"time": T, "value": {"open_s": 30}}}, "access_gate").events
    bare = decode(topic, {"params": {"time": T, "open_s": 30}}, "access_gate").events
    assert wrapped[0].body == bare[0].body == {"open_s": 30.0}
    assert wrapped[0].observed_ms == bare[0].observed_ms == T


def test_history_gives_readings_in_order_of_time() -> None:
    bundles = [
        {"properties": [{"fill_pct": {"value": 3, "time": T + 2}}, {"fill_pct": {"value": 1, "time": T}}]},
        {
            "identity": {"productKey": "p1", "deviceName": "d-1"},
            "properties": {"fill_pct": {"value": 2, "time": T + 1}},
        },
    ]
    message = decode(f"{ROOT}/thing/event/property/history/post", {"params": bundles})
    assert [reading.values[0] for reading in message.readings] == [1.0, 2.0, 3.0]
    assert message.history


def test_pack_gives_properties_and_events_of_the_device_itself() -> None:
    params = {"properties": {"door_open": {"value": 1, "time": T}}, "events": {"tamper": {"value": {}, "time": T}}}
    message = decode(f"{ROOT}/thing/event/property/pack/post", {"params": params}, "access_gate")
    assert [event.event.name for event in message.events] == ["tamper"]
    assert message.readings[0].values[0] == 1.0


def test_revision_is_no_part_of_what_a_message_says() -> None:
    topic = f"{ROOT}/thing/event/record/post"
    record = {"recordId": "r", "subject": "s", "type": "t", "occurredAt": T}
    one, two, other = (
        decode(topic, {"revision": n, "params": {"value": record | change}}, "dispatch_feed").content
        for n, change in ((1, {"revision": 1}), (2, {"revision": 2}), (2, {"revision": 2, "type": "u"}))
    )
    assert one == two != other


@pytest.mark.parametrize(("word", "online"), [("on", True), ("off", False), ("bye", False)])
def test_state_says_whether_the_device_is_there(word: str, online: bool) -> None:
    message = decode(f"{ROOT}/state", {"s": word, "sid": 57, "t": T, "fw": "1.4"})
    assert message.state == (online, 57, "1.4")


HOSTILE: Mapping[str, tuple[str, Any, QuarantineReason]] = {
    "not an object": ("property", [1], QuarantineReason.BAD_JSON),
    "no params": ("property", {"id": "1"}, QuarantineReason.SCHEMA),
    "params a text": ("property", {"params": "x"}, QuarantineReason.SCHEMA),
    "unknown property": ("property", {"params": {"colour": 1}}, QuarantineReason.SCHEMA),
    "text for a number": ("property", {"params": {"fill_pct": "86"}}, QuarantineReason.SCHEMA),
    "true for a number": ("property", {"params": {"fill_pct": True}}, QuarantineReason.SCHEMA),
    "out of range": ("property", {"params": {"fill_pct": 101}}, QuarantineReason.SCHEMA),
    "time a text": ("property", {"params": {"fill_pct": {"value": 1, "time": "now"}}}, QuarantineReason.SCHEMA),
    "id a list": ("property", {"id": [], "params": {"fill_pct": 1}}, QuarantineReason.SCHEMA),
    "id without end": ("property", {"id": "x" * 129, "params": {"fill_pct": 1}}, QuarantineReason.SCHEMA),
    "negative seq": ("property", {"seq": -1, "sid": 1, "params": {"fill_pct": 1}}, QuarantineReason.SCHEMA),
    "unhashable ack": ("property", {"sys": {"ack": [1]}, "params": {"colour": 1}}, QuarantineReason.SCHEMA),
    "other device in the envelope": (
        "property", {"deviceName": "d-2", "params": {"fill_pct": 1}}, QuarantineReason.ID_MISMATCH,
    ),
    "other device in the bundle": (
        "property/history", {"params": [{"identity": {"productKey": "p1", "deviceName": "x"}}]},
        QuarantineReason.ID_MISMATCH,
    ),
    "sub-devices": ("property/pack", {"params": {"subDevices": [{}]}}, QuarantineReason.ID_MISMATCH),
    "unknown event": ("explosion", {"params": {"value": {}}}, QuarantineReason.UNKNOWN_EVENT),
    "too many properties": (
        "property", {"params": {f"p{n}": 1 for n in range(201)}}, QuarantineReason.TOO_LARGE,
    ),
    "too many events": (
        "property/batch", {"params": {"events": {"x": [{}] * 21}}}, QuarantineReason.TOO_LARGE,
    ),
    "series a number": ("property/batch", {"params": {"properties": {"fill_pct": 1}}}, QuarantineReason.SCHEMA),
    "point without value": (
        "property/batch", {"params": {"properties": {"fill_pct": [{"time": T}]}}}, QuarantineReason.SCHEMA,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "body", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_wrong_payload_is_refused_with_its_reason(path: str, body: Any, reason: QuarantineReason) -> None:
    with pytest.raises(RefusedError) as refused:
        decode(f"{ROOT}/thing/event/{path}/post", body)
    assert refused.value.reason is reason


def test_refusal_remembers_who_wants_a_receipt() -> None:
    with pytest.raises(RefusedError) as refused:
        decode(PROPERTY, {"id": "7", "sys": {"ack": 1}, "params": {"colour": 1}})
    assert (refused.value.message_id, refused.value.wants_receipt) == ("7", True)


def test_event_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(RefusedError) as refused:
        decode(f"{ROOT}/thing/event/held_open/post", {"params": {"value": {"open_s": "Zhang San"}}}, "access_gate")
    assert "Zhang" not in refused.value.detail


def test_personal_fields_are_gone_at_any_depth_and_in_any_spelling() -> None:
    gate = DEVICE_TYPES["access_gate"].dropped_fields
    raw = {"params": {"value": {"lane": 1, "personId": "51", "x": [{"Person_Name": "y"}]}}}
    kept, had_personal = without_personal(raw, gate)
    assert had_personal
    assert kept == {"params": {"value": {"lane": 1, "x": [{}]}}}
    clean = {"params": {"value": {"lane": 1}}}
    assert without_personal(clean, gate) == (clean, False)

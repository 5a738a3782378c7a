"""The declarative model: what a report may hold, and that nothing unstorable ever passes."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sensors.model import DeviceType, DeviceTypeInvalid, Property, PropertyInvalid, PropertyProblem, SourceClass
from sensors.payload import INT64_MAX
from sensors.personal import strip
from sensors.registry import DEVICE_TYPES
from sensors.smart_security_camera import DROPPED_FIELDS

BIN = DEVICE_TYPES["waste_bin"]
CAMERA = DEVICE_TYPES["smart_security_camera"]

awkward_text = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    ["\x00", "a\x00b", "\ud800"]
)
awkward_number = (
    st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([2**63, -(2**63) - 1, 10**400, math.nan, math.inf])
)
awkward = st.recursive(
    st.none() | st.booleans() | awkward_number | awkward_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(awkward_text, inner, max_size=4),
    max_leaves=12,
)


def storable(value: Any) -> bool:
    """Whether PostgreSQL's jsonb and float8 take it: no NUL, no surrogate, int64, finite."""
    if isinstance(value, str):
        return "\x00" not in value and value.encode("utf-8", "replace").decode() == value
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return -INT64_MAX - 1 <= value <= INT64_MAX
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(storable(key) and storable(member) for key, member in value.items())
    return all(storable(member) for member in value)


@pytest.mark.parametrize("device_type", DEVICE_TYPES.values(), ids=lambda t: t.name)
@given(data=st.data())
@settings(max_examples=60)
def test_properties_that_pass_are_finite_and_in_range(device_type: DeviceType, data: st.DataObject) -> None:
    names = [prop.name for prop in device_type.properties]
    raw = data.draw(st.dictionaries(st.sampled_from(names) | awkward_text, st.floats(0, 1) | awkward, max_size=5))
    try:
        values = device_type.validate_properties(raw)
        extra = device_type.validate_extra(raw)
    except PropertyInvalid as error:
        refused_name = error.name
        values, extra = {}, {}
    else:
        refused_name = ""
    assert storable(refused_name)
    ranges = {prop.name: (prop.minimum, prop.maximum) for prop in device_type.properties}
    assert all(type(value) is float and ranges[n][0] <= value <= ranges[n][1] for n, value in values.items())
    assert storable(extra)


@pytest.mark.parametrize(
    ("device_type", "event"),
    [(t, e) for t in DEVICE_TYPES.values() for e in t.events],
    ids=lambda thing: thing.name,
)
@given(data=st.data())
@settings(max_examples=25)
def test_payloads_that_pass_are_storable_and_graded(device_type: DeviceType, event: Any, data: st.DataObject) -> None:
    fields = [info.alias or name for name, info in event.payload.model_fields.items()]
    plausible = {
        "phase": st.sampled_from(["start", "update", "end"]),
        "eventId": st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
        "label": st.just("smoke"),
        "score": st.floats(0, 1),
        "count": st.integers(0, 1000),
        "recordId": st.text(min_size=1, max_size=20),
        "subject": st.text(min_size=1, max_size=20),
        "type": st.text(max_size=20),
        "occurredAt": st.integers(0, 4 * 10**12),
        "revision": st.integers(0, 4 * 10**12),
    }
    raw = {name: data.draw(value) for name, value in plausible.items() if name in fields}
    raw |= data.draw(st.dictionaries(st.sampled_from(fields), awkward, max_size=3))
    try:
        payload = event.payload.model_validate(raw)
    except ValidationError:
        return
    dumped = payload.model_dump(mode="json", by_alias=True)
    assert storable(dumped)
    json.dumps(dumped, allow_nan=False)
    assert 1 <= event.severity(payload) <= 5
    origin = event.origin_of(payload)
    assert origin.revision is None or storable(origin.revision)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"fill_pct": "86"}, PropertyProblem.NOT_A_NUMBER),
        ({"fill_pct": True}, PropertyProblem.NOT_A_NUMBER),
        ({"fill_pct": None}, PropertyProblem.NOT_A_NUMBER),
        ({"fill_pct": math.nan}, PropertyProblem.NOT_FINITE),
        ({"fill_pct": -math.inf}, PropertyProblem.NOT_FINITE),
        ({"fill_pct": 10**400}, PropertyProblem.OUT_OF_RANGE),
        ({"fill_pct": 100.1}, PropertyProblem.OUT_OF_RANGE),
        ({"fillingLevel": 1}, PropertyProblem.UNKNOWN),
        ({"waste": "gold"}, PropertyProblem.MALFORMED),
    ],
)
def test_bad_property_is_refused_with_its_reason(raw: dict[str, Any], reason: PropertyProblem) -> None:
    with pytest.raises(PropertyInvalid) as refusal:
        BIN.validate_extra(raw) if "waste" in raw else BIN.validate_properties(raw)
    assert refusal.value.reason is reason


def test_report_may_hold_a_subset_and_words() -> None:
    raw = {"fill_pct": 86, "waste": "kitchen"}
    assert BIN.validate_properties(raw) == {"fill_pct": 86.0}
    assert BIN.validate_extra(raw) == {"waste": "kitchen"}


def test_three_reports_of_a_scene_are_versions_of_one_event_with_one_time() -> None:
    smoke = CAMERA.event("smoke")
    assert smoke is not None
    common = {"eventId": "c3-1", "label": "smoke", "score": 0.9, "startTime": 1_795_373_620_000}
    origins = [
        smoke.origin_of(smoke.payload.model_validate({**common, "phase": phase, "frameTime": frame_time}))
        for phase, frame_time in (
            ("start", 1_795_373_620_000),
            ("update", 1_795_373_650_000),
            ("end", 1_795_373_650_000),
        )
    ]
    assert {origin.event_id for origin in origins} == {"c3-1"}
    assert len({origin.occurred_at for origin in origins}) == 1
    revisions = [origin.revision for origin in origins]
    assert all(revision is not None for revision in revisions)
    assert revisions == sorted(revisions, key=lambda revision: revision or 0)
    assert [origin.ended for origin in origins] == [False, False, True]


def test_strip_drops_persons_at_any_depth_and_in_any_spelling() -> None:
    raw = {"a": [{"subLabel": "x", "score": 1}], "recognized-license-plate": "川A", "FACE_ID": 7, "label": "car"}
    assert strip(raw, DROPPED_FIELDS) == ({"a": [{"score": 1}], "label": "car"}, 3)


def test_strip_never_drops_what_a_type_itself_declares() -> None:
    for device_type in DEVICE_TYPES.values():
        declared = {prop.name: 0 for prop in device_type.properties}
        for model in [device_type.extra, *(event.payload for event in device_type.events)]:
            if model is not None:
                declared |= {info.alias or name: 0 for name, info in model.model_fields.items()}
        assert strip(declared, device_type.dropped_fields) == (declared, 0)


def test_type_with_two_properties_of_one_name_is_refused() -> None:
    twice = (Property("x", "", 0, 1, "甲", "X"), Property("x", "", 0, 1, "乙", "X"))
    with pytest.raises(DeviceTypeInvalid):
        DeviceType("t", 1, "型", "Type", SourceClass.SENSOR, twice, None, (), (), 60)

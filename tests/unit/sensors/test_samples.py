"""Every sample of every device type: what it sends, and what it raises or why it is refused."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

import sensors
from sensors.model import DeviceType, PropertyInvalid
from sensors.personal import strip
from sensors.registry import DEVICE_TYPES
from sensors.signal import expire, step

AT = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SAMPLES = sorted(Path(next(iter(sensors.__path__))).glob("*/samples/*"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda folder: f"{folder.parents[1].name}-{folder.name}")
def test_sample_raises_what_it_says(sample: Path) -> None:
    device_type = DEVICE_TYPES[sample.parents[1].name]
    topic = (sample / "topic.txt").read_text().strip().split("/")
    envelope = json.loads((sample / "payload.json").read_text())
    params, _dropped = strip(envelope["params"], device_type.dropped_fields)
    name = topic[-2]
    expected = sample / "events.json"
    if expected.exists():
        assert _said(device_type, name, params) == json.loads(expected.read_text())
    else:
        with pytest.raises(_Refused) as refusal:
            _said(device_type, name, params)
        assert str(refusal.value) == (sample / "rejection.txt").read_text().strip()


class _Refused(Exception):
    pass


def _said(device_type: DeviceType, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _signals(device_type, _unwrapped(params)) if name == "property" else _event(device_type, name, params)


def _unwrapped(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value["value"] if isinstance(value, dict) else value for name, value in params.items()}


def _signals(device_type: DeviceType, raw: Mapping[str, Any]) -> list[dict[str, Any]]:
    try:
        values = device_type.validate_properties(raw)
        device_type.validate_extra(raw)
    except PropertyInvalid as error:
        raise _Refused(str(error)) from None
    raised = []
    for signal in device_type.signals:
        if signal.property not in values:
            continue
        state, crossing = step(signal, None, AT, values[signal.property], "k")
        if crossing is None:
            state, crossing = expire(signal, state, AT + timedelta(seconds=signal.hold_s))
        if crossing is not None:
            raised.append(
                {
                    "signal": signal.name,
                    "kind": signal.kind,
                    "severity": signal.severity,
                    "after_s": int((crossing.at - AT).total_seconds()),
                }
            )
    return raised


def _event(device_type: DeviceType, name: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    event = device_type.event(name)
    if event is None:
        raise _Refused(f"{name}: unknown_event")
    try:
        payload = event.payload.model_validate(params["value"])
    except ValidationError as error:
        first = error.errors()[0]
        raise _Refused(f"{'.'.join(map(str, first['loc'])) or 'value'}: {first['type']}") from None
    raised: dict[str, Any] = {"event": name, "kind": event.kind, "severity": event.severity(payload)}
    origin = event.origin_of(payload)
    if origin.event_id is not None:
        raised["source_event_id"] = origin.event_id
        raised["ended"] = origin.ended
    if origin.subject is not None:
        raised["subject"] = origin.subject
    return [raised]

"""The Alink thing model: `/sys/{product}/{device}/thing/event/...` and `/sys/{product}/{device}/state`."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from events.model import QuarantineReason
from gateway.dialects.model import (
    EVENTS_MAX,
    HISTORY_READINGS_MAX,
    MESSAGE_ID_MAX,
    PROPERTIES_MAX,
    EventReport,
    Message,
    Reading,
    RefusedError,
    Route,
    StateReport,
    without_revision,
)
from sensors.model import DeviceType, PropertyInvalid
from sensors.payload import INT64_MAX

_TOPIC: Final = re.compile(
    r"/?sys/(?P<product>[A-Za-z0-9_]{1,64})/(?P<device>[A-Za-z0-9_-]{1,64})/"
    r"(?:(?P<state>state)|thing/event/(?:(?:property/)?(?P<list>batch|pack|history)|(?P<event>[A-Za-z0-9_.-]{1,64}))/post)"
)
_STATES: Final = {"on": True, "off": False, "bye": False}
_FIRMWARE_MAX: Final = 64


def route(topic: str) -> Route | None:
    """What the topic says; None for a topic that devices do not send on."""
    match = _TOPIC.fullmatch(topic)
    if match is None:
        return None
    product, device = match["product"], match["device"]
    if match["state"] is not None:
        return Route(product, device, None, _decode_state)
    reply_topic = f"{topic}_reply"
    if match["list"] is not None:
        return Route(product, device, reply_topic, _LISTS[match["list"]])
    if match["event"] == "property":
        return Route(product, device, reply_topic, _decode_properties)
    return Route(product, device, reply_topic, _decode_event, match["event"])


def _decode_properties(route: Route, raw: Any, device_type: DeviceType) -> Message:
    """`property/post`: live values, each plain or with its own time."""
    return _message(route, raw, lambda params: (_readings(_object(params, "params"), device_type), []))


def _decode_event(route: Route, raw: Any, device_type: DeviceType) -> Message:
    """`{eventId}/post`: one event of the device's own."""

    def read(params: Any) -> tuple[list[Reading], list[EventReport]]:
        return [], [_event(str(route.event), params, device_type)]

    return _message(route, raw, read)


def _decode_batch(route: Route, raw: Any, device_type: DeviceType) -> Message:
    """`property/batch/post`: per property or event a list of values with times."""

    def read(params: Any) -> tuple[list[Reading], list[EventReport]]:
        packed = _object(params, "params")
        listed = _object(packed.get("properties", {}), "params.properties")
        points = [(name, point) for name, series in listed.items() for point in _list(series, name)]
        if len(points) > PROPERTIES_MAX:
            raise RefusedError(QuarantineReason.TOO_LARGE, f"{len(points)} values, at most {PROPERTIES_MAX}")
        events = _object(packed.get("events", {}), "params.events")
        reported = [(name, report) for name, series in events.items() for report in _list(series, name)]
        return _readings_of_points(points, device_type), _events(reported, device_type)

    return _message(route, raw, read)


def _decode_pack(route: Route, raw: Any, device_type: DeviceType) -> Message:
    """`property/pack/post`: properties and events of one moment; sub-devices would need a topology."""

    def read(params: Any) -> tuple[list[Reading], list[EventReport]]:
        packed = _object(params, "params")
        if packed.get("subDevices"):
            raise RefusedError(QuarantineReason.ID_MISMATCH, "params.subDevices: a device speaks for itself only")
        return _bundle(route, packed, device_type)

    return _message(route, raw, read)


def _decode_history(route: Route, raw: Any, device_type: DeviceType) -> Message:
    """`property/history/post`: late backlog, a list of bundles."""

    def read(params: Any) -> tuple[list[Reading], list[EventReport]]:
        readings: list[Reading] = []
        events: list[EventReport] = []
        for bundle in params if isinstance(params, list) else [params]:
            more_readings, more_events = _bundle(route, _object(bundle, "params[]"), device_type)
            readings += more_readings
            events += more_events
        if len(readings) > HISTORY_READINGS_MAX or len(events) > EVENTS_MAX:
            raise RefusedError(
                QuarantineReason.TOO_LARGE, f"{len(readings)} readings and {len(events)} events in one message"
            )
        readings.sort(key=_time_of)
        return readings, events

    return _message(route, raw, read)._replace(history=True)


def _decode_state(route: Route, raw: Any, device_type: DeviceType) -> Message:
    """`state`: birth, farewell and will in one retained topic, told apart by `s` and `sid`."""
    del route, device_type
    state = _object(raw, "payload")
    word = state.get("s")
    online = _STATES.get(word) if isinstance(word, str) else None
    if online is None:
        raise RefusedError(QuarantineReason.SCHEMA, "s must be on, off or bye")
    firmware = state.get("fw")
    if firmware is not None and (not isinstance(firmware, str) or len(firmware) > _FIRMWARE_MAX):
        raise RefusedError(QuarantineReason.SCHEMA, f"fw must be a text of at most {_FIRMWARE_MAX} characters")
    session_id = _count(state, "sid")
    return Message(None, False, None, None, 0, False, [], [], StateReport(online, session_id, firmware), None)


_LISTS: Final[Mapping[str, Callable[[Route, Any, DeviceType], Message]]] = {
    "batch": _decode_batch,
    "pack": _decode_pack,
    "history": _decode_history,
}


def _message(route: Route, raw: Any, read: Callable[[Any], tuple[list[Reading], list[EventReport]]]) -> Message:
    """Read the envelope, then its parameters; a refusal carries what the envelope said of a receipt."""
    if type(raw) is not dict:
        raise RefusedError(QuarantineReason.BAD_JSON, "not an object")
    message_id = _message_id(raw)
    control = raw.get("sys")
    ack = control.get("ack") if type(control) is dict else None
    wants_receipt = ack == 1 or ack == "1"  # noqa: PLR1714 - what a device sends may not be hashable
    try:
        _refuse_foreign(route, raw)
        session_id, seq, revision = _count(raw, "sid"), _count(raw, "seq"), _count(raw, "revision")
        default_ms = _time(raw.get("time"))
        params = raw.get("params")
        readings, events = read(params)
    except RefusedError as refused:
        refused.message_id, refused.wants_receipt = message_id, wants_receipt
        raise
    content = params
    if events:  # The source's revision orders versions; it is no part of what they say.
        said = [[report.event.name, report.observed_ms, without_revision(report.body)] for report in events]
        content = [said, [[r.observed_ms, r.values, r.extra] for r in readings]]
    if default_ms is not None:
        content = [default_ms, content]
        readings = [r if r[0] is not None else Reading(default_ms, r[1], r[2]) for r in readings]
        events = [e if e.observed_ms is not None else e._replace(observed_ms=default_ms) for e in events]
    return Message(message_id, wants_receipt, session_id, seq, revision or 0, False, readings, events, None, content)


def _bundle(route: Route, bundle: dict[str, Any], device_type: DeviceType) -> tuple[list[Reading], list[EventReport]]:
    """Properties and events of one device, as `pack` and `history` hold them."""
    identity = bundle.get("identity")
    if identity is not None:
        _refuse_foreign(route, _object(identity, "identity"))
    properties = bundle.get("properties", {})
    readings: list[Reading] = []
    for values in properties if isinstance(properties, list) else [properties]:
        readings += _readings(_object(values, "properties"), device_type)
    events = bundle.get("events", {})
    reported = [
        report
        for group in (events if isinstance(events, list) else [events])
        for report in _object(group, "events").items()
    ]
    return readings, _events(reported, device_type)


def _readings(values: dict[str, Any], device_type: DeviceType) -> list[Reading]:
    """Values by name, each plain or `{"value", "time"}`; values of one time become one reading."""
    if len(values) > PROPERTIES_MAX:
        raise RefusedError(QuarantineReason.TOO_LARGE, f"{len(values)} properties, at most {PROPERTIES_MAX}")
    by_time: dict[int | None, dict[str, Any]] = {}
    for name, given in values.items():
        value, observed_ms = given, None
        if type(given) is dict and "value" in given:
            value = given["value"]
            observed_ms = _time(given.get("time"))
        group = by_time.get(observed_ms)
        if group is None:
            by_time[observed_ms] = {name: value}
        else:
            group[name] = value
    if len(by_time) == 1:
        ((observed_ms, group),) = by_time.items()
        return [_reading(observed_ms, group, device_type)]
    return sorted((_reading(at, group, device_type) for at, group in by_time.items()), key=_time_of)


def _readings_of_points(points: Iterable[tuple[str, Any]], device_type: DeviceType) -> list[Reading]:
    by_time: dict[int | None, dict[str, Any]] = {}
    for name, point in points:
        given = _object(point, name)
        if "value" not in given:
            raise RefusedError(QuarantineReason.SCHEMA, f"{name}: a point without value")
        by_time.setdefault(_time(given.get("time")), {})[name] = given["value"]
    return sorted((_reading(at, group, device_type) for at, group in by_time.items()), key=_time_of)


def _reading(observed_ms: int | None, group: dict[str, Any], device_type: DeviceType) -> Reading:
    try:
        numbers = device_type.validate_properties(group)
        extra = None if len(numbers) == len(group) else device_type.validate_extra(group)
    except PropertyInvalid as refused:
        raise RefusedError(QuarantineReason.SCHEMA, str(refused)) from None
    return Reading(observed_ms, [numbers.get(prop.name) for prop in device_type.properties], extra)


def _events(reported: list[tuple[str, Any]], device_type: DeviceType) -> list[EventReport]:
    if len(reported) > EVENTS_MAX:
        raise RefusedError(QuarantineReason.TOO_LARGE, f"{len(reported)} events, at most {EVENTS_MAX}")
    return [_event(name, report, device_type) for name, report in reported]


def _event(name: str, raw: Any, device_type: DeviceType) -> EventReport:
    report = _object(raw, name)
    event = device_type.event(name)
    if event is None:
        raise RefusedError(QuarantineReason.UNKNOWN_EVENT, f"{device_type.name} has no event {name}")
    given = report["value"] if "value" in report else {key: report[key] for key in report if key != "time"}
    try:
        payload = event.payload.model_validate(given)
    except ValidationError as refused:
        raise RefusedError(QuarantineReason.SCHEMA, _first_complaint(refused)) from None
    body = payload.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return EventReport(event, payload, body, _time(report.get("time")))


def _first_complaint(refused: ValidationError) -> str:
    """Where and why, without the value: it may name a person."""
    first = refused.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"


def _refuse_foreign(route: Route, claims: Mapping[str, Any]) -> None:
    if (
        claims.get("productKey", route.product) != route.product
        or claims.get("deviceName", route.device) != route.device
    ):
        raise RefusedError(QuarantineReason.ID_MISMATCH, "the payload names another device than its topic")


def _message_id(raw: dict[str, Any]) -> str | None:
    message_id = raw.get("id")
    if message_id is None:
        return None
    if type(message_id) is int:
        return str(message_id)
    if type(message_id) is not str or not 0 < len(message_id) <= MESSAGE_ID_MAX:
        raise RefusedError(
            QuarantineReason.SCHEMA, f"id must be a text of 1 to {MESSAGE_ID_MAX} characters or a number"
        )
    return message_id


def _count(raw: Mapping[str, Any], name: str) -> int | None:
    value = raw.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= INT64_MAX:
        raise RefusedError(QuarantineReason.SCHEMA, f"{name} must be a whole number of at most 63 bits")
    return value


def _time(raw: Any) -> int | None:
    """UTC milliseconds, whatever they say: judging them is not the dialect's work."""
    if raw is None or type(raw) is int:
        return raw
    if type(raw) is float and raw.is_integer():
        return int(raw)
    raise RefusedError(QuarantineReason.SCHEMA, "time must be whole UTC milliseconds")


def _time_of(reading: Reading) -> int:
    return -1 if reading.observed_ms is None else reading.observed_ms


def _object(raw: Any, name: str) -> dict[str, Any]:
    if type(raw) is not dict:
        raise RefusedError(QuarantineReason.SCHEMA, f"{name} must be an object")
    return raw


def _list(raw: Any, name: str) -> list[Any]:
    if type(raw) is not list:
        raise RefusedError(QuarantineReason.SCHEMA, f"{name} must be a list")
    return raw

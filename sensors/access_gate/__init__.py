"""Access gate: the door or barrier of a courtyard or building; says what the door did, never who passed."""

from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from sensors.model import DeviceEvent, DeviceType, Property, Signal, SourceClass
from sensors.payload import Payload
from sensors.personal import PERSONAL_FIELDS

DROPPED_FIELDS: Final = PERSONAL_FIELDS | {
    "open_id",
    "pass_code",
    "qr_code",
    "resident",
    "room_no",
    "similarity",
    "temperature",  # a body temperature is health data
    "visitor",
    "wx_id",
}

HELD_OPEN_LONG_S: Final = 600
"""A door open for ten minutes is propped, not forgotten. Project default."""


class GateEvent(Payload):
    """What happened at the door. Every field is optional: an old controller sends none."""

    lane: Annotated[int, Field(ge=1, le=64)] | None = None
    direction: Annotated[str, StringConstraints(pattern=r"^(in|out)$")] | None = None
    open_s: Annotated[float, Field(ge=0, le=604_800)] | None = None
    count: Annotated[int, Field(ge=0, le=1000)] | None = None


class GateState(Payload):
    """What a gate says of itself in words."""

    firmware: Annotated[str, StringConstraints(max_length=64)] | None = None
    mode: Annotated[str, StringConstraints(pattern=r"^(normal|free|locked|fire)$")] | None = None


def _always(severity: int) -> Any:
    return lambda _event: severity


def _held_open_severity(event: GateEvent) -> int:
    return 2 if event.open_s is not None and event.open_s >= HELD_OPEN_LONG_S else 1


DEVICE_TYPE: Final = DeviceType(
    name="access_gate",
    version=1,
    zh_name="门禁道闸",
    en_name="Access gate",
    source_class=SourceClass.GATE,
    properties=(
        Property("door_open", "", 0, 1, "门开", "Door open", whole=True),
        Property("tamper", "", 0, 1, "防拆", "Tamper switch", whole=True),
        Property("battery_pct", "%", 0, 100, "电量", "Battery"),
        Property("passages", "", 0, 1_000_000_000, "通行次数", "Passages since start", whole=True),
        Property("temperature_c", "°C", -60, 150, "机内温度", "Housing temperature"),
    ),
    extra=GateState,
    events=(
        DeviceEvent("forced_open", GateEvent, "perimeter_intrusion", _always(3), "强行开门", "Forced open"),
        DeviceEvent("held_open", GateEvent, "perimeter_intrusion", _held_open_severity, "门未关", "Held open"),
        DeviceEvent("tailgating", GateEvent, "perimeter_intrusion", _always(1), "尾随", "Tailgating"),
        DeviceEvent("duress_sos", GateEvent, "public_help_point_sos", _always(4), "胁迫求助", "Duress or SOS button"),
        DeviceEvent("tamper", GateEvent, "perimeter_intrusion", _always(3), "设备被拆", "Tampering"),
    ),
    signals=(
        Signal(
            name="tampered",
            property="tamper",
            kind="perimeter_intrusion",
            severity=3,
            raise_at=1,
            clear_at=0,
            hold_s=0,
            source="a switch: any opening of the housing counts",
            zh_name="防拆开关动作",
            en_name="Tamper switch open",
        ),
        Signal(
            name="door_propped",
            property="door_open",
            kind="perimeter_intrusion",
            severity=1,
            raise_at=1,
            clear_at=0,
            hold_s=HELD_OPEN_LONG_S,
            source="project default: ten minutes is propped, not forgotten",
            zh_name="门长时间未关",
            en_name="Door propped open",
        ),
    ),
    silent_after_s=900,
    dropped_fields=DROPPED_FIELDS,
)

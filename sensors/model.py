"""The declarative model of a device type: properties with units, events with kinds, threshold signals."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import ValidationError

from sensors.errors import DeviceTypeInvalid, PropertyInvalid, PropertyProblem
from sensors.payload import Payload
from sensors.personal import PERSONAL_FIELDS

__all__ = [
    "SEVERITIES",
    "DeviceEvent",
    "DeviceType",
    "DeviceTypeInvalid",
    "Origin",
    "Payload",
    "Property",
    "PropertyInvalid",
    "PropertyProblem",
    "Signal",
    "SourceClass",
]

SEVERITIES: Final = range(1, 6)
"""1 a note, 2 minor, 3 somebody may be hurt, 4 a life at risk, 5 several lives at risk."""


class SourceClass(StrEnum):
    """Which kind of witness a device is; corroboration counts distinct classes."""

    SENSOR = "sensor"  # Measures a quantity.
    CAMERA = "camera"  # Sees and classifies.
    GATE = "gate"  # Guards a passage.
    FEED = "feed"  # Relays records of another dispatch system.


@dataclass(frozen=True, slots=True)
class Property:
    """One numeric property; its place in `DeviceType.properties` is its place in the stored array."""

    name: str
    unit: str
    minimum: float
    maximum: float
    zh_name: str
    en_name: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Origin:
    """What a payload itself says of identity, time and place; None means: take the envelope's or the device's."""

    event_id: str | None = None  # The source's own event id: reports that share it are versions of one event.
    revision: int | None = None  # Orders the versions; the greatest wins.
    subject: str | None = None  # What the event is about, where it is not the device itself.
    occurred_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    place: str | None = None
    ended: bool = False  # The source says that the condition is over.


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """An event that the device itself judges and posts on `thing/event/{name}/post`."""

    name: str
    payload: type[Payload]
    kind: str  # Event kind id of the registry.
    severity: Callable[[Any], int]  # From the validated payload to 1..5.
    zh_name: str
    en_name: str
    origin: Callable[[Any], Origin] | None = None

    def origin_of(self, payload: Payload) -> Origin:
        """What the payload says of itself; an empty Origin for types that say nothing."""
        return Origin() if self.origin is None else self.origin(payload)


@dataclass(frozen=True, slots=True)
class Signal:
    """A threshold on one property. `raise_at > clear_at` watches for high values, the other way round for low ones."""

    name: str
    property: str
    kind: str
    severity: int
    raise_at: float
    clear_at: float
    hold_s: int  # Values must stay beyond `raise_at` so long before the signal is raised; 0 raises at once.
    source: str  # Where the threshold comes from.
    zh_name: str
    en_name: str

    def beyond(self, value: float) -> bool:
        """Whether the value reaches the raising threshold."""
        return value >= self.raise_at if self.raise_at > self.clear_at else value <= self.raise_at

    def normal(self, value: float) -> bool:
        """Whether the value reaches the clearing threshold; between the two thresholds nothing changes."""
        return value <= self.clear_at if self.raise_at > self.clear_at else value >= self.clear_at


@dataclass(frozen=True, slots=True)
class DeviceType:
    """Everything the platform knows of one sort of device. Many products may name the same type."""

    name: str
    version: int  # Stored with each reading: the meaning of the array's places.
    zh_name: str
    en_name: str
    source_class: SourceClass
    properties: tuple[Property, ...]
    extra: type[Payload] | None  # Properties that are not numbers; every field optional.
    events: tuple[DeviceEvent, ...]
    signals: tuple[Signal, ...]
    silent_after_s: int
    dropped_fields: frozenset[str] = PERSONAL_FIELDS  # Removed by the dialects before anything is stored.
    _properties: Mapping[str, Property] = field(init=False, repr=False, compare=False)
    _events: Mapping[str, DeviceEvent] = field(init=False, repr=False, compare=False)
    _extra_names: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_properties", {prop.name: prop for prop in self.properties})
        object.__setattr__(self, "_events", {event.name: event for event in self.events})
        object.__setattr__(self, "_extra_names", _field_names(self.extra))
        _refuse_contradictions(self)

    def event(self, name: str) -> DeviceEvent | None:
        """The event of this Alink id, or None if the type has none."""
        return self._events.get(name)

    def validate_properties(self, raw: Mapping[str, object]) -> dict[str, float]:
        """The numeric properties of a report (plain values, already unwrapped), each finite and within its range.

        A report may hold any subset. Names of `extra` are left to `validate_extra`. Raises PropertyInvalid for the
        first name that is unknown or value that cannot be stored.
        """
        values: dict[str, float] = {}
        for name, value in raw.items():
            prop = self._properties.get(name)
            if prop is None:
                if name in self._extra_names:
                    continue
                raise PropertyInvalid(str(name), PropertyProblem.UNKNOWN)
            if type(value) is not float and type(value) is not int:
                raise PropertyInvalid(name, PropertyProblem.NOT_A_NUMBER)
            # Compared before any conversion: an int of 400 digits has no float, and NaN fails every comparison.
            if not prop.minimum <= value <= prop.maximum:
                raise PropertyInvalid(name, _range_problem(value))
            number = float(value)
            if prop.whole and not number.is_integer():
                raise PropertyInvalid(name, PropertyProblem.NOT_WHOLE)
            values[name] = number
        return values

    def validate_extra(self, raw: Mapping[str, object]) -> dict[str, object]:
        """The non-numeric properties of a report as JSON values; empty if it holds none. Raises PropertyInvalid."""
        given = {name: value for name, value in raw.items() if name in self._extra_names}
        if not given or self.extra is None:
            return {}
        try:
            return self.extra.model_validate(given).model_dump(mode="json", by_alias=True, exclude_unset=True)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            name = str(first["loc"][0]) if first["loc"] else next(iter(given))
            raise PropertyInvalid(name, PropertyProblem.MALFORMED) from None


def _range_problem(value: float) -> PropertyProblem:
    if isinstance(value, float) and not math.isfinite(value):
        return PropertyProblem.NOT_FINITE
    return PropertyProblem.OUT_OF_RANGE


def _field_names(model: type[Payload] | None) -> frozenset[str]:
    if model is None:
        return frozenset()
    return frozenset(info.alias or name for name, info in model.model_fields.items())


def _refuse_contradictions(device_type: DeviceType) -> None:
    names = [prop.name for prop in device_type.properties] + sorted(device_type._extra_names)  # noqa: SLF001
    problems = (
        (len(set(names)) != len(names), "two properties of one name"),
        (len({event.name for event in device_type.events}) != len(device_type.events), "two events of one name"),
        (len({signal.name for signal in device_type.signals}) != len(device_type.signals), "two signals of one name"),
        (any(signal.property not in names for signal in device_type.signals), "a signal on an unknown property"),
        (any(signal.raise_at == signal.clear_at for signal in device_type.signals), "a signal without hysteresis"),
        (any(signal.severity not in SEVERITIES for signal in device_type.signals), "a severity outside 1..5"),
        (any(not math.isfinite(p.minimum + p.maximum) for p in device_type.properties), "a range without bounds"),
    )
    for found, problem in problems:
        if found:
            raise DeviceTypeInvalid(device_type.name, problem)

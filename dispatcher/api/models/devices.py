"""Device types, devices, their readings, and the credential that is told once."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from dispatcher.api.models.wire import (
    Answer,
    AreaId,
    AskWithPosition,
    DeviceName,
    Filter,
    Instant,
    Line,
    Paged,
    ProductKey,
)


class DeviceProperty(Answer):
    name: str
    unit: str
    minimum: float
    maximum: float
    zh_name: str
    en_name: str


class DeviceTypeEvent(Answer):
    name: str
    kind: str
    zh_name: str
    en_name: str


class DeviceSignal(Answer):
    name: str
    property: str
    kind: str
    severity: int
    raise_at: float
    clear_at: float
    hold_s: int


class DeviceType(Answer):
    name: str
    version: int
    zh_name: str
    en_name: str
    source_class: str
    properties: list[DeviceProperty]
    events: list[DeviceTypeEvent]
    signals: list[DeviceSignal]


class DeviceTypes(Answer):
    items: list[DeviceType]


class LatestValue(Answer):
    value: Any
    at: datetime


class Device(Answer):
    id: int
    product: str
    name: str
    device_type: str
    area_id: str
    place: str | None
    lon: float | None
    lat: float | None
    enabled: bool
    online: bool
    presence_cause: str | None
    last_seen_at: datetime | None
    latest: dict[str, LatestValue]


class Devices(Answer):
    items: list[Device]
    next: str | None


class DeviceFilter(Paged):
    product: ProductKey | None = None
    area: AreaId | None = None
    online: bool | None = None


class NewDevice(AskWithPosition):
    product: ProductKey
    name: DeviceName
    area_id: AreaId
    place: Line | None = None


class DeviceTopics(Answer):
    publish: list[str]
    subscribe: list[str]


class Credential(Answer):
    user_name: str
    password: str
    client_id: str
    topics: DeviceTopics
    example: str = Field(description="a ready mosquitto_pub line")


class RegisteredDevice(Answer):
    device: Device
    credential: Credential = Field(description="told once; only a keyed hash is stored")


class ReadingFilter(Filter):
    since: Instant | None = None
    until: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=5000)] = 500
    unusual: Annotated[bool, Field(description="mark values that are unusual among those before them on the page")] = (
        False
    )


class Reading(Answer):
    effective_at: datetime
    received_at: datetime
    values: dict[str, float | None]
    unusual: dict[str, float] | None = Field(
        default=None, description="where asked for: scores from 0.5 to 1 of unusual values, by property"
    )


class Readings(Answer):
    items: list[Reading]

"""Feed of another dispatch system: relays its incident records, each with its own subject, place and revision."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints, model_validator

from sensors.model import DeviceEvent, DeviceType, Origin, Property, SourceClass
from sensors.payload import Latitude, Longitude, Millis, Payload

_Line = Annotated[str, StringConstraints(max_length=200)]


class DispatchRecord(Payload):
    """One delivery of one record. A later delivery of the same `recordId` with a greater `revision` replaces it."""

    record_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(alias="recordId")
    subject: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    type: _Line
    occurred_at: Millis = Field(alias="occurredAt")
    revision: Annotated[int, Field(ge=0, le=2**62)]
    lon: Longitude | None = None
    lat: Latitude | None = None
    place: _Line | None = None
    agency: _Line | None = None

    @model_validator(mode="after")
    def _position_is_whole(self) -> "DispatchRecord":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon and lat come together or not at all")
        return self


def _origin(record: DispatchRecord) -> Origin:
    return Origin(
        event_id=record.record_id,
        revision=record.revision,
        subject=record.subject,
        occurred_at=datetime.fromtimestamp(record.occurred_at / 1000, UTC),
        lon=record.lon,
        lat=record.lat,
        place=record.place,
    )


def _severity(_record: Any) -> int:
    return 1  # Another system's types say nothing of our scale; a person or a rule raises it.


DEVICE_TYPE: Final = DeviceType(
    name="dispatch_feed",
    version=1,
    zh_name="外部调度系统接入",
    en_name="Dispatch feed",
    source_class=SourceClass.FEED,
    properties=(Property("backlog", "", 0, 1_000_000_000, "待传记录数", "Records waiting", whole=True),),
    extra=None,
    events=(
        DeviceEvent(
            name="record",
            payload=DispatchRecord,
            kind="general_enquiry",
            severity=_severity,
            zh_name="调度记录",
            en_name="Dispatch record",
            origin=_origin,
        ),
    ),
    signals=(),
    silent_after_s=86_400,
)

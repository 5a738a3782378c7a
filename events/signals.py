"""The event of a signal: the same whoever notices the crossing, a gateway at a reading or the leader at a tick."""

from datetime import datetime

from events.model import EventDraft, EventSource, SourceClass, TimeQuality, content_hash, event_uid
from registry.devices import Device
from sensors.model import Signal
from sensors.signal import Crossing


def subject_of(device: Device) -> str:
    """What repeats of a device's events are repeats of."""
    return f"{device.product}/{device.name}"


def signal_event(
    device: Device,
    signal: Signal,
    crossing: Crossing,
    *,
    received_at: datetime,
    observed_at: datetime | None,
    quality: TimeQuality,
    revision: int = 0,
) -> EventDraft:
    """Its identity is (device, signal, key of the crossing reading, side), so that two who notice write one event."""
    side = "raised" if crossing.raised else "cleared"
    return EventDraft(
        uid=event_uid("signal", device.product, device.name, signal.name, crossing.key, side),
        revision=revision,
        content_hash=content_hash([signal.name, side, crossing.value, crossing.at.isoformat()]),
        source=EventSource.SIGNAL,
        source_class=SourceClass(device.type.source_class),
        kind=signal.kind,
        severity=signal.severity,
        raised=crossing.raised,
        subject=subject_of(device),
        device_id=device.id,
        product=device.product,
        area_id=device.area_id,
        area_path=device.area_path,
        place=device.place,
        lon=device.lon,
        lat=device.lat,
        x_dm=device.x_dm,
        y_dm=device.y_dm,
        observed_at=observed_at,
        received_at=received_at,
        effective_at=crossing.at,
        time_quality=quality,
        body={"signal": signal.name, "property": signal.property, "value": crossing.value},
    )

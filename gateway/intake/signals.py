"""Makes the event of a signal that a reading raised or cleared."""

from events.model import EventDraft, EventSource, SourceClass, TimeQuality, content_hash, event_uid
from gateway.intake.arrivals import Arrival, TimedReading, subject_of
from gateway.intake.state import SignalCrossing
from registry.devices import Device


def reading_key(arrival: Arrival, place: int) -> str:
    """Names one reading of one message within its device."""
    return f"{arrival.identity}:{place}"


def signal_event(arrival: Arrival, device: Device, reading: TimedReading, found: SignalCrossing) -> EventDraft:
    """The event's identity is (device, signal, key of the crossing reading), whoever notices the crossing."""
    signal, crossing = found
    side = "raised" if crossing.raised else "cleared"
    return EventDraft(
        uid=event_uid("signal", device.product, device.name, signal.name, crossing.key, side),
        revision=arrival.revision,
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
        observed_at=crossing.at if reading.quality is TimeQuality.DEVICE else reading.observed_at,
        received_at=arrival.delivery.received_at,
        effective_at=crossing.at,
        time_quality=reading.quality,
        body={"signal": signal.name, "property": signal.property, "value": crossing.value},
    )

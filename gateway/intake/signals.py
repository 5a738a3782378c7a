"""Names a reading, and makes the event of a signal that it raised or cleared."""

from events import signals
from events.model import EventDraft, TimeQuality
from gateway.intake.arrivals import Arrival, TimedReading
from gateway.intake.state import SignalCrossing
from registry.devices import Device


def reading_key(arrival: Arrival, place: int) -> str:
    """Names one reading of one message within its device."""
    return f"{arrival.identity}:{place}"


def signal_event(arrival: Arrival, device: Device, reading: TimedReading, found: SignalCrossing) -> EventDraft:
    """The event as whoever writes a tick would make it, with what the message says of its time."""
    signal, crossing = found
    return signals.signal_event(
        device,
        signal,
        crossing,
        received_at=arrival.delivery.received_at,
        observed_at=crossing.at if reading.quality is TimeQuality.DEVICE else reading.observed_at,
        quality=reading.quality,
        revision=arrival.revision,
    )

"""The events of signals: the same whoever notices the crossing, a gateway at a reading or whoever writes a tick."""

from collections.abc import Mapping
from datetime import datetime

from events import log
from events.model import SIGNALS_STREAM, EventDraft, EventSource, SourceClass, TimeQuality, content_hash, event_uid
from registry.deployment import read_deployment
from registry.devices import Device, read_devices
from runtime.pool import Connection
from runtime.queries import load
from sensors.model import Signal
from sensors.signal import Crossing, SignalState, expire

QUERIES = load(__package__)


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


async def raise_held(conn: Connection, at: datetime) -> dict[str, int]:
    """Raise what stayed beyond its threshold until `at` without a new reading; returns the head of the stream written.

    Locks the state of every device with a pending signal until the transaction ends: call it near the end.
    """
    rows = await conn.fetch(QUERIES.lock_pending_signals)
    if not rows:
        return {}
    origin = (await read_deployment(conn)).origin
    devices = await read_devices(conn, [row["device_id"] for row in rows], origin)
    drafts: list[EventDraft] = []
    changed: list[tuple[int, dict[str, list[str]]]] = []
    for row in rows:
        device = devices.get(row["device_id"])
        found = [] if device is None else _held(device, row["signals"], row["latest"], at)
        if found:
            drafts += found
            changed.append((row["device_id"], row["signals"]))
    if not drafts:
        return {}
    await conn.executemany(QUERIES.put_signals, changed)
    written = await log.append(conn, SIGNALS_STREAM, drafts)
    return {} if written is None else {SIGNALS_STREAM: written.last_seq}


def _held(
    device: Device, states: dict[str, list[str]], latest: Mapping[str, Mapping[str, float]], at: datetime
) -> list[EventDraft]:
    """The events of the device's holds that ended by `at`; `states` is moved on."""
    drafts: list[EventDraft] = []
    for signal in device.type.signals:
        if (raw := states.get(signal.name)) is None:
            continue
        known = latest.get(signal.property)
        state, crossing = expire(signal, SignalState.from_json(raw), at, known["value"] if known else None)
        if crossing is not None:
            states[signal.name] = state.to_json()
            drafts.append(
                signal_event(
                    device, signal, crossing, received_at=at, observed_at=crossing.at, quality=TimeQuality.DEVICE
                )
            )
    return drafts

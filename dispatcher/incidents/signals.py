"""Holds that end without a new reading: at a tick, a signal that stayed beyond its threshold long enough is raised."""

from dispatcher.incidents.step import Advanced, Step
from events import log
from events.model import EventDraft, EventSource, TimeQuality
from events.signals import signal_event
from registry.devices import read_devices
from runtime.queries import load
from sensors.signal import SignalState, expire

QUERIES = load(__package__)

# The leader's own stream: what it notices is read back like everything else, in a later step.
STREAM = "signals"


async def advance(step: Step) -> Advanced:
    """Raise what is due by the step's newest tick."""
    ticks = [event for event in step.events if event.source is EventSource.TICK]
    if not ticks:
        return Advanced(taken=0, written=0)
    at = max(tick.effective_at for tick in ticks)
    rows = await step.conn.fetch(QUERIES.lock_pending_signals)
    devices = await read_devices(step.conn, [row["device_id"] for row in rows], step.rulebook.deployment.origin)
    drafts: list[EventDraft] = []
    changed: list[tuple[int, dict[str, list[str]]]] = []
    for row in rows:
        device = devices.get(row["device_id"])
        if device is None:
            continue
        states: dict[str, list[str]] = row["signals"]
        before = len(drafts)
        for signal in device.type.signals:
            if (raw := states.get(signal.name)) is None:
                continue
            latest = row["latest"].get(signal.property)
            state, crossing = expire(signal, SignalState.from_json(raw), at, latest["value"] if latest else None)
            if crossing is not None:
                states[signal.name] = state.to_json()
                drafts.append(
                    signal_event(
                        device, signal, crossing, received_at=at, observed_at=crossing.at, quality=TimeQuality.DEVICE
                    )
                )
        if len(drafts) > before:
            changed.append((device.id, states))
    if drafts:
        await step.conn.executemany(QUERIES.put_signals, changed)
        await log.append(step.conn, STREAM, drafts)
    return Advanced(taken=len(rows), written=len(drafts))

"""One batch in one transaction: keys, readings, states, quarantine, counts, and last the event log."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeAlias

from events import log, quarantine, readings
from events.model import EventDraft
from events.readings import ReadingRow
from gateway.intake import store
from gateway.intake.arrivals import Arrival, Outcome
from gateway.intake.model import PresenceChange
from gateway.intake.signals import reading_key, signal_event
from gateway.intake.state import DeviceState, StateCache
from gateway.intake.store import CountKey, Key, ViolationKey
from gateway.intake.versions import Verdict, Versions, settle
from registry.devices import Device
from runtime.pool import Connection

Name: TypeAlias = tuple[int, bytes]
"""A delivery key: device id and key."""


@dataclass(slots=True)
class Batch:
    """What is written together. Presence and violations ride along: they acknowledge nothing."""

    arrivals: list[Arrival]
    presence: list[tuple[int, PresenceChange]] = field(default_factory=list)  # How many arrivals came before it.
    violations: dict[ViolationKey, int] = field(default_factory=dict)
    counts: dict[CountKey, list[int]] = field(default_factory=dict)  # Settled by `write`.

    def split(self, place: int) -> tuple["Batch", "Batch"]:
        """The first `place` arrivals and the rest, each with the presence changes among them."""
        early = [(at, change) for at, change in self.presence if at < place]
        late = [(at - place, change) for at, change in self.presence if at >= place]
        return (
            Batch(self.arrivals[:place], early, self.violations),
            Batch(self.arrivals[place:], late),
        )

    def days(self) -> set[date]:
        """The days of receipt, whose partitions must exist."""
        return {arrival.delivery.received_at.date() for arrival in self.arrivals}


async def write(conn: Connection, gateway: str, batch: Batch, cache: StateCache) -> list[DeviceState]:
    """Write a batch into the caller's transaction and settle the outcome of every arrival; gives the states written.

    May be called again with the same batch after a rollback, with the cache forgotten. The stream's head row is locked
    last, so that other writers of the log wait only for the commit. Raises OvertakenError.
    """
    for arrival in batch.arrivals:
        arrival.outcome = Outcome.STORED if arrival.quarantine is None else Outcome.QUARANTINED
        arrival.superseded = False
    await _settle_keys(conn, batch.arrivals)
    await readings.copy(conn, list(_reading_rows(batch.arrivals)))
    states, events = await _write_states(conn, gateway, batch, cache)
    await quarantine.copy(
        conn, gateway, [arrival.quarantine for arrival in batch.arrivals if arrival.quarantine is not None]
    )
    batch.counts = count_outcomes(batch.arrivals)
    await store.add_counts(conn, gateway, batch.counts)
    await store.add_violations(conn, gateway, batch.violations)
    await log.append(conn, gateway, events)
    return states


def count_outcomes(arrivals: Iterable[Arrival]) -> dict[CountKey, list[int]]:
    """Received, stored, duplicate and quarantined per minute of receipt and product."""
    seen = Counter((arrival.delivery.received_at, arrival.product, arrival.outcome) for arrival in arrivals)
    counts: dict[CountKey, list[int]] = {}
    columns = {Outcome.STORED: 1, Outcome.DUPLICATE: 2, Outcome.QUARANTINED: 3}
    for (received_at, product, outcome), count in seen.items():
        key = CountKey(received_at.replace(second=0, microsecond=0), product)
        four = counts.setdefault(key, [0, 0, 0, 0])
        four[0] += count
        four[columns[outcome]] += count
    return counts


async def _settle_keys(conn: Connection, arrivals: Sequence[Arrival]) -> None:
    """Find what this batch, today or yesterday know already, and which version of each key stands."""
    by_day: dict[date, dict[Name, list[Arrival]]] = defaultdict(dict)
    for arrival in arrivals:
        if arrival.key is not None and arrival.device is not None:
            named = by_day[arrival.delivery.received_at.date()]
            named.setdefault((arrival.device.id, arrival.key), []).append(arrival)
    for day in sorted(by_day):
        named = by_day[day]
        revisions: dict[Key, int] = {}
        for name, versions in named.items():
            for arrival in versions:
                key = Key(*name, arrival.content_hash)
                revisions[key] = max(arrival.revision, revisions.get(key, 0))
        keys = sorted(revisions)
        standing: dict[Name, Versions] = defaultdict(dict)
        for found in await store.claim_keys(conn, day, keys, [revisions[key] for key in keys]):
            known = standing[keys[found.place][:2]]
            known[found.content_hash] = max(found.revision, known.get(found.content_hash, 0))
        await _settle_versions(conn, day, named, standing)


async def _settle_versions(
    conn: Connection, day: date, named: dict[Name, list[Arrival]], standing: dict[Name, Versions]
) -> None:
    raised: dict[Key, int] = {}
    for name, arrivals in named.items():
        if len(arrivals) == 1 and name not in standing:
            continue
        versions = dict(standing.get(name, {}))
        for arrival in arrivals:
            verdict = settle(versions, arrival.revision, arrival.content_hash)
            if verdict is Verdict.DROP:
                arrival.outcome = Outcome.DUPLICATE
            arrival.superseded = verdict is Verdict.RECORD
        for content_hash, known in standing.get(name, {}).items():
            if versions[content_hash] > known:
                raised[Key(*name, content_hash)] = versions[content_hash]
    await store.raise_revisions(conn, day, raised)


def _reading_rows(arrivals: Iterable[Arrival]) -> Iterable[ReadingRow]:
    for arrival in arrivals:
        device = arrival.device
        if device is None or arrival.outcome is not Outcome.STORED:
            continue
        for reading in arrival.readings:
            yield ReadingRow(
                device.id,
                reading.effective_at,
                arrival.delivery.received_at,
                device.type.version,
                reading.values,
                reading.extra,
            )


async def _write_states(
    conn: Connection, gateway: str, batch: Batch, cache: StateCache
) -> tuple[list[DeviceState], list[EventDraft]]:
    """Move latest values, signals and presence; gives the states and all events of the batch in order of arrival."""
    moving = [
        arrival
        for arrival in batch.arrivals
        if arrival.device is not None and arrival.outcome is Outcome.STORED and not arrival.superseded
    ]
    ids = {arrival.device.id for arrival in moving if arrival.device is not None}
    ids.update(change.device.id for _, change in batch.presence)
    states, missing = cache.find(sorted(ids))
    if missing:
        states |= await store.lock_states(conn, missing)
    events: list[EventDraft] = []
    changes = iter([*batch.presence, (len(batch.arrivals) + 1, None)])
    place, change = next(changes)
    for before, arrival in enumerate(batch.arrivals):
        while change is not None and place <= before:
            _change_presence(states, gateway, change)
            place, change = next(changes)
        if arrival.outcome is Outcome.STORED and arrival.device is not None:
            events += arrival.events
            state = states.get(arrival.device.id)
            if state is not None and not arrival.superseded:
                events += _move(arrival, arrival.device, state)
    while change is not None:
        _change_presence(states, gateway, change)
        place, change = next(changes)
    written = [states[device_id] for device_id in sorted(states)]
    await store.write_states(conn, written)
    return written, events


def _change_presence(states: dict[int, DeviceState], gateway: str, change: PresenceChange) -> None:
    state = states.get(change.device.id)
    if state is not None:
        state.change_presence(change, gateway)


def _move(arrival: Arrival, device: Device, state: DeviceState) -> list[EventDraft]:
    received_at = arrival.delivery.received_at
    state.see(received_at)
    if arrival.state is not None:
        state.tell(arrival.state, received_at)
    events: list[EventDraft] = []
    for place, reading in enumerate(arrival.readings):
        crossings = state.read(
            device.type, reading.effective_at, reading.values, reading.extra, reading_key(arrival, place)
        )
        events += [signal_event(arrival, device, reading, crossing) for crossing in crossings]
    return events

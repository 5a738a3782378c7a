"""Puts a version in force at a position of the log: asked for by a person, written by the leader, read by everybody.

The record is a tick that names a version. So whatever a tick does to a reader it does as well, and it stands behind
exactly the events that the leader had taken: who reads the log again changes the rules at the same place.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from dispatcher.rules.errors import ActivationRefused
from dispatcher.rules.versions import QUERIES, find_version, version_in_force
from events.model import Event, EventSource
from events.ticks import append_tick
from runtime.pool import Connection

RULES_VERSION: Final = "rules_version"
_REASON_MAX: Final = 500


class Waiting(NamedTuple):
    """An activation that somebody asked for."""

    id: int
    version: int


async def request(conn: Connection, rule_set: str, version: int, *, by: str, reason: str, at: datetime) -> None:
    """Ask for a version; the leader takes it over with its next step. Raises RulesUnknown or ActivationRefused."""
    await conn.execute(QUERIES.lock_versions)
    await find_version(conn, rule_set, version)
    waiting = await read_waiting(conn, rule_set)
    if waiting is not None:
        raise ActivationRefused(version, f"the activation of version {waiting.version} waits for the dispatcher")
    if version == await version_in_force(conn, rule_set):
        raise ActivationRefused(version, "it is in force")
    await conn.execute(QUERIES.insert_activation, rule_set, version, at, by, reason[:_REASON_MAX], None, None)
    await conn.execute(QUERIES.wake_leader)


async def read_waiting(conn: Connection, rule_set: str) -> Waiting | None:
    """What the leader should take over next."""
    row = await conn.fetchrow(QUERIES.waiting_activation, rule_set)
    return None if row is None else Waiting(row["id"], row["version"])


async def record(conn: Connection, waiting: Waiting, at: datetime, *, behind: Mapping[str, int]) -> int:
    """Write the record behind exactly what the leader has taken; returns its position. Only the leader may."""
    seq = await append_tick(conn, at, behind=behind, names={RULES_VERSION: waiting.version})
    await conn.execute(QUERIES.take_activation, waiting.id, seq, at)
    return seq


async def refuse(conn: Connection, waiting: Waiting, reason: str) -> None:
    """The leader cannot take it over; the rules in force stay."""
    await conn.execute(QUERIES.refuse_activation, waiting.id, reason[:_REASON_MAX])


def activates(event: Event) -> int | None:
    """The version that takes over at this record; None for every other event."""
    if event.source is not EventSource.TICK:
        return None
    version: int | None = event.body.get(RULES_VERSION)
    return version


def next_stretch(events: Sequence[Event], read_to: Mapping[str, int]) -> tuple[list[Event], dict[str, int]]:
    """The events that one step may take, and how far each stream is consumed with them.

    A step ends behind a tick: what becomes final at it is judged by what stood before it, however much was read. And it
    never runs across a change of rules: the record of one, a tick itself, begins a stretch. `read_to` are the
    positions before.
    """
    ticks = (place for place, event in enumerate(events) if event.source is EventSource.TICK)
    tick = next(ticks, len(events))
    begins = 0 < tick < len(events) and activates(events[tick]) is not None
    stretch = list(events[:tick] if begins else events[: tick + 1])
    return stretch, dict(read_to) | {event.stream: event.seq for event in stretch}

"""Ticks: records that time has passed, so that whatever follows from time follows from the log alone.

A tick names the positions of every stream behind which it stands. A reader applies it after those events and before
any later one, whatever the batches, so the same log always gives the same watermarks.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from events import log
from events.model import CLOCK_STREAM, LIVE_STREAM, Event, EventDraft, EventSource, SourceClass, TimeQuality, event_uid
from events.signals import raise_held
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

KIND: Final = "tick"


async def read_heads(conn: Connection) -> dict[str, int]:
    """How far every stream of events has been written, the clock's own left out."""
    rows = await conn.fetch(QUERIES.read_heads, LIVE_STREAM)
    return {row["stream"]: row["seq"] for row in rows if row["stream"] != CLOCK_STREAM}


async def _hold_heads(conn: Connection) -> dict[str, int]:
    """The same, and nobody writes to any stream there is before this transaction ends."""
    return {row["stream"]: row["seq"] for row in await conn.fetch(QUERIES.hold_heads, LIVE_STREAM)}


async def append_tick(
    conn: Connection, at: datetime, *, behind: Mapping[str, int] | None = None, names: Mapping[str, int] | None = None
) -> int:
    """Record that it is now `at`; returns the tick's position in the clock stream.

    The tick stands behind the positions `behind`, or behind all that is committed. Only who reads the log alone can
    give `behind` so that nothing ever read stands on the other side. Otherwise no stream is written until the tick is
    committed: an event stands on the side on which it was committed, and who reads it finds it there. Holds that end
    by `at` are raised before it.
    `names` says what else happens at this position, such as which rules take over.
    """
    raised = await raise_held(conn, at)
    held = behind if behind is not None else await _hold_heads(conn)
    heads = {stream: seq for stream, seq in held.items() if stream != CLOCK_STREAM}
    heads |= raised
    draft = EventDraft(
        uid=event_uid(
            "clock",
            at.isoformat(),
            *(f"{name}={number}" for name, number in sorted((heads | dict(names or {})).items())),
        ),
        content_hash=bytes(8),
        source=EventSource.TICK,
        source_class=SourceClass.CLOCK,
        kind=KIND,
        severity=1,
        subject="clock",
        received_at=at,
        effective_at=at,
        time_quality=TimeQuality.DEVICE,
        body={**(names or {}), "heads": heads},
    )
    written = await log.append(conn, CLOCK_STREAM, [draft])
    if written is None:
        raise AssertionError("one tick was appended")
    return written.last_seq


def in_log_order(events: Sequence[Event], read_to: Mapping[str, int]) -> tuple[list[Event], dict[str, int]]:
    """The events with every tick behind exactly what it names, and how far each stream is now consumed.

    `read_to` are the positions before this batch. A tick that names events which were not read yet is left for a later
    batch, and so is everything behind it: an event that comes after a tick never overtakes it.
    """
    ticks = [event for event in events if event.source is EventSource.TICK]
    left = [event for event in events if event.source is not EventSource.TICK]
    available = dict(read_to)
    for event in left:
        available[event.stream] = event.seq
    ordered: list[Event] = []
    for tick in ticks:
        heads: Mapping[str, int] = tick.body["heads"]
        ordered += [event for event in left if event.seq <= heads.get(event.stream, 0)]
        left = [event for event in left if event.seq > heads.get(event.stream, 0)]
        if any(available.get(stream, 0) < seq for stream, seq in heads.items()):
            left = []
            break
        ordered.append(tick)
    ordered += left
    reached = dict(read_to)
    for event in ordered:
        reached[event.stream] = event.seq
    return ordered, reached

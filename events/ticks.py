"""Ticks: records that time has passed, so that whatever follows from time follows from the log alone.

A tick names the head of every stream at the moment of its writing. A reader applies it after those events and before
any later one, whatever the batches, so the same log always gives the same watermarks.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from events import log
from events.model import CLOCK_STREAM, LIVE_STREAM, Event, EventDraft, EventSource, SourceClass, TimeQuality, event_uid
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)

KIND: Final = "tick"


async def append_tick(conn: Connection, at: datetime) -> int:
    """Record that it is now `at`; returns the tick's position in the clock stream."""
    heads = {
        row["stream"]: row["seq"]
        for row in await conn.fetch(QUERIES.read_heads, LIVE_STREAM)
        if row["stream"] != CLOCK_STREAM
    }
    draft = EventDraft(
        uid=event_uid("clock", at.isoformat(), *(f"{stream}={seq}" for stream, seq in sorted(heads.items()))),
        content_hash=bytes(8),
        source=EventSource.TICK,
        source_class=SourceClass.CLOCK,
        kind=KIND,
        severity=1,
        subject="clock",
        received_at=at,
        effective_at=at,
        time_quality=TimeQuality.DEVICE,
        body={"heads": heads},
    )
    written = await log.append(conn, CLOCK_STREAM, [draft])
    if written is None:
        raise AssertionError("one tick was appended")
    return written.last_seq


def in_log_order(events: Sequence[Event], read_to: Mapping[str, int]) -> tuple[list[Event], dict[str, int]]:
    """The events with every tick behind all that it names, and how far each stream is now consumed.

    `read_to` are the positions before this batch. A tick that names events which were not read yet is left for a later
    batch, and so are the ticks after it.
    """
    ticks = [event for event in events if event.source is EventSource.TICK]
    others = [event for event in events if event.source is not EventSource.TICK]
    reached = dict(read_to)
    for event in others:
        reached[event.stream] = event.seq
    ordered: list[Event] = []
    left: Iterable[Event] = others
    for tick in ticks:
        heads: Mapping[str, int] = tick.body["heads"]
        if any(reached.get(stream, 0) < seq for stream, seq in heads.items()):
            break
        ordered += [event for event in left if event.seq <= heads.get(event.stream, 0)]
        left = [event for event in left if event.seq > heads.get(event.stream, 0)]
        ordered.append(tick)
        reached[tick.stream] = tick.seq
    ordered += left
    return ordered, reached

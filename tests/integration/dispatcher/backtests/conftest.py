"""A record of several hundred events that a real leader has taken, ticks and all, and what it made of them."""

import itertools
import random
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from dispatcher.engine import leadership
from dispatcher.engine.steps import Stepper
from events import log
from events.feed import Feed
from events.model import EventDraft, SourceClass, content_hash
from events.ticks import append_tick
from runtime.clock import SimulatedClock
from runtime.pool import Connection, Pool
from tests.harness.log import START, draft

EVENTS = 350
# Three hours; whatever is sent arrives up to half an hour late, so some come behind their watermark.
SPAN_S = 10_800


def record(seed: int, kinds: tuple[str, ...]) -> list[tuple[float, EventDraft]]:
    """Events in the order of their arrival: repeats, corrections, returns, without a place, late."""
    chance = random.Random(seed)
    made = []
    for n in range(EVENTS):
        at_s = chance.uniform(0, SPAN_S)
        east = None if chance.random() < 0.08 else chance.choice((0, 120, 250, 400, 3000, 3100, 7000)) + chance.random()
        subject = f"subject {chance.randrange(60)}"
        number = n if chance.random() < 0.9 else chance.randrange(EVENTS)
        event = draft(
            f"record {number}",
            round(at_s),
            east,
            kind=chance.choice(kinds),
            subject=subject,
            source_class=chance.choice((SourceClass.SENSOR, SourceClass.CAMERA)),
            raised=number % 14 != 0,
            revision=chance.randrange(3),
        )
        arrived_s = at_s + chance.choice((0, 0, 0, 5, 60, 1900))
        made.append((arrived_s, replace(event, content_hash=content_hash([n, round(at_s), east]))))
    return sorted(made, key=lambda pair: (pair[0], pair[1].uid))


async def write_record(pool: Pool, arrivals: list[tuple[float, EventDraft]], *, tick_s: float = 120.0) -> None:
    """The log as two gateways and a leader's ticks would have left it."""
    async with pool.acquire() as conn, conn.transaction():
        for tick, together in itertools.groupby(arrivals, key=lambda pair: int(pair[0] // tick_s)):
            for n, (arrived_s, event) in enumerate(together):
                received_at = draft("arrival", arrived_s, None).effective_at
                await log.append(conn, f"gateway-{n % 2}", [replace(event, received_at=received_at)])
            await append_tick(conn, draft("tick", (tick + 1) * tick_s, None).effective_at)


@pytest.fixture
async def kinds(owner: Connection) -> tuple[str, ...]:
    """One kind of each sort that the master data has: clustered with auto ticket, review, notice, never clustered."""
    rows = await owner.fetch(
        "SELECT DISTINCT ON (kind_group, mode) id FROM event_kinds ORDER BY kind_group, mode, id",
    )
    return ("outdoor_fire", "street_vendor_occupation", "unclassified", *(row["id"] for row in rows))


@pytest.fixture
async def live(pool: Pool, owner: Connection, kinds: tuple[str, ...]) -> AsyncIterator[Any]:
    """The leader that has taken the record, with every stage."""
    await owner.execute("UPDATE deployment SET simulated_at = $1", START)
    await write_record(pool, record(7, kinds))
    async with pool.acquire() as conn:
        epoch = await leadership.take(conn, "first")
    assert epoch is not None
    with ThreadPoolExecutor(1, thread_name_prefix="kernels") as kernels:
        stepper = Stepper(pool, SimulatedClock(START), Feed(pool), kernels, epoch, batch_events=60)
        while await stepper.step():
            pass
        yield stepper

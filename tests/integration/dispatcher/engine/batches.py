"""A log written beside an oracle, and a leader that takes it in batches of any size, started anew at any of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from hypothesis import strategies as st

from dispatcher.engine.stages import Stage
from events import log
from events.model import EventDraft
from events.ticks import append_tick
from runtime.pool import Pool
from tests.harness.log import draft
from tests.integration.dispatcher.engine.conftest import Leader

# How many events each step may take, and whether the process is started anew before it.
STEPS: Final = st.lists(st.tuples(st.integers(1, 8), st.booleans()), min_size=1, max_size=12)
STEPS_MAX: Final = 400


class Said(Protocol):
    """An event of a test's own making."""

    @property
    def name(self) -> int: ...

    def draft(self) -> EventDraft: ...


@dataclass(frozen=True)
class Tick:
    by_s: int


class Expected(Protocol):
    """The oracle beside the log: it applies every record in the order in which the log was written."""

    def say(self, event: EventDraft) -> None: ...

    def tick(self, at_ms: int) -> None: ...


async def write(pool: Pool, records: Sequence[Said | Tick], expected: Expected) -> None:
    at_s = 0
    async with pool.acquire() as conn, conn.transaction():
        for record in records:
            if isinstance(record, Tick):
                at_s += record.by_s
                tick = draft("tick", at_s, None)
                await append_tick(conn, tick.effective_at)
                expected.tick(round(tick.effective_at.timestamp() * 1000))
            else:
                event = record.draft()
                await log.append(conn, f"gateway-{record.name % 2}", [event])
                expected.say(event)


async def take_all(leader: Leader, stages: Sequence[tuple[str, Stage]], steps: Sequence[tuple[int, bool]]) -> None:
    stepper, nth, busy = leader(stages=stages), 0, True
    while busy:
        batch, restarted = steps[nth % len(steps)]
        if restarted:
            stepper = leader(stages=stages)
        stepper._batch = batch
        busy = await stepper.step()
        nth += 1
        assert nth < STEPS_MAX, "the leader stands still"

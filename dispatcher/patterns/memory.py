"""What the stage knows beside the database: the matcher with the last hours' events, rebuilt where it is missing."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dispatcher.incidents.step import Step
from dispatcher.patterns.book import PatternBook, read_book
from dispatcher.patterns.copied import batch_of_rows, read_live
from dispatcher.patterns.matcher import Matcher
from dispatcher.rules.rulebook import Rulebook


@dataclass(slots=True)
class PatternMemory:
    """Hangs on the step's memory, and goes with it."""

    rulebook: Rulebook  # for which the patterns were read
    book: PatternBook
    matcher: Matcher
    watermarks_ms: dict[str, int]  # by kind group

    def move_watermarks(self, tick_at: datetime) -> list[int | None]:
        """What the tick makes of each pattern's watermark: as the groups' own, they only rise."""
        taxonomy = self.rulebook.taxonomy
        for group in taxonomy.groups.values():
            at_ms = round((tick_at - timedelta(seconds=group.lateness_s)).timestamp() * 1000)
            self.watermarks_ms[group.id] = max(at_ms, self.watermarks_ms.get(group.id, at_ms))
        return self.book.watermarks(taxonomy, self.watermarks_ms)


def known(step: Step) -> PatternMemory | None:
    found = step.memory.patterns
    return found if isinstance(found, PatternMemory) else None


async def recall(step: Step) -> PatternMemory:
    """The memory as of the last committed step: call it before anything of this step is written.

    Patterns are read anew whenever the rulebook is. Where they changed, the matcher begins with the events that it
    would hold, of which nothing is told: a new version finds what comes from now on.
    """
    before = known(step)
    if before is not None and before.rulebook is step.rulebook:
        return before
    book = await read_book(step.conn, step.rulebook.taxonomy, step.at)
    if before is not None and before.book == book and before.rulebook.taxonomy == step.rulebook.taxonomy:
        before.rulebook = step.rulebook
        return before
    made = PatternMemory(step.rulebook, book, Matcher(book.shapes()), _watermarks(step))
    await _refill(step, made)
    step.memory.patterns = made
    return made


def _watermarks(step: Step) -> dict[str, int]:
    correlator = step.memory.correlator
    found = ((group, correlator.watermark_ms(index)) for index, group in enumerate(step.memory.groups))
    return {group: at_ms for group, at_ms in found if at_ms is not None}


async def _refill(step: Step, memory: PatternMemory) -> None:
    if not memory.book.patterns:
        return
    watermarks = memory.book.watermarks(step.rulebook.taxonomy, memory.watermarks_ms)
    since = [
        datetime.fromtimestamp(at_ms / 1000, UTC) - 2 * timedelta(seconds=pattern.t_s)
        for pattern, at_ms in zip(memory.book.patterns, watermarks, strict=True)
        if at_ms is not None
    ]
    beginning = min(since) if len(since) == len(watermarks) else datetime(1970, 1, 1, tzinfo=UTC)
    rows = await read_live(step.conn, beginning, memory.book)

    def restore() -> None:
        memory.matcher.restore(batch_of_rows(rows, memory.book, step.rulebook.areas), watermarks)

    # In the thread of the kernels: the leader's lease is renewed meanwhile.
    await asyncio.get_running_loop().run_in_executor(step.kernels, restore)

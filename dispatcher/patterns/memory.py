"""What the stage knows beside the database: the matcher with the last hours' events, rebuilt where it is missing."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dispatcher.incidents.step import Step
from dispatcher.patterns.book import PatternBook, read_book
from dispatcher.patterns.copied import batch_of_rows, read_live
from dispatcher.patterns.matcher import Matcher, Outcome
from registry.event_kinds import Taxonomy


@dataclass(slots=True)
class PatternMemory:
    """Hangs on the step's memory, and goes with it: a change of rules makes both anew."""

    book: PatternBook
    matcher: Matcher
    watermarks_ms: dict[str, int]  # by kind group
    begun: Outcome = field(default_factory=Outcome)  # by a change of rules, and told by its step

    def move_watermarks(self, taxonomy: Taxonomy, tick_at: datetime) -> list[int | None]:
        """What the tick makes of each pattern's watermark: as the groups' own, they only rise."""
        for group in taxonomy.groups.values():
            at_ms = round((tick_at - timedelta(seconds=group.lateness_s)).timestamp() * 1000)
            self.watermarks_ms[group.id] = max(at_ms, self.watermarks_ms.get(group.id, at_ms))
        return self.book.watermarks(taxonomy, self.watermarks_ms)


def known(step: Step) -> PatternMemory | None:
    found = step.memory.patterns
    return found if isinstance(found, PatternMemory) else None


async def recall(step: Step) -> PatternMemory:
    """The memory as of the last committed step: call it before anything of this step is written.

    The patterns are those of the step's rules, which change at a position of the log and nowhere else: a memory that is
    there stands for them. Where the rules have just changed, those that count otherwise from here on begin with what
    holds among the live events; of the others everything was told.
    """
    before = known(step)
    if before is not None:
        return before
    book = await read_book(step.conn, step.rulebook)
    made = PatternMemory(book, Matcher(book.shapes()), _watermarks(step))
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
    changed = _changed(step, memory.book)

    def restore() -> Outcome:
        batch = batch_of_rows(rows, memory.book, step.rulebook.areas)
        if not changed:
            memory.matcher.restore(batch, watermarks)
            return Outcome()
        held = memory.matcher.begin(batch, watermarks)
        return Outcome(
            found=[match for match in held.found if match.pattern in changed],
            links=[link for link in held.links if link[0] in changed],
        )

    # In the thread of the kernels: the leader's lease is renewed meanwhile.
    memory.begun = await asyncio.get_running_loop().run_in_executor(step.kernels, restore)


def _changed(step: Step, book: PatternBook) -> frozenset[int]:
    """The rows of the patterns that counted otherwise, or not at all, under the rules before."""
    if step.replaced is None:
        return frozenset()
    before, now = step.replaced.patterns, step.rulebook.patterns
    return frozenset(row for row, each in enumerate(book.patterns) if before.get(each.id) != now[each.id])

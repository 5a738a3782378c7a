"""What a takeover would do to the incidents that are open now: the takeover itself, on a copy of them."""

from concurrent.futures import Executor
from datetime import datetime
from typing import Any

from dispatcher.backtests.comparison import places, summary
from dispatcher.backtests.history import BEGINNING, advance, read_found
from dispatcher.backtests.shadow import QUERIES, copy_open_incidents, shadow_session
from dispatcher.backtests.trial import Ruled
from dispatcher.incidents.memory import Memory
from dispatcher.incidents.step import Step
from dispatcher.rules.rulebook import read_rulebook, under


async def dry_run(dsn: str, rules: Ruled, kernels: Executor, *, at: datetime) -> dict[str, Any]:
    """Take the rules over at `at` on a copy; writes nothing. Raises CorrelationError where the kernels cannot run them.

    Everything that the takeover itself changes is told; what the watermarks then close differs in nothing else.
    """
    async with shadow_session(dsn) as conn:
        async with conn.transaction():
            current = await read_rulebook(conn)
            book = await under(conn, current, rules.document, rules.version or current.version + 1)
        await copy_open_incidents(conn)
        before = await read_found(conn, {})
        async with conn.transaction():
            memory = await Memory.rebuild(conn, book)
            step = Step(
                conn=conn, at=at, epoch=0, rulebook=book, events=[], kernels=kernels, memory=memory, replaced=current
            )
            await advance(step)
        after = await read_found(conn, {})
        rows = await conn.fetch(QUERIES.numbers_of, [bytes.fromhex(key) for key in before.incidents])
    numbers = {row["canonical_uid"].hex(): row["number"] for row in reversed(rows)}
    return {
        "after": rules.as_json(),
        "in_force": current.version,
        "open_incidents": len(before.incidents),
        "difference": summary(places(before, after, BEGINNING), numbers),
    }

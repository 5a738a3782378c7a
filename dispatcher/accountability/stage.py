"""The stage of accountability: every breach is judged once, what has ended is sealed, late petitions are breaches."""

from datetime import datetime
from typing import Final, Protocol

from prometheus_client import Counter

from dispatcher.accountability import facts, files, petitions
from dispatcher.accountability.words import Ground
from dispatcher.incidents.step import Advanced
from runtime.pool import Connection

QUERIES = files.QUERIES

BATCH: Final = 200

JUDGED_TOTAL = Counter("dispatcher_breaches_judged_total", "Breaches by what became of them", ["type", "judgement"])


class Moment(Protocol):
    """What this stage reads of a step."""

    @property
    def conn(self) -> Connection: ...

    @property
    def at(self) -> datetime: ...


async def advance(step: Moment) -> Advanced:
    """Judge what was broken, seal what has ended, notice late petitions. Cheap where nothing is."""
    late = await petitions.notice_late(step.conn, step.at, BATCH)
    breaches = [row["id"] for row in await step.conn.fetch(QUERIES.unjudged_breaches, BATCH)]
    ended = await step.conn.fetch(QUERIES.ended_breaches, BATCH)
    if not breaches and not ended:
        return Advanced(late, late)
    terms = await files.read_terms(step.conn, step.at)
    opened = 0
    for breach_id in breaches:
        opened += await _judge(step, breach_id, terms)
    for row in ended:
        await files.seal_end(step.conn, row["file_id"], row["id"], step.at, terms)
    return Advanced(late + len(breaches) + len(ended), late + opened + len(ended))


async def _judge(step: Moment, breach_id: int, terms: files.Terms) -> bool:
    row = await files.read_breach(step.conn, breach_id)
    named = Ground(row["ground"]) if row["ground"] is not None else None
    judgement, ground = facts.judge(named, row["unit_organisation_id"], row["explanation"])
    await step.conn.execute(QUERIES.judge_breach, breach_id, judgement, step.at)
    JUDGED_TOTAL.labels(row["type"], judgement.value).inc()
    if ground is None:
        return False
    # What is already over is part of the first seal.
    opened = await files.open_file(step.conn, breach_id, ground, step.at, terms=terms)
    if row["actual_at"] is not None:
        await step.conn.execute(QUERIES.seal_end, breach_id)
    return opened is not None

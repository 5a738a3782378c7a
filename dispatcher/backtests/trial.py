"""A backtest: the same history under two versions of the rules, and what differs. Deterministic; writes nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from dispatcher.backtests.comparison import places, summary
from dispatcher.backtests.history import BEGINNING, END, Found, Span, read_span, run_history, warm_up_of
from dispatcher.backtests.shadow import QUERIES, shadow_session
from dispatcher.rules.document import RuleDocument
from dispatcher.rules.rulebook import Rulebook, read_rulebook, under
from runtime.pool import Connection, connect

Report = dict[str, Any]
Counted = Callable[[int, int], Awaitable[None]]
"""Told (events taken, events in all) over both runs; may raise to stop."""


class Cannot(StrEnum):
    """What a trial cannot rebuild; told with every result."""

    OFFICERS = "officers"  # Grades set by hand, judgements and tickets are of the live incidents.
    DROPPED = "dropped"  # The record begins later than was asked for.
    CUT = "cut"  # What was open when the span began or ends is not whole.
    RULES_CHANGED = "rules_changed"  # Other rules were in force for a part of the span.


@dataclass(frozen=True, slots=True)
class Ruled:
    """Rules on one side of a trial; a document that is kept nowhere has no version."""

    document: RuleDocument
    version: int | None

    def as_json(self) -> dict[str, Any]:
        return {"version": self.version, "sha256": self.document.sha256}


async def backtest(
    dsn: str,
    before: Ruled,
    after: Ruled,
    kernels: Executor,
    *,
    from_at: datetime | None = None,
    to_at: datetime | None = None,
    on_progress: Counted,
) -> Report:
    """Run the record received in [from_at, to_at) under both; None: from its beginning, to its end."""
    since, until = from_at or BEGINNING, to_at or END
    async with _looking(dsn) as conn:
        rulebook = await read_rulebook(conn)
        books = (
            await under(conn, rulebook, before.document, before.version or rulebook.version),
            await under(conn, rulebook, after.document, after.version or rulebook.version + 1),
        )
        span = await read_span(conn, since, until, await warm_up_of(conn, *books))
        limits = await _limits(conn, rulebook, since, until, span)
    found = []
    for nth, book in enumerate(books):

        async def counted(taken: int, done: int = nth * span.events) -> None:
            await on_progress(done + taken, 2 * span.events)

        await counted(0)
        found.append(await _run(dsn, book, span, kernels, counted))
    return await _report(dsn, before, after, span, (found[0], found[1]), since, limits)


@asynccontextmanager
async def _looking(dsn: str) -> AsyncIterator[Connection]:
    """One transaction that reads."""
    conn = await connect(dsn, application_name="rongan-backtest")
    try:
        async with conn.transaction(readonly=True):
            yield conn
    finally:
        conn.terminate()


async def _run(
    dsn: str, book: Rulebook, span: Span, kernels: Executor, counted: Callable[[int], Awaitable[None]]
) -> Found:
    async with shadow_session(dsn) as conn:
        return await run_history(conn, book, span, kernels, counted)


async def _report(
    dsn: str,
    before: Ruled,
    after: Ruled,
    span: Span,
    found: tuple[Found, Found],
    since: datetime,
    limits: list[dict[str, Any]],
) -> Report:
    compared = places(*found, since)
    keys = [bytes.fromhex(key) for side in found for key in side.incidents]
    async with _looking(dsn) as conn:
        rows = await conn.fetch(QUERIES.numbers_of, keys)
    numbers = {row["canonical_uid"].hex(): row["number"] for row in reversed(rows)}
    return {
        "before": before.as_json(),
        "after": after.as_json(),
        "events": span.events,
        "difference": summary(compared, numbers),
        "cannot": limits,
    }


async def _limits(
    conn: Connection, rulebook: Rulebook, since: datetime, until: datetime, span: Span
) -> list[dict[str, Any]]:
    told = [
        _told(
            Cannot.OFFICERS,
            "人工评定的等级、核实结论和工单处置不在回测之列",
            "what officers did by hand (grades, judgements, work on tickets) is of the live incidents and not rebuilt",
        )
    ]
    row = await conn.fetchrow(QUERIES.record_span)
    begins_at = row["begins_at"] if row is not None else None
    if since > BEGINNING and (begins_at is None or begins_at > since):
        told.append(_told(Cannot.DROPPED, f"记录始于 {begins_at}", f"the record begins at {begins_at}"))
    if since > BEGINNING or until < END:
        told.append(
            _told(
                Cannot.CUT,
                "时段起止时尚未结束的案件不完整",
                "incidents that were open when the span begins or ends are not whole",
            )
        )
    rule_set = rulebook.deployment.rule_set
    changes = await conn.fetchval(QUERIES.changes_within, rule_set, since, until) if span.events else 0
    if changes:
        told.append(
            _told(
                Cannot.RULES_CHANGED,
                f"该时段内规则曾变更 {changes} 次，比较的两侧各自全程使用一个版本",
                f"the rules changed {changes} times within the span; each side uses one version throughout",
            )
        )
    return told


def _told(what: Cannot, zh: str, en: str) -> dict[str, Any]:
    return {"code": what.value, "zh": zh, "en": en}

"""What another matrix, other points or other cells of kinds would make of final incidents, by their events alone.

A backtest correlates the record anew, a few hundred events a second; this takes incidents as they stand and grades
arrays of their events, some hundred thousand a second, most of it the database's. What else was known of them (earlier
incidents, patterns, doubts, people who looked) is not looked at: how many have another grade for such reasons is told
with the result.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dispatcher.backtests.shadow import QUERIES
from dispatcher.incidents.copied_rows import CopiedRows, Layout, milliseconds, text
from dispatcher.risk.by_events import Grader
from dispatcher.risk.columns import Counted, Decided, Reports
from dispatcher.risk.model import colour_of
from dispatcher.rules.rulebook import Rulebook
from registry.event_kinds import UNCLASSIFIED
from runtime.pool import Connection

_LAYOUT: Final = Layout(
    numbers=(
        ("incident_id", ">i8"), ("uid", "V16"), ("effective_us", ">i8"), ("kind_hash", ">i8"), ("source_class", ">i4"),
        ("subject_number", ">i8"), ("grade", ">i2"), ("life", "?"), ("coloured", "?"),
    ),
    texts=("colour",),
)  # fmt: skip
_GRADES: Final = 5

EVENTS_AT_ONCE: Final = 500_000
"""So many events are in memory at a time, at some 500 bytes each; more only where one incident has more."""

Int64 = NDArray[np.int64]
Counter = Callable[[int, int], Awaitable[None]]
"""Told (events graded, events in all)."""


def _square() -> Int64:
    return np.zeros((_GRADES, _GRADES), np.int64)


@dataclass(slots=True)
class Regraded:
    """How many incidents had which grade under the rules before and after; by the kind that names them before."""

    events: int = 0
    shown_otherwise: int = 0  # whose grade on record is not that of their events under the rules before
    grades: Int64 = field(default_factory=_square)  # by [before, after]
    by_kind: dict[str, Int64] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "incidents": int(self.grades.sum()),
            "shown_otherwise": self.shown_otherwise,
            **_moves(self.grades),
            "grades": self.grades[1:, 1:].tolist(),
            "by_kind": [
                {"kind": kind, "incidents": int(grades.sum()), **_moves(grades)}
                for kind, grades in sorted(self.by_kind.items())
            ],
        }


def _moves(grades: Int64) -> dict[str, int]:
    """Grade 1 is the gravest: what lies below the diagonal became graver."""
    return {"graver": int(np.tril(grades, -1).sum()), "milder": int(np.triu(grades, 1).sum())}


async def regrade(
    conn: Connection,
    before: Rulebook,
    after: Rulebook,
    *,
    from_at: datetime,
    to_at: datetime,
    on_progress: Counter,
    at_once: int = EVENTS_AT_ONCE,
) -> Regraded:
    """Grade the final incidents that began in [from_at, to_at) under both, about `at_once` events at a time.

    Writes nothing. `conn` is in a transaction that sees all parts as of one moment; both rulebooks know the same kinds.
    """
    graders = [Grader.of(book.taxonomy, book.matrix, book.grading) for book in (before, after)]
    kinds = list(before.taxonomy.kinds)
    hashes = {row["id"]: row["hash"] for row in await conn.fetch(QUERIES.hashes_of_kinds)}
    parts = await conn.fetch(QUERIES.parts_of_finals, from_at, to_at, at_once)
    found, total, done = Regraded(), sum(part["events"] for part in parts), 0
    await conn.execute(QUERIES.go_by_index)
    await on_progress(done, total)
    for part in parts:
        rows = await CopiedRows.read(
            conn, _LAYOUT, QUERIES.copy_final_events, part["kind_group"], part["from_at"], part["to_at"]
        )
        _add(found, rows, kinds, hashes, graders)
        done += part["events"]
        await on_progress(done, total)
    return found


def _add(
    found: Regraded, rows: CopiedRows, kinds: Sequence[str], hashes: dict[str, int], graders: Sequence[Grader]
) -> None:
    records = rows.records
    if not records.size:
        return
    _, firsts, set_of = np.unique(records["incident_id"].astype(np.int64), return_index=True, return_inverse=True)
    reports = Reports(
        set_of=set_of.reshape(-1).astype(np.int64),
        t_ms=milliseconds(records["effective_us"]),
        uid_hi=records["uid_hi"].astype(np.uint64),
        uid_lo=records["uid_lo"].astype(np.uint64),
        kind=_kind_rows(records["kind_hash"].astype(np.int64), kinds, hashes),
        source_class=records["source_class"].astype(np.int64),
        subject=records["subject_number"].astype(np.int64),
        colour=_colours(rows),
        life=records["life"].astype(np.bool_),
    )
    was, named = _graded(*graders[0].grade(reports, firsts.size, final=True))
    comes_out, _ = _graded(*graders[1].grade(reports, firsts.size, final=True))
    found.events += records.size
    found.shown_otherwise += int(np.count_nonzero(records["grade"][firsts].astype(np.int64) != was))
    np.add.at(found.grades, (was, comes_out), 1)
    for kind in np.unique(named).tolist():
        of_kind = found.by_kind.setdefault(kinds[kind], _square())
        np.add.at(of_kind, (was[named == kind], comes_out[named == kind]), 1)


def _graded(counted: Counted, decided: Decided) -> tuple[Int64, Int64]:
    """By set its grade and the kind that gave it."""
    return decided.grade[decided.row], counted.kind[decided.row]


def _kind_rows(asked: Int64, kinds: Sequence[str], hashes: dict[str, int]) -> Int64:
    """The row of each event's kind; one that the rules do not know is graded as unclassified."""
    known = np.array([hashes[kind] for kind in kinds], np.int64)
    order = np.argsort(known)
    row = order[np.minimum(np.searchsorted(known[order], asked), known.size - 1)]
    found: Int64 = np.where(known[row] == asked, row, kinds.index(UNCLASSIFIED))
    return found


def _colours(rows: CopiedRows) -> Int64:
    colours = np.zeros(rows.records.size, np.int64)
    for row in np.flatnonzero(rows.records["coloured"]).tolist():
        colours[row] = colour_of(text(rows.texts(row)["colour"])) or 0
    return colours

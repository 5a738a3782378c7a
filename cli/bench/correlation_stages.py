"""What patterns and grades cost behind the clustering: the same events through stages A to C, D and F, in process.

Counts (E) are taken from finished incidents by the database, an hour at a time, and have no share here. Kinds and
classes of source are drawn from the whole taxonomy; patterns, points and matrix are those of the release.
"""

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cli.bench.exactness import labels_of
from cli.bench.timed import TimedCorrelator, batches
from cli.bench.workloads import SEED, Workload, uniform
from dispatcher.correlation.columns import EventColumns, uid_bytes
from dispatcher.patterns.book import PatternBook
from dispatcher.patterns.candidates import Lines, lines_of
from dispatcher.patterns.columns import Batch
from dispatcher.patterns.compilation import compile_pattern_kernels
from dispatcher.patterns.matcher import Matcher
from dispatcher.patterns.shipped import seed_rows, shipped
from dispatcher.risk.grading import grade
from dispatcher.risk.model import Facts, Witness
from dispatcher.risk.tally import Tally
from dispatcher.rules.rulebook import RiskMatrix
from events.model import SourceClass
from registry.event_kinds import EventKind, KindMode, Taxonomy
from registry.grading import CELL_DM, GradeTable, KindRisk, Moves, Points

CLASSES: Final = tuple(SourceClass)
Numbers = NDArray[np.int64]


def measured(size: int) -> dict[str, Any]:
    """Events a second of each stage alone and of one core that does all of them, one after the other."""
    compile_pattern_kernels()
    workload = uniform("stages", size, 0.9)
    random = np.random.default_rng(SEED + 7)
    taxonomy, matrix, table = _rules()
    kind, source = random.integers(0, len(taxonomy.kinds), size), random.integers(0, len(CLASSES), size)
    names = tuple(taxonomy.kinds)
    _matched(Workload("warm", "", batches(workload.events, 2_000)[0], workload.groups), names, kind, source)

    begin = time.perf_counter()
    labels = _clustered(workload)
    clustered_s = time.perf_counter() - begin
    begin = time.perf_counter()
    matches = _matched(workload, names, kind, source)
    matched_s = time.perf_counter() - begin
    begin = time.perf_counter()
    graded = 0
    for witnesses in _incidents(workload.events, labels, names, kind, source):
        grade(Tally(witnesses), Facts(), taxonomy, matrix, table)
        graded += 1
    graded_s = time.perf_counter() - begin
    return {
        "events": size,
        "matches": matches,
        "incidents_graded": graded,
        "events_per_s": {
            "A to C": round(size / clustered_s),
            "D": round(size / matched_s),
            "F": round(size / graded_s),
            "all": round(size / (clustered_s + matched_s + graded_s)),
        },
    }


def _clustered(workload: Workload) -> Numbers:
    correlator = TimedCorrelator(workload.groups)
    finals = []
    for batch in batches(workload.events):
        correlator.apply(batch)
        watermark_ms = int(batch.t_ms[-1])
        finals += [correlator.advance(group, watermark_ms) for group in range(len(workload.groups))]
    finals += [correlator.advance(group, 1 << 59) for group in range(len(workload.groups))]
    return labels_of(finals, workload.events)


def _matched(workload: Workload, names: tuple[str, ...], kind: Numbers, source: Numbers) -> int:
    """How many matches the shipped patterns have."""
    patterns = tuple(shipped().values())
    sorts = [
        tuple(
            (number, mask, False)
            for number, pattern in enumerate(patterns)
            if (
                mask := sum(
                    1 << nth
                    for nth, step in enumerate(pattern.steps)
                    if name in step.kinds and source_class in step.source_classes and step.predicate is None
                )
            )
        )
        for name in names
        for source_class in CLASSES
    ]
    fills = np.array([bool(lines) for lines in sorts])
    matcher = Matcher(PatternBook(patterns).shapes())
    found, begin = 0, 0
    for events in batches(workload.events):
        end = begin + events.t_ms.size
        sort = kind[begin:end] * len(CLASSES) + source[begin:end]
        looked_for = fills[sort]
        batch = _batch(events, looked_for, lines_of(sorts, sort[looked_for], np.zeros(looked_for.sum(), np.int64)))
        found += len(matcher.apply(batch).found)
        found += len(matcher.advance([int(events.t_ms[-1])] * len(patterns)).found)
        begin = end
    return found


def _batch(events: EventColumns, kept: NDArray[np.bool_], lines: Lines) -> Batch:
    """The events of a batch that fill any step."""
    return Batch(
        uid_hi=events.uid_hi[kept],
        uid_lo=events.uid_lo[kept],
        revision=events.revision[kept],
        content=events.content[kept],
        t_ms=events.t_ms[kept],
        x_dm=events.x_dm[kept],
        y_dm=events.y_dm[kept],
        located=events.located[kept],
        **lines._asdict(),
    )


def _incidents(
    events: EventColumns, labels: Numbers, names: tuple[str, ...], kind: Numbers, source: Numbers
) -> Iterator[list[Witness]]:
    """The events of each incident as the grader takes them."""
    order = np.argsort(labels, kind="stable")
    ends = [*np.flatnonzero(np.diff(labels[order], prepend=-1)).tolist(), order.size]
    columns = [c[order].tolist() for c in (events.t_ms, events.uid_hi, events.uid_lo, kind, source, events.subject)]
    cells = [(c[order] // CELL_DM).tolist() for c in (events.x_dm, events.y_dm)]
    rows = list(zip(*columns, *cells, strict=True))
    for first, end in pairwise(ends):
        yield [
            Witness(t, uid_bytes(hi, lo), names[k], CLASSES[c], str(subject), (east, north))
            for t, hi, lo, k, c, subject, east, north in rows[first:end]
        ]


def _rules() -> tuple[Taxonomy, RiskMatrix, GradeTable]:
    """Kinds, matrix and points of the release, from its files."""
    kinds = {row["kind_id"]: _kind(row) for row in seed_rows("event_kinds")}
    matrix = {(int(row["consequence"]), int(row["likelihood"])): int(row["grade"]) for row in seed_rows("risk_matrix")}
    points: dict[str, tuple[Points, ...]] = {}
    for row in seed_rows("grade_points"):
        level, worth, waits = int(row["level"]), int(row["points"]), row["waits"] == "true"
        one = Points(
            row["rule"], level, Moves(row["axis"]), worth, waits, row["zh_name"], row["en_name"], row["source"]
        )
        points[row["rule"]] = (*points.get(row["rule"], ()), one)
    table = GradeTable(
        version=1,
        points=points,
        parameters={row["name"]: int(row["value"]) for row in seed_rows("grade_parameters")},
        kinds={
            row["kind"]: KindRisk(row["life_at_risk"] == "true", row["takes_colour"] == "true")
            for row in seed_rows("kind_risks")
        },
    )
    return Taxonomy("default", kinds, {}), RiskMatrix(1, matrix), table


def _kind(row: dict[str, str]) -> EventKind:
    return EventKind(
        id=row["kind_id"], version=1, zh_name=row["zh_name"], en_name=row["en_name"], scenario=row["scenario"],
        likelihood=int(row["likelihood_1_5"]), consequence=int(row["consequence_1_5"]),
        lead_department=row["lead_department"], co_departments=(), ticket_kind=row["ticket_kind"],
        disclosure_category=row["disclosure_category"], committee_list=row["committee_list"],
        kind_group=row["kind_group"], mode=KindMode(row["mode"]), time_critical=row["time_critical"] == "true",
        run_card=None, notes="",
    )  # fmt: skip

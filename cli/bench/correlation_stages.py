"""What patterns and grades cost behind the clustering: the same events through stages A to F, in process.

Events come in as arrays, graded finals and the counts of finished hours go out. Kinds and classes of source are drawn
from the whole taxonomy; patterns, points and matrix are those of the release. Grades are numbers, by events
alone; what they cost with the words that are stored and shown is measured beside.
"""

import time
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cli.bench.filled_steps import FilledSteps
from cli.bench.timed import batches
from cli.bench.workloads import SEED, Workload, como_like
from dispatcher.correlation.columns import EventColumns, uid_bytes
from dispatcher.correlation.compilation import compile_kernels
from dispatcher.correlation.correlator import Correlator, Finals
from dispatcher.patterns.book import PatternBook
from dispatcher.patterns.compilation import compile_pattern_kernels
from dispatcher.patterns.matcher import Matcher
from dispatcher.patterns.shipped import seed_rows, shipped
from dispatcher.rates.compilation import compile_rate_kernels
from dispatcher.rates.counting import HOUR_MS, Counters
from dispatcher.risk.by_events import Grader
from dispatcher.risk.columns import Reports
from dispatcher.risk.compilation import compile_grading_kernels
from dispatcher.risk.grading import grade_all
from dispatcher.risk.model import Facts, Witness
from dispatcher.risk.tally import Tally
from dispatcher.rules.rulebook import RiskMatrix
from events.model import SourceClass
from registry.event_kinds import EventKind, KindMode, Taxonomy
from registry.grading import CELL_DM, GradeTable, KindRisk, Moves, Points

CLASSES: Final = tuple(SourceClass)
EXPLAINED: Final = 2_000
SQUARE_DM: Final = 50_000
HELD_BACK_MS: Final = 6 * HOUR_MS
Numbers = NDArray[np.int64]
Timed = dict[str, float]  # seconds by stage


def measured(size: int) -> dict[str, Any]:
    """Events a second of each stage and of one core that does all of them, batch by batch, to the last graded final."""
    compile_kernels()
    compile_pattern_kernels()
    compile_rate_kernels()
    compile_grading_kernels()
    workload = como_like(size)
    # The low word of a uid is the event's row: what grading knows of the events of a final is found by it.
    workload = replace(workload, events=workload.events._replace(uid_lo=np.arange(size, dtype=np.uint64)))
    _Stages(replace(workload, events=EventColumns._make(c[:50_000] for c in workload.events))).run()
    stages = _Stages(workload)
    stages.run()
    seconds = stages.seconds
    return {
        "events": size,
        "matches": stages.matches,
        "counts": stages.counts,
        "incidents_graded": int(stages.grades.sum()),
        "by_grade": {str(grade): int(stages.grades[grade]) for grade in range(1, 5)},
        "events_per_s": {
            **{stage: round(size / taken) for stage, taken in seconds.items()},
            "all": round(size / sum(seconds.values())),
        },
        "explained_per_s": stages.explained_per_s(),
    }


class _Stages:
    """A workload with kinds and classes drawn from the whole taxonomy, on its way through the stages."""

    def __init__(self, workload: Workload) -> None:
        random = np.random.default_rng(SEED + 7)
        size = workload.events.t_ms.size
        self._workload = workload
        self._rules = taxonomy, matrix, table = _rules()
        self._kinds = tuple(taxonomy.kinds)
        self._kind = random.integers(0, len(self._kinds), size)
        self._source = random.integers(0, len(CLASSES), size)
        self._sort = self._kind * len(CLASSES) + self._source
        self._grader = Grader.of(taxonomy, matrix, table)
        self._patterns = tuple(shipped().values())
        self._steps = FilledSteps(self._kinds, CLASSES, self._patterns)
        self._correlator = Correlator(workload.groups)
        self._matcher = Matcher(PatternBook(self._patterns).shapes())
        self.matches = 0
        self.grades = np.zeros(5, np.int64)
        self._counters = Counters(HOUR_MS)
        self.counts = 0
        self.seconds: Timed = {"A to C": 0.0, "D": 0.0, "E": 0.0, "F": 0.0}

    def run(self) -> None:
        """Every batch through every stage, then what is still open."""
        begin = 0
        latest = int(self._workload.events.t_ms[0])
        for events in batches(self._workload.events):
            rows = slice(begin, begin + events.t_ms.size)
            latest = max(latest, int(events.t_ms.max()))
            watermark_ms = self._workload.groups.watermark_ms(0, latest)
            self._finished(self._clustered(events, watermark_ms), watermark_ms)
            self._matched(events, rows, watermark_ms)
            begin = rows.stop
        self._finished(self._clustered(None, 1 << 59), 1 << 59)

    def _finished(self, finals: Finals, watermark_ms: int) -> None:
        kinds = self._graded(finals)
        self._counted(finals, kinds, watermark_ms)

    def _clustered(self, events: EventColumns | None, watermark_ms: int) -> Finals:
        began = time.perf_counter()
        if events is not None:
            self._correlator.apply(events)
        finals = self._correlator.advance(0, watermark_ms)
        self.seconds["A to C"] += time.perf_counter() - began
        return finals

    def _matched(self, events: EventColumns, rows: slice, watermark_ms: int) -> None:
        began = time.perf_counter()
        self.matches += len(self._matcher.apply(self._steps.batch(events, self._sort[rows])).found)
        self.matches += len(self._matcher.advance([watermark_ms] * len(self._patterns)).found)
        self.seconds["D"] += time.perf_counter() - began

    def _counted(self, finals: Finals, kinds: Numbers, watermark_ms: int) -> None:
        """Incidents by kind, square of 5 km and hour; what the watermark finishes is handed out."""
        began = time.perf_counter()
        firsts = finals.starts[:-1]
        rows = finals.uid_lo[firsts].astype(np.int64)
        events = self._workload.events
        square = (events.x_dm[rows] // SQUARE_DM).astype(np.int64) << 24 | (events.y_dm[rows] // SQUARE_DM)
        self._counters.count(square * len(self._kinds) + kinds, finals.t_ms[firsts])
        # An incident that is still open may have begun as long before the watermark as one lasts.
        self.counts += self._counters.finish(watermark_ms - HELD_BACK_MS).counts.size
        self.seconds["E"] += time.perf_counter() - began

    def _graded(self, finals: Finals) -> Numbers:
        began = time.perf_counter()
        rows = finals.uid_lo.astype(np.int64)
        reports = Reports(
            set_of=np.repeat(np.arange(len(finals)), np.diff(finals.starts)),
            t_ms=finals.t_ms,
            uid_hi=finals.uid_hi,
            uid_lo=finals.uid_lo,
            kind=self._kind[rows],
            source_class=self._source[rows],
            subject=self._workload.events.subject[rows],
            colour=np.zeros(rows.size, np.int64),
            life=np.zeros(rows.size, np.bool_),
        )
        counted, decided = self._grader.grade(reports, len(finals), final=True)
        self.grades += np.bincount(decided.grade[decided.row], minlength=5)
        self.seconds["F"] += time.perf_counter() - began
        kinds: Numbers = counted.kind[decided.row]
        return kinds

    def explained_per_s(self) -> int:
        """Incidents of one event a second that are graded with witnesses and words, as they are stored and shown."""
        events = self._workload.events
        witnesses = [
            Witness(t, uid_bytes(hi, lo), self._kinds[k], CLASSES[c], str(subject), (x // CELL_DM, y // CELL_DM))
            for t, hi, lo, k, c, subject, x, y in zip(
                *(
                    column[:EXPLAINED].tolist()
                    for column in (
                        events.t_ms, events.uid_hi, events.uid_lo, self._kind, self._source, events.subject,
                        events.x_dm, events.y_dm,
                    )
                ),
                strict=True,
            )
        ]  # fmt: skip
        began = time.perf_counter()
        grade_all([(Tally([witness]), Facts(final=True)) for witness in witnesses], *self._rules)
        return round(len(witnesses) / (time.perf_counter() - began))


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

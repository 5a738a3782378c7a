"""Grades sets of events: the kind gives likelihood and consequence, points of evidence move them, the matrix grades.

Pure and order-free: whole numbers are summed over sets, so the same tally and facts give the same grading whatever
came first, and a set that grows can only be graded graver until the watermark lets contradictions count. Every grading
says which rules moved it and which events are the witnesses, so it can be computed again from what is stored.

What each rule reached is looked at here, in words; what follows from it is decided by a kernel, for many sets at once.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, chain
from typing import Final

import numpy as np

from dispatcher.risk.columns import BY_COLOUR, BY_LIFE, BY_MATRIX, Decided, Sets, room_for, rule_columns
from dispatcher.risk.kernels import deciding
from dispatcher.risk.model import Decider, Evidence, Facts, Grading, Verdict
from dispatcher.risk.rules import RULES, Seen
from dispatcher.risk.tally import Tally
from dispatcher.rules.rulebook import RiskMatrix
from registry.event_kinds import Taxonomy
from registry.grading import GradeTable, Points

_DECIDERS: Final = {
    BY_MATRIX: Decider.MATRIX,
    BY_COLOUR: Decider.WARNING_COLOUR,
    BY_LIFE: Decider.LIFE_AT_RISK,
}
RULE_NAMES: Final = tuple(rule.name for rule in RULES)
"""The rules in the order of the kernels' columns."""


def grade(tally: Tally, facts: Facts, taxonomy: Taxonomy, matrix: RiskMatrix, table: GradeTable) -> Grading:
    """Grade a non-empty set of events: by each of its kinds, the gravest counts.

    Among equals the kind with the gravest cell, then consequence, then likelihood, then the earliest event.
    """
    return grade_all([(tally, facts)], taxonomy, matrix, table)[0]


def grade_all(
    cases: Collection[tuple[Tally, Facts]], taxonomy: Taxonomy, matrix: RiskMatrix, table: GradeTable
) -> list[Grading]:
    """Grade many sets, in their order."""
    rows, decided = _decided(cases, taxonomy, matrix, table)
    points = [row for name in RULE_NAMES for row in table.points.get(name, ())]
    return [_grading(rows[row], matrix, points, decided, row) for row in decided.row.tolist()]


def grades_of(
    cases: Collection[tuple[Tally, Facts]], taxonomy: Taxonomy, matrix: RiskMatrix, table: GradeTable
) -> list[int]:
    """The grades alone, where nobody asks why."""
    _, decided = _decided(cases, taxonomy, matrix, table)
    grades: list[int] = decided.grade[decided.row].tolist()
    return grades


def _decided(
    cases: Collection[tuple[Tally, Facts]], taxonomy: Taxonomy, matrix: RiskMatrix, table: GradeTable
) -> tuple[list[Seen], Decided]:
    """What the kernel decided of each kind of each set, in rows, and by set the row that counts."""
    seen = [[(Seen(tally, facts, taxonomy.kind(said), table), said) for said in tally.kinds] for tally, facts in cases]
    sets = _sets(seen)
    decided = room_for(sets)
    deciding.decide(rule_columns(RULE_NAMES, matrix, table), sets, decided)
    return [each for each, _ in chain.from_iterable(seen)], decided


def _sets(seen: Sequence[Sequence[tuple[Seen, str]]]) -> Sets:
    """What the kernel is given of each set and of each of its kinds."""
    rows = list(chain.from_iterable(seen))
    facts = [of_set[0][0].facts for of_set in seen]
    return Sets(
        starts=np.array([0, *accumulate(len(of_set) for of_set in seen)], np.int64),
        final=np.array([each.final for each in facts], np.bool_),
        found_false=np.array([_is_found_false(each) for each in facts], np.bool_),
        likelihood=np.array([each.kind.likelihood for each, _ in rows], np.int64),
        consequence=np.array([each.kind.consequence for each, _ in rows], np.int64),
        colour=np.array([_colour(each, said) for each, said in rows], np.int64),
        life=np.array([_life_at_risk(each) for each, _ in rows], np.bool_),
        reached=np.array([rule.reached(each) for each, _ in rows for rule in RULES], np.int32).reshape(-1, len(RULES)),
    )


def _is_found_false(facts: Facts) -> bool:
    return facts.judgement is not None and facts.judgement.verdict is Verdict.FALSE


def _life_at_risk(seen: Seen) -> bool:
    return seen.table.risk_of(seen.kind.id).life_at_risk or bool(seen.tally.lives)


def _colour(seen: Seen, said: str) -> int:
    """The gravest that a warning of this kind said; 0 where its kind does not take it."""
    if not seen.tally.colours or not seen.table.risk_of(seen.kind.id).takes_colour:
        return 0
    return min((colour for of_kind, colour in seen.tally.colours if of_kind == said), default=0)


def _grading(seen: Seen, matrix: RiskMatrix, points: Sequence[Points], decided: Decided, row: int) -> Grading:
    kind = seen.kind
    return Grading(
        kind=kind.id,
        kind_version=kind.version,
        matrix_version=matrix.version,
        points_version=seen.table.version,
        base_likelihood=kind.likelihood,
        base_consequence=kind.consequence,
        evidence=tuple(_evidence(seen, points, decided.worth[row].tolist())),
        likelihood=int(decided.likelihood[row]),
        consequence=int(decided.consequence[row]),
        decided_by=_DECIDERS[int(decided.decided_by[row])],
        grade=int(decided.grade[row]),
        facts=seen.facts,
    )


def _evidence(seen: Seen, points: Sequence[Points], worth: Sequence[int]) -> Iterator[Evidence]:
    """The rules that moved the grade, each with the row of points that counted."""
    for rule, row in zip(RULES, worth, strict=True):
        if row >= 0:
            counted, told = points[row], rule.told(seen)
            yield Evidence(
                rule.name, seen.table.version, counted.axis, counted.points, told.witnesses, zh=told.zh, en=told.en
            )

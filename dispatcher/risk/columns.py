"""The columns in which grading gives incidents and rules to its kernels: whole numbers, a row a kind of a set."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatcher.rules.rulebook import RiskMatrix
from registry.event_kinds import EventKind
from registry.grading import GradeTable, Moves

Flags = NDArray[np.bool_]
Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Words = NDArray[np.uint64]

SHIFT_MAX: Final = 2
"""Evidence moves likelihood and consequence by at most so many steps each (ruling A8)."""

BY_MATRIX: Final = 0
BY_COLOUR: Final = 1
BY_LIFE: Final = 2


class RuleColumns(NamedTuple):
    """What the levels of the rules are worth, and the matrix."""

    matrix: Int8  # grade by [consequence, likelihood], both from 1
    starts: Int64  # the rows of rule k are [starts[k], starts[k + 1]), levels rising
    level: Int64
    of_consequence: Flags  # else of likelihood
    points: Int64
    waits: Flags  # by rule: counts only once the incident is final
    step_points: int
    life_floor: int


class Reports(NamedTuple):
    """What grading knows of events, one array a column."""

    set_of: Int64  # which set the event belongs to, from 0 without a gap
    t_ms: Int64
    uid_hi: Words
    uid_lo: Words
    kind: Int64  # row of the KindColumns
    source_class: Int64  # 0 to 62
    subject: Int64
    colour: Int64  # of a warning: 1 red .. 4 blue; 0 for none
    life: Flags  # it says itself that a life is at risk


class Counted(NamedTuple):
    """What a tally counts of sets; rows as in `Sets`."""

    starts: Int64
    kind: Int64  # by row
    first: Int64  # by row the earliest report of the kind
    colour: Int64  # by row the gravest, 0 for none
    classes: Int64  # by set: distinct classes of source
    subjects: Int64  # by set: distinct subjects
    life: Flags  # by set


class KindColumns(NamedTuple):
    """What grading knows of kinds, one row each."""

    likelihood: Int64
    consequence: Int64
    takes_colour: Flags
    life: Flags


class Sets(NamedTuple):
    """The sets of events to be graded: set k is graded by each of its kinds, its rows [starts[k], starts[k + 1]).

    The kinds of a set stand in the order of their earliest events.
    """

    starts: Int64
    final: Flags  # by set: what waits counts
    found_false: Flags  # by set: a person looked and found it so
    likelihood: Int64  # by row, of the kind
    consequence: Int64
    colour: Int64  # of a warning of this kind the gravest, where its kind takes it; 0 for none
    life: Flags  # a life is at risk, by the kind or by what an event says
    reached: Int32  # by [row, rule] the level, 0 for none


class Decided(NamedTuple):
    """What came out."""

    row: Int64  # by set the row that counts
    likelihood: Int64  # by row
    consequence: Int64
    grade: Int64
    decided_by: Int8
    worth: Int32  # by [row, rule] the row of points that counted, -1 for none


def rule_columns(rules: Sequence[str], matrix: RiskMatrix, table: GradeTable) -> RuleColumns:
    """Of the named rules, in this order."""
    grades = np.zeros((6, 6), np.int8)
    for (consequence, likelihood), grade in matrix.grades.items():
        grades[consequence, likelihood] = grade
    rows = [table.points.get(rule, ()) for rule in rules]
    every = [row for of_rule in rows for row in of_rule]
    return RuleColumns(
        matrix=grades,
        starts=np.cumsum([0, *(len(of_rule) for of_rule in rows)], dtype=np.int64),
        level=np.array([row.level for row in every], np.int64),
        of_consequence=np.array([row.axis is Moves.CONSEQUENCE for row in every], np.bool_),
        points=np.array([row.points for row in every], np.int64),
        waits=np.array([rule in table.waiting for rule in rules], np.bool_),
        step_points=table.parameters["step_points"],
        life_floor=table.parameters["life_floor"],
    )


def kind_columns(kinds: Iterable[EventKind], table: GradeTable) -> KindColumns:
    """Of these kinds, in this order."""
    every = list(kinds)
    risks = [table.risk_of(kind.id) for kind in every]
    return KindColumns(
        likelihood=np.array([kind.likelihood for kind in every], np.int64),
        consequence=np.array([kind.consequence for kind in every], np.int64),
        takes_colour=np.array([risk.takes_colour for risk in risks], np.bool_),
        life=np.array([risk.life_at_risk for risk in risks], np.bool_),
    )


def room_for(sets: Sets) -> Decided:
    """Where the kernel writes what it decides of these sets."""
    rows = sets.likelihood.size
    return Decided(
        row=np.empty(sets.starts.size - 1, np.int64),
        likelihood=np.empty(rows, np.int64),
        consequence=np.empty(rows, np.int64),
        grade=np.empty(rows, np.int64),
        decided_by=np.empty(rows, np.int8),
        worth=np.empty(sets.reached.shape, np.int32),
    )

"""Grades many sets by their events alone, from columns: the numbers of `grading`, without facts and without words."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dispatcher.risk.columns import (
    Counted,
    Decided,
    Int32,
    KindColumns,
    Reports,
    RuleColumns,
    Sets,
    kind_columns,
    room_for,
    rule_columns,
)
from dispatcher.risk.grading import RULE_NAMES
from dispatcher.risk.kernels import deciding, tallying
from dispatcher.rules.rulebook import RiskMatrix
from registry.event_kinds import Taxonomy
from registry.grading import GradeTable

_SOURCES: Final = RULE_NAMES.index("independent_sources")
_REPEATS: Final = RULE_NAMES.index("repeated_reports")


@dataclass(frozen=True, slots=True)
class Grader:
    """The rules as columns; the kinds are numbered in the order of the taxonomy."""

    rules: RuleColumns
    kinds: KindColumns

    @classmethod
    def of(cls, taxonomy: Taxonomy, matrix: RiskMatrix, table: GradeTable) -> "Grader":
        return cls(rule_columns(RULE_NAMES, matrix, table), kind_columns(taxonomy.kinds.values(), table))

    def grade(self, reports: Reports, sets: int, *, final: bool) -> tuple[Counted, Decided]:
        """Grade the sets 0 to `sets` - 1, none of them empty.

        The other rules look at what else is known of an incident, and reach nothing here.
        """
        counted = count(reports, sets)
        kind, lengths = counted.kind, np.diff(counted.starts)
        made = Sets(
            starts=counted.starts,
            final=np.full(sets, final),
            found_false=np.zeros(sets, np.bool_),
            likelihood=self.kinds.likelihood[kind],
            consequence=self.kinds.consequence[kind],
            colour=np.where(self.kinds.takes_colour[kind], counted.colour, 0),
            life=self.kinds.life[kind] | np.repeat(counted.life, lengths),
            reached=_reached(counted),
        )
        decided = room_for(made)
        deciding.decide(self.rules, made, decided)
        return counted, decided


def count(reports: Reports, sets: int) -> Counted:
    """What a tally counts of each set."""
    events = reports.set_of.size
    room = Counted(
        starts=np.empty(sets + 1, np.int64),
        kind=np.empty(events, np.int64),
        first=np.empty(events, np.int64),
        colour=np.empty(events, np.int64),
        classes=np.empty(sets, np.int64),
        subjects=np.empty(sets, np.int64),
        life=np.empty(sets, np.bool_),
    )
    ends, order, table = (np.empty(size, np.int64) for size in (sets, events, 2 * events))
    with np.errstate(over="ignore"):
        rows = tallying.tally(reports, ends, order, table, room)
    return room._replace(kind=room.kind[:rows], first=room.first[:rows], colour=room.colour[:rows])


def _reached(counted: Counted) -> Int32:
    lengths = np.diff(counted.starts)
    reached = np.zeros((counted.kind.size, len(RULE_NAMES)), np.int32)
    reached[:, _SOURCES] = np.repeat(np.where(counted.classes > 1, counted.classes, 0), lengths)
    reached[:, _REPEATS] = np.repeat(counted.subjects, lengths)
    return reached

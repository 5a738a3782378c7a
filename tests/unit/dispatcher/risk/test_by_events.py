"""Grading from columns: the same numbers as from a tally, whatever the sets, their order and their interleaving."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.risk.by_events import Grader, count
from dispatcher.risk.columns import Reports
from dispatcher.risk.grading import grade, grade_all, grades_of
from dispatcher.risk.kernels.tallying import FEW
from dispatcher.risk.model import Facts, Witness
from dispatcher.risk.tally import Tally
from events.model import SourceClass
from tests.unit.dispatcher.risk.table import MATRIX, TABLE, TAXONOMY
from tests.unit.dispatcher.risk.test_grading import CALL, CAMERA, FACTS, FIRE, SETS, witness

GRADER = Grader.of(TAXONOMY, MATRIX, TABLE)
KINDS = list(TAXONOMY.kinds)
CLASSES = list(SourceClass)


def hashed(number: int) -> int:
    """As the database numbers subjects: any word of 64 bits, half of them negative."""
    return (number * 0x9E3779B97F4A7C15 + (1 << 63)) % (1 << 64) - (1 << 63)


def reports(sets: list[list[Witness]], chance: random.Random | None = None) -> Reports:
    """The events of the sets as columns, mixed where chance says."""
    every = [(number, each) for number, events in enumerate(sets) for each in events]
    if chance is not None:
        chance.shuffle(every)
    subjects: dict[str, int] = {}
    return Reports(
        set_of=np.array([number for number, _ in every], np.int64),
        t_ms=np.array([each.at_ms for _, each in every], np.int64),
        uid_hi=np.array([int.from_bytes(each.uid[:8], "big") for _, each in every], np.uint64),
        uid_lo=np.array([int.from_bytes(each.uid[8:], "big") for _, each in every], np.uint64),
        kind=np.array([KINDS.index(TAXONOMY.kind(each.kind).id) for _, each in every], np.int64),
        source_class=np.array([CLASSES.index(each.source_class) for _, each in every], np.int64),
        subject=np.array([subjects.setdefault(each.subject, hashed(len(subjects))) for _, each in every], np.int64),
        colour=np.array([each.colour or 0 for _, each in every], np.int64),
        life=np.array([each.life for _, each in every], np.bool_),
    )


@given(st.lists(SETS, min_size=1, max_size=6), st.booleans(), st.randoms(use_true_random=False))
def test_columns_are_graded_as_tallies_are(sets: list[list[Witness]], final: bool, chance: random.Random) -> None:
    counted, decided = GRADER.grade(reports(sets, chance), len(sets), final=final)
    for number, events in enumerate(sets):
        expected = grade(Tally(events), Facts(final=final), TAXONOMY, MATRIX, TABLE)
        row = decided.row[number]
        assert KINDS[counted.kind[row]] == expected.kind
        assert decided.grade[row] == expected.grade
        assert (decided.likelihood[row], decided.consequence[row]) == (expected.likelihood, expected.consequence)
        assert np.count_nonzero(decided.worth[row] >= 0) == len(expected.evidence)


@given(st.lists(st.tuples(SETS, FACTS), max_size=5))
@settings(max_examples=50)
def test_many_are_graded_as_each_alone(cases: list[tuple[list[Witness], Facts]]) -> None:
    made = [(Tally(events), facts) for events, facts in cases]
    alone = [grade(tally, facts, TAXONOMY, MATRIX, TABLE) for tally, facts in made]
    assert grade_all(made, TAXONOMY, MATRIX, TABLE) == alone
    assert grades_of(made, TAXONOMY, MATRIX, TABLE) == [each.grade for each in alone]


@given(st.lists(st.lists(st.integers(-3, 40), min_size=1, max_size=4 * FEW), min_size=1, max_size=8))
def test_subjects_of_large_and_small_sets_are_counted_once(sets: list[list[int]]) -> None:
    made = [[witness(n % 250, subject=f"device {subject}") for n, subject in enumerate(subjects)] for subjects in sets]
    counted = count(reports(made, random.Random(1)), len(sets))
    assert counted.subjects.tolist() == [len(set(subjects)) for subjects in sets]
    assert counted.classes.tolist() == [1] * len(sets)


@pytest.mark.parametrize(("events", "expected"), [(FIRE, 1), ((CAMERA, CALL), 2), ((CALL,), 2)])
def test_the_fire_case_has_its_grade_from_columns_too(events: tuple[Witness, ...], expected: int) -> None:
    _, decided = GRADER.grade(reports([list(events)]), 1, final=False)
    assert decided.grade[decided.row].tolist() == [expected]


@pytest.mark.parametrize("colours", [(3, 1), (1, 3), (1, None), (None, 1)])
def test_a_warning_takes_its_gravest_colour_from_columns_too(colours: tuple[int | None, int | None]) -> None:
    events = [witness(n, kind="rain", colour=colour) for n, colour in enumerate(colours)]
    _, decided = GRADER.grade(reports([events]), 1, final=False)
    assert decided.grade[decided.row].tolist() == [1]


def test_nothing_is_graded_of_no_sets() -> None:
    _, decided = GRADER.grade(reports([]), 0, final=True)
    assert decided.row.size == 0
    assert grade_all([], TAXONOMY, MATRIX, TABLE) == []

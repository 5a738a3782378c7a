"""The grader: matrix, evidence, independence of order."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.risk.grading import SHIFT_MAX, Moves, Witness, grade
from dispatcher.rules.rulebook import RiskMatrix
from events.model import SourceClass
from registry.event_kinds import EventKind, KindMode, Taxonomy

# The published matrix: rows consequence 5..1, columns likelihood 1..5.
ROWS = {5: (3, 2, 2, 1, 1), 4: (3, 3, 2, 2, 1), 3: (4, 3, 3, 2, 2), 2: (4, 4, 3, 3, 3), 1: (4, 4, 4, 4, 4)}
MATRIX = RiskMatrix(1, {(c, lk): g for c, row in ROWS.items() for lk, g in enumerate(row, start=1)})


def kind(kind_id: str, likelihood: int, consequence: int) -> EventKind:
    return EventKind(
        id=kind_id,
        version=1,
        zh_name=kind_id,
        en_name=kind_id,
        scenario="security",
        likelihood=likelihood,
        consequence=consequence,
        lead_department="fire_rescue",
        co_departments=(),
        ticket_kind="call_response",
        disclosure_category="other",
        committee_list="none",
        kind_group="fire",
        mode=KindMode.AUTO_TICKET,
        time_critical=False,
        run_card=None,
        notes="",
    )


TAXONOMY = Taxonomy(
    "default",
    {k.id: k for k in (kind("outdoor_fire", 3, 4), kind("waste_overflow", 5, 1), kind("unclassified", 1, 1))},
    {},
)


def witness(n: int, source_class: SourceClass, kind_id: str = "outdoor_fire") -> Witness:
    return Witness(at_ms=n, uid=bytes([n]) * 16, kind=kind_id, source_class=source_class)


BIN = witness(1, SourceClass.SENSOR)
CAMERA = witness(2, SourceClass.CAMERA)
BIN_AGAIN = witness(3, SourceClass.SENSOR)
CALL = witness(4, SourceClass.HOTLINE)


@pytest.mark.parametrize(
    ("witnesses", "likelihood", "expected"),
    [
        pytest.param([BIN], 3, 2, id="one source: the kind's own cell"),
        pytest.param([BIN, BIN_AGAIN], 3, 2, id="a second bin is the same class of source"),
        pytest.param([BIN, CAMERA], 4, 2, id="a camera agrees: likelier, the same grade"),
        pytest.param([BIN, CAMERA, CALL], 5, 1, id="three classes: grade I"),
    ],
)
def test_independent_sources_move_the_likelihood(witnesses: list[Witness], likelihood: int, expected: int) -> None:
    grading = grade(witnesses, TAXONOMY, MATRIX)
    assert (grading.likelihood, grading.consequence, grading.grade) == (likelihood, 4, expected)


def test_the_fire_case_reaches_grade_one_once_in_every_order() -> None:
    for order in permutations([BIN, CAMERA, BIN_AGAIN, CALL]):
        grades = [grade(order[: n + 1], TAXONOMY, MATRIX).grade for n in range(4)]
        assert grades[-1] == 1
        assert grades == sorted(grades, reverse=True)
        assert grade(order, TAXONOMY, MATRIX) == grade([BIN, CAMERA, BIN_AGAIN, CALL], TAXONOMY, MATRIX)


def test_grading_names_the_witnesses_of_its_evidence() -> None:
    grading = grade([CALL, CAMERA, BIN, BIN_AGAIN], TAXONOMY, MATRIX)
    (evidence,) = grading.evidence
    assert evidence.moves is Moves.LIKELIHOOD
    assert evidence.witnesses == (BIN.uid, CAMERA.uid, CALL.uid)
    assert grading.as_json()["evidence"][0]["witnesses"] == [w.uid.hex() for w in (BIN, CAMERA, CALL)]


def test_an_incident_takes_the_gravest_kind_of_its_events() -> None:
    waste = witness(0, SourceClass.SENSOR, "waste_overflow")
    assert grade([waste, CAMERA], TAXONOMY, MATRIX).kind == "outdoor_fire"


def test_an_unknown_kind_is_graded_as_unclassified() -> None:
    assert grade([witness(1, SourceClass.FEED, "no_such_kind")], TAXONOMY, MATRIX).kind == "unclassified"


@given(
    st.lists(
        st.builds(
            witness,
            st.integers(0, 255),
            st.sampled_from(list(SourceClass)),
            st.sampled_from(["outdoor_fire", "waste_overflow", "unclassified"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_grading_is_a_function_of_the_set(witnesses: list[Witness], random: object) -> None:
    shuffled = [*witnesses, witnesses[0]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    grading = grade(shuffled, TAXONOMY, MATRIX)
    assert grading == grade(witnesses, TAXONOMY, MATRIX)
    assert abs(grading.likelihood - grading.base_likelihood) <= SHIFT_MAX
    assert grading.grade == MATRIX.grade(consequence=grading.consequence, likelihood=grading.likelihood)


@given(
    st.lists(
        st.builds(
            witness,
            st.integers(0, 20),
            st.sampled_from([SourceClass.SENSOR, SourceClass.CAMERA, SourceClass.HOTLINE]),
            st.sampled_from(["outdoor_fire", "waste_overflow"]),
        ),
        min_size=1,
        unique_by=lambda found: found.uid,
    )
)
def test_the_first_of_each_kind_and_class_grade_as_all_do(every: list[Witness]) -> None:
    """An incident keeps only those for grading: a rule that looks at more must change what it keeps."""
    firsts: dict[tuple[str, SourceClass], Witness] = {}
    for found in sorted(every):
        firsts.setdefault((found.kind, found.source_class), found)
    assert grade(firsts.values(), TAXONOMY, MATRIX) == grade(every, TAXONOMY, MATRIX)

"""The grader: matrix, evidence, independence of order, and what no evidence may do."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dispatcher.risk.columns import SHIFT_MAX
from dispatcher.risk.grading import grade
from dispatcher.risk.matches import PatternMatch
from dispatcher.risk.model import Decider, Earlier, Facts, Grading, Judgement, Verdict, WarningInForce, Witness
from dispatcher.risk.rules import RULES
from dispatcher.risk.tally import Tally
from events.model import SourceClass
from registry.grading import Moves
from tests.unit.dispatcher.risk import oracle
from tests.unit.dispatcher.risk.table import MARKET, MATRIX, PLACES, SCHOOL, TABLE, TAXONOMY, rows

AT = datetime(2026, 11, 22, 2, tzinfo=UTC)
AT_MS = round(AT.timestamp() * 1000)
NONE = Facts(places=PLACES)
CONFIRMED = Judgement(Verdict.CONFIRMED, "陈班长", AT)
FALSE = Judgement(Verdict.FALSE, "陈班长", AT)
MATCH = PatternMatch("bin_fire", 1, "垃圾桶起火", "bin fire", (b"\x01" * 16,))
EARLIER = Earlier(b"\xee" * 16, AT - timedelta(days=3))


def witness(n: int, source_class: SourceClass = SourceClass.SENSOR, kind: str = "fire", **more: object) -> Witness:
    return replace(Witness(AT_MS + n * 1000, bytes([n]) * 16, kind, source_class, f"device {n}"), **more)  # type: ignore[arg-type]


def graded(*witnesses: Witness, facts: Facts = NONE) -> Grading:
    return grade(Tally(witnesses), facts, TAXONOMY, MATRIX, TABLE)


BIN = witness(1)
CAMERA = witness(2, SourceClass.CAMERA)
BIN_AGAIN = witness(3)
CALL = witness(4, SourceClass.HOTLINE)
FIRE = (BIN, CAMERA, BIN_AGAIN, CALL)
AT_SCHOOL = (SCHOOL.x_dm // 500, SCHOOL.y_dm // 500)


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
    found = graded(*witnesses)
    assert (found.likelihood, found.consequence, found.grade) == (likelihood, 4, expected)


def test_the_fire_case_reaches_grade_one_once_in_every_order() -> None:
    for order in permutations(FIRE):
        grades = [graded(*order[: n + 1]).grade for n in range(4)]
        assert grades[-1] == 1
        assert grades == sorted(grades, reverse=True)
        assert graded(*order) == graded(*FIRE)


def test_grading_names_the_witnesses_of_its_evidence() -> None:
    sources, repeats = graded(CALL, CAMERA, BIN, BIN_AGAIN).evidence
    assert (sources.rule, sources.moves, sources.points) == ("independent_sources", Moves.LIKELIHOOD, 2000)
    assert sources.witnesses == (BIN.uid, CAMERA.uid, CALL.uid)
    assert (repeats.rule, repeats.points) == ("repeated_reports", 500)


def test_an_incident_takes_the_gravest_kind_of_its_events() -> None:
    assert graded(witness(0, kind="waste"), CAMERA).kind == "fire"


def test_a_graver_kind_never_hides_a_grade_that_another_reaches() -> None:
    # By its own cell a collapse is as grave as a fire; with two more classes of source only the fire is grade I.
    fire = (BIN, CAMERA, CALL)
    assert graded(*fire).grade == 1
    assert graded(*fire, witness(9, kind="collapse")).grade == 1


def test_of_two_kinds_with_one_grade_the_likelier_names_the_incident() -> None:
    assert graded(witness(1, kind="fire"), witness(2, kind="blaze")).kind == "blaze"


def test_an_unknown_kind_is_graded_as_unclassified() -> None:
    assert graded(witness(1, SourceClass.FEED, "no_such_kind")).kind == "unclassified"


@pytest.mark.parametrize(
    ("witnesses", "facts", "cell", "expected"),
    [
        pytest.param([BIN], Facts(judgement=CONFIRMED), (4, 4), 2, id="a person confirmed it"),
        pytest.param([BIN, CAMERA], Facts(judgement=CONFIRMED), (5, 4), 1, id="a camera and a person"),
        pytest.param([BIN], Facts(earlier=(EARLIER,)), (4, 4), 2, id="it happened here before"),
        pytest.param([BIN], Facts(matches=(MATCH,)), (4, 4), 2, id="a pattern is complete"),
        pytest.param([BIN], Facts(doubted=frozenset({"device 1"})), (2, 4), 3, id="a device that gave false alarms"),
        pytest.param(
            [BIN, CAMERA], Facts(doubted=frozenset({"device 1"})), (4, 4), 2, id="one sound witness ends doubt"
        ),
        pytest.param([BIN], Facts(judgement=FALSE), (3, 4), 2, id="what contradicts waits for the watermark"),
        pytest.param([BIN], Facts(final=True, judgement=FALSE), (1, 4), 3, id="a person found nothing"),
        pytest.param([BIN, CAMERA, CALL], Facts(cleared=(BIN.uid,)), (5, 4), 1, id="a clear waits too"),
        pytest.param([BIN, CAMERA, CALL], Facts(final=True, cleared=(BIN.uid,)), (4, 4), 2, id="a clear, final"),
        pytest.param([replace(BIN, cell=AT_SCHOOL)], NONE, (3, 5), 2, id="beside a school"),
        pytest.param([witness(1, kind="waste", cell=AT_SCHOOL)], NONE, (5, 1), 4, id="a nuisance stays one there"),
        pytest.param([replace(BIN, cell=(0, 0))], NONE, (3, 4), 2, id="far from it"),
        pytest.param(
            [witness(1, kind="cellar")], Facts(warnings=(WarningInForce(b"w", "rain", 2),)), (3, 4), 2, id="orange rain"
        ),
        pytest.param(
            [witness(1, kind="cellar")], Facts(warnings=(WarningInForce(b"w", "rain", 3),)), (2, 4), 3, id="yellow rain"
        ),
    ],
)
def test_each_rule_moves_what_its_row_says(
    witnesses: list[Witness], facts: Facts, cell: tuple[int, int], expected: int
) -> None:
    found = graded(*witnesses, facts=facts)
    assert ((found.likelihood, found.consequence), found.grade) == (cell, expected)


def test_doubt_never_takes_a_life_at_risk_below_grade_two_before_a_person_has_looked() -> None:
    alone = witness(1, kind="life")
    doubt = Facts(doubted=frozenset({"device 1"}), cleared=(alone.uid,), final=True)
    found = graded(alone, facts=doubt)
    assert (found.grade, found.decided_by, found.likelihood) == (2, Decider.LIFE_AT_RISK, 1)
    assert graded(alone, facts=replace(doubt, judgement=FALSE)).grade == 3
    assert graded(alone, facts=replace(doubt, judgement=FALSE, final=False)).grade == 2
    assert graded(witness(1, kind="waste", life=True)).grade == 2


def test_a_warning_takes_its_gravest_colour() -> None:
    yellow, red = witness(1, kind="rain", colour=3), witness(2, kind="rain", colour=1)
    assert (graded(yellow).grade, graded(yellow).decided_by) == (3, Decider.WARNING_COLOUR)
    assert graded(yellow, red).grade == 1
    assert graded(witness(1, kind="rain")).decided_by is Decider.MATRIX


@pytest.mark.parametrize(("hour", "near"), [(17, False), (18, True), (23, True), (1, True), (2, False)])
def test_a_night_crowd_counts_at_night(hour: int, near: bool) -> None:
    at_ms = round(datetime(2026, 11, 22, hour, 30, tzinfo=UTC).timestamp() * 1000) - 8 * 3600 * 1000
    there = replace(BIN, at_ms=at_ms, cell=(MARKET.x_dm // 500, MARKET.y_dm // 500))
    assert (graded(there).consequence == 5) is near


def test_every_rule_has_points_and_every_row_a_rule() -> None:
    assert {rule.name for rule in RULES} == set(TABLE.points)
    # What sinks with a growing set must wait; doubt about devices can only end as a set grows.
    for row in rows("grade_points"):
        assert row["waits"] == str(int(row["points"]) < 0 and row["rule"] != "doubtful_devices").lower()


WITNESSES = st.builds(
    lambda n, source, kind, subject, cell, colour, life: Witness(
        AT_MS + n * 1_700_000, bytes([n, subject]) * 8, kind, source, f"device {subject}", cell, colour, life
    ),
    st.integers(0, 40),
    st.sampled_from([SourceClass.SENSOR, SourceClass.CAMERA, SourceClass.HOTLINE]),
    st.sampled_from(["fire", "blaze", "collapse", "life", "rain", "cellar", "waste", "no_such_kind"]),
    st.integers(0, 9),
    st.sampled_from([None, None, (0, 0), AT_SCHOOL, (AT_SCHOOL[0] + 2, 1), (MARKET.x_dm // 500, 0)]),
    st.sampled_from([None, None, None, 1, 3]),
    st.sampled_from([False, False, False, True]),
)
SETS = st.lists(WITNESSES, min_size=1, max_size=14, unique_by=lambda each: each.uid)
FACTS = st.builds(
    Facts,
    final=st.booleans(),
    judgement=st.sampled_from([None, CONFIRMED, FALSE]),
    doubted=st.frozensets(st.integers(0, 9).map(lambda n: f"device {n}"), max_size=10),
    earlier=st.sampled_from([(), (EARLIER,)]),
    warnings=st.sampled_from([(), (WarningInForce(b"w", "rain", 1),), (WarningInForce(b"w", "rain", 4),)]),
    matches=st.sampled_from([(), (MATCH,)]),
    cleared=st.sampled_from([(), (b"\x01" * 16,)]),
    places=st.sampled_from([(), PLACES]),
)


@given(SETS, FACTS, st.randoms(use_true_random=False))
def test_grading_equals_the_oracle_in_every_order_and_batching(
    witnesses: list[Witness], facts: Facts, chance: random.Random
) -> None:
    tally = Tally()
    shuffled = [*witnesses, chance.choice(witnesses)]
    chance.shuffle(shuffled)
    for each in shuffled:
        tally.add(each)
    found = grade(tally, facts, TAXONOMY, MATRIX, TABLE)
    assert found == grade(Tally(witnesses), facts, TAXONOMY, MATRIX, TABLE)
    assert (found.grade, found.kind) == oracle.grade(witnesses, facts)
    assert abs(found.likelihood - found.base_likelihood) <= SHIFT_MAX
    assert abs(found.consequence - found.base_consequence) <= SHIFT_MAX


@given(SETS, FACTS, st.integers(0, 13))
def test_a_set_that_grows_is_never_graded_milder(witnesses: list[Witness], facts: Facts, at: int) -> None:
    """Upgrades at once, downgrades only at the watermark: this is what makes it a function of the set."""
    facts = replace(facts, final=False)
    before = witnesses[: 1 + at % len(witnesses)]
    assert graded(*witnesses, facts=facts).grade <= graded(*before, facts=facts).grade


@given(SETS, st.integers(0, 60))
@example([BIN, CAMERA], 60)
def test_a_storm_of_one_class_cannot_buy_grade_one(witnesses: list[Witness], many: int) -> None:
    storm = [replace(witnesses[0], uid=bytes([200, n]) * 8, subject=f"storm {n}") for n in range(many)]
    before = graded(*witnesses).grade
    assert graded(*witnesses, *storm).grade == before


@given(SETS, FACTS)
def test_a_tally_rests_on_exactly_what_it_names(witnesses: list[Witness], facts: Facts) -> None:
    tally = Tally(witnesses)
    assert tally.rests_on(max(witnesses))  # its end is theirs
    for each in witnesses:
        if not tally.rests_on(each) and len(witnesses) > 1:
            rest = [other for other in witnesses if other is not each]
            assert graded(*rest, facts=facts) == graded(*witnesses, facts=facts)


@given(FACTS)
def test_facts_come_back_from_what_is_stored(facts: Facts) -> None:
    assert Facts.of_json(facts.as_json()) == facts

"""What is no pattern is refused by name, with the values that were refused."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from dispatcher.patterns import errors
from dispatcher.patterns.definitions import read_pattern
from dispatcher.patterns.model import Predicate
from dispatcher.patterns.shipped import shipped
from dispatcher.rules.document import PatternMode
from events.model import SourceClass

KINDS = {"fire", "gas", "call"}
Row = dict[str, Any]


def pattern(**changes: Any) -> Row:
    return {
        "id": "p", "version": 1, "zh_name": "甲", "en_name": "P", "mode": "active", "r_m": 100, "t_s": 600,
        "by_place": False,
        "step_order": [], "effective_from": None, "effective_to": None, "source": "somebody",
    } | changes  # fmt: skip


def step(name: str, **changes: Any) -> Row:
    return {
        "step": name, "role": "support", "zh_name": "乙", "en_name": "S", "kinds": ["fire"], "source_classes": [],
        "severity_min": 1, "predicate": None,
    } | changes  # fmt: skip


def steps(**changes: Any) -> list[Row]:
    """Three steps that are right; `b=...` changes the second."""
    made = [step("a", role="anchor"), step("b", kinds=["gas"]), step("c", kinds=["call"])]
    return [each | changes.get(each["step"], {}) for each in made]


def test_a_right_definition_is_read_whole() -> None:
    read = read_pattern(
        pattern(step_order=["a<b", "b < c"], effective_to=datetime(2027, 1, 1, tzinfo=UTC)),
        steps(b={"source_classes": ["camera"], "predicate": "temperature_c >= 55.5", "severity_min": 2}),
        KINDS,
    )
    assert (read.mode, read.r_m, read.t_s, read.order) == (PatternMode.ACTIVE, 100, 600, ((0, 1), (1, 2)))
    assert read.steps[1].predicate == Predicate("temperature_c", ">=", 55.5)
    assert read.steps[1].source_classes == {SourceClass.CAMERA}
    assert SourceClass.CLOCK not in read.steps[0].source_classes
    assert read.kinds == KINDS


@pytest.mark.parametrize(
    ("row", "given", "expected"),
    [
        (pattern(r_m=0), steps(), errors.ParameterOutOfRange("p", "r_m", 0, 1, 5000)),
        (pattern(r_m=5001), steps(), errors.ParameterOutOfRange("p", "r_m", 5001, 1, 5000)),
        (pattern(t_s=0), steps(), errors.ParameterOutOfRange("p", "t_s", 0, 1, 86_400)),
        (pattern(t_s=86_401), steps(), errors.ParameterOutOfRange("p", "t_s", 86_401, 1, 86_400)),
        (pattern(version=0), steps(), errors.ParameterOutOfRange("p", "version", 0, 1, 1 << 30)),
        (pattern(), steps()[:1], errors.ParameterOutOfRange("p", "steps", 1, 2, 16)),
        (pattern(), steps(b={"severity_min": 6}), errors.ParameterOutOfRange("p", "b.severity_min", 6, 1, 5)),
        (pattern(source=" "), steps(), errors.SourceMissing("p")),
        (
            pattern(effective_from=datetime(2027, 1, 1, tzinfo=UTC), effective_to=datetime(2027, 1, 1, tzinfo=UTC)),
            steps(),
            errors.DatesReversed("p"),
        ),
        (pattern(), steps(a={"role": "support"}), errors.AnchorMissing("p")),
        (pattern(), steps(b={"role": "absent"}, c={"role": "absent"}), errors.AbsenceRepeated("p", ("b", "c"))),
        (pattern(), [*steps(), step("b", kinds=["call"])], errors.StepRepeated("p", "b")),
        (pattern(), steps(b={"kinds": []}), errors.KindsMissing("p", "b")),
        (pattern(), steps(b={"kinds": ["gas", "ghost"]}), errors.KindUnknown("p", "b", "ghost")),
        (pattern(), steps(b={"source_classes": ["parrot"]}), errors.SourceClassUnknown("p", "b", "parrot")),
        (pattern(), steps(b={"source_classes": ["clock"]}), errors.SourceClassUnknown("p", "b", "clock")),
        (pattern(mode="asleep"), steps(), errors.WordUnknown("p", "mode", "asleep")),
        (pattern(), steps(c={"role": "hero"}), errors.WordUnknown("p", "c.role", "hero")),
        (pattern(), steps(b={"predicate": "hot"}), errors.PredicateUnreadable("p", "b", "hot")),
        (pattern(), steps(b={"predicate": "t_c => 5"}), errors.PredicateUnreadable("p", "b", "t_c => 5")),
        (pattern(), steps(b={"kinds": ["fire", "gas"]}), errors.StepsOverlap("p", "a", "b")),
        (pattern(step_order=["a>b"]), steps(), errors.OrderUnreadable("p", "a>b")),
        (pattern(step_order=["a<ghost"]), steps(), errors.StepUnknown("p", "ghost")),
        (pattern(step_order=["a<a"]), steps(), errors.OrderCyclic("p", ("a", "a"))),
        (
            pattern(step_order=["c<a"]),
            steps(a={"role": "absent"}, b={"role": "anchor"}),
            errors.AbsenceOrdered("p", "a"),
        ),
        (pattern(step_order=["c<a"]), steps(c={"role": "absent"}), errors.AbsenceOrdered("p", "c")),
    ],
    ids=lambda value: str(value) if isinstance(value, errors.PatternInvalid) else "",
)
def test_what_is_no_pattern_is_refused(row: Row, given: list[Row], expected: errors.PatternInvalid) -> None:
    with pytest.raises(errors.PatternInvalid) as refused:
        read_pattern(row, given, KINDS)
    assert (type(refused.value), vars(refused.value)) == (type(expected), vars(expected))


@contextmanager
def passed_on() -> Iterator[None]:
    yield


def test_a_refusal_passes_a_context_that_sets_its_traceback() -> None:
    with pytest.raises(errors.SourceMissing), passed_on():
        raise errors.SourceMissing("p")


def test_a_cycle_is_named_whole() -> None:
    with pytest.raises(errors.OrderCyclic) as refused:
        read_pattern(pattern(step_order=["a<b", "b<c", "c<a"]), steps(), KINDS)
    assert set(refused.value.steps) == {"a", "b", "c"}


def test_overlap_is_of_kind_and_class_together() -> None:
    apart = steps(a={"source_classes": ["camera"]}, b={"kinds": ["fire"], "source_classes": ["hotline"]})
    assert len(read_pattern(pattern(), apart, KINDS).steps) == 3


def test_every_reason_is_tried_here() -> None:
    tried = {mark.args[1][i][2].__class__ for mark in marks(test_what_is_no_pattern_is_refused) for i in range(26)}
    declared = {each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)}
    assert tried == declared - {errors.PatternInvalid}


def marks(test: Callable[..., Any]) -> list[Any]:
    found: list[Any] = test.pytestmark  # type: ignore[attr-defined]
    return found


def test_what_is_shipped_is_right() -> None:
    assert len(shipped()) >= 15

"""Reads patterns from rows of `patterns` and `pattern_steps`; what would not mean what it says is refused by name."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from typing import Any, Final, TypeVar

from dispatcher.patterns.errors import (
    AbsenceOrdered,
    AbsenceRepeated,
    AnchorMissing,
    DatesReversed,
    KindsMissing,
    KindUnknown,
    OrderCyclic,
    OrderUnreadable,
    ParameterOutOfRange,
    PredicateUnreadable,
    SourceClassUnknown,
    SourceMissing,
    StepRepeated,
    StepsOverlap,
    StepUnknown,
    WordUnknown,
)
from dispatcher.patterns.model import Pattern, PatternStep, Predicate, StepRole
from dispatcher.rules.document import PatternMode
from events.model import SourceClass

Row = Mapping[str, Any]

# Beyond these a pattern is a rate or a hot spot, not one matter. Project default.
R_M: Final = (1, 5_000)
T_S: Final = (1, 86_400)
SEVERITY: Final = (1, 5)
STEPS: Final = (2, 16)
WITNESSES: Final = frozenset(SourceClass) - {SourceClass.CLOCK}

_PREDICATE: Final = re.compile(r"\s*([a-z][a-z0-9_]{0,63})\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?)\s*")
_ORDER: Final = re.compile(r"\s*([a-z][a-z0-9_]*)\s*<\s*([a-z][a-z0-9_]*)\s*")

Word = TypeVar("Word", PatternMode, StepRole)


def read_pattern(row: Row, steps: Sequence[Row], kinds: Collection[str]) -> Pattern:
    """One pattern of its row and its steps' rows, in order; `kinds` is the taxonomy. Raises PatternInvalid."""
    name: str = row["id"]
    _within(name, "version", row["version"], 1, 1 << 30)
    _within(name, "r_m", row["r_m"], *R_M)
    _within(name, "t_s", row["t_s"], *T_S)
    _within(name, "steps", len(steps), *STEPS)
    if not row["source"].strip():
        raise SourceMissing(name)
    begins: datetime | None = row["effective_from"]
    ends: datetime | None = row["effective_to"]
    if begins is not None and ends is not None and ends <= begins:
        raise DatesReversed(name)
    read = tuple(_read_step(name, step, kinds) for step in steps)
    _check_steps(name, read)
    return Pattern(
        id=name,
        version=row["version"],
        zh_name=row["zh_name"],
        en_name=row["en_name"],
        mode=_word(name, "mode", row["mode"], PatternMode),
        r_m=row["r_m"],
        t_s=row["t_s"],
        by_place=row["by_place"],
        steps=read,
        order=_read_order(name, row["step_order"], read),
        effective_from=begins,
        effective_to=ends,
        source=row["source"],
    )


def _read_step(pattern: str, row: Row, kinds: Collection[str]) -> PatternStep:
    step: str = row["step"]
    if not row["kinds"]:
        raise KindsMissing(pattern, step)
    for kind in row["kinds"]:
        if kind not in kinds:
            raise KindUnknown(pattern, step, kind)
    _within(pattern, f"{step}.severity_min", row["severity_min"], *SEVERITY)
    return PatternStep(
        name=step,
        zh_name=row["zh_name"],
        en_name=row["en_name"],
        role=_word(pattern, f"{step}.role", row["role"], StepRole),
        kinds=frozenset(row["kinds"]),
        source_classes=frozenset(_classes(pattern, step, row["source_classes"])),
        severity_min=row["severity_min"],
        predicate=_predicate(pattern, step, row["predicate"]),
    )


def _classes(pattern: str, step: str, names: Sequence[str]) -> Iterable[SourceClass]:
    """The classes named; every one where none is."""
    for name in names:
        if name not in WITNESSES:
            raise SourceClassUnknown(pattern, step, name)
    return [SourceClass(name) for name in names] or WITNESSES


def _predicate(pattern: str, step: str, text: str | None) -> Predicate | None:
    if not text:
        return None
    found = _PREDICATE.fullmatch(text)
    if found is None:
        raise PredicateUnreadable(pattern, step, text)
    return Predicate(found[1], found[2], float(found[3]))


def _check_steps(pattern: str, steps: Sequence[PatternStep]) -> None:
    names = [step.name for step in steps]
    for name in names:
        if names.count(name) > 1:
            raise StepRepeated(pattern, name)
    if not any(step.role is StepRole.ANCHOR for step in steps):
        raise AnchorMissing(pattern)
    absent = tuple(step.name for step in steps if step.role is StepRole.ABSENT)
    if len(absent) > 1:
        raise AbsenceRepeated(pattern, absent)
    for one, other in combinations(steps, 2):
        # Severities and values are not compared: whether they exclude each other is not worth a proof.
        if one.kinds & other.kinds and one.source_classes & other.source_classes:
            raise StepsOverlap(pattern, one.name, other.name)


def _read_order(pattern: str, texts: Sequence[str], steps: Sequence[PatternStep]) -> tuple[tuple[int, int], ...]:
    index = {step.name: position for position, step in enumerate(steps)}
    pairs: list[tuple[int, int]] = []
    for text in texts:
        found = _ORDER.fullmatch(text)
        if found is None:
            raise OrderUnreadable(pattern, text)
        for name in found.groups():
            if name not in index:
                raise StepUnknown(pattern, name)
        pairs.append((index[found[1]], index[found[2]]))
    try:
        TopologicalSorter(_before(pairs)).prepare()
    except CycleError as cycle:
        raise OrderCyclic(pattern, tuple(steps[i].name for i in cycle.args[1])) from cycle
    for earlier, later in pairs:
        roles = steps[earlier].role, steps[later].role
        if StepRole.ABSENT in roles and roles != (StepRole.ANCHOR, StepRole.ABSENT):
            raise AbsenceOrdered(pattern, steps[earlier if roles[0] is StepRole.ABSENT else later].name)
    return tuple(sorted(set(pairs)))


def _before(pairs: Iterable[tuple[int, int]]) -> dict[int, set[int]]:
    before: dict[int, set[int]] = {}
    for earlier, later in pairs:
        before.setdefault(later, set()).add(earlier)
    return before


def _within(pattern: str, parameter: str, value: int, minimum: int, maximum: int) -> None:
    if not minimum <= value <= maximum:
        raise ParameterOutOfRange(pattern, parameter, value, minimum, maximum)


def _word(pattern: str, column: str, word: str, words: type[Word]) -> Word:
    try:
        return words(word)
    except ValueError as unknown:
        raise WordUnknown(pattern, column, word) from unknown

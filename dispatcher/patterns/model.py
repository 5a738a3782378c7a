"""A pattern: several steps within a radius and a time of one event, its anchor; and a match of it.

Semantics (O7): a pattern holds at an anchor event iff every step has an event within `r_m` and `t_s` of the anchor. Not
pairwise: dispatchers mean "around this", and cliques are dear. The witness of a step is the event that minimises
(distance, time apart, time, uid), so a match is a function of the set of events.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from dispatcher.rules.document import PatternMode
from events.model import EventSource, SourceClass

COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


LOOKED_FOR: Final = frozenset({PatternMode.ACTIVE, PatternMode.MONITOR})


class StepRole(StrEnum):
    """Equal to the SQL enum `pattern_step_role`."""

    ANCHOR = "anchor"  # Must be there, and the radius and the time are measured from it.
    SUPPORT = "support"  # Must be there.
    ABSENT = "absent"  # Must not be there when the watermark passes the anchor's time.


class Sighting(Protocol):
    """What of an event decides which steps it fills."""

    @property
    def kind(self) -> str: ...
    @property
    def source_class(self) -> SourceClass: ...
    @property
    def severity(self) -> int: ...
    @property
    def source(self) -> EventSource: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Predicate:
    """A comparison with a number that the device measured."""

    property: str
    comparison: str
    limit: float

    def holds(self, event: Sighting) -> bool:
        """Whether the event says so; an event that does not tell the property does not."""
        value = _told(event, self.property)
        return value is not None and COMPARISONS[self.comparison](value, self.limit)

    def __str__(self) -> str:
        return f"{self.property}{self.comparison}{self.limit:g}"


@dataclass(frozen=True, slots=True)
class PatternStep:
    """What one event of the pattern must be."""

    name: str
    zh_name: str
    en_name: str
    role: StepRole
    kinds: frozenset[str]
    source_classes: frozenset[SourceClass]  # Never empty: every class is named where any will do.
    severity_min: int
    predicate: Predicate | None

    def fits(self, event: Sighting) -> bool:
        return self.is_of_sort(event) and (self.predicate is None or self.predicate.holds(event))

    def is_of_sort(self, event: Sighting) -> bool:
        """Whether nothing but what the event measured may keep it from filling the step."""
        return (
            event.kind in self.kinds
            and event.source_class in self.source_classes
            and event.severity >= self.severity_min
        )


@dataclass(frozen=True, slots=True)
class Pattern:
    """One version of a pattern, checked by `definitions`."""

    id: str
    version: int
    zh_name: str
    en_name: str
    mode: PatternMode
    r_m: int
    t_s: int
    by_place: bool  # Events without a position may stand for one in the same community.
    steps: tuple[PatternStep, ...]
    order: tuple[tuple[int, int], ...]  # (earlier step, later step)
    effective_from: datetime | None  # Anchors at or after this count,
    effective_to: datetime | None  # and before this.
    source: str

    def mask(self, event: Sighting) -> int:
        """One bit a step that the event fills."""
        return sum(1 << index for index, step in enumerate(self.steps) if step.fits(event))

    def mask_of(self, *roles: StepRole) -> int:
        return sum(1 << index for index, step in enumerate(self.steps) if step.role in roles)

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset[str]().union(*(step.kinds for step in self.steps))


@dataclass(frozen=True, slots=True)
class MatchWitness:
    """The event that fills one step, seen from the anchor."""

    step: int
    uid: bytes
    distance_dm: int | None  # None: it only shares the anchor's community.
    dt_ms: int  # Its time less the anchor's.


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern that holds at an anchor."""

    pattern: int  # Row of the matcher's patterns.
    anchor_uid: bytes
    anchor_ms: int
    witnesses: tuple[MatchWitness, ...]  # One for each step that must be there, in the order of the steps.


def _told(event: Sighting, name: str) -> float | None:
    """The property as a threshold's signal or a device's own event tells it."""
    body: Mapping[str, Any] = event.body
    value: Any = body.get("value")
    if event.source is EventSource.SIGNAL:
        value = value if body.get("property") == name else None
    elif isinstance(value, Mapping):
        value = value.get(name)
    else:
        value = None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

"""The right answer in plain Python, straight from O7 and 2.6: the specification of the matcher.

What the definition needs said:
- Two events with positions are within reach by distance alone; where one has none, by an equal place code alone, which
  is farther than any measured distance.
- The witnesses of an ordered pattern: among all choices in the right order, the one whose first step is nearest, then
  whose second is, and so on.
- An anchor is closed when W > t + T: its match stands as it is, and an absence is judged then, by all that has come.
- Every event that fills a step around an anchor that holds belongs with it, not the witnesses alone: else who belongs
  together would depend on who came first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple


class Pattern(NamedTuple):
    radius: int
    window: int
    steps: int
    anchors: frozenset[int]
    absent: int | None = None
    order: tuple[tuple[int, int], ...] = ()

    @property
    def needed(self) -> list[int]:
        return [step for step in range(self.steps) if step != self.absent]


@dataclass(frozen=True, order=True)
class Event:
    uid: int
    t: int
    x: int | None
    y: int | None
    place: int
    fills: tuple[frozenset[int], ...]  # by pattern: its steps
    revision: int = 0


class Witness(NamedTuple):
    step: int
    uid: int
    distance2: int | None
    dt: int


Found = dict[tuple[int, int], tuple[Witness, ...]]  # (pattern, uid of the anchor) -> witnesses


def distance2(pattern: Pattern, a: Event, b: Event) -> int | None:
    """Squared, one more than R^2 where only the place is shared, None out of reach."""
    if abs(a.t - b.t) > pattern.window:
        return None
    if a.uid == b.uid:
        return 0
    if a.x is not None and b.x is not None:
        assert a.y is not None
        assert b.y is not None
        squared = (a.x - b.x) ** 2 + (a.y - b.y) ** 2
        return squared if squared <= pattern.radius**2 else None
    return pattern.radius**2 + 1 if a.place == b.place != 0 else None


def around(number: int, pattern: Pattern, anchor: Event, events: Iterable[Event]) -> list[list[Event]]:
    """The events within reach that fill each step, the nearest first."""
    reached = [(d2, event) for event in events if (d2 := distance2(pattern, anchor, event)) is not None]
    reached.sort(key=lambda each: (each[0], abs(each[1].t - anchor.t), each[1].t, each[1].uid))
    return [[event for _, event in reached if step in event.fills[number]] for step in range(pattern.steps)]


def choices(number: int, pattern: Pattern, anchor: Event, events: Iterable[Event]) -> list[tuple[Event, ...]]:
    """Every way to fill the steps in the right order, the best first."""
    near = around(number, pattern, anchor, events)
    ways = product(*(near[step] for step in pattern.needed))
    place = {step: position for position, step in enumerate(pattern.needed)}
    order = [(place[a], place[b]) for a, b in pattern.order if b != pattern.absent]
    return [way for way in ways if all(way[a].t < way[b].t for a, b in order)]


def contradicted(number: int, pattern: Pattern, anchor: Event, events: Iterable[Event]) -> bool:
    if pattern.absent is None:
        return False
    after_only = any(later == pattern.absent for _, later in pattern.order)
    there = around(number, pattern, anchor, events)[pattern.absent]
    return any(event.t > anchor.t or not after_only for event in there)


def witnesses(pattern: Pattern, anchor: Event, way: Sequence[Event]) -> tuple[Witness, ...]:
    told = []
    for step, event in zip(pattern.needed, way, strict=True):
        d2 = distance2(pattern, anchor, event)
        assert d2 is not None
        told.append(Witness(step, event.uid, d2 if d2 <= pattern.radius**2 else None, event.t - anchor.t))
    return tuple(told)


def usable(number: int, event: Event) -> bool:
    """Whether it fills a step, and has any place at all."""
    return bool(event.fills[number]) and (event.x is not None or event.place != 0)


class Sequential:
    """The definition applied delivery by delivery; every call looks at everything again."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = patterns
        self.watermark = -(1 << 60)
        self.events: dict[int, Event] = {}
        self.frozen: Found = {}
        self.linked: set[frozenset[int]] = set()

    def deliver(self, event: Event) -> None:
        known = self.events.get(event.uid)
        if known is not None and known.revision >= event.revision:
            return
        if known is not None:
            for number in range(len(self.patterns)):
                self.frozen.pop((number, event.uid), None)
        self.events[event.uid] = event

    def advance(self, watermark: int) -> None:
        for number, pattern in enumerate(self.patterns):
            for anchor in self.events.values():
                if self.watermark <= anchor.t + pattern.window < watermark:
                    self._judge(number, anchor, self.frozen, absence_too=True)
        self.watermark = watermark

    def current(self) -> Found:
        """The matches as they stand: those of closed anchors as they closed, of open ones by what has come."""
        now = dict(self.frozen)
        for number, pattern in enumerate(self.patterns):
            for anchor in self.events.values():
                if anchor.t + pattern.window >= self.watermark and pattern.absent is None:
                    self._judge(number, anchor, now, absence_too=False)
        return now

    def _judge(self, number: int, anchor: Event, into: Found, *, absence_too: bool) -> None:
        pattern = self.patterns[number]
        events = [event for event in self.events.values() if usable(number, event)]
        if not (usable(number, anchor) and anchor.fills[number] & pattern.anchors):
            return
        ways = choices(number, pattern, anchor, events)
        if ways and not (absence_too and contradicted(number, pattern, anchor, events)):
            into[number, anchor.uid] = witnesses(pattern, anchor, ways[0])
            self.linked |= {frozenset((anchor.uid, event.uid)) for way in ways for event in way}

    def together(self) -> set[frozenset[int]]:
        """The events that matches have linked, whatever the pattern; `current` must have been asked before."""
        parts: list[set[int]] = []
        for pair in self.linked:
            touched = [part for part in parts if part & pair]
            parts = [part for part in parts if not part & pair] + [set(pair).union(*touched)]
        return {frozenset(part) for part in parts if len(part) > 1}

"""Runs events through the matcher beside the oracle and keeps what a caller would who only reads the answers."""

from collections.abc import Iterable, Sequence

from dispatcher.patterns.candidates import Candidate, batch_of
from dispatcher.patterns.columns import Batch
from dispatcher.patterns.matcher import Matcher, Outcome, Shape
from tests.unit.dispatcher.patterns import oracle
from tests.unit.dispatcher.patterns.oracle import Event, Found, Pattern, Witness


def shape(pattern: Pattern) -> Shape:
    absent = 0 if pattern.absent is None else 1 << pattern.absent
    return Shape(
        radius_dm=pattern.radius,
        window_ms=pattern.window,
        steps=pattern.steps,
        full=sum(1 << step for step in pattern.needed),
        anchors=sum(1 << step for step in pattern.anchors),
        absent=absent,
        order=pattern.order,
    )


def uid_of(number: int) -> bytes:
    """Spread over both words, in the order of the numbers."""
    return (number // 3).to_bytes(8, "big") + (number % 3).to_bytes(8, "big")


def number_of(uid: bytes) -> int:
    return 3 * int.from_bytes(uid[:8], "big") + int.from_bytes(uid[8:], "big")


def candidate(event: Event) -> Candidate:
    masks = [(n, sum(1 << step for step in steps), event.place) for n, steps in enumerate(event.fills)]
    return Candidate(uid_of(event.uid), (event.revision, bytes(8)), event.t, event.x, event.y, tuple(masks))


def batch(events: Iterable[Event]) -> Batch:
    return batch_of([candidate(event) for event in events])


class Pair:
    """A matcher and its oracle, always given the same."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = patterns
        self.oracle = oracle.Sequential(patterns)
        self.made = Matcher([shape(pattern) for pattern in patterns])
        self.found: Found = {}
        self.linked: set[frozenset[int]] = set()

    def apply(self, events: Sequence[Event]) -> None:
        admissible = [event for event in events if event.t >= self.oracle.watermark and not self._forgotten(event)]
        for event in admissible:
            known = self.oracle.events.get(event.uid)
            if known is not None and event.revision > known.revision:
                self.found = {key: match for key, match in self.found.items() if key[1] != event.uid}
            self.oracle.deliver(event)
        self.follow(self.made.apply(batch(admissible)))
        self.compare()

    def _forgotten(self, event: Event) -> bool:
        """Whether its newer revision is so old that nobody remembers it: the stage gives only versions that stand."""
        known = self.oracle.events.get(event.uid)
        reach = 2 * max(pattern.window for pattern in self.patterns)
        return known is not None and event.revision < known.revision and known.t < self.oracle.watermark - reach

    def advance(self, watermark: int) -> None:
        if watermark < self.oracle.watermark:
            return
        self.oracle.advance(watermark)
        self.follow(self.made.advance([watermark] * len(self.patterns)))
        self.compare()

    def restart(self) -> None:
        """Begin again from what a store would hold."""
        self.made = Matcher([shape(pattern) for pattern in self.patterns])
        reach = 2 * max(pattern.window for pattern in self.patterns)
        kept = [event for event in self.oracle.events.values() if event.t >= self.oracle.watermark - reach]
        self.made.restore(batch(kept), [self.oracle.watermark] * len(self.patterns))

    def follow(self, outcome: Outcome) -> None:
        for pattern, uid in outcome.lost:
            self.found.pop((pattern, number_of(uid)), None)
        for match in outcome.found:
            self.found[match.pattern, number_of(match.anchor_uid)] = tuple(
                Witness(w.step, number_of(w.uid), w.distance_dm, w.dt_ms) for w in match.witnesses
            )
        self.linked |= {frozenset((number_of(a), number_of(b))) for _, a, b in outcome.links}

    def compare(self) -> None:
        expected = {key: tuple(_rounded(w) for w in match) for key, match in self.oracle.current().items()}
        assert self.found == expected

    def together(self) -> set[frozenset[int]]:
        parts = oracle.Sequential([])
        parts.linked = self.linked
        return parts.together()


def _rounded(witness: Witness) -> Witness:
    return witness._replace(distance2=None if witness.distance2 is None else round(witness.distance2**0.5))


def batches(events: Sequence[Event], sizes: Iterable[int]) -> Iterable[Sequence[Event]]:
    """The events cut into batches of these sizes, over and over."""
    cuts = list(sizes)
    start = nth = 0
    while start < len(events):
        size = cuts[nth % len(cuts)]
        yield events[start : start + size]
        start, nth = start + size, nth + 1

"""The patterns that are looked for under one version of the rules, and which of their steps an event fills."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from dispatcher.patterns.candidates import Candidate, Sort
from dispatcher.patterns.columns import ALWAYS
from dispatcher.patterns.definitions import read_pattern
from dispatcher.patterns.errors import PatternInvalid
from dispatcher.patterns.matcher import Shape
from dispatcher.patterns.model import LOOKED_FOR, Pattern, Sighting, StepRole
from dispatcher.rules.rulebook import Rulebook
from events.model import Event
from registry.areas import AreaIndex, AreaLevel
from registry.event_kinds import Taxonomy
from runtime.pool import Connection
from runtime.queries import load

QUERIES = load(__package__)
LOG = structlog.get_logger(__name__)

_NO_STEPS: Final = ()


@dataclass(frozen=True)
class PatternBook:
    """The patterns by row of the matcher."""

    patterns: tuple[Pattern, ...]

    def __post_init__(self) -> None:
        by_kind: dict[str, list[int]] = {}
        for number, pattern in enumerate(self.patterns):
            for kind in pattern.kinds:
                by_kind.setdefault(kind, []).append(number)
        object.__setattr__(self, "_by_kind", {kind: tuple(numbers) for kind, numbers in by_kind.items()})

    @property
    def by_kind(self) -> Mapping[str, tuple[int, ...]]:
        """The patterns that have a step for a kind."""
        found: Mapping[str, tuple[int, ...]] = vars(self)["_by_kind"]
        return found

    def shapes(self) -> list[Shape]:
        return [shape_of(pattern) for pattern in self.patterns]

    def fills(self, event: Sighting) -> Sort:
        """Of each pattern which steps the event fills, and whether its place counts."""
        return tuple(
            (number, mask, pattern.by_place)
            for number in self.by_kind.get(event.kind, _NO_STEPS)
            if (mask := (pattern := self.patterns[number]).mask(event))
        )

    def asks_more(self, event: Sighting) -> bool:
        """Whether it takes what the event measured to say which steps it fills."""
        return any(
            step.predicate is not None and step.is_of_sort(event)
            for number in self.by_kind.get(event.kind, _NO_STEPS)
            for step in self.patterns[number].steps
        )

    @property
    def kinds_measured(self) -> list[str]:
        """The kinds of which what an event measured may count."""
        steps = (step for pattern in self.patterns for step in pattern.steps if step.predicate is not None)
        return sorted(frozenset[str]().union(*(step.kinds for step in steps)))

    def candidate(self, event: Event, areas: AreaIndex) -> Candidate:
        """The event as the matcher takes it."""
        place = place_code(event.area_path, areas)
        return Candidate(
            uid=event.uid,
            version=(event.revision, event.content_hash),
            at_ms=round(event.effective_at.timestamp() * 1000),
            x_dm=event.x_dm,
            y_dm=event.y_dm,
            masks=tuple((number, mask, place if by_place else 0) for number, mask, by_place in self.fills(event)),
        )

    def watermarks(self, taxonomy: Taxonomy, watermarks_ms: Mapping[str, int]) -> list[int | None]:
        """Of each pattern: what the groups of all its kinds have passed."""
        found: list[int | None] = []
        for pattern in self.patterns:
            groups = [watermarks_ms.get(taxonomy.group_of(kind).id) for kind in pattern.kinds]
            known = [at for at in groups if at is not None]
            found.append(min(known) if len(known) == len(groups) else None)
        return found


def shape_of(pattern: Pattern) -> Shape:
    """What the kernel needs of a pattern."""
    begins, ends = pattern.effective_from, pattern.effective_to
    return Shape(
        radius_dm=pattern.r_m * 10,
        window_ms=pattern.t_s * 1000,
        steps=len(pattern.steps),
        full=pattern.mask_of(StepRole.ANCHOR, StepRole.SUPPORT),
        anchors=pattern.mask_of(StepRole.ANCHOR),
        absent=pattern.mask_of(StepRole.ABSENT),
        order=pattern.order,
        begins_ms=-ALWAYS if begins is None else round(begins.timestamp() * 1000),
        ends_ms=ALWAYS if ends is None else round(ends.timestamp() * 1000),
    )


def place_code(area_path: Iterable[str], areas: AreaIndex) -> int:
    """A number of the community on the path; 0 where no community is known: larger areas say nothing."""
    for area_id in area_path:
        area = areas.by_id.get(area_id)
        if area is not None and area.level is AreaLevel.COMMUNITY:
            digest = hashlib.sha256(area_id.encode()).digest()
            return int.from_bytes(digest[:8], "big", signed=True) | 1
    return 0


async def read_book(conn: Connection, rulebook: Rulebook) -> PatternBook:
    """What is looked for under these rules. A definition that cannot be read is logged and passed over: others go on.

    A version is never changed, so the same rules always give the same book; its dates bound the anchors that count.
    """
    named = {name: rules for name, rules in sorted(rulebook.patterns.items()) if rules.mode in LOOKED_FOR}
    versions = [rules.version for rules in named.values()]
    rows = await conn.fetch(QUERIES.read_patterns, list(named), versions)
    steps = [dict(step) for step in await conn.fetch(QUERIES.steps_of_patterns, list(named), versions)]
    return PatternBook(
        tuple(
            pattern
            for row in rows
            if (pattern := _readable(dict(row) | {"mode": named[row["id"]].mode}, steps, rulebook.taxonomy.kinds))
            is not None
        )
    )


def _readable(row: Mapping[str, Any], steps: Sequence[Mapping[str, Any]], kinds: Collection[str]) -> Pattern | None:
    own = [step for step in steps if (step["pattern_id"], step["version"]) == (row["id"], row["version"])]
    try:
        return read_pattern(row, own, kinds)
    except PatternInvalid as refused:
        LOG.warning("pattern_refused", pattern=row["id"], version=row["version"], reason=str(refused))
        return None

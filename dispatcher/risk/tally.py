"""What the rules of grading look at of a set of events: small whatever the storm, the same in whatever order it grew.

Of every sort that a rule counts - kind and class of source, subject, square of ground, colour of a warning - the first
event by (time, uid) is kept as its witness. A million reports of one sort are one witness.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, TypeVar

from dispatcher.risk.model import Witness
from events.model import SourceClass
from registry.grading import Cell

_Sort = TypeVar("_Sort", bound=Hashable)


class Tally:
    """The first witness of each sort; grows event by event."""

    __slots__ = ("cells", "colours", "last_ms", "lives", "sorts", "subjects")

    def __init__(self, witnesses: Iterable[Witness] = ()) -> None:
        self.sorts: dict[tuple[str, SourceClass], Witness] = {}
        self.subjects: dict[str, Witness] = {}
        self.cells: dict[Cell, Witness] = {}
        self.colours: dict[tuple[str, int], Witness] = {}
        self.lives: dict[bool, Witness] = {}  # by True: the first that says that a life is at risk
        self.last_ms = 0
        for witness in witnesses:
            self.add(witness)

    def add(self, witness: Witness) -> None:
        for sorts, sort in self._sorts_of(witness):
            first = sorts.get(sort)
            if first is None or witness < first:
                sorts[sort] = witness
        self.last_ms = max(self.last_ms, witness.at_ms)

    def rests_on(self, witness: Witness) -> bool:
        """Whether it may be another without this witness."""
        return witness.at_ms == self.last_ms or any(
            sorts.get(sort) == witness for sorts, sort in self._sorts_of(witness)
        )

    def _sorts_of(self, witness: Witness) -> list[tuple[dict[Any, Witness], Hashable]]:
        found: list[tuple[dict[Any, Witness], Hashable]] = [
            (self.sorts, (witness.kind, witness.source_class)),
            (self.subjects, witness.subject),
        ]
        if witness.cell is not None:
            found.append((self.cells, witness.cell))
        if witness.colour is not None:
            found.append((self.colours, (witness.kind, witness.colour)))
        if witness.life:
            found.append((self.lives, True))
        return found

    @property
    def first(self) -> Witness:
        return min(self.sorts.values())

    @property
    def classes(self) -> dict[SourceClass, Witness]:
        """The first witness of each class of source, earliest first."""
        return _firsts(self.sorts.values(), lambda witness: witness.source_class)

    @property
    def kinds(self) -> dict[str, Witness]:
        """The first witness of each kind, earliest first."""
        return _firsts(self.sorts.values(), lambda witness: witness.kind)


def _firsts(witnesses: Collection[Witness], sort: Callable[[Witness], _Sort]) -> dict[_Sort, Witness]:
    firsts: dict[_Sort, Witness] = {}
    for witness in sorted(witnesses) if len(witnesses) > 1 else witnesses:
        firsts.setdefault(sort(witness), witness)
    return firsts

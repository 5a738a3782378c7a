"""What changes from one version of the rules to another, value by value. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dispatcher.rules.document import RuleDocument, path_of


@dataclass(frozen=True, slots=True)
class Change:
    """One value at one path; None where the one or the other has none."""

    path: str
    before: Any
    after: Any


def difference(before: RuleDocument, after: RuleDocument) -> list[Change]:
    """Every value that differs, in the order of the paths."""
    return sorted(_differing((), before.content(), after.content()), key=lambda change: change.path)


def _differing(at: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in before.keys() | after.keys():
            yield from _differing((*at, name), before.get(name), after.get(name))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differing((*at, place), old, new)
    elif before != after:
        yield Change(path_of(at), before, after)

"""Which steps of patterns the events of a benchmark fill, by kind and class of source, as the matcher takes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatcher.correlation.columns import EventColumns
from dispatcher.patterns.candidates import lines_of
from dispatcher.patterns.columns import Batch
from dispatcher.patterns.model import Pattern
from events.model import SourceClass


class FilledSteps:
    """The sort of an event is the number of its kind times the classes, plus the number of its class.

    Steps that look into an event are filled by none here.
    """

    def __init__(self, kinds: Sequence[str], classes: Sequence[SourceClass], patterns: Sequence[Pattern]) -> None:
        self._lines = [
            tuple(
                (number, mask, False)
                for number, pattern in enumerate(patterns)
                if (mask := _steps(pattern, kind, source_class))
            )
            for kind in kinds
            for source_class in classes
        ]
        self._fills = np.array([bool(lines) for lines in self._lines])

    def batch(self, events: EventColumns, sort: NDArray[np.int64]) -> Batch:
        """The events that fill any step."""
        kept = self._fills[sort]
        lines = lines_of(self._lines, sort[kept], np.zeros(int(kept.sum()), np.int64))
        columns: dict[str, Any] = {
            name: getattr(events, name)[kept]
            for name in ("uid_hi", "uid_lo", "revision", "content", "t_ms", "x_dm", "y_dm", "located")
        }
        return Batch(**columns, **lines._asdict())


def _steps(pattern: Pattern, kind: str, source_class: SourceClass) -> int:
    return sum(
        1 << nth
        for nth, step in enumerate(pattern.steps)
        if kind in step.kinds and source_class in step.source_classes and step.predicate is None
    )

"""Which of a device's readings are unusual among those before them: what `surprise` says, property by property."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from dispatcher.rates.surprise import surprise

UNUSUAL: Final = 0.5
"""From this score on a value is told: the detector's own threshold."""


def unusual(readings: Sequence[Sequence[float | None]], names: Sequence[str]) -> list[dict[str, float]]:
    """The scores of the unusual values of each reading, by property; readings in the order of time.

    A property that a reading leaves out is neither judged there nor remembered.
    """
    told: list[dict[str, float]] = [{} for _ in readings]
    for place, name in enumerate(names):
        rows = [row for row, values in enumerate(readings) if place < len(values) and values[place] is not None]
        scores = surprise(np.array([readings[row][place] for row in rows], np.float64))
        for row, score in zip(rows, scores.tolist(), strict=True):
            if score >= UNUSUAL:
                told[row][name] = round(score, 4)
    return told

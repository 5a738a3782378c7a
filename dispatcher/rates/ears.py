"""EARS C1, C2 and C3: an upper bound from the last few counts alone, for series that have no history yet.

Source: Hutwagner, Thompson, Seeman, Treadwell 2003 (Journal of Urban Health 80): the Early Aberration Reporting System;
bounds as in Salmon, Schumacher, Hoehle 2016 (Journal of Statistical Software 70).
"""

from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from dispatcher.rates.distributions import normal_quantile

Floats = npt.NDArray[np.float64]

ALPHA_C1_C2: Final = 0.001
ALPHA_C3: Final = 0.025
BASELINE: Final = 7


class EarsMethod(StrEnum):
    """How far back the baseline of a count lies."""

    C1 = "c1"  # the counts right before it
    C2 = "c2"  # two counts are left out, so that a slow beginning does not lift its own bound
    C3 = "c3"  # as C2, and the last two excesses add up


# Counts between a count and its baseline, and how many counts before the first bound.
_GAP: Final = {EarsMethod.C1: 0, EarsMethod.C2: 2, EarsMethod.C3: 2}


def history(method: EarsMethod, baseline: int = BASELINE) -> int:
    """How many counts must lie before one that has a bound."""
    return baseline + {EarsMethod.C1: 0, EarsMethod.C2: 2, EarsMethod.C3: 4}[method]


def upper_bounds(
    counts: Floats,
    method: EarsMethod,
    *,
    alpha: float | None = None,
    baseline: int = BASELINE,
    sd_min: float = 0.0,
) -> Floats:
    """The bound of each count, NaN where the history is too short; a count above its bound is unusual.

    `sd_min` keeps a flat baseline from calling every count unusual. Raises ValueError for a baseline under 3.
    """
    if baseline < 3:
        raise ValueError(f"a baseline needs 3 counts, not {baseline}")
    if alpha is None:
        alpha = ALPHA_C3 if method is EarsMethod.C3 else ALPHA_C1_C2
    z = normal_quantile(1 - alpha)
    values = np.asarray(counts, np.float64)
    bounds = np.full(values.size, np.nan)
    gap = _GAP[method]
    first = baseline + gap
    if values.size <= first:
        return bounds
    windows = np.lib.stride_tricks.sliding_window_view(values, baseline)[: values.size - first]
    mean = windows.mean(axis=1)
    sd = np.maximum(windows.std(axis=1, ddof=1), sd_min)
    if method is not EarsMethod.C3:
        bounds[first:] = mean + z * sd
        return bounds
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.maximum(0.0, (values[first:] - mean) / sd - 1)
    bounds[first + 2 :] = np.maximum(0.0, values[first + 2 :] + sd[2:] * (z - (excess[:-2] + excess[1:-1])))
    return bounds
